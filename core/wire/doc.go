// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package wire holds the bytes that leave the process: the frame around a value
// in the distributed layer and the message on the backplane.
package wire
