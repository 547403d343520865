// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd || solaris || illumos

package redisdist

import (
	"io"
	"syscall"
)

// glance returns an error if an idle connection has something to read, or has
// ended: what comes on one with TLS is a farewell. It takes nothing away.
func glance(c syscall.RawConn) error {
	var gone error
	err := c.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if n > 0 || err != syscall.EAGAIN && err != syscall.EWOULDBLOCK {
			gone = io.EOF
		}
		return true
	})
	if err != nil {
		return err
	}
	return gone
}
