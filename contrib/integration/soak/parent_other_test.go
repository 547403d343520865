// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !linux

package soak_test

import "syscall"

func endWithParent() *syscall.SysProcAttr { return nil }
