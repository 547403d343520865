// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"errors"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/core/internal/shield"
)

// wrapMemory puts memory inside what plugins put around it, shielded from their panics.
func (s *Stack) wrapMemory() error {
	by := s.plugins.Wrappers(core.LevelMemory)
	s.memory = shield.Memory(s.plugins.Memory(s.memory), s.memory, by, s.events)
	if _, bytes := core.As[core.ByteMemory](s.memory); bytes && s.parts == nil {
		return &core.OptionError{Option: "Serializer", Err: errors.New("is required, as a plugin has made memory a layer of bytes")}
	}
	return nil
}

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
