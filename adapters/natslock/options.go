// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock

import (
	"errors"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

// Options of [New]. Nil and the zero value are the defaults. They matter only if
// the bucket does not exist yet.
type Options struct {
	// OnDisk keeps the locks when the server restarts. Otherwise they are in memory.
	OnDisk bool

	// Replicas is on how many servers of a cluster the locks are. 0: 1. At most 5.
	Replicas int
}

func (o *Options) withDefaults() Options {
	if o == nil {
		return Options{Replicas: 1}
	}
	filled := *o
	if filled.Replicas == 0 {
		filled.Replicas = 1
	}
	return filled
}

func (o *Options) storage() jetstream.StorageType {
	if o.OnDisk {
		return jetstream.FileStorage
	}
	return jetstream.MemoryStorage
}

// validate returns all that is wrong, joined.
func (o *Options) validate(js jetstream.JetStream, bucket string) error {
	var errs []error
	bad := func(wrong bool, option, why string) {
		if wrong {
			errs = append(errs, &core.OptionError{Option: option, Err: errors.New(why)})
		}
	}
	bad(!validBucket(bucket), "bucket", "must be letters, digits, '-' and '_', at most 128 of them")
	bad(o.Replicas < 0 || o.Replicas > 5, "Options.Replicas", "must be 1 to 5")
	api := js.Options()
	bad(api.Domain != "" || api.APIPrefix != "" && strings.TrimSuffix(api.APIPrefix, ".") != "$JS.API",
		"js", "has a domain or a prefix: who waits would not hear of a release")
	return errors.Join(errs...)
}

func validBucket(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return name != "" && len(name) <= 128
}
