// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package rawser stores values that are bytes already: []byte and string, and
// types whose underlying type is one of these, such as json.RawMessage. The
// encoded value is the bytes themselves; nothing is added, checked or kept, and
// nothing is shared between a value and its encoding.
//
// Any bytes are a value, so damage goes unnoticed here; the frame that a cache
// puts around a value has a checksum. A nil slice comes back empty.
package rawser
