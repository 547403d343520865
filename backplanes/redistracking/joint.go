// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistracking

import (
	"strings"
	"sync"

	"github.com/fusioncache-go/fusioncache/core"
)

// joint brings what the other backplane and the servers tell to one subscriber,
// one call at a time. Nothing comes before the other backplane has joined: what
// changes earlier, that join makes doubtful anyway.
type joint struct {
	prefix string // cut off keys

	mu     sync.Mutex // held during calls to the subscriber
	to     core.Subscriber
	keys   core.KeySubscriber
	joined bool
}

// Joined implements core.Subscriber for the other backplane.
func (j *joint) Joined(gapless bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.joined = true
	j.to.Joined(gapless)
}

// Message implements core.Subscriber for the other backplane.
func (j *joint) Message(msg []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.to.Message(msg)
}

// changed hands over keys as a server names them.
func (j *joint) changed(keys []any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.joined {
		return
	}
	for _, key := range keys {
		full, _ := key.(string)
		if name, ok := strings.CutPrefix(full, j.prefix); ok && name != "" {
			j.keys.Changed(name)
		}
	}
}

// flushed says that a server has lost all keys.
func (j *joint) flushed() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.joined {
		j.to.Joined(false)
	}
}
