// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"encoding/binary"
	"errors"
	"math"
)

// The binary form of metadata in the body of a frame:
//
//	flags    1 byte   which of the following are there
//	stale    varint   (absent: Never)
//	born     varint, minus stale (minus 0 if that is Never)
//	checked  varint, minus born, which it often is
//	dead, retry   varint, each minus stale (minus 0 if that is Never)
//	cycles   uvarint
//	tags     uvarint count, then uvarint length and bytes for each
//	marks    epoch and a generation for each tag, 16 bytes each; marked as uvarint
//	payload  the rest
//
// Differences wrap around, so that every instant has its form, Never too.
//
// A version of 32 bytes follows the flags if there is one, which a frame carries in its
// ordering header instead.
const (
	hasStale = 1 << iota
	hasBorn
	hasChecked
	hasDead // only when it differs from stale
	hasRetry
	hasTags
	hasVersion
	hasMarks
)

const (
	versionSize = 32
	// maxTags and maxTagLen bound what a hostile frame can make us allocate.
	maxTags   = 16
	maxTagLen = 256
)

var errEntry = errors.New("malformed entry")

// AppendBinary appends the binary form of the metadata but Extra to dst. [ParseMeta] takes no more than 16 tags, of no
// more than 256 bytes each, and no Dead before Stale.
func (m *Meta) AppendBinary(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, 0)
	var flags byte
	if !m.Version.IsZero() {
		flags |= hasVersion
		dst = appendVersion(dst, m.Version)
	}
	var base Instant
	if m.Stale != Never {
		flags |= hasStale
		base = m.Stale
		dst = binary.AppendVarint(dst, int64(m.Stale))
	}
	put := func(flag byte, i Instant) {
		flags |= flag
		dst = binary.AppendVarint(dst, int64(i-base))
	}
	if m.Born != 0 {
		put(hasBorn, m.Born)
	}
	if m.Checked != 0 {
		flags |= hasChecked
		dst = binary.AppendVarint(dst, int64(m.Checked-m.Born))
	}
	if m.Dead != m.Stale {
		put(hasDead, m.Dead)
	}
	if m.Retry != 0 || m.Cycles != 0 {
		put(hasRetry, m.Retry)
		dst = binary.AppendUvarint(dst, uint64(m.Cycles))
	}
	if s := m.Stamp; s != nil {
		if len(s.Tags) > 0 {
			flags |= hasTags
			dst = appendTags(dst, s.Tags)
		}
		if !s.Epoch.IsZero() {
			dst = appendMarks(dst, s)
			flags |= hasMarks
			dst = binary.AppendUvarint(dst, s.Marked)
		}
	}
	dst[at] = flags
	return dst
}

// appendMarks makes up what is missing of the generations: a tag without one
// counts as removed.
func appendMarks(dst []byte, s *Stamp) []byte {
	dst = appendGeneration(dst, s.Epoch)
	for i := range s.Tags {
		dst = appendGeneration(dst, s.Generation(i))
	}
	return dst
}

func appendGeneration(dst []byte, g Generation) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, g.Hard)
	return binary.LittleEndian.AppendUint64(dst, g.Soft)
}

func appendVersion(dst []byte, v Version) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(v.Time))
	dst = binary.LittleEndian.AppendUint32(dst, v.Tick)
	dst = binary.LittleEndian.AppendUint32(dst, v.Bump)
	dst = binary.LittleEndian.AppendUint64(dst, v.Node)
	return binary.LittleEndian.AppendUint64(dst, v.Op)
}

func appendTags(dst []byte, tags []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(tags)))
	for _, t := range tags {
		dst = binary.AppendUvarint(dst, uint64(len(t)))
		dst = append(dst, t...)
	}
	return dst
}

// ParseMeta reads what [Meta.AppendBinary] has written. The rest is the payload, which
// aliases data and has no spare capacity. Malformed data gives an error; no data makes it
// panic or allocate more than a few KiB. Without Stamp it allocates nothing.
func ParseMeta(data []byte) (m Meta, payload []byte, err error) {
	d := decoder{data: data}
	return d.entry()
}

