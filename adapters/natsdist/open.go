// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/core"
)

// Open connects to the servers at urls, separated by commas, with [ConnOptions]
// and [Options.Conn], and returns a [New] layer on that connection. Close closes
// the connection, too. No error shows a URL, as it may hold a password.
func Open(ctx context.Context, urls, bucket string, opts *Options) (*Layer, error) {
	o := opts.withDefaults()
	if err := errors.Join(checkURLs(urls), o.validate(bucket)); err != nil {
		return nil, fmt.Errorf("natsdist: %w", err)
	}
	conn, err := connect(ctx, urls, &o)
	if err != nil {
		return nil, fmt.Errorf("natsdist: connect: %w", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("natsdist: %w", err)
	}
	o.Conn = nil
	l, err := New(ctx, js, bucket, &o)
	if err != nil {
		conn.Close()
		return nil, err
	}
	l.own = conn
	return l, nil
}

func connect(ctx context.Context, urls string, o *Options) (*nats.Conn, error) {
	dialer := newDialer(ctx)
	defer dialer.release()
	options := slices.Concat(
		ConnOptions(),
		[]nats.Option{nats.RetryOnFailedConnect(o.Lazy), nats.SetCustomDialer(dialer), nats.SkipHostLookup()},
		o.Conn,
	)
	conn, err := nats.Connect(urls, options...)
	if ctx.Err() == nil || err == nil && o.Lazy {
		return conn, err
	}
	if conn != nil {
		conn.Close()
	}
	return nil, ctx.Err()
}

// checkURLs returns what is wrong with the URLs. The parser's own errors repeat
// parts of the text, so they are not shown.
func checkURLs(urls string) error {
	wrong := func(i int, what string) error {
		return &core.OptionError{Option: fmt.Sprintf("natsdist.urls[%d]", i), Err: errors.New(what)}
	}
	var errs []error
	for i, text := range strings.Split(urls, ",") {
		text = strings.TrimSpace(text)
		if !strings.Contains(text, "://") {
			text = "nats://" + text
		}
		u, err := url.Parse(text)
		switch {
		case err != nil:
			errs = append(errs, wrong(i, "is not a URL"))
		case !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme):
			errs = append(errs, wrong(i, fmt.Sprintf("has the scheme %q, not nats, tls, ws or wss", u.Scheme)))
		case u.Hostname() == "":
			errs = append(errs, wrong(i, "names no host"))
		}
	}
	return errors.Join(errs...)
}
