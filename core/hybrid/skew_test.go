// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/adapters/localdist"
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// What a node tells whose clock is ahead by no more than was allowed keeps its order.
func TestMaxSkew_HoldsForTheVersionsOfOtherNodes(t *testing.T) {
	for skew, want := range map[time.Duration]bool{0: false, 5 * time.Minute: true} {
		s := Must(New(Options{
			Name: "skew", Memory: orderMemory{new(sync.Map)}, Distributed: Must(localdist.New(nil)), Serializer: orderJSON{},
			Shared: coherence.SharedOptions{MaxSkew: skew},
		}))
		t.Cleanup(func() { _ = s.Close(context.Background()) })
		ahead := core.Version{Time: time.Now().Add(time.Minute).UnixMilli(), Node: 99}
		if got := s.writer.Versions.Observe(ahead); got != want {
			t.Errorf("%v: a version from a minute ahead is plausible: %v, want %v", skew, got, want)
		}
	}
}
