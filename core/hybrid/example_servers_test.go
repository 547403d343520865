// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/natsdist"
	"github.com/fusioncache-go/fusioncache/adapters/redisdist"
	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/backplanes/redisbus"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/plugins/breaker"
	"github.com/fusioncache-go/fusioncache/serializers/msgpackser"
)

// Redis by hand: one client for both, which stays yours to close. It
// works although there is no server.
func ExampleNew_redis() {
	ctx, url := context.Background(), "redis://127.0.0.1:1" // nobody is there
	options := hybrid.Must(redisdist.ClientOptions(url, nil))
	client := redis.NewUniversalClient(options)
	defer client.Close()

	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      hybrid.Must(freecachemem.New(64<<20, nil)),
		Distributed: hybrid.Must(redisdist.New(client, nil)),
		Backplane:   hybrid.Must(redisbus.New(client, hybrid.Channel("shop"), nil)),
		Serializer:  hybrid.Must(msgpackser.New(nil)),
		Plugins:     []core.Plugin{hybrid.Must(breaker.New(nil))},
	}))
	defer stack.Close(ctx)

	products := hybrid.Must(hybrid.Of[Product](stack, "product"))
	p, err := products.GetOrSet(ctx, "7", loadProduct)
	fmt.Println(p.Name, err)
	// Output: lamp 7 <nil>
}

// NATS by hand: one connection for both. Lazy: it works although there is no
// server.
func ExampleNew_nats() {
	ctx, url := context.Background(), "nats://127.0.0.1:1" // nobody is there
	layer := hybrid.Must(natsdist.Open(ctx, url, "cache", &natsdist.Options{Lazy: true}))
	defer layer.Close()

	stack := hybrid.Must(hybrid.New(hybrid.Options{
		Name:        "shop",
		Memory:      hybrid.Must(freecachemem.New(64<<20, nil)),
		Distributed: layer,
		Backplane:   hybrid.Must(natsbus.New(layer.Conn(), hybrid.Channel("shop"), nil)),
		Serializer:  hybrid.Must(msgpackser.New(nil)),
		Plugins:     []core.Plugin{hybrid.Must(breaker.New(nil))},
	}))
	defer stack.Close(ctx)

	products := hybrid.Must(hybrid.Of[Product](stack, "product"))
	p, err := products.GetOrSet(ctx, "7", loadProduct)
	fmt.Println(p.Name, err)
	// Output: lamp 7 <nil>
}
