// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package coherence

import (
	"sync"
	"sync/atomic"
)

// maxTogether bounds the calls that one operation on many keys has under way at a
// time, where there is no ability to make one of them.
const maxTogether = 32

// together calls do for 0 to n-1, several at a time, and waits for all.
func together(n int, do func(i int)) {
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	var workers sync.WaitGroup
	for range min(n, maxTogether) - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
}
