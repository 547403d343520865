// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsbus

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	defaultPendingMessages = 64 << 10
	defaultPendingBytes    = 32 << 20

	maxSubject = 255
)

// Options adjust a [Backplane]. A nil *Options and the zero value mean the
// defaults.
type Options struct {
	// PendingMessages is how many messages wait for a slow subscriber; more are
	// dropped. It is not raised above the [nats.SyncQueueLen] of the connection.
	// Default: 65,536, as that of nats.go.
	PendingMessages int

	// PendingBytes is how many bytes of messages wait for a slow subscriber; more
	// are dropped. Default: 32 MiB.
	PendingBytes int
}

// withDefaults returns a copy with the defaults filled in.
func (o *Options) withDefaults() Options {
	if o == nil {
		o = &Options{}
	}
	c := *o
	if c.PendingMessages == 0 {
		c.PendingMessages = defaultPendingMessages
	}
	if c.PendingBytes == 0 {
		c.PendingBytes = defaultPendingBytes
	}
	return c
}

func (o *Options) validate() error {
	var errs []error
	if o.PendingMessages < 0 {
		errs = append(errs, wrong("Options.PendingMessages", "%d is negative", o.PendingMessages))
	}
	if o.PendingBytes < 0 {
		errs = append(errs, wrong("Options.PendingBytes", "%d is negative", o.PendingBytes))
	}
	return errors.Join(errs...)
}

// checkConn refuses a connection that does not hear itself.
func checkConn(conn *nats.Conn) error {
	if conn.Opts.NoEcho {
		return wrong("conn", "was made with nats.NoEcho, nodes of one process would not hear each other")
	}
	return nil
}

// checkSubject is stricter than the client, which drops messages to a subject
// with an empty token without an error, and delivers those to "a.*" to those who
// subscribe to it.
func checkSubject(subject string) error {
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || r == '*' || r == '>' }
	switch {
	case subject == "" || len(subject) > maxSubject:
		return wrong("subject", "%q must have 1 to %d bytes", subject, maxSubject)
	case strings.ContainsFunc(subject, bad):
		return wrong("subject", "%q has a wildcard, a space or a control character", subject)
	case strings.HasPrefix(subject, "$"):
		return wrong("subject", "%q begins with '$', which is the server's", subject)
	case strings.Contains("."+subject+".", ".."):
		return wrong("subject", "%q has an empty token", subject)
	}
	return nil
}

func wrong(option, format string, args ...any) error {
	return &core.OptionError{Option: "natsbus." + option, Err: fmt.Errorf(format, args...)}
}
