// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence_test

import (
	"testing"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/coherence"
)

// What another node has removed meanwhile is held no longer, though nobody can be asked.
func TestReread_HoldsNothingThatWasHeardToBeRemoved(t *testing.T) {
	writing(t, func(t *testing.T, n *node) {
		marks := marksOf(n)
		n.local.Watch(marks)
		held := core.Live(1, marked(t, marks, "red"))
		marks.Doubt("red", false, core.Version{})
		n.server.broken.Store(true)
		r := n.toLoad()
		r.Held = held
		var got core.Request
		_, _ = coherence.Reread(n.shared, n.local)(passes(&got))(t.Context(), r)
		if got.Key == "" || got.Held != nil {
			t.Errorf("passed on %q, held %+v", got.Key, got.Held)
		}
	})
}
