// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import "github.com/fusioncache-go/fusioncache/core/internal/lawtest"

func needsPing(h Harness) error {
	return lawtest.Declared(h.Features.Ping, "the backplane declares no Ping")
}

func needsLimit(h Harness) error {
	return lawtest.Part(h.Oversize > 0, "Oversize", h.Features.NoLimit, "NoLimit")
}

func needsOverflow(h Harness) error {
	return lawtest.Part(h.Overflow > 0, "Overflow", h.Features.NoOverflow, "NoOverflow")
}

// The parts of a channel are known only once there is one, so the laws about
// them look for the part themselves, and law Abilities for one too many.

func needsClose(h Harness) error { return lawtest.Waived(h.Features.NoClose, "NoClose") }
func needsCut(h Harness) error   { return lawtest.Waived(h.Features.NoCut, "NoCut") }
func needsStall(h Harness) error { return lawtest.Waived(h.Features.NoStall, "NoStall") }
