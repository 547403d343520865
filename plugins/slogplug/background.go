// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug

import "context"

// background is the context that handlers get: an event has none of its own,
// and the end of a caller's would say nothing about the record.
func background() context.Context { return context.Background() }
