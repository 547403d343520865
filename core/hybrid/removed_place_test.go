// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/hybrid"
)

// lives is a server that notes for how long each write of an entry is to be kept.
type lives struct {
	*localdist.Store
	ttls []time.Duration
}

func (l *lives) Arbitrate(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
	if strings.Contains(key, ":1:e:") {
		l.ttls = append(l.ttls, w.TTL)
	}
	return l.Store.Arbitrate(ctx, key, w)
}

// The mark of a removal has to be there, or something in its place, for as long as a load
// from before the removal may come, however short the lives of what is loaded since are.
func TestSeed_CM6_ThePlaceOfARemovedKeyIsNotEmptyBeforeOldLoadsAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &lives{Store: hybrid.Must(localdist.New(nil))}
		c := open[int](t, hybrid.Options{Distributed: server, Defaults: core.EntryOptions{TTL: time.Second}})
		place := hybrid.KeyPrefixes("app")[0] + "v:k"
		set(t, c, 1)
		if _, err := c.Remove(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		for i := range 30 {
			f := &F[int]{results: []func() (int, error){returns(i)}}
			expectAsk(t, c, f, i, 1)
			time.Sleep(1900 * time.Millisecond)
			if _, ok, err := server.Get(t.Context(), place); !ok || err != nil {
				t.Fatalf("load %d: the place is empty, %v", i, err)
			}
		}
		if first, last := server.ttls[0], server.ttls[len(server.ttls)-1]; first != time.Second || last != time.Minute {
			t.Errorf("kept for %v and %v", first, last)
		}
	})
}