func (d *decoder) entry() (m Meta, payload []byte, err error) {
	flags := d.byte()
	if flags&hasVersion != 0 {
		m.Version = d.version()
	}
	m.Stale = Never
	var base Instant
	if flags&hasStale != 0 {
		m.Stale = Instant(d.varint())
		base = m.Stale
	}
	if flags&hasBorn != 0 {
		m.Born = d.instant(base)
	}
	if flags&hasChecked != 0 {
		m.Checked = d.instant(m.Born)
	}
	m.Dead = m.Stale
	if flags&hasDead != 0 {
		m.Dead = d.instant(base)
	}
	if flags&hasRetry != 0 {
		m.Retry = d.instant(base)
		m.Cycles = d.uint32()
	}
	if flags&(hasTags|hasMarks) != 0 {
		m.Stamp = d.stamp(flags)
	}
	if d.bad || m.Dead < m.Stale {
		return Meta{}, nil, errEntry
	}
	return m, d.data[:len(d.data):len(d.data)], nil
}

func (d *decoder) stamp(flags byte) *Stamp {
	var s Stamp
	if flags&hasTags != 0 {
		s.Tags = d.tags()
	}
	if flags&hasMarks != 0 {
		s.Epoch = d.generation()
		s.Generations = d.generations(d.count)
		s.Marked = d.uvarint()
		d.bad = d.bad || s.Epoch.IsZero()
	}
	return &s
}

// decoder reads fields off the front of data. After the first failure it
// returns zeros and stays bad, so that callers check once.
type decoder struct {
	data  []byte
	bad   bool
	count int     // of tags
	short *Peeked // not nil: what would have to be allocated is put there, or passed by
}

func (d *decoder) fail() { d.data, d.bad = nil, true }

func (d *decoder) byte() byte {
	if len(d.data) == 0 {
		d.fail()
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.data)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.data = d.data[n:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.data = d.data[n:]
	return v
}

func (d *decoder) uint32() uint32 {
	v := d.uvarint()
	if v > math.MaxUint32 {
		d.fail()
		return 0
	}
	return uint32(v)
}

func (d *decoder) instant(base Instant) Instant {
	return base + Instant(d.varint())
}

func (d *decoder) version() (v Version) {
	if len(d.data) < versionSize {
		d.fail()
		return Version{}
	}
	v.Time = int64(binary.LittleEndian.Uint64(d.data))
	v.Tick = binary.LittleEndian.Uint32(d.data[8:])
	v.Bump = binary.LittleEndian.Uint32(d.data[12:])
	v.Node = binary.LittleEndian.Uint64(d.data[16:])
	v.Op = binary.LittleEndian.Uint64(d.data[24:])
	d.data = d.data[versionSize:]
	return v
}

func (d *decoder) tags() []string {
	n := d.uvarint()
	if n == 0 || n > maxTags {
		d.fail()
		return nil
	}
	d.count = int(n)
	if d.short != nil {
		for range n {
			d.text(maxTagLen)
		}
		return nil
	}
	tags := make([]string, 0, n)
	for range n {
		t, _ := d.text(maxTagLen)
		tags = append(tags, t)
	}
	return tags
}

func (d *decoder) generation() (g Generation) {
	const size = 16
	if len(d.data) < size {
		d.fail()
		return Generation{}
	}
	g.Hard = binary.LittleEndian.Uint64(d.data)
	g.Soft = binary.LittleEndian.Uint64(d.data[8:])
	d.data = d.data[size:]
	return g
}

func (d *decoder) generations(n int) []Generation {
	if d.short != nil {
		for range n {
			d.generation()
		}
		return nil
	}
	if n == 0 || d.bad {
		return nil
	}
	out := make([]Generation, n)
	for i := range out {
		out[i] = d.generation()
	}
	return out
}
