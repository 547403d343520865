// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistest

import "syscall"

// endWithParent lets the kernel end the server when the test process dies
// without running its cleanup, as on a timeout of go test.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
