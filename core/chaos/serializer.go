// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos

import "github.com/fusioncache-go/fusioncache/core"

// Serializer returns a serializer that does what s does, as far as the plan lets
// it: see Fail and Garble in [Faults]. Unmarshal then gets garbled bytes to
// decode, as from a layer that has changed them. It has no abilities of s.
func Serializer(s core.Serializer, plan *Plan) core.Serializer { return &serializer{s, plan} }

type serializer struct {
	inner core.Serializer
	plan  *Plan
}

func (s *serializer) Marshal(v any) ([]byte, error) {
	d := s.plan.roll(marshal)
	if d.fails() {
		return nil, failed("marshal", "", ErrInjected)
	}
	data, err := s.inner.Marshal(v)
	if err == nil && d.garbles() {
		data = d.garbled(data)
	}
	return data, err
}

func (s *serializer) Unmarshal(data []byte, v any) error {
	d := s.plan.roll(unmarshal)
	if d.fails() {
		return failed("unmarshal", "", ErrInjected)
	}
	if d.garbles() {
		data = d.garbled(data)
	}
	return s.inner.Unmarshal(data, v)
}
