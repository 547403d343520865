// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

func testDatabase(t *testing.T, products int) *database {
	t.Helper()
	d, err := openDatabase(t.Context(), products)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(d.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the directory of the database is left: %v", err)
		}
	})
	return d
}

func TestDatabase_ProductsAndPrices(t *testing.T) {
	d := testDatabase(t, 1000)
	p, err := d.product(t.Context(), 42)
	if err != nil || p.ID != 42 || p.Name != "product 42" || p.Category != "category 43" || p.Revision != 1 || p.Cents == 0 {
		t.Errorf("product 42 is %+v, %v", p, err)
	}
	changed, err := d.setPrice(t.Context(), 42, 0)
	if err != nil || changed.Cents != 0 || changed.Revision != 2 || changed.Cheaper != 0 {
		t.Errorf("after the change it is %+v, %v", changed, err)
	}
	if again, err := d.truth(t.Context(), 42); err != nil || again != changed {
		t.Errorf("read again it is %+v, %v", again, err)
	}
	if d.loads[42].Load() != 1 || d.total.Load() != 1 {
		t.Errorf("%d loads of it, %d in all, want 1", d.loads[42].Load(), d.total.Load())
	}
}

// That there is no such product is an answer, not a failure.
func TestDatabase_UnknownProductIsNotMasked(t *testing.T) {
	d := testDatabase(t, 10)
	for _, id := range []int{-1, 0, 11} {
		if _, err := d.product(t.Context(), id); !errors.Is(err, errNotFound) || core.MasksStale(err) {
			t.Errorf("product %d: %v", id, err)
		}
	}
	if _, err := d.setPrice(t.Context(), 11, 1); !errors.Is(err, errNotFound) {
		t.Errorf("price of product 11: %v", err)
	}
}

func TestDatabase_ConditionChangesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{}
		d.be(condition{delay: time.Hour})
		reached := make(chan error, 1)
		go func() { reached <- d.reach(t.Context()) }()
		synctest.Wait()
		d.be(condition{down: true})
		if err := <-reached; !errors.Is(err, errDown) {
			t.Errorf("a statement under way: %v", err)
		}
		if !d.down() {
			t.Error("it does not say that it is down")
		}
		d.be(normal())
		begin := time.Now()
		if err := d.reach(t.Context()); err != nil || time.Since(begin) != normal().delay {
			t.Errorf("afterwards: %v after %v", err, time.Since(begin))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := d.reach(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("for a caller who has gone: %v", err)
		}
	})
}
