// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/lawtest"
)

func checkAfterClose(p *probe) error {
	if p.channel.Closed == nil {
		return fmt.Errorf("no Closed: %w", errMissingPart)
	}
	node := p.channel.Closed()
	ctx, cancel := context.WithTimeout(p.ctx, p.h.Patience)
	defer cancel()
	errs := []error{wantRefused("Publish", func() error { return node.Publish(ctx, []byte("closed")) })}
	if pinger, ok := core.As[core.Pinger](node); ok {
		errs = append(errs, wantRefused("Ping", func() error { return pinger.Ping(ctx) }))
	}
	sub := p.subscribe(node)
	if err := sub.waitEnd(p.h.Patience); err != nil {
		errs = append(errs, fmt.Errorf("after close: %w", err))
	} else {
		errs = append(errs, wantRefused("Subscribe", func() error { return sub.err }))
	}
	return errors.Join(errs...)
}

func wantRefused(method string, call func() error) error {
	switch err := lawtest.Guard(call); {
	case err == nil:
		return fmt.Errorf("%s succeeds after close", method)
	case isPanic(err):
		return fmt.Errorf("%s after close: %w", method, err)
	}
	return nil
}

func checkAbilities(p *probe) error {
	_, pings := core.As[core.Pinger](p.channel.Node())
	f, c := p.h.Features, p.channel
	var errs []error
	for _, part := range []struct {
		wrong bool
		text  string
	}{
		{pings && !f.Ping, "it implements core.Pinger and does not declare it: set Features.Ping"},
		{!pings && f.Ping, "it declares Features.Ping and does not implement core.Pinger"},
		{f.NoClose && c.Closed != nil, "Features.NoClose is declared and Channel.Closed is there"},
		{f.NoCut && c.Cut != nil, "Features.NoCut is declared and Channel.Cut is there"},
		{f.NoStall && c.Stall != nil, "Features.NoStall is declared and Channel.Stall is there"},
	} {
		if part.wrong {
			errs = append(errs, errors.New(part.text))
		}
	}
	return errors.Join(errs...)
}

func checkPing(p *probe) error {
	pinger, ok := core.As[core.Pinger](p.channel.Node())
	if !ok {
		return nil // law Abilities reports it
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.h.Patience)
	defer cancel()
	return pinger.Ping(ctx)
}
