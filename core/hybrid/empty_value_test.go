// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/adapters/freecachemem"
	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/adapters/ottermem"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
	"github.com/fusioncache-go/fusioncache/serializers/rawser"
)

// A value whose encoding has no bytes is a value like any other, on every level.
func TestSet_KeepsAValueThatIsEncodedAsNothing(t *testing.T) {
	bytes := func() core.MemoryLayer { return hybrid.Must(freecachemem.New(freecachemem.MinSize, nil)) }
	server := func() core.DistributedLayer { return hybrid.Must(localdist.New(nil)) }
	for name, stack := range map[string]func() hybrid.Options{
		"a layer of bytes": func() hybrid.Options { return hybrid.Options{Memory: bytes()} },
		"clones": func() hybrid.Options {
			return hybrid.Options{Memory: hybrid.Must(ottermem.New(nil)), Defaults: core.EntryOptions{Clone: true}}
		},
		"the distributed layer":       func() hybrid.Options { return hybrid.Options{Distributed: server()} },
		"it beneath a layer of bytes": func() hybrid.Options { return hybrid.Options{Memory: bytes(), Distributed: server()} },
	} {
		t.Run(name, func(t *testing.T) {
			keepsEmpty(t, stack(), "")
			keepsEmpty(t, stack(), []byte{})
			keepsEmpty(t, stack(), []byte(nil))
		})
	}
}

// keepsEmpty checks that a stack of o keeps empty, which is set and loaded, alone and as
// one of many; for another node, too, if there is a distributed layer.
func keepsEmpty[V string | []byte](t *testing.T, o hybrid.Options, empty V) {
	t.Helper()
	o.Serializer = rawser.Serializer{}
	c := open[V](t, o)
	_, err := c.Set(t.Context(), "set", empty)
	_, errMany := c.SetMany(t.Context(), map[string]V{"many 1": empty, "many 2": empty})
	_, errLoad := c.GetOrSet(t.Context(), "loaded", (&F[V]{}).load)
	if err != nil || errMany != nil || errLoad != nil {
		t.Errorf("%v, %v, %v", err, errMany, errLoad)
	}
	finds(t, c, "set", "many 1", "many 2", "loaded")
	if o.Distributed != nil {
		o.Memory = nil // of its own
		other := open[V](t, o)
		finds(t, other, "set", "many 1")
		finds(t, other, "set", "many 1")
		many, err := open[V](t, o).GetMany(t.Context(), []string{"set", "many 1", "many 2", "loaded"})
		if len(many) != 4 || err != nil {
			t.Errorf("another node finds %v, %v, want all", many, err)
		}
	}
}

// finds checks that c has an empty value for each of keys.
func finds[V string | []byte](t *testing.T, c *hybrid.Cache[V], keys ...string) {
	t.Helper()
	for _, key := range keys {
		if v, ok, err := c.Get(t.Context(), key); len(v) != 0 || !ok || err != nil {
			t.Errorf("%s: got %q, %v, %v, want a hit with nothing in it", key, v, ok, err)
		}
	}
}
