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
		if _, known := c.at(clock, time.Now()); known != (i > 0) {
			t.Fatalf("%d: known %v, want a guess by another one", i, known)
		}
		clock.learn(fmt.Sprintf("%d:0", i+1))
		_ = master.Close()
	}
	if len(c.master) != maxClocks {
		t.Errorf("%d clocks are kept", len(c.master))
	}
}

// A server that has not answered yet is written to by the time of another, also if
// it was known before that.
func TestClocks_OneThatIsNotKnownShowsTheTimeOfAnother(t *testing.T) {
	for name, known := range map[string]func(c *clocks) *serverClock{
		"a master":       func(c *clocks) *serverClock { return c.of(redis.NewClient(&redis.Options{Addr: "127.0.0.1:2"})) },
		"the one server": func(c *clocks) *serverClock { return &c.single },
	} {
		var c clocks
		silent := c.of(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}))
		other := known(&c)
		if _, ok := c.at(silent, time.Now()); ok {
			t.Errorf("%s: a time that nobody has told", name)
		}
		other.learn("7:0")
		if micros, ok := c.at(silent, time.Now()); !ok || micros < 7e6 || micros > 60e6 {
			t.Errorf("%s: %d, %v, want some 7 s", name, micros, ok)
		}
	}
}
