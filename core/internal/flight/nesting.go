// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import "sync"

// nesting knows which flights wait for which, so that no circle of flights
// forms: a factory that loads b inside a, while another loads a inside b, would
// wait for ever. It costs nothing for a caller that is not in a flight.
type nesting struct {
	mu    sync.Mutex
	waits map[*Call]map[*Call]int // flight -> flights its factory waits for
}

// join notes that outer waits for inner and reports true, unless inner, directly
// or through others, waits for outer.
func (n *nesting) join(outer, inner *Call) bool {
	if outer == nil {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if (len(n.waits[inner]) > 0 || inner.leader != nil) && n.reaches(inner, outer, make(map[*Call]bool)) {
		return false
	}
	if n.waits == nil {
		n.waits = make(map[*Call]map[*Call]int)
	}
	if n.waits[outer] == nil {
		n.waits[outer] = make(map[*Call]int)
	}
	n.waits[outer][inner]++
	return true
}

// reaches reports whether from waits for to or for a flight that to serves. seen
// holds the flights already looked at: there may be many ways to each.
func (n *nesting) reaches(from, to *Call, seen map[*Call]bool) bool {
	if to.serves(from) {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for next := range n.waits[from] {
		if n.reaches(next, to, seen) {
			return true
		}
	}
	return from.leader != nil && n.reaches(from.leader, to, seen)
}

// leave takes back what join noted.
func (n *nesting) leave(outer, inner *Call) {
	if outer == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waits[outer] == nil {
		return
	}
	if n.waits[outer][inner]--; n.waits[outer][inner] <= 0 {
		delete(n.waits[outer], inner)
	}
	if len(n.waits[outer]) == 0 {
		delete(n.waits, outer)
	}
}
