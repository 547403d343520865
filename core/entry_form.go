// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"encoding/binary"
	"time"
)

// The binary form of an entry, for layers of bytes, begins with its head: what many
// entries of a cache have in common, so that a layer can keep it once for all of them.
//
//	size     1 byte   of what follows of the head
//	flags    1 byte   which of the following are there
//	pivot    1 byte   of 8, the highest: Stale, or Born if that is Never
//	life     varint   seconds from Born to Stale
//	dead     varint   seconds from Stale to Dead
//	epoch    16 bytes
//
// What is the entry's own follows:
//
//	pivot    7 bytes  the others
//	life, dead        uvarint  nanoseconds on top of the seconds
//	checked  varint   less Born
//	retry    varint   less the pivot; cycles as uvarint
//	tags     uvarint count, then uvarint length and bytes for each
//	marks    a generation for each tag, 16 bytes each; marked as uvarint
//	version  32 bytes
//	extra    see Extra
//	payload  the rest
//
// Differences wrap around, so that every instant has its form, Never too.
const (
	formStale = 1 << iota // and life; absent: Never
	formChecked
	formDead
	formRetry
	formTags
	formMarks
	formVersion
	formExtra
)

const (
	pivotLow     = 7 // bytes
	pivotLowBits = 8 * pivotLow
)

// AppendBinary appends the binary form of e, which must have a payload, to dst.
// [ParseEntry] takes no more than 16 tags, of no more than 256 bytes each, and no Dead
// before Stale.
func (e *Entry) AppendBinary(dst []byte) []byte {
	m := e.Meta()
	flags, pivot := m.form()
	life, lifeRest := seconds(int64(m.Stale - m.Born))
	dead, deadRest := seconds(int64(m.Dead - m.Stale))
	at := len(dst)
	dst = append(dst, 0, flags, byte(pivot>>pivotLowBits))
	if flags&formStale != 0 {
		dst = binary.AppendVarint(dst, life)
	}
	if flags&formDead != 0 {
		dst = binary.AppendVarint(dst, dead)
	}
	if flags&formMarks != 0 {
		dst = appendGeneration(dst, m.Stamp.Epoch)
	}
	dst[at] = byte(len(dst) - at - 1)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(pivot))
	dst = dst[:len(dst)-1]
	if flags&formStale != 0 {
		dst = binary.AppendUvarint(dst, lifeRest)
	}
	if flags&formDead != 0 {
		dst = binary.AppendUvarint(dst, deadRest)
	}
	return append(m.appendOwn(dst, flags, pivot), e.Payload()...)
}

// form returns what there is to m, and its pivot.
func (m *Meta) form() (flags byte, pivot Instant) {
	set := func(flag byte, is bool) {
		if is {
			flags |= flag
		}
	}
	set(formStale, m.Stale != Never)
	set(formChecked, m.Checked != m.Born)
	set(formDead, m.Dead != m.Stale)
	set(formRetry, m.Retry != 0 || m.Cycles != 0)
	set(formVersion, !m.Version.IsZero())
	set(formExtra, m.Extra != nil)
	if s := m.Stamp; s != nil {
		set(formTags, len(s.Tags) > 0)
		set(formMarks, !s.Epoch.IsZero())
	}
	if m.Stale == Never {
		return flags, m.Born
	}
	return flags, m.Stale
}

// appendOwn appends what m has in common with few.
func (m *Meta) appendOwn(dst []byte, flags byte, pivot Instant) []byte {
	if flags&formChecked != 0 {
		dst = binary.AppendVarint(dst, int64(m.Checked-m.Born))
	}
	if flags&formRetry != 0 {
		dst = binary.AppendVarint(dst, int64(m.Retry-pivot))
		dst = binary.AppendUvarint(dst, uint64(m.Cycles))
	}
	if flags&formTags != 0 {
		dst = appendTags(dst, m.Stamp.Tags)
	}
	if flags&formMarks != 0 {
		for i := range m.Stamp.Tags {
			dst = appendGeneration(dst, m.Stamp.Generation(i))
		}
		dst = binary.AppendUvarint(dst, m.Stamp.Marked)
	}
	if flags&formVersion != 0 {
		dst = appendVersion(dst, m.Version)
	}
	if flags&formExtra != 0 {
		dst = m.Extra.AppendBinary(dst)
	}
	return dst
}

// seconds splits nanoseconds.
func seconds(d int64) (whole int64, rest uint64) {
	whole, left := d/int64(time.Second), d%int64(time.Second)
	if left < 0 {
		whole, left = whole-1, left+int64(time.Second)
	}
	return whole, uint64(left)
}

