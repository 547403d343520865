// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import "fmt"

func needsPing(h Harness) error {
	if !h.Features.Ping {
		return fmt.Errorf("%w: the backplane declares no Ping", ErrNotApplicable)
	}
	return nil
}

func needsLimit(h Harness) error {
	return needs(h.Oversize > 0, "Oversize", h.Features.NoLimit, "NoLimit")
}

func needsOverflow(h Harness) error {
	return needs(h.Overflow > 0, "Overflow", h.Features.NoOverflow, "NoOverflow")
}

// The parts of a channel are known only once there is one, so the laws about
// them look for the part themselves, and law Abilities for one too many.

func needsClose(h Harness) error { return waived(h.Features.NoClose, "NoClose") }
func needsCut(h Harness) error   { return waived(h.Features.NoCut, "NoCut") }
func needsStall(h Harness) error { return waived(h.Features.NoStall, "NoStall") }

func waived(waived bool, waiver string) error {
	if waived {
		return fmt.Errorf("%w: the backplane declares %s", ErrNotApplicable, waiver)
	}
	return nil
}

// needs keeps declarations honest: exactly one of part and waiver.
func needs(have bool, part string, waived bool, waiver string) error {
	switch {
	case have && waived:
		return fmt.Errorf("harness has %s and declares Features.%s", part, waiver)
	case waived:
		return fmt.Errorf("%w: the backplane declares %s", ErrNotApplicable, waiver)
	case !have:
		return fmt.Errorf("harness has no %s and does not declare Features.%s", part, waiver)
	}
	return nil
}
