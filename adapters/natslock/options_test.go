// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natslock_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fusioncache-go/fusioncache/adapters/natslock"
	"github.com/fusioncache-go/fusioncache/core"
)

func TestNew_NamesAllThatIsWrong(t *testing.T) {
	if _, err := natslock.New(nil, "b", nil); err == nil {
		t.Error("nil is accepted")
	}
	js, err := jetstream.NewWithDomain(new(nats.Conn), "hub")
	if err != nil {
		t.Fatal(err)
	}
	_, err = natslock.New(js, "a b", &natslock.Options{Replicas: -1})
	if _, ok := errors.AsType[*core.OptionError](err); !ok {
		t.Fatal(err)
	}
	for _, option := range []string{"bucket", "Options.Replicas", "js"} {
		if !strings.Contains(err.Error(), "option "+option+":") {
			t.Errorf("%v does not name %s", err, option)
		}
	}
}
