// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core

import (
	"encoding/binary"
	"time"
)

// The binary form of an [Extra]:
//
//	flags       1 byte   which of the following are there
//	idle, used  varint each
//	refresh     varint; chance: as refresh, in place of it
//	revalidate, rescue  varint each
//	took        uvarint
//	validators  uvarint length of the ETag and its bytes, varint last modified
//	weight      uvarint size, 1 byte priority
//	missing     nothing
//
// None has no flags: a zero byte.
const (
	hasIdle = 1 << iota
	hasRefresh
	hasChance
	hasWindows
	hasTook
	hasValidators
	hasWeight
	hasMissing
)

// AppendBinary appends the binary form of x, which may be nil, to dst.
func (x *Extra) AppendBinary(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if x == nil {
		return dst
	}
	if x.Idle != 0 {
		dst[at] |= hasIdle
		dst = binary.AppendVarint(dst, int64(x.Idle))
		dst = binary.AppendVarint(dst, int64(x.Used()))
	}
	if x.Refresh != 0 {
		dst[at] |= hasRefresh
		if x.Chance {
			dst[at] ^= hasRefresh | hasChance
		}
		dst = binary.AppendVarint(dst, int64(x.Refresh))
	}
	if x.Revalidate != 0 || x.Rescue != 0 {
		dst[at] |= hasWindows
		dst = binary.AppendVarint(dst, int64(x.Revalidate))
		dst = binary.AppendVarint(dst, int64(x.Rescue))
	}
	if x.Took > 0 {
		dst[at] |= hasTook
		dst = binary.AppendUvarint(dst, uint64(x.Took))
	}
	if x.ETag != "" || x.LastModified != 0 {
		dst[at] |= hasValidators
		dst = binary.AppendUvarint(dst, uint64(len(x.ETag)))
		dst = append(dst, x.ETag...)
		dst = binary.AppendVarint(dst, x.LastModified)
	}
	if x.Size != 0 || x.Priority != 0 {
		dst[at] |= hasWeight
		dst = binary.AppendUvarint(dst, uint64(x.Size))
		dst = append(dst, byte(x.Priority))
	}
	if x.Missing != nil {
		dst[at] |= hasMissing
	}
	return dst
}

// ParseExtra reads the binary form of an [Extra] off the front of data; nil if it
// says that there is none.
func ParseExtra(data []byte) (x *Extra, rest []byte, err error) {
	d := decoder{data: data}
	if len(data) > 0 && data[0] != 0 {
		x = new(Extra)
		d.extra(x)
	} else {
		d.byte()
	}
	if d.bad {
		return nil, nil, errEntry
	}
	return x, d.data, nil
}

// extra reads into x, and reports whether there was anything.
func (d *decoder) extra(x *Extra) bool {
	*x = Extra{}
	flags := d.byte()
	if flags&hasIdle != 0 {
		x.Idle, x.used = time.Duration(d.varint()), d.varint()
		d.bad = d.bad || x.Idle <= 0
	}
	if flags&(hasRefresh|hasChance) != 0 {
		x.Refresh, x.Chance = Instant(d.varint()), flags&hasChance != 0
		d.bad = d.bad || x.Refresh == 0 || flags&hasRefresh != 0 && x.Chance
	}
	if flags&hasWindows != 0 {
		x.Revalidate, x.Rescue = Instant(d.varint()), Instant(d.varint())
		d.bad = d.bad || x.Revalidate == 0 && x.Rescue == 0
	}
	if flags&hasTook != 0 {
		x.Took = time.Duration(d.uvarint())
		d.bad = d.bad || x.Took <= 0
	}
	if flags&hasValidators != 0 {
		var size int
		x.ETag, size = d.text(MaxETagLen)
		x.LastModified = d.varint()
		d.bad = d.bad || size == 0 && x.LastModified == 0
	}
	if flags&hasWeight != 0 {
		x.Size, x.Priority = d.uint32(), Priority(d.byte())
		d.bad = d.bad || x.Size == 0 && x.Priority == 0 || x.Priority > HighPriority
	}
	if flags&hasMissing != 0 {
		x.Missing = ErrNotFound
	}
	return flags != 0
}

// text reads a string of at most limit bytes, and returns its length too: a short
// reading passes the string by.
func (d *decoder) text(limit uint64) (s string, size int) {
	n := d.uvarint()
	if n > limit || n > uint64(len(d.data)) {
		d.fail()
		return "", 0
	}
	b := d.data[:n]
	d.data = d.data[n:]
	if d.short != nil {
		return "", len(b)
	}
	return string(b), len(b)
}
