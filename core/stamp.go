// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

// Stamp is what entries that were loaded with the same tags, under the same marks, have
// in common. It is immutable. A nil Stamp is one without tags and marks.
type Stamp struct {
	// Tags name the groups that the entry can be removed with.
	Tags []string

	// Epoch and Generations are the marks of the whole cache and of each tag, under
	// which the value was loaded: if one of them is not the present one, the entry
	// was removed, or expired, with it. Generations is as long as Tags, or empty if
	// there is no Epoch.
	Epoch       Generation
	Generations []Generation

	// Marked is how many changes of marks the node had seen when it last found
	// those of the entry to be the present ones. It means nothing to another node.
	Marked uint64
}

// Count returns Marked.
func (s *Stamp) Count() uint64 {
	if s == nil {
		return 0
	}
	return s.Marked
}

// Names returns Tags.
func (s *Stamp) Names() []string {
	if s == nil {
		return nil
	}
	return s.Tags
}

// Generation returns that of tag i. A tag without one counts as removed.
func (s *Stamp) Generation(i int) (g Generation) {
	if i < len(s.Generations) {
		g = s.Generations[i]
	}
	return g
}

// Generation is a mark: two random numbers that are never used again. A removal
// draws both anew, an expiry only Soft. The zero Generation means "none".
type Generation struct{ Hard, Soft uint64 }

// IsZero reports whether g is no generation.
func (g Generation) IsZero() bool { return g == Generation{} }
