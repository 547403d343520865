// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package backplanetest

import (
	"bytes"
	"sync"
	"time"
)

// recorder is a subscriber that writes down what it is told.
type recorder struct {
	mu      sync.Mutex
	log     record
	seen    map[string]int // how often each message came
	changed chan struct{}  // closed, and replaced, at each change
	running int            // calls under way
	ended   bool           // Subscribe has returned
	hold    chan struct{}  // Message waits until it is closed
	linger  time.Duration  // how long Message takes
}

// record is what a recorder knows.
type record struct {
	joins    []bool   // gapless, of each Joined
	messages []string // in the order of arrival
	early    bool     // a message came before the first Joined
	late     bool     // a call began or was under way after the end
	overlap  bool     // two calls at once
	unstable bool     // a message changed during the call
}

func newRecorder() *recorder {
	return &recorder{changed: make(chan struct{}), seen: make(map[string]int)}
}

// Joined implements core.Subscriber.
func (r *recorder) Joined(gapless bool) {
	r.enter(func() { r.log.joins = append(r.log.joins, gapless) })
	r.leave(func() {})
}

// Message implements core.Subscriber.
func (r *recorder) Message(msg []byte) {
	before := bytes.Clone(msg)
	hold, linger := r.enter(func() {
		r.log.messages = append(r.log.messages, string(msg))
		r.seen[string(msg)]++
		r.log.early = r.log.early || len(r.log.joins) == 0
	})
	if hold != nil {
		<-hold
	}
	if linger > 0 {
		<-time.After(linger)
	}
	same := bytes.Equal(before, msg)
	r.leave(func() { r.log.unstable = r.log.unstable || !same })
}

// Changed implements core.KeySubscriber, for backplanes that demand it. Which keys
// there are is nothing that the suite knows.
func (r *recorder) Changed(string) {
	r.enter(func() {})
	r.leave(func() {})
}

func (r *recorder) enter(note func()) (hold chan struct{}, linger time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running++
	r.log.overlap = r.log.overlap || r.running > 1
	r.log.late = r.log.late || r.ended
	note()
	r.tell()
	return r.hold, r.linger
}

func (r *recorder) leave(note func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	note()
	r.tell()
}

// end notes that Subscribe has returned.
func (r *recorder) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	r.log.late = r.log.late || r.running > 0
	r.tell()
}

func (r *recorder) tell() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// look returns what is known now. What it shares with the recorder only grows.
func (r *recorder) look() record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log
}

// has reports whether msg has arrived.
func (r *recorder) has(msg string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[msg] > 0
}

// next returns a channel that is closed at the next change.
func (r *recorder) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// block makes Message wait until release is called.
func (r *recorder) block() (release func()) {
	hold := make(chan struct{})
	r.mu.Lock()
	r.hold = hold
	r.mu.Unlock()
	return sync.OnceFunc(func() {
		r.mu.Lock()
		r.hold = nil
		r.mu.Unlock()
		close(hold)
	})
}

func (r *recorder) setLinger(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.linger = d
}
