// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !linux

package servers

import "syscall"

// endWithParent can only be had on Linux.
func endWithParent() *syscall.SysProcAttr { return nil }
