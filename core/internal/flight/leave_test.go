// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package flight

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// within returns a context that ends after d because of cause.
func within(t *testing.T, d time.Duration, cause error) context.Context {
	ctx, cancel := context.WithTimeoutCause(t.Context(), d, cause)
	t.Cleanup(cancel)
	return ctx
}

func TestLeave_DisturbsNobody(t *testing.T) {
	for _, r := range []core.Request{request("k"), cancelling("k")} {
		bubble(t, Limits{}, func(t *testing.T, g *Group) {
			why := errors.New("why")
			leader := call(within(t, 10*time.Millisecond, why), g, r, after(50*time.Millisecond, nil))
			synctest.Wait()
			waiter := call(within(t, 20*time.Millisecond, why), g, r, after(0, errBoom))
			stays := call(t.Context(), g, r, after(0, errBoom))
			a := leader()
			a.check(t, why, 10*time.Millisecond)
			a.check(t, context.DeadlineExceeded, 10*time.Millisecond)
			waiter().check(t, why, 20*time.Millisecond)
			stays().check(t, nil, 50*time.Millisecond)
		})
	}
}

func TestLeave_LastCallerLeavesTheFlightInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended []answer
		start := time.Now()
		g := NewGroup(core.NewMonotonic(nil), Limits{}, func(c *Call) {
			a := answer{took: time.Since(start)}
			a.Result, a.err = c.Outcome()
			if c.Request().Key != "k" || c.Began() == 0 {
				t.Errorf("ended: %v, begun at %v", c.Request(), c.Began())
			}
			ended = append(ended, a)
		})
		for _, d := range []time.Duration{10 * time.Millisecond, 20 * time.Millisecond} {
			call(within(t, d, errBoom), g, request("k"), after(50*time.Millisecond, nil))().check(t, errBoom, d)
		}
		joins := call(t.Context(), g, request("other"), after(0, nil))
		joins().check(t, nil, 0)
		time.Sleep(time.Second)
		synctest.Wait()
		if len(ended) != 1 {
			t.Fatalf("%d flights ended without callers, want 1", len(ended))
		}
		ended[0].check(t, nil, 50*time.Millisecond)
		checkEmpty(t, g)
	})
}

func TestLeave_LaterCallerJoinsTheFlightInTheBackground(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		call(within(t, time.Second, errBoom), g, request("k"), after(3*time.Second, nil))().check(t, errBoom, time.Second)
		call(t.Context(), g, request("k"), after(0, errBoom))().check(t, nil, 2*time.Second)
	})
}

func TestLeave_LastCallerCancelsOnRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := 0
		g := NewGroup(core.NewMonotonic(nil), Limits{}, func(*Call) { ended++ })
		why := errors.New("why")
		var cause error
		var token *core.Token
		next := func(ctx context.Context, r core.Request) (core.Result, error) {
			token = r.Token
			<-ctx.Done()
			cause = context.Cause(ctx)
			time.Sleep(time.Second) // tidying up
			return value, nil
		}
		first := call(within(t, 10*time.Millisecond, errBoom), g, cancelling("k"), next)
		synctest.Wait()
		call(within(t, 20*time.Millisecond, why), g, cancelling("k"), next)().check(t, why, 20*time.Millisecond)
		first().check(t, errBoom, 10*time.Millisecond)
		synctest.Wait()
		if !errors.Is(cause, why) {
			t.Errorf("the flight ended because of %v, want the last caller's cause", cause)
		}
		if token.Valid() || g.Len() != 0 || g.orphans.Load() != 1 {
			t.Errorf("token valid: %v, %d flights to join, %d orphans; want false, 0, 1", token.Valid(), g.Len(), g.orphans.Load())
		}
		call(t.Context(), g, cancelling("k"), after(0, nil))().check(t, nil, 0)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if ended != 1 {
			t.Errorf("%d flights ended without callers, want 1", ended)
		}
		checkEmpty(t, g)
	})
}

// A flight that has taken too long is not joined any more, but those who wait for it
// are not to pay for a caller that comes later.
func TestOverdue_FlightIsReplacedAndNotCancelled(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		r := core.Request{Key: "k", Options: &core.EntryOptions{LoadTimeout: 10 * time.Millisecond, CancelOnTimeout: true}}
		first := call(t.Context(), g, r, after(50*time.Millisecond, nil))
		time.Sleep(20 * time.Millisecond)
		second := call(t.Context(), g, r, after(10*time.Millisecond, nil))
		second().check(t, nil, 10*time.Millisecond)
		first().check(t, nil, 50*time.Millisecond)
	})
}

// Who leaves a flight that was replaced still cancels it, if nobody else waits.
func TestOverdue_LastCallerStillCancels(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		r := core.Request{Key: "k", Options: &core.EntryOptions{LoadTimeout: 10 * time.Millisecond, CancelOnTimeout: true}}
		first := call(within(t, 30*time.Millisecond, errBoom), g, r, after(time.Hour, nil))
		time.Sleep(20 * time.Millisecond)
		call(t.Context(), g, r, after(0, nil))().check(t, nil, 0)
		first().check(t, errBoom, 30*time.Millisecond)
		synctest.Wait()
		checkEmpty(t, g)
	})
}

