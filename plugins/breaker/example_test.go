// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
)

// A stack does what this example does by hand: it installs its plugins and puts
// their wrappers around its layers.
func Example() {
	b, err := breaker.New(&breaker.Options{
		Distributed: breaker.LayerOptions{Failures: 2, OpenFor: time.Second},
		Backplane:   breaker.LayerOptions{Disabled: true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	events := core.NewEvents("example")
	events.Listen("print", core.BreakerChanged, func(ev core.Event) { fmt.Println(ev.Level, ev.Detail) })
	parts, err := core.Install("example", events, []core.Plugin{b})
	if err != nil {
		fmt.Println(err)
		return
	}

	layer := parts.Distributed(deadLayer{})
	for range 3 {
		err := layer.Delete(context.Background(), "k")
		fmt.Println(err, errors.Is(err, breaker.ErrOpen))
	}
	fmt.Println(b.State(core.LevelDistributed))
	// Output:
	// connection refused false
	// distributed closed -> open
	// connection refused false
	// circuit breaker is open true
	// open
}

type deadLayer struct{}

func (deadLayer) Get(context.Context, string) ([]byte, bool, error) {
	return nil, false, errors.New("connection refused")
}

func (deadLayer) Set(context.Context, string, []byte, time.Duration) error {
	return errors.New("connection refused")
}

func (deadLayer) Delete(context.Context, string) error { return errors.New("connection refused") }
