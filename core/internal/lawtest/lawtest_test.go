// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package lawtest

import (
	"errors"
	"testing"
)

func TestPart_ExactlyOneOfPartAndWaiver(t *testing.T) {
	for _, c := range []struct {
		have, waived  bool
		applies, fine bool
	}{
		{have: true, applies: true, fine: true},
		{waived: true, fine: true},
		{},
		{have: true, waived: true},
	} {
		err := Part(c.have, "Part", c.waived, "NoPart")
		if applies := err == nil; applies != c.applies {
			t.Errorf("%+v: %v", c, err)
		}
		if fine := err == nil || errors.Is(err, ErrNotApplicable); fine != c.fine {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestGuard_MakesAnErrorOfAPanic(t *testing.T) {
	err := Guard(func() error { panic("boom") })
	p, ok := errors.AsType[*Panic](err)
	if !ok || p.Value != "boom" || len(p.Stack) == 0 {
		t.Errorf("%v", err)
	}
	if err := Guard(func() error { return ErrNotApplicable }); err != ErrNotApplicable {
		t.Errorf("%v", err)
	}
}

func TestRun_SkipsWhatDoesNotApply(t *testing.T) {
	checked := 0
	check := func(tb testing.TB) error {
		checked++
		return nil
	}
	for _, bubble := range []bool{false, true} {
		Run(t, bubble, []Case{
			{Name: "Applies", Applies: func() error { return nil }, Check: check},
			{Name: "Waived", Applies: func() error { return Waived(true, "None") }, Check: check},
		})
	}
	if checked != 2 {
		t.Errorf("%d checks, want 2", checked)
	}
}
