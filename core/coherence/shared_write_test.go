// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// occupied is a distributed layer that does not order writes, full of what is not ours.
type occupied struct{ core.DistributedLayer }

func (occupied) Get(context.Context, string) ([]byte, bool, error) {
	return nil, false, fmt.Errorf("open: %w", core.ErrForeign)
}

// What is not ours is no failure of the layer, and is not overwritten.
func TestReplay_LeavesWhatIsNotOursToALayerThatDoesNotOrderWrites(t *testing.T) {
	clock := core.NewMonotonic(nil)
	versions := NewVersions(NewNodeID(), clock.Wall, 0)
	s := NewShared(occupied{}, Prefixes{Entries: "e:", Marks: "m:"}, clock, versions, SharedOptions{}, nil)
	p := put{key: "k", mode: core.Replay, kind: core.ValueWrite, payload: []byte("v")}
	p.meta = core.Meta{Version: core.Version{Time: time.Now().UnixMilli(), Node: 1, Op: 1}, Stale: core.Never, Dead: core.Never}
	if ruling, err := s.Replay(t.Context(), p); err != nil || !ruling.Foreign || ruling.Stored {
		t.Errorf("got %+v, %v", ruling, err)
	}
}
