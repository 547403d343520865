// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsstream

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	defaultMaxMessages = 10_000
	defaultMaxAge      = time.Hour
	defaultReplicas    = 1
	defaultRepair      = time.Minute

	maxReplicas = 5 // of the server
	maxSubject  = 255
)

// Options adjust a [Backplane]. A nil *Options and the zero value mean the
// defaults. What describes the stream matters only when it has to be created; an
// existing stream is used as it is, if it is suitable at all: it must keep
// exactly the subject, and drop the oldest messages when it is full.
type Options struct {
	// Stream is the name of the stream. Default: the subject, with '_' for each
	// '.', '/' and '\'.
	Stream string

	// MaxMessages is how many messages the stream keeps. Default: 10,000.
	MaxMessages int64

	// MaxAge is how long the stream keeps a message. Default: 1 hour.
	MaxAge time.Duration

	// Files keeps the stream in files, so that it outlives a restart of its
	// servers. Default: in memory.
	Files bool

	// Replicas is the number of servers that hold the stream: 1, 3 or 5 of a
	// cluster. Default: 1.
	Replicas int

	// Repair is how long a subscription that does not reach the stream any more
	// tries to, and remembers where it was. After that Subscribe returns.
	// Default: 1 minute.
	Repair time.Duration
}

// withDefaults returns a copy with the defaults filled in.
func (o *Options) withDefaults(subject string) Options {
	if o == nil {
		o = &Options{}
	}
	c := *o
	c.Stream = cmp.Or(c.Stream, strings.NewReplacer(".", "_", "/", "_", `\`, "_").Replace(subject))
	c.MaxMessages = cmp.Or(c.MaxMessages, defaultMaxMessages)
	c.MaxAge = cmp.Or(c.MaxAge, defaultMaxAge)
	c.Replicas = cmp.Or(c.Replicas, defaultReplicas)
	c.Repair = cmp.Or(c.Repair, defaultRepair)
	return c
}

func (o *Options) validate() error {
	var errs []error
	need := func(ok bool, option, format string, args ...any) {
		if !ok {
			errs = append(errs, wrong("Options."+option, format, args...))
		}
	}
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`*>./\`, r) }
	need(!strings.ContainsFunc(o.Stream, bad) && len(o.Stream) <= maxSubject,
		"Stream", "%q has a dot, wildcard, slash, space or control character, or more than %d bytes", o.Stream, maxSubject)
	need(o.MaxMessages > 0, "MaxMessages", "%d is negative", o.MaxMessages)
	need(o.MaxAge >= time.Second, "MaxAge", "%v is below 1 s", o.MaxAge)
	need(0 < o.Replicas && o.Replicas <= maxReplicas, "Replicas", "%d is not between 1 and %d", o.Replicas, maxReplicas)
	need(o.Repair >= 0, "Repair", "%v is negative", o.Repair)
	return errors.Join(errs...)
}

// stream returns the configuration with which the stream is created.
func (o *Options) stream(subject string) jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name:              o.Stream,
		Subjects:          []string{subject},
		Retention:         jetstream.LimitsPolicy,
		Discard:           jetstream.DiscardOld,
		MaxMsgs:           o.MaxMessages,
		MaxAge:            o.MaxAge,
		MaxBytes:          -1,
		MaxMsgSize:        -1,
		MaxMsgsPerSubject: -1,
		MaxConsumers:      -1,
		Storage:           jetstream.MemoryStorage,
		Replicas:          o.Replicas,
	}
	if o.Files {
		c.Storage = jetstream.FileStorage
	}
	return c
}

// checkSubject is stricter than the client, which accepts some subjects to which
// nothing can be delivered.
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
	return &core.OptionError{Option: "natsstream." + option, Err: fmt.Errorf(format, args...)}
}
