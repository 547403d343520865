// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/slogplug"
)

// A stack does what this example does by hand: it installs its plugins and
// emits events.
func Example() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	p, err := slogplug.New(logger, &slogplug.Options{
		Levels:    map[core.Kind]slog.Level{core.BreakerChanged: slog.LevelError, core.GapSuspected: slogplug.Off},
		PlainKeys: true, // these keys are no secret
		Limit:     2,
		Window:    time.Hour,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	events := core.NewEvents("shop")
	installed, err := core.Install("shop", events, []core.Plugin{p})
	if err != nil {
		fmt.Println(err)
		return
	}

	events.Emit(core.Event{Kind: core.Hit, Key: "prices:1", Level: core.LevelMemory})
	events.Emit(core.Event{Kind: core.BreakerChanged, Level: core.LevelDistributed, Detail: "closed -> open"})
	for range 5 {
		events.Emit(core.Event{Kind: core.FactoryFailed, Key: "prices:1", Level: core.LevelFactory, Err: errors.New("no rows")})
	}
	_ = installed.Close(context.Background())
	// Output:
	// level=ERROR msg="cache circuit breaker changed" stack=shop layer=distributed detail="closed -> open"
	// level=WARN msg="cache factory failed" stack=shop layer=factory key=prices:1 error="no rows"
	// level=WARN msg="cache factory failed" stack=shop layer=factory key=prices:1 error="no rows"
	// level=WARN msg="cache factory failed, further times" stack=shop layer=factory suppressed=3 window=1h0m0s
}
