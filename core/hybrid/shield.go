// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/shield"
)

// wrapDistributed returns d inside what plugins put around it, shielded from their
// panics: nobody else could catch one in a background write or in recovery.
func (s *Stack) wrapDistributed(d core.DistributedLayer) core.DistributedLayer {
	by := s.plugins.Wrappers(core.LevelDistributed)
	return shield.Distributed(s.plugins.Distributed(d), by, s.events)
}

// wrapBackplane is wrapDistributed for the backplane, whose subscriber plugins may
// have wrapped, too.
func (s *Stack) wrapBackplane(b core.Backplane) core.Backplane {
	by := s.plugins.Wrappers(core.LevelBackplane)
	return shield.Backplane(s.plugins.Backplane(shield.Inside(b, by, s.events)), by, s.events)
}
