// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package slogplug_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
	"github.com/fusioncache-go/fusioncache/plugins/slogplug"
)

func TestNew_NamesEverythingThatIsWrong(t *testing.T) {
	_, err := slogplug.New(nil, &slogplug.Options{
		Levels:    map[core.Kind]slog.Level{core.Hit | core.Miss: slog.LevelInfo, 1 << 60: slog.LevelInfo},
		PlainKeys: true,
		Key:       strings.ToUpper,
		Limit:     -2,
		Window:    -1,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"logger is nil", "0x5 is not one kind", "0x1000000000000000", "PlainKeys", "Limit", "Window"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q:\n%v", want, err)
		}
	}
}

func TestKinds_EachHasALevelAndAMessage(t *testing.T) {
	levels := map[core.Kind]slog.Level{}
	for _, k := range kinds() {
		levels[k] = slog.LevelDebug
	}
	b := &book{level: slog.LevelDebug}
	events, _ := install(t, b, &slogplug.Options{Levels: levels})
	seen := map[string]bool{}
	for i, k := range kinds() {
		events.Emit(core.Event{Kind: k})
		lines := b.all()
		if len(lines) != i+1 {
			t.Fatalf("kind %#x is not logged", uint64(k))
		}
		if line := lines[i]; seen[line] || !strings.Contains(line, `msg="cache `) {
			t.Errorf("kind %#x is logged as %s", uint64(k), line)
		} else {
			seen[line] = true
		}
	}
}

func TestDefaults_QuietWhileAllIsWell(t *testing.T) {
	b := &book{level: slog.LevelInfo}
	events, _ := install(t, b, nil)
	well := core.Hit | core.StaleHit | core.Miss | core.Written | core.Removed | core.Expired |
		core.FactorySucceeded | core.MessageReceived
	if events.Wants(well) {
		t.Error("the plugin listens for what it does not log")
	}
	events.Emit(core.Event{Kind: core.BackgroundSucceeded})
	events.Emit(core.Event{Kind: core.Fenced})
	if len(b.all()) != 0 {
		t.Errorf("logged above debug:\n%s", b.text())
	}
	for kind, want := range map[core.Kind]string{
		core.Joined:         "level=INFO",
		core.LayerFailed:    "level=WARN",
		core.GapSuspected:   "level=WARN",
		core.BreakerChanged: "level=WARN",
		core.PluginPanicked: "level=ERROR",
	} {
		events.Emit(core.Event{Kind: kind})
		if lines := b.all(); !strings.Contains(lines[len(lines)-1], want) {
			t.Errorf("got %s, want %s", lines[len(lines)-1], want)
		}
	}
}

