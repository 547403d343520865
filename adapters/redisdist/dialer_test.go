// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("connection refused")

// place is a server that takes connections as its mode says.
type place struct {
	dialer   *dialer
	attempts int
	fate     fate
}

// fate is what becomes of an attempt to connect.
type fate int

const (
	refuses fate = iota
	closes       // takes the connection and closes it, as a proxy in front of nothing
	answers
	hangs // takes the connection and says nothing for a minute
)

func newPlace() *place {
	p := &place{}
	p.dialer = &dialer{connect: p.connect, rests: make(map[string]*rest)}
	return p
}

func (p *place) connect(context.Context, string, string) (net.Conn, error) {
	p.attempts++
	if p.fate == refuses {
		return nil, errDown
	}
	ours, theirs := net.Pipe()
	go func(f fate) {
		defer theirs.Close()
		switch f {
		case answers:
			_, _ = theirs.Write([]byte("+OK\r\n"))
		case hangs:
			time.Sleep(time.Minute)
		}
	}(p.fate)
	return ours, nil
}

// use connects, reads and closes; it reports whether there was an answer.
func (p *place) use(t *testing.T) error {
	t.Helper()
	c, err := p.dialer.dial(t.Context(), "tcp", "cache:6379")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var b [8]byte
	_, err = c.Read(b[:])
	return err
}

func TestSeed_DC10_AttemptsToConnectAreFewInAnOutageAndSucceedSoonAfterIt(t *testing.T) {
	for name, m := range map[string]fate{"refused": refuses, "closed at once": closes} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace()
				p.fate = m
				for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(10 * time.Millisecond) {
					if p.use(t) == nil {
						t.Fatal("an answer from a server that is down")
					}
				}
				if p.attempts > 50 || p.attempts < 30 {
					t.Errorf("%d attempts in a minute, want 30 to 50", p.attempts)
				}
				p.fate = answers
				begin := time.Now()
				for p.use(t) != nil {
					time.Sleep(10 * time.Millisecond)
				}
				if took := time.Since(begin); took > 2*time.Second {
					t.Errorf("the server was found %v after it was back", took)
				}
				before := p.attempts
				for range 100 {
					if err := p.use(t); err != nil {
						t.Error(err)
					}
				}
				if n := p.attempts - before; n != 100 {
					t.Errorf("%d of 100 connections were made while the server is up", n)
				}
			})
		})
	}
}

func TestDialer_SaysWhyNoAttemptIsMade(t *testing.T) {
	p := newPlace()
	for range 3 {
		if err := p.use(t); !errors.Is(err, errDown) {
			t.Errorf("got %v, want what the last attempt gave", err)
		}
	}
	if p.attempts != 1 {
		t.Errorf("%d attempts at once", p.attempts)
	}
}

// One caller's patience is no reason to keep others from an attempt.
func TestDialer_ACallerWithoutPatienceIsNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.fate = hangs
		c, _ := p.dialer.dial(t.Context(), "tcp", "cache:6379")
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(make([]byte, 8)); err == nil {
			t.Error("an answer of a server that hangs")
		}
		_ = c.Close()
		p.fate = answers
		if err := p.use(t); err != nil || p.attempts != 2 {
			t.Errorf("%v, %d attempts, want 2", err, p.attempts)
		}
		time.Sleep(time.Minute)
	})
}

func TestDialer_RemembersABoundedNumberOfServers(t *testing.T) {
	d := newPlace().dialer
	for i := range 2 * maxRests {
		d.failed(string(rune(i)), errDown)
	}
	if len(d.rests) != maxRests {
		t.Errorf("%d servers are remembered", len(d.rests))
	}
}

// A connection that has answered once may break: that is no attempt.
func TestDialer_ABreakOfAGoodConnectionIsNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.fate = answers
		c, _ := p.dialer.dial(t.Context(), "tcp", "cache:6379")
		var b [8]byte
		_, _ = c.Read(b[:])
		_, _ = c.Read(b[:])
		_ = c.Close()
		if err := p.use(t); err != nil || p.attempts != 2 {
			t.Errorf("%v, %d attempts, want 2", err, p.attempts)
		}
	})
}

// Nodes that lost their server together do not come back in step.
func TestSeed_DC10_PausesOfTwoNodesDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs [2][]time.Duration
		for i := range runs {
			p, began, seen := newPlace(), time.Now(), 0
			for time.Since(began) < time.Minute {
				if _ = p.use(t); p.attempts > seen {
					seen = p.attempts
					runs[i] = append(runs[i], time.Since(began))
				}
				time.Sleep(time.Millisecond)
			}
		}
		if slices.Equal(runs[0], runs[1]) {
			t.Errorf("both made their attempts after %v", runs[0])
		}
	})
}
