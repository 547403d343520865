// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"
)

func TestParse_Defaults(t *testing.T) {
	s, err := parse(nil, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if s.l1 != freecache || s.l2 != onNATS || s.backplane != onNATS || s.products != 100_000 || s.crowd != 1000 {
		t.Errorf("defaults are %+v", s)
	}
	if got := s.parts(); got != "L1 freecache, L2 nats, backplane nats" {
		t.Errorf("parts: %q", got)
	}
}

func TestParse_EachPartCanBeSwappedAlone(t *testing.T) {
	for args, want := range map[string]settings{
		"-l1 otter":                        {l1: otter},
		"-l2 redis":                        {l2: onRedis},
		"-backplane local":                 {backplane: inProcess},
		"-redis redis://h":                 {l2: onRedis, backplane: onRedis},
		"-redis redis://h -backplane nats": {l2: onRedis},
		"-redis redis://h -l2 local":       {l2: inProcess, backplane: onRedis},
	} {
		s, err := parse(strings.Fields(args), &bytes.Buffer{})
		if err != nil || s.l1 != want.l1 || s.l2 != want.l2 || s.backplane != want.backplane {
			t.Errorf("%q: %s, %v, want %s", args, s.parts(), err, want.parts())
		}
	}
}

func TestParse_RefusesWhatCannotBe(t *testing.T) {
	for args, want := range map[string]string{
		"-l1 ristretto": "freecache or otter",
		"-l2 memcached": "nats, redis or local",
		"-duration 1s":  "-duration",
		"-rate 0":       "-rate",
		"-products 10":  "-products",
		"-clients 0":    "-clients",
		"-redis redis://h -l2 nats -backplane local": "nothing is on Redis",
		"now":                `unexpected argument "now"`,
		"-rate 0 -clients 0": "-clients",
	} {
		if _, err := parse(strings.Fields(args), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want one that says %q", args, err, want)
		}
	}
	if _, err := parse([]string{"-h"}, &bytes.Buffer{}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

func TestSettings_Part(t *testing.T) {
	s := settings{duration: 40 * time.Second}
	if got := s.part(0.25); got != 10*time.Second {
		t.Errorf("a quarter of 40 s is %v", got)
	}
}
