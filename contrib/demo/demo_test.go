// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// small is a show that a machine has time for besides other things.
func small() settings {
	return settings{duration: 3 * time.Second, rate: 200, products: minProducts, crowd: 60}
}

// needRedis leaves the test out, or fails it where a server is demanded.
func needRedis(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("FUSIONCACHE_REQUIRE_SERVERS") == "1" {
		t.Fatal("redis-server is not on the PATH, and FUSIONCACHE_REQUIRE_SERVERS=1 demands it")
	}
	t.Skip("left out: redis-server is not on the PATH")
}

// Every L2 with every backplane, and with each of them both memory layers.
func TestShow_KeepsItsPromisesWithAllParts(t *testing.T) {
	for i, l2 := range []carrier{onNATS, onRedis, inProcess} {
		for j, bus := range []carrier{onNATS, onRedis, inProcess} {
			s := small()
			s.l1, s.l2, s.backplane = engine((i+j)%2), l2, bus
			t.Run(fmt.Sprintf("%v %v %v", s.l1, l2, bus), func(t *testing.T) {
				if l2 == onRedis || bus == onRedis {
					needRedis(t)
				}
				wantKept(t, s)
			})
		}
	}
}

func TestShow_KeepsItsPromisesOnARedisThatIsThere(t *testing.T) {
	needRedis(t)
	running, err := startRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.close() })
	s := small()
	s.l2, s.backplane, s.redisURL = onRedis, onRedis, "redis://"+running.(*redisProcess).addr()
	wantKept(t, s)
}

// wantKept wants all promises kept, in one of three shows if the machine was busy with
// other things during those before.
func wantKept(t *testing.T, s settings) {
	t.Helper()
	r, out := performed(t, s)
	for again := 2; again > 0 && r.busy() && r.broken() > 0; again-- {
		t.Logf("once more, as the process stood still for %v of %v", r.facts.stood, r.facts.whole.span)
		r, out = performed(t, s)
	}
	if len(r.rows) != len(acts()) || r.broken() > 0 || r.untested() != "" {
		t.Errorf("%d acts were played, %d promises broken%s\n%s", len(r.rows), r.broken(), r.untested(), out)
	}
}

// performed plays a show, and returns its report, also as text.
func performed(t *testing.T, s settings) (*report, string) {
	t.Helper()
	var out bytes.Buffer
	r, err := perform(t.Context(), s, &plain{w: &out})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	r.print(&out)
	return r, out.String()
}

// files returns two files in the place of standard output and error.
func files(t *testing.T) (stdout, stderr *os.File, read func() string) {
	t.Helper()
	open := func(name string) *os.File {
		f, err := os.Create(filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	stdout, stderr = open("stdout"), open("stderr")
	return stdout, stderr, func() string {
		out, err1 := os.ReadFile(stdout.Name())
		errs, err2 := os.ReadFile(stderr.Name())
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return string(out) + string(errs)
	}
}

func TestRun_InterruptedEndsSoonAndReports(t *testing.T) {
	stdout, stderr, read := files(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	begin := time.Now()
	code := run(ctx, []string{"-l2", "local", "-backplane", "local", "-products", "10000"}, stdout, stderr)
	if out := read(); code != exitInterrupted || !strings.Contains(out, "not tested") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if took := time.Since(begin); took > 2*time.Second+closeWithin {
		t.Errorf("it took %v", took)
	}
}

func TestRun_SaysWhyItCannot(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for args, want := range map[string]string{
		"-l1 none":                  "freecache or otter",
		"-products 10000 -l2 redis": "no redis-server on the PATH",
		"-products 10000 -redis redis://:s3cret@127.0.0.1:1": "reach the Redis of -redis",
		"-products 10000 -redis http://:s3cret@x":            "option url",
	} {
		stdout, stderr, read := files(t)
		code := run(t.Context(), strings.Fields(args), stdout, stderr)
		if out := read(); code != exitFailed || !strings.Contains(out, want) || strings.Contains(out, "s3cret") {
			t.Errorf("%q: exit code %d, want one line with %q:\n%s", args, code, want, out)
		}
	}
	stdout, stderr, read := files(t)
	if code := run(t.Context(), []string{"-h"}, stdout, stderr); code != exitKept || !strings.Contains(read(), "-backplane") {
		t.Errorf("-h: exit code %d\n%s", code, read())
	}
}
