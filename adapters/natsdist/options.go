// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

const (
	defaultMaxBytes  = 256 << 20
	defaultReplicas  = 1
	defaultTombstone = time.Minute

	maxReplicas  = 5   // of the server
	maxBucketLen = 128 // leaves room for the key, see maxEncoded
)

// Options adjust a [Layer]. A nil *Options and the zero value mean the defaults.
// What describes the bucket matters only when the layer has to create it; an
// existing bucket is used as it is, if it is suitable at all (see [New]).
type Options struct {
	// Storage is where the server keeps the bucket: [jetstream.FileStorage], the
	// default, or [jetstream.MemoryStorage]. Files are not slower, as the server
	// does not wait for the disk, and their bucket outlives a restart.
	Storage jetstream.StorageType

	// MaxBytes is the size of the bucket in bytes, keys and some 60 bytes per
	// entry included. The server reserves it at once. When the bucket is full,
	// the entries written longest ago make room. Default: 256 MiB.
	MaxBytes int64

	// Replicas is the number of servers that hold the bucket: 1, 3 or 5 of a
	// cluster. Default: 1.
	Replicas int

	// StrictReads has every read answered by the leader of the bucket. By
	// default any replica answers, which is faster and may be a moment late: tell
	// the stack how late, in its coherence.PulseOptions.ReadLag, or a node may keep
	// what it read when it had just begun, or had missed messages.
	// With one replica there is no difference but speed. Arbitrated writes do not
	// depend on it: no write is decided by a replica that is late.
	StrictReads bool

	// TombstoneTTL is how long the server remembers that a key was deleted, in
	// whole seconds. Until then the key takes some 100 bytes. Default: 1 minute.
	TombstoneTTL time.Duration

	// Lazy lets [New] and [Open] succeed while the server cannot be reached. The
	// bucket is then found or created by the first operation that reaches it; up
	// to then all fail. With a server that accepts connections and is silent, New
	// returns when its context ends. An unsuitable bucket is still an error of New
	// if the server answers. Default: the server must answer.
	Lazy bool

	// Conn are further options of the connection that [Open] makes, such as TLS
	// or credentials. They are applied after [ConnOptions]. [New] must not be
	// given any.
	Conn []nats.Option
}

// withDefaults returns a copy with the defaults filled in.
func (o *Options) withDefaults() Options {
	if o == nil {
		o = &Options{}
	}
	c := *o
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.Replicas == 0 {
		c.Replicas = defaultReplicas
	}
	if c.TombstoneTTL == 0 {
		c.TombstoneTTL = defaultTombstone
	}
	return c
}

// validate returns everything that is wrong with bucket and o, which has its
// defaults.
func (o *Options) validate(bucket string) error {
	var errs []error
	need := func(ok bool, option, format string, args ...any) {
		if !ok {
			errs = append(errs, &core.OptionError{Option: "natsdist." + option, Err: fmt.Errorf(format, args...)})
		}
	}
	need(isBucketName(bucket), "bucket", "%q must have 1 to %d letters, digits, '_' or '-'", bucket, maxBucketLen)
	need(o.Storage == jetstream.FileStorage || o.Storage == jetstream.MemoryStorage,
		"Options.Storage", "%d is neither FileStorage nor MemoryStorage", o.Storage)
	need(o.MaxBytes > 0, "Options.MaxBytes", "%d is negative", o.MaxBytes)
	need(0 < o.Replicas && o.Replicas <= maxReplicas, "Options.Replicas", "%d is not between 1 and %d", o.Replicas, maxReplicas)
	need(o.TombstoneTTL >= time.Second, "Options.TombstoneTTL", "%v is below 1 s", o.TombstoneTTL)
	return errors.Join(errs...)
}

// noConn returns an error if o has options for a connection that exists already.
func (o *Options) noConn() error {
	if len(o.Conn) == 0 {
		return nil
	}
	return &core.OptionError{Option: "natsdist.Options.Conn", Err: errors.New("is for Open only")}
}

func isBucketName(s string) bool {
	for i := range len(s) {
		if !literal(s, i) || s[i] == '.' || s[i] == '/' {
			return false
		}
	}
	return 0 < len(s) && len(s) <= maxBucketLen
}
