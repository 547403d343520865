// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localdist_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
)

func Example() {
	store, err := localdist.New(&localdist.Options{MaxEntries: 10_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()

	ctx := context.Background()
	if err := store.Set(ctx, "greeting", []byte("hello"), time.Minute); err != nil {
		fmt.Println(err)
	}
	data, ok, err := store.Get(ctx, "greeting")
	fmt.Printf("%s %v %v\n", data, ok, err)
	_, ok, err = store.Get(ctx, "absent")
	fmt.Println(ok, err)
	// Output:
	// hello true <nil>
	// false <nil>
}
