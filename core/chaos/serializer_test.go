// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package chaos_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/chaos"
)

type jsonSerializer struct{}

func (jsonSerializer) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (jsonSerializer) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

func TestSerializer_FailsAndGarbles(t *testing.T) {
	plan := chaos.NewPlan(1)
	s := chaos.Serializer(jsonSerializer{}, plan)
	in, out := "some text", ""
	good, err := s.Marshal(&in)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unmarshal(good, &out); err != nil || out != in {
		t.Errorf("calm: %q, %v", out, err)
	}

	use(t, plan, chaos.Faults{Fail: 1})
	if _, err := s.Marshal(&in); !errors.Is(err, chaos.ErrInjected) {
		t.Errorf("got %v, want %v", err, chaos.ErrInjected)
	}
	if err := s.Unmarshal(good, &out); !errors.Is(err, chaos.ErrInjected) {
		t.Errorf("got %v, want %v", err, chaos.ErrInjected)
	}

	use(t, plan, chaos.Faults{Garble: 1})
	kept := string(good)
	for range 100 {
		if data, err := s.Marshal(&in); err != nil || string(data) == kept {
			t.Fatalf("Marshal: %q, %v", data, err)
		}
		out = ""
		if err := s.Unmarshal(good, &out); err == nil && out == in {
			t.Fatal("Unmarshal got the bytes unchanged")
		}
	}
	if string(good) != kept {
		t.Error("the caller's bytes were changed")
	}
	if got := plan.Injected(); got != 202 {
		t.Errorf("%d faults, want 202", got)
	}
}
