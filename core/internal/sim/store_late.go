// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sim

import (
	"bytes"
	"slices"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/mutation"
)

// straggle does writes that have just been given up, after a while: each only if
// nobody has written its key meanwhile, as [core.Arbiter] demands.
func (p *port) straggle(writes []core.KeyWrite, after instant) {
	w := p.store.world
	there := make([][]byte, len(writes))
	late := slices.Clone(writes)
	for i := range late {
		there[i], _ = p.store.get(late[i].Key)
		late[i].Write.Data = slices.Clone(late[i].Write.Data) // the caller's again
		late[i].Write.Notice = nil
	}
	lane := w.callLane(toWriteLate)
	go func() {
		_ = w.sleep(w.ctx, lane, after)
		for i, one := range late {
			now, _ := p.store.get(one.Key)
			if bytes.Equal(now, there[i]) || mutation.On(mutation.LateWrite) {
				r := p.store.arbitrate(p, one.Key, one.Write)
				w.note(p.node.index, "late: %s, stored %t, header %v", p.store.says(modeNames[one.Write.Mode], one.Key, one.Write.Data), r.Stored, r.Header)
			}
		}
	}()
}
