// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"context"
	"net"
	"sync"
	"time"
)

// dialTime bounds a dial, resolution of the name included.
const dialTime = time.Second

// dialer makes the first connection obey the context of [Open], which
// nats.Connect does not take: it dials with it, and closes what it has dialled
// when the context ends. After release it dials without a context.
type dialer struct {
	plain net.Dialer

	mu    sync.Mutex
	ctx   context.Context // nil after release
	stops []func() bool
}

func newDialer(ctx context.Context) *dialer {
	return &dialer{plain: net.Dialer{Timeout: dialTime}, ctx: ctx}
}

// Dial implements nats.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	d.mu.Lock()
	ctx := d.ctx
	d.mu.Unlock()
	if ctx == nil {
		return d.plain.Dial(network, address)
	}
	conn, err := d.plain.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx != nil {
		d.stops = append(d.stops, context.AfterFunc(ctx, func() { _ = conn.Close() }))
	}
	return conn, nil
}

// release ends the influence of the context.
func (d *dialer) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, stop := range d.stops {
		stop()
	}
	d.ctx, d.stops = nil, nil
}
