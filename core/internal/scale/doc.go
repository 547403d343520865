// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package scale has tests only: a hundred and a thousand stacks over one
// distributed layer and one backplane, in virtual time. They measure what grows
// with the number of nodes and hold it against the formulas of docs/scaling.md.
package scale
