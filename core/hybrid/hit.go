// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package hybrid

import (
	"unsafe"

	"github.com/fusioncache-go/fusioncache/core"
)

// look is what a first look into memory found.
type look uint8

const (
	fresh  look = iota + 1
	absent      // memory was asked and has nothing
	unsure      // anything else: the chain has to look again
)

// hit answers from memory if it can, without allocating anything.
//
// The full key is put together in a buffer that is used again; that is why a
// memory layer must not keep the key that it is asked for.
func (c *Cache[V]) hit(key string, opts []core.Option) (v V, found look) {
	if c.check(key) != nil || core.Detours(opts) || c.perKey != nil && core.Detours(c.perKey(key)) {
		return v, unsure
	}
	b := c.stack.scratch.Get().(*buffers)
	b.key = append(append(b.key[:0], c.prefix...), key...)
	v, found = c.find(b)
	c.stack.scratch.Put(b)
	return v, found
}

// hit is [Cache.hit] with a key that is encoded into the same buffer.
func (k *Keyed[K, V]) hit(key K, opts []core.Option) (v V, found look) {
	c := k.cache
	if c.stack.closed.Load() || core.Detours(opts) {
		return v, unsure
	}
	b := c.stack.scratch.Get().(*buffers)
	b.key = k.encode(append(b.key[:0], c.prefix...), key)
	own := b.key[len(c.prefix):]
	if n := len(own); n > 0 && n <= core.MaxKeyLen && !(c.perKey != nil && core.Detours(c.perKey(unsafe.String(&own[0], n)))) {
		v, found = c.find(b)
	} else {
		found = unsure
	}
	c.stack.scratch.Put(b)
	return v, found
}

// find looks for a fresh entry under the full key in b.
func (c *Cache[V]) find(b *buffers) (v V, found look) {
	full := unsafe.String(unsafe.SliceData(b.key), len(b.key))
	if c.options.Skip.Has(core.SkipMemoryRead) {
		return v, unsure
	}
	if c.stack.local.Bytes() != nil {
		return c.findBytes(full, b)
	}
	e, ok := c.stack.memory.Get(full)
	if !ok {
		return v, c.stack.missed(full)
	}
	now := c.stack.clock.Now()
	if now >= e.StaleAt() || !c.stack.local.Trusted(e.Checked(), now) || !c.stack.local.Marked(e.Stamp()) {
		return v, unsure
	}
	if x := e.Extra(); x != nil {
		if !x.Plain(now) {
			return v, unsure
		}
		x.Use(now)
	}
	if ok = false; !c.options.Clone {
		v, ok = core.Value[V](e)
	}
	if !ok && e.Payload() != nil {
		v, ok = c.decode(e.Payload())
	}
	if !ok {
		return v, unsure
	}
	c.stack.hit(full)
	return v, fresh
}

// findBytes is find for a memory layer of bytes.
func (c *Cache[V]) findBytes(full string, b *buffers) (v V, found look) {
	data, ok := c.stack.local.Bytes().AppendEntry(b.data[:0], full)
	if !ok {
		return v, c.stack.missed(full)
	}
	b.data = keep(data)
	m, payload, err := core.PeekEntry(data, &b.peeked)
	now := c.stack.clock.Now()
	if err != nil || now >= m.Stale || !c.stack.local.Trusted(m.Checked, now) || !c.stack.local.Marked(m.Stamp) {
		return v, unsure
	}
	if m.Extra != nil {
		if !m.Extra.Plain(now) {
			return v, unsure
		}
		c.stack.local.Use(full, &m, now)
	}
	if v, ok = c.decode(payload); !ok {
		return v, unsure
	}
	c.stack.hit(full)
	return v, fresh
}

// decode returns the value that is encoded in payload, by way of a pointer that
// is used again.
func (c *Cache[V]) decode(payload []byte) (v V, ok bool) {
	if c.stack.parts == nil {
		return v, false
	}
	p := c.values.Get().(*V)
	if ok = c.stack.parts.Unmarshal(payload, p) == nil; ok {
		v = *p
	}
	*p = *new(V)
	c.values.Put(p)
	return v, ok
}

// hit tells listeners. The key is in a buffer, so those that may keep it get a copy.
func (s *Stack) hit(full string) {
	if s.events.Wants(core.Hit) {
		s.events.EmitBorrowed(core.Event{Kind: core.Hit, Key: full, Level: core.LevelMemory})
	}
}

// missed is hit for a look that found nothing.
func (s *Stack) missed(full string) look {
	if s.events.Wants(core.MemoryMissed) {
		s.events.EmitBorrowed(core.Event{Kind: core.MemoryMissed, Key: full, Level: core.LevelMemory})
	}
	return absent
}

// keep returns a buffer to use again, unless one large value has blown it up.
func keep(data []byte) []byte {
	if cap(data) > 64<<10 {
		return nil
	}
	return data
}
