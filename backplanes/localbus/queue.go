// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package localbus

import "sync"

// queue holds the messages that wait for one subscriber.
type queue struct {
	node     *Channel
	messages chan []byte
	lost     chan struct{} // wakes the subscriber when it has lost messages

	mu  sync.Mutex
	gap bool // messages were lost, and are until the subscriber has been told
}

func newQueue(node *Channel, size int) *queue {
	return &queue{node: node, messages: make(chan []byte, size), lost: make(chan struct{}, 1)}
}

// offer adds msg, or drops it when the queue is full. After the first drop
// nothing is added until the subscriber has emptied the queue and been told:
// it would not be trusted anyway, and the news must not wait behind it.
func (q *queue) offer(msg []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gap {
		return
	}
	select {
	case q.messages <- msg:
	default:
		q.setGap()
	}
}

// lose marks the queue as one that messages have passed by.
func (q *queue) lose() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.setGap()
}

func (q *queue) setGap() {
	q.gap = true
	select {
	case q.lost <- struct{}{}:
	default:
	}
}

// takeGap reports whether the subscriber is to be told now of a gap, which it is
// once it has taken all that came before. From then on messages are added again.
func (q *queue) takeGap() bool {
	if len(q.messages) > 0 {
		return false // without the lock, which publishers want
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.gap || len(q.messages) > 0 {
		return false
	}
	q.gap = false
	return true
}
