// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localbus_test

import (
	"context"
	"fmt"

	"github.com/fusioncache-go/fusioncache/backplanes/localbus"
)

// printer publishes when it has joined, and prints what arrives.
type printer struct {
	joined func()
	got    func()
}

func (p printer) Joined(gapless bool) {
	fmt.Println("joined, gapless:", gapless)
	p.joined()
}

func (p printer) Message(msg []byte) {
	fmt.Printf("message: %s\n", msg)
	p.got()
}

func Example() {
	bus, err := localbus.NewBus(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bus.Close()
	one, other := bus.Channel("prices"), bus.Channel("prices")

	ctx, cancel := context.WithCancel(context.Background())
	publish := func() {
		if err := other.Publish(ctx, []byte("42 changed")); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(one.Subscribe(ctx, printer{joined: publish, got: cancel}))
	// Output:
	// joined, gapless: false
	// message: 42 changed
	// context canceled
}
