// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

// Flights returns how many loads and reads can be joined now.
func (s *Stack) Flights() int { return s.loads.Len() + s.reads.Len() }

// Windows returns how many failures the back-off remembers.
func (s *Stack) Windows() int { return s.backoff.Len() }
