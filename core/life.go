// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"cmp"
	"math"
	"math/rand/v2"
	"time"
)

// Meta returns the metadata of an entry that was begun at born and finished at
// now.
func (o *EntryOptions) Meta(born, now Instant) Meta {
	m := Meta{Born: born, Checked: born, Stale: now.Add(o.TTL)}
	if o.TTL == 0 {
		m.Stale = Never
	}
	if o.Jitter > 0 {
		m.Stale = m.Stale.Add(rand.N(o.Jitter))
	}
	m.Dead = o.dead(m.Stale, now, o.StaleTTL)
	m.Extra = o.extra(&m, now)
	took, eager := now.Sub(born), o.EagerRefresh > 0 || o.EagerChance > 0
	if end := o.rescue(&m, now, o.StaleTTL); end != 0 || eager && took > 0 {
		m.Extra = m.Extra.copy()
		m.Extra.Rescue = end
		if eager {
			m.Extra.Took = took
		}
	}
	m.Extra = o.ahead(m.Extra, &m, m.Stale, now)
	return m
}

// Missing returns the metadata of a negative entry, whose readers get why.
func (o *EntryOptions) Missing(why error, born, now Instant) Meta {
	m := Meta{Born: born, Checked: born, Stale: now.Add(o.NotFoundTTL), Extra: &Extra{Missing: why}}
	if o.NotFoundJitter > 0 {
		m.Stale = m.Stale.Add(rand.N(o.NotFoundJitter))
	}
	m.Dead = m.Stale
	return m
}

// DistributedMeta returns the metadata that an entry with m has in the
// distributed layer when it is written there at now.
func (o *EntryOptions) DistributedMeta(m Meta, now Instant) Meta {
	m.Retry, m.Cycles = 0, 0
	m.Extra = m.Extra.Shared(func(Instant) Instant { return 0 })
	if m.Extra != nil && m.Extra.Missing != nil {
		m.Stale = now.Add(o.NotFoundTTL)
		m.Dead = m.Stale
		return m
	}
	failSafe := o.StaleTTL
	if o.DistributedStaleTTL > 0 && o.FailSafe() {
		failSafe = o.DistributedStaleTTL
	}
	m.Stale = now.Add(o.DistributedTTL)
	m.Dead = o.dead(m.Stale, now, failSafe)
	if end := o.rescue(&m, now, failSafe); end != 0 {
		m.Extra = m.Extra.copy()
		m.Extra.Rescue = end
	}
	return m
}

// LocalMeta returns the metadata that an entry read from the distributed layer
// with m has in memory at now: never a new life, only what remains of it.
func (o *EntryOptions) LocalMeta(m Meta, now Instant) Meta {
	there := m.Stale
	m.Stale = min(m.Stale, now.Add(o.TTL))
	m.Born = min(m.Born, now) // the writer's clock may be ahead
	if !o.keeps() {
		m.Dead = m.Stale
	}
	if m.Extra != nil && m.Extra.Missing != nil {
		return m
	}
	x := m.Extra
	if own := o.extra(&m, now); own != nil {
		if x != nil {
			own.Rescue, own.Took, own.ETag, own.LastModified = x.Rescue, x.Took, x.ETag, x.LastModified
			own.Size, own.Priority = cmp.Or(x.Size, own.Size), cmp.Or(x.Priority, own.Priority)
		}
		x = own
	}
	m.Extra = o.ahead(x, &m, there, now)
	return m
}

// keeps reports whether an entry is of use after its logical life.
func (o *EntryOptions) keeps() bool {
	return o.FailSafe() || o.StaleIfError > 0 || o.StaleWhileRevalidate > 0
}

// dead returns the end of the physical life of an entry that is stale then, made at
// now, and kept for fail-safe for so long.
func (o *EntryOptions) dead(stale, now Instant, failSafe time.Duration) Instant {
	dead := max(stale, stale.Add(o.StaleWhileRevalidate), stale.Add(o.StaleIfError))
	if o.FailSafe() {
		dead = max(dead, now.Add(failSafe))
	}
	return dead
}

// rescue returns the end of fail-safe for an entry with m, made at now, or zero if
// that is the end of its physical life.
func (o *EntryOptions) rescue(m *Meta, now Instant, failSafe time.Duration) Instant {
	end := m.Stale
	if o.FailSafe() {
		end = max(end, now.Add(failSafe))
	}
	if end >= m.Dead {
		return 0
	}
	return end
}

// extra returns what o says of an entry with m beyond its life, or nil.
func (o *EntryOptions) extra(m *Meta, now Instant) *Extra {
	if o.IdleTTL == 0 && o.StaleWhileRevalidate == 0 && o.Size == 0 && o.Priority == NormalPriority {
		return nil
	}
	x := &Extra{Idle: o.IdleTTL, Size: o.Size, Priority: o.Priority}
	x.Use(now)
	if o.StaleWhileRevalidate > 0 {
		x.Revalidate = min(m.Stale.Add(o.StaleWhileRevalidate), m.Dead)
	}
	return x
}

// ahead returns x that says when to refresh an entry with m, whose value is stale at the
// given time: in memory, which m is about, it may be that earlier. It may change x.
func (o *EntryOptions) ahead(x *Extra, m *Meta, stale, now Instant) *Extra {
	var at Instant
	chance := false
	switch {
	case o.EagerRefresh > 0 && m.Stale != Never:
		made := m.Born
		if x != nil {
			made = made.Add(x.Took) // the life begins when the factory ends
		}
		at = min(part(made, stale, o.EagerRefresh), part(now, m.Stale, o.EagerRefresh))
	case o.EagerChance > 0 && m.Stale != Never && x != nil && x.Took > 0:
		reach := min(float64(x.Took)*o.EagerChance*chanceReach, float64(math.MaxInt64/2))
		at, chance = m.Stale-Instant(reach), true
	case o.StaleWhileRevalidate > 0 && m.Stale != Never:
		at = m.Stale
	default:
		return x
	}
	if x == nil {
		x = &Extra{}
	}
	x.Refresh, x.Chance = cmp.Or(at, 1), chance // zero would say that there is no such time
	return x
}

// part returns the instant at which a part of the time from..to has passed.
func part(from, to Instant, p float64) Instant {
	if to == Never {
		return Never
	}
	return from + Instant(math.Round(float64(to-from)*p))
}

// Ended reports whether a call has ended the logical life of the entry in the
// distributed layer. Its end is then before all time, so that it has come by the clock
// of any node.
func (m *Meta) Ended() bool { return m.Stale < m.Born }

// State returns the state at now of an entry with this metadata.
func (m *Meta) State(now Instant) State {
	idle := m.Extra != nil && m.Extra.idle(now)
	switch {
	case now < m.Stale && !idle:
		return Fresh
	case now >= m.Dead, idle && m.Dead <= m.Stale:
		return Dead
	case now < m.Retry:
		return Throttled
	}
	return Stale
}
