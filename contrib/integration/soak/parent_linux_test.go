// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package soak_test

import "syscall"

// endWithParent lets the kernel end a child when the test process dies
// without running its cleanup, as on a timeout of go test.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
