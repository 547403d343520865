// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsbus_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/fusioncache-go/fusioncache/backplanes/natsbus"
	"github.com/fusioncache-go/fusioncache/core"
)

func TestNew_Subjects(t *testing.T) {
	for subject, ok := range map[string]bool{
		"cache": true, "cache.sync.v1": true, "a-b_c:d{e}/é": true, "a.$b": true, strings.Repeat("s", 255): true,
		"": false, "a b": false, "a\tb": false, "a\r\nPUB x 0": false, "a\x00b": false, "a\x7f": false,
		"*": false, "a.*": false, "a*b": false, ">": false, "a.>": false,
		".": false, ".a": false, "a.": false, "a..b": false, "$KV.b.k": false, strings.Repeat("s", 256): false,
	} {
		_, err := natsbus.New(&nats.Conn{}, subject, nil)
		if (err == nil) != ok {
			t.Errorf("subject %q: %v, want ok %v", subject, err, ok)
		}
	}
}

func TestNew_AllProblemsAreNamedAtOnce(t *testing.T) {
	conn := &nats.Conn{Opts: nats.Options{NoEcho: true}}
	_, err := natsbus.New(conn, "a b", &natsbus.Options{PendingMessages: -1, PendingBytes: -1})
	for _, option := range []string{"conn", "subject", "Options.PendingMessages", "Options.PendingBytes"} {
		if err == nil || !strings.Contains(err.Error(), "natsbus."+option+":") {
			t.Errorf("error does not name %s: %v", option, err)
		}
	}
	if _, ok := errors.AsType[*core.OptionError](err); !ok {
		t.Errorf("no *core.OptionError in %v", err)
	}
	if _, err := natsbus.New(nil, "a", nil); err == nil {
		t.Error("no error for a nil connection")
	}
}