// SplitEntry splits the binary form of an entry behind its head, which entries that were
// loaded in the same way have in common, so that a layer need keep it only once. Both
// parts alias form. ok is false if form is too short for that.
func SplitEntry(form []byte) (head, own []byte, ok bool) {
	if len(form) == 0 || int(form[0]) >= len(form) {
		return nil, nil, false
	}
	n := int(form[0]) + 1
	return form[:n:n], form[n:], true
}

// ParseEntry reads the binary form of an entry from data: its metadata and its
// payload, which aliases data and has no spare capacity. Malformed data gives an
// error; no data makes it panic or allocate more than a few KiB. Without Stamp and
// Extra it allocates nothing.
func ParseEntry(data []byte) (m Meta, payload []byte, err error) {
	d := decoder{data: data}
	if d.form(&m); d.bad {
		return Meta{}, nil, errEntry
	}
	return m, d.data[:len(d.data):len(d.data)], nil
}

// PeekEntry is [ParseEntry] for who only wants to know whether the entry is fresh:
// it leaves out tags, generations and the ETag, puts the rest of Extra and Stamp into p,
// and allocates nothing.
func PeekEntry(data []byte, p *Peeked) (m Meta, payload []byte, err error) {
	d := decoder{data: data, short: p}
	if d.form(&m); d.bad {
		return Meta{}, nil, errEntry
	}
	return m, d.data[:len(d.data):len(d.data)], nil
}

// Peeked is room for what [PeekEntry] finds. The zero Peeked is ready for use.
type Peeked struct {
	extra Extra
	stamp Stamp
}

// form reads all but the payload into m, which is zero.
func (d *decoder) form(m *Meta) {
	own := len(d.data) - 1 - int(d.byte())
	flags, high := d.byte(), d.byte()
	var life, dead int64
	var epoch Generation
	if flags&formStale != 0 {
		life = d.varint()
	}
	if flags&formDead != 0 {
		dead = d.varint()
	}
	if flags&formMarks != 0 {
		epoch = d.generation()
		d.bad = d.bad || epoch.IsZero()
	}
	if d.bad || len(d.data) != own || own < pivotLow {
		d.fail()
		return
	}
	pivot := d.pivot(high)
	m.Stale, m.Born = Never, pivot
	if flags&formStale != 0 {
		m.Stale, m.Born = pivot, pivot-d.lapse(life)
	}
	m.Checked, m.Dead = m.Born, m.Stale
	if flags&formDead != 0 {
		m.Dead = m.Stale + d.lapse(dead)
	}
	if flags&formChecked != 0 {
		m.Checked = d.instant(m.Born)
	}
	if flags&formRetry != 0 {
		m.Retry = d.instant(pivot)
		m.Cycles = d.uint32()
	}
	d.own(m, flags, epoch)
	d.bad = d.bad || m.Dead < m.Stale
}

// pivot reads the low bytes of the pivot, which are there.
func (d *decoder) pivot(high byte) Instant {
	b := d.data[:pivotLow]
	d.data = d.data[pivotLow:]
	low := uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[pivotLow-4:]))<<(8*(pivotLow-4))
	return Instant(low | uint64(high)<<pivotLowBits)
}

// lapse reads what comes on top of the seconds.
func (d *decoder) lapse(whole int64) Instant {
	rest := d.uvarint()
	d.bad = d.bad || rest >= uint64(time.Second)
	return Instant(whole*int64(time.Second)) + Instant(rest)
}

// own reads what [Meta.appendOwn] has written behind the instants.
func (d *decoder) own(m *Meta, flags byte, epoch Generation) {
	if flags&(formTags|formMarks) != 0 {
		m.Stamp = d.formStamp(flags, epoch)
	}
	if flags&formVersion != 0 {
		m.Version = d.version()
	}
	if flags&formExtra == 0 {
		return
	}
	if d.short != nil {
		m.Extra = &d.short.extra
	} else {
		m.Extra = new(Extra)
	}
	if !d.extra(m.Extra) {
		m.Extra = nil
	}
}

func (d *decoder) formStamp(flags byte, epoch Generation) *Stamp {
	var s *Stamp
	if d.short != nil {
		s = &d.short.stamp
	} else {
		s = new(Stamp)
	}
	*s = Stamp{Epoch: epoch}
	if flags&formTags != 0 {
		s.Tags = d.tags()
	}
	if flags&formMarks != 0 {
		s.Generations = d.generations(d.count)
		s.Marked = d.uvarint()
	}
	return s
}
