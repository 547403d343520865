// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// pieces are what names and keys are made of that try to be mistaken for others.
var pieces = []string{
	"a", "A", ":", "::", "1", ":1:", "e", "m", "l", ":1:e:", ":1:m:", ":1:l:", ":1:bus", "bus", "%", "%3a", "%2e", "%25", ".", "..", "*", ">", " ",
	"\x00", "\n", "\xff", "ä", "%sha256-", "\\", "{", "}",
}

func made(rng *rand.Rand, most int) string {
	var b strings.Builder
	for range 1 + rng.IntN(4) {
		b.WriteString(pieces[rng.IntN(len(pieces))])
	}
	if rng.IntN(20) == 0 {
		b.WriteString(strings.Repeat(pieces[rng.IntN(len(pieces))], most))
	}
	return b.String()[:min(b.Len(), most)]
}

// Different (name, view, key), tags, locks and channels never meet, whatever they
// are.
func TestKeyspace_IsInjective(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	type place struct{ kind, name, view, key string }
	owner := map[string]place{}
	claim := func(physical string, p place) {
		if before, ok := owner[physical]; ok && before != p {
			t.Fatalf("%q is %+v and %+v", physical, before, p)
		}
		owner[physical] = p
	}
	for range 200_000 {
		name, view, key := made(rng, maxNameLen), made(rng, maxNameLen), made(rng, 100)
		full := viewPrefix(view) + key
		claim(prefixes(name).Entries+full, place{"entry", name, view, key})
		claim(prefixes(name).Marks+key, place{"mark", name, "", key})
		claim(lockPrefix(name)+full, place{"lock", name, view, key})
		claim(Channel(name), place{"channel", name, "", ""})
	}
}

// A channel can be a subject of NATS.
func TestChannel_HasNoEmptyTokenAndIsShort(t *testing.T) {
	for _, name := range []string{"a", "a.b", ".", "..", ".a", "a.", "a..b", strings.Repeat(":", maxNameLen), strings.Repeat(".", maxNameLen)} {
		c := Channel(name)
		if strings.Contains("."+c+".", "..") || len(c) > 255 {
			t.Errorf("the channel of %q is %q", name, c)
		}
	}
	if c := Channel("eu.shop"); c != "eu.shop:1:bus" {
		t.Errorf("a plain name is changed: %q", c)
	}
}
