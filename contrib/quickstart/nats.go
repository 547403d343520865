// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package quickstart

import (
	"context"
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// NATS returns a stack whose distributed layer is a bucket of JetStream KV and
// whose backplane is a subject of core NATS, on one connection to the servers at
// urls, separated by commas. name is the name of the application.
//
// The bucket is called "cache-" and the name, with an underscore for each byte
// that a bucket cannot have. It is created where it does not exist, with
// [Options].NATS. Two applications whose names give one bucket share its room,
// not their entries.
//
// A malformed URL, an empty name and wrong options are errors, each named as a
// *core.OptionError, and no error repeats a URL. A server that is down is an
// error only with [Options].RequireDistributed; one that answers and has an
// unsuitable bucket is an error that wraps [natsdist.ErrBucket]. opts may be nil.
//
// ctx is used during the call only. The first attempt to connect ends after
// core.DefaultDistributedTimeout, or with ctx.
func NATS(ctx context.Context, urls, name string, opts *Options) (*hybrid.Stack, error) {
	o := orDefaults(opts)
	c, err := natsConnection(ctx, urls, name, o)
	if err != nil {
		return nil, fmt.Errorf("quickstart: nats: %w", err)
	}
	stack, err := assemble(o, c)
	if err != nil {
		return nil, fmt.Errorf("quickstart: nats: %w", err)
	}
	return stack, nil
}

func natsConnection(ctx context.Context, urls, name string, o *Options) (connection, error) {
	if err := errors.Join(ctx.Err(), checkName(name), o.check(onNATS)); err != nil {
		return connection{}, err
	}
	settings := o.NATS
	settings.Lazy = true
	within, cancel := context.WithTimeout(ctx, core.DefaultDistributedTimeout)
	defer cancel()
	layer, err := natsdist.Open(within, urls, bucketName(name), &settings)
	if err != nil {
		return connection{}, err
	}
	bus, err := natsbus.New(layer.Conn(), hybrid.Channel(name), nil)
	if err != nil {
		return connection{}, errors.Join(err, layer.Close())
	}
	return connection{name: name, distributed: layer, backplane: bus, close: layer.Close}, nil
}

// bucketName returns the name of the bucket. It may be that of another
// application too: the keys in it begin with the name in full.
func bucketName(name string) string {
	const most = 128
	safe := []byte("cache-" + name)
	for i, c := range safe {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-':
		default:
			safe[i] = '_'
		}
	}
	return string(safe[:min(len(safe), most)])
}
