// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !linux

package main

import "syscall"

// endWithParent does nothing where the kernel cannot.
func endWithParent() *syscall.SysProcAttr { return nil }
