// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"testing"
	"time"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{number(0), "0"},
		{number(999), "999"},
		{number(1000), "1,000"},
		{number(1_234_567), "1,234,567"},
		{number(-1_002), "-1,002"},
		{percent(0.4271), "42.7 %"},
		{percent(1), "100.0 %"},
		{duration(0), "0.0 ms"},
		{duration(1250 * time.Microsecond), "1.2 ms"},
		{duration(42 * time.Millisecond), "42 ms"},
		{duration(2490 * time.Millisecond), "2.5 s"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
