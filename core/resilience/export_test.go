// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package resilience

// Attempts returns how many keys have callers inside of b.
func (b *Backoff) Attempts() (n int) {
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		n += len(s.attempts)
		s.mu.Unlock()
	}
	return n
}