func TestRecord_HasWhatTheEventSays(t *testing.T) {
	b := &book{}
	events, _ := install(t, b, &slogplug.Options{PlainKeys: true})
	events.Emit(core.Event{
		Kind: core.LayerFailed, Key: "users:7", Level: core.LevelDistributed, Op: core.OpGet,
		Took: time.Second, Detail: "d", Err: errors.New(`get "users:7": refused`),
	})
	want := `level=WARN msg="cache layer failed" stack=shop layer=distributed op=get key=users:7 took=1s detail=d ` +
		`error="get \"users:7\": refused"`
	if got := b.text(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	events.Emit(core.Event{Kind: core.FactoryFailed, Err: errors.New(strings.Repeat("é", 5000))})
	if got := b.all()[1]; len(got) > 1200 {
		t.Errorf("the text of an error makes a record of %d bytes", len(got))
	}
}

func TestKeys_HashedEverywhereByDefault(t *testing.T) {
	b := &book{}
	events, _ := install(t, b, &slogplug.Options{Limit: -1})
	for _, key := range []string{"users:bob@example.org", "users:7", "users:a\"b", "users:\x00\xff\n", "nocolon", "users:a:b"} {
		_, own, ok := strings.Cut(key, ":")
		if !ok {
			own = key
		}
		before := len(b.all())
		for _, err := range []error{
			fmt.Errorf("redisdist: get %q: refused", "shop:1:e:"+key),
			fmt.Errorf("cache: get %q: get %q: %w", own, key, errors.New("unbalanced \" quote")),
			fmt.Errorf("%q and %q", key, own),
		} {
			events.Emit(core.Event{Kind: core.LayerFailed, Key: key, Err: err, Detail: err.Error()})
		}
		lines := b.all()[before:]
		for _, line := range lines {
			quoted := strings.Trim(fmt.Sprintf("%q", own), `"`)
			for _, leak := range []string{own, quoted, strings.Trim(fmt.Sprintf("%q", quoted), `"`)} {
				if len(leak) > 1 && strings.Contains(line, leak) {
					t.Errorf("key %q leaks: %s", key, line)
				}
			}
			if !strings.Contains(line, "key=#") {
				t.Errorf("no hash: %s", line)
			}
		}
	}
}

func TestKeys_BareInAFactorysError(t *testing.T) {
	b := &book{}
	events, _ := install(t, b, nil)
	events.Emit(core.Event{Kind: core.FactoryFailed, Key: "users:bob@example.org", Err: errors.New("no user bob@example.org at 10.0.0.1:80")})
	if got := b.text(); strings.Contains(got, "bob") || !strings.Contains(got, "at 10.0.0.1:80") {
		t.Error(got)
	}
	// A short key would be found everywhere.
	events.Emit(core.Event{Kind: core.DecodeFailed, Key: "users:10", Err: errors.New("at 10.0.0.1:80")})
	if got := b.all()[1]; !strings.Contains(got, "at 10.0.0.1:80") {
		t.Error(got)
	}
}

func TestKeys_HashTellsKeysApartInOnePluginOnly(t *testing.T) {
	hash := func(events *core.Events, b *book, key string) string {
		events.Emit(core.Event{Kind: core.DecodeFailed, Key: key})
		lines := b.all()
		return lines[len(lines)-1]
	}
	b := &book{}
	one, _ := install(t, b, nil)
	two, _ := install(t, b, nil)
	first := hash(one, b, "a")
	if hash(one, b, "a") != first {
		t.Error("one key has two hashes")
	}
	if hash(one, b, "b") == first {
		t.Error("two keys have one hash")
	}
	if hash(two, b, "a") == first {
		t.Error("two plugins share a salt")
	}
}

func TestKeys_ByAFunction(t *testing.T) {
	b := &book{}
	events, _ := install(t, b, &slogplug.Options{Key: func(key string) string { return key[:1] + "*" }})
	events.Emit(core.Event{Kind: core.DecodeFailed, Key: "secret", Err: errors.New(`bad "secret"`)})
	if got := b.text(); !strings.Contains(got, `key=s*`) || strings.Contains(got, "secret") {
		t.Error(got)
	}
}

func TestLimit_OutageDoesNotFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		events, parts := install(t, b, nil)
		fail := func(level core.Level) {
			events.Emit(core.Event{Kind: core.LayerFailed, Level: level, Err: errors.New("refused")})
		}
		for range 10_000 {
			fail(core.LevelDistributed)
		}
		if got := len(b.all()); got != slogplug.DefaultLimit {
			t.Errorf("%d records of 10,000 failures, want %d", got, slogplug.DefaultLimit)
		}
		fail(core.LevelBackplane)
		if got := len(b.all()); got != slogplug.DefaultLimit+1 {
			t.Error("the failures of one level hide those of another")
		}
		time.Sleep(slogplug.DefaultWindow)
		synctest.Wait()
		lines := b.all()
		want := `level=WARN msg="cache layer failed, further times" stack=shop layer=distributed suppressed=9990 window=1m0s`
		if got := lines[len(lines)-1]; len(lines) != slogplug.DefaultLimit+2 || got != want {
			t.Errorf("%d records, the last is\n%s, want\n%s", len(lines), got, want)
		}
		for range 15 {
			fail(core.LevelDistributed)
		}
		if err := parts.Close(t.Context()); err != nil {
			t.Error(err)
		}
		lines = b.all()
		if got := lines[len(lines)-1]; !strings.Contains(got, "suppressed=5") {
			t.Errorf("Close loses a count; the last record is %s", got)
		}

		// Late events are harmless, and begin no window that nobody would close.
		for range 20 {
			fail(core.LevelDistributed)
		}
		time.Sleep(slogplug.DefaultWindow)
		synctest.Wait()
		lines = b.all()
		if got := lines[len(lines)-1]; strings.Contains(got, "suppressed=10") {
			t.Errorf("a window after Close: %s", got)
		}
	})
}

