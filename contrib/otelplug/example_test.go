// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package otelplug_test

import (
	"context"
	"fmt"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/contrib/otelplug"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/jsonser"
)

func Example() {
	stack, err := hybrid.New(hybrid.Options{
		Name:       "shop",
		Memory:     hybrid.Must(freecachemem.New(16<<20, nil)),
		Serializer: hybrid.Must(jsonser.New(nil)),
		Plugins:    []core.Plugin{otelplug.New(nil)}, // the global providers
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stack.Close(context.Background())

	prices := hybrid.Must(hybrid.Of[int](stack, "price"))
	price, err := prices.GetOrSet(context.Background(), "lamp", func(context.Context, string) (int, error) { return 1995, nil })
	fmt.Println(price, err)
	// Output: 1995 <nil>
}
