// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Masters come and go for as long as a program runs.
func TestClocks_AreForgottenWhenThereAreTooMany(t *testing.T) {
	var c clocks
	for i := range maxClocks + 10 {
		master := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", i+1)})
		clock := c.of(master)
		if again := c.of(master); again != clock {
			t.Fatal("a clock was forgotten at once")
		}
		if _, known := clock.at(time.Now()); known != (i > 0) {
			t.Fatalf("%d: known %v, want a guess by another one", i, known)
		}
		clock.learn(fmt.Sprintf("%d:0", i+1))
		_ = master.Close()
	}
	if len(c.master) != maxClocks {
		t.Errorf("%d clocks are kept", len(c.master))
	}
}