func TestLeave_FirstCallersOptionsDecide(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		first := call(within(t, 10*time.Millisecond, errBoom), g, request("k"), after(time.Second, nil))
		synctest.Wait()
		call(within(t, 20*time.Millisecond, errBoom), g, cancelling("k"), after(0, nil))().check(t, errBoom, 20*time.Millisecond)
		first().check(t, errBoom, 10*time.Millisecond)
		call(t.Context(), g, request("k"), after(0, errBoom))().check(t, nil, time.Second-20*time.Millisecond)
	})
}

func TestRevoke_SendsLaterCallersToANewFlight(t *testing.T) {
	for name, revoke := range map[string]func(*Group){
		"key":   func(g *Group) { g.Revoke("k") },
		"all":   (*Group).RevokeAll,
		"twice": func(g *Group) { g.Revoke("k"); g.Revoke("k") },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Limits{}, func(t *testing.T, g *Group) {
				var token *core.Token
				next := after(100*time.Millisecond, nil)
				leader := call(t.Context(), g, request("k"), func(ctx context.Context, r core.Request) (core.Result, error) {
					token = r.Token
					return next(ctx, r)
				})
				synctest.Wait()
				waiter := call(t.Context(), g, request("k"), next)
				synctest.Wait()
				revoke(g)
				if token.Valid() || g.Len() != 0 {
					t.Errorf("token valid: %v, %d flights to join", token.Valid(), g.Len())
				}
				call(t.Context(), g, request("k"), after(10*time.Millisecond, errBoom))().check(t, errBoom, 10*time.Millisecond)
				leader().check(t, nil, 100*time.Millisecond)
				waiter().check(t, nil, 100*time.Millisecond)
			})
		})
	}
}

func TestDepart_OnlyWhoeverWouldJoinRevokesTheFlight(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		tokens := map[string]*core.Token{}
		slow := func(ctx context.Context, r core.Request) (core.Result, error) {
			tokens[r.Key] = r.Token
			return after(100*time.Millisecond, nil)(ctx, r)
		}
		lonely := call(t.Context(), g, request("lonely"), slow)
		synctest.Wait()
		wanted := call(t.Context(), g, request("wanted"), slow)
		synctest.Wait()
		g.Depart()
		call(t.Context(), g, request("wanted"), after(10*time.Millisecond, errBoom))().check(t, errBoom, 10*time.Millisecond)
		if !tokens["lonely"].Valid() || tokens["wanted"].Valid() {
			t.Errorf("valid: %v, and %v though another has come", tokens["lonely"].Valid(), tokens["wanted"].Valid())
		}
		lonely().check(t, nil, 100*time.Millisecond)
		wanted().check(t, nil, 100*time.Millisecond)
	})
}

func TestRevoke_EndOfTheOldFlightLeavesTheNewOneInPlace(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		old := call(t.Context(), g, request("k"), after(100*time.Millisecond, nil))
		synctest.Wait()
		g.Revoke("k")
		fresh := call(t.Context(), g, request("k"), after(time.Second, nil))
		old().check(t, nil, 100*time.Millisecond)
		call(t.Context(), g, request("k"), after(0, errBoom))().check(t, nil, 900*time.Millisecond)
		fresh().check(t, nil, time.Second)
	})
}

func TestRevoke_LeavesOtherKeysAlone(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		other := call(t.Context(), g, request("other"), func(ctx context.Context, r core.Request) (core.Result, error) {
			defer func() {
				if !r.Token.Valid() {
					t.Error("revoked with another key")
				}
			}()
			return after(time.Second, nil)(ctx, r)
		})
		synctest.Wait()
		if g.Revoke("k") {
			t.Error("revoked a flight that does not exist")
		}
		other().check(t, nil, time.Second)
	})
}

func TestRevoke_LastCallerOfARevokedFlightStillCancelsIt(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		leader := call(within(t, time.Second, errBoom), g, cancelling("k"), after(time.Hour, nil))
		synctest.Wait()
		g.Revoke("k")
		leader().check(t, errBoom, time.Second)
		synctest.Wait()
		checkEmpty(t, g)
	})
}

func TestToken_RevokedByAStageEndsJoining(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, g *Group) {
		leader := call(t.Context(), g, request("k"), func(ctx context.Context, r core.Request) (core.Result, error) {
			r.Token.Revoke()
			return after(time.Hour, nil)(ctx, r)
		})
		synctest.Wait()
		call(t.Context(), g, request("k"), after(0, nil))().check(t, nil, 0)
		err := g.Close(within(t, time.Second, errBoom))
		if !errors.Is(err, errBoom) {
			t.Errorf("close: %v", err)
		}
		leader().check(t, core.ErrClosed, time.Second)
	})
}