func TestLimit_None(t *testing.T) {
	b := &book{}
	events, parts := install(t, b, &slogplug.Options{Limit: -1})
	for range 1000 {
		events.Emit(core.Event{Kind: core.GapSuspected, Level: 200})
	}
	if got := len(b.all()); got != 1000 {
		t.Errorf("%d records, want all 1000", got)
	}
	if err := parts.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// Whatever happens at once, records and summaries add up to all events.
func TestLimit_ConcurrentEventsAreAllAccountedFor(t *testing.T) {
	b := &book{}
	events, parts := install(t, b, &slogplug.Options{Limit: 3, Window: time.Millisecond})
	const goroutines, each = 8, 5000
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				events.Emit(core.Event{Kind: core.LayerFailed})
			}
		})
	}
	wg.Wait()
	if err := parts.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, line := range b.all() {
		n := 1
		if _, count, ok := strings.Cut(line, "suppressed="); ok {
			if _, err := fmt.Sscan(count, &n); err != nil {
				t.Fatal(err)
			}
		}
		sum += n
	}
	if sum != goroutines*each {
		t.Errorf("records speak of %d events, there were %d", sum, goroutines*each)
	}
}

// slowHandler takes a while for a summary.
type slowHandler struct{ *book }

func (h slowHandler) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "further") {
		time.Sleep(time.Minute)
	}
	return h.book.Handle(ctx, r)
}

// A window may still be reported when the next has begun and ended: Close waits for both.
func TestLimit_CloseWaitsForEveryWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		p, err := slogplug.New(slog.New(slowHandler{b}), &slogplug.Options{Limit: 1, Window: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		events := core.NewEvents("shop")
		parts, err := core.Install("shop", events, []core.Plugin{p})
		if err != nil {
			t.Fatal(err)
		}
		burst := func(n int) {
			for range n {
				events.Emit(core.Event{Kind: core.LayerFailed})
			}
		}
		burst(5)
		time.Sleep(2 * time.Second) // the first window is being reported
		burst(1)                    // the second has nothing to report
		time.Sleep(2 * time.Second)
		if err := parts.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(b.all(), "\n"); !strings.Contains(all, "suppressed=4") {
			t.Errorf("not all is reported:\n%s", all)
		}
	})
}

type brokenHandler struct{ *book }

func (h brokenHandler) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "further") {
		panic("broken handler")
	}
	return h.book.Handle(ctx, r)
}

func TestSummary_HandlerThatPanicsIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := slogplug.New(slog.New(brokenHandler{&book{}}), &slogplug.Options{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		events := core.NewEvents("shop")
		var panicked []core.Event
		events.Listen("test", core.PluginPanicked, func(ev core.Event) { panicked = append(panicked, ev) })
		if _, err := core.Install("shop", events, []core.Plugin{p}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			events.Emit(core.Event{Kind: core.LayerFailed})
		}
		time.Sleep(slogplug.DefaultWindow)
		synctest.Wait()
		if len(panicked) != 1 || panicked[0].Detail != "slog" {
			t.Errorf("got %+v", panicked)
		}
	})
}

func TestClose_DoesNotWaitForAHandlerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := hangingHandler{&book{}, release}
		p, err := slogplug.New(slog.New(h), &slogplug.Options{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		events := core.NewEvents("shop")
		parts, err := core.Install("shop", events, []core.Plugin{p})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			events.Emit(core.Event{Kind: core.LayerFailed})
		}
		time.Sleep(slogplug.DefaultWindow)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := parts.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		close(release)
		if err := parts.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

type hangingHandler struct {
	*book
	release chan struct{}
}

func (h hangingHandler) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "further") {
		<-h.release
	}
	return h.book.Handle(ctx, r)
}
