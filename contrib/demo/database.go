// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", in pure Go

	"github.com/fusioncache-go/fusioncache/core"
)

const schema = `
CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE products (
	id       INTEGER PRIMARY KEY,
	category INTEGER NOT NULL REFERENCES categories,
	name     TEXT    NOT NULL,
	cents    INTEGER NOT NULL,
	revision INTEGER NOT NULL DEFAULT 1
);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 100)
	INSERT INTO categories SELECT i, 'category ' || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < ?)
	INSERT INTO products (id, category, name, cents)
	SELECT i, 1 + i % 100, 'product ' || i, 100 + (i * 7919) % 99900 FROM n;
CREATE INDEX by_price ON products (category, cents);
`

// selectProduct joins, and looks at half of the category on average: a query that
// one does not want to run for every visitor.
const selectProduct = `
SELECT p.name, c.name, p.cents, p.revision,
	(SELECT count(*) FROM products o WHERE o.category = p.category AND o.cents < p.cents)
FROM products p JOIN categories c ON c.id = p.category
WHERE p.id = ?`

// Errors of the database.
var (
	errNotFound = errors.New("no such product")
	errDown     = errors.New("database is down")
)

// condition is what state the database is in.
type condition struct {
	delay time.Duration // of every statement, for the way there and back
	down  bool
}

// normal is how a database in the next rack behaves.
func normal() condition { return condition{delay: 3 * time.Millisecond} }

// state is a condition for as long as it lasts.
type state struct {
	condition
	over chan struct{} // closed when it has changed
}

// database is the origin of all products: an SQLite database in a directory of
// its own. It counts the loads, and can be made to fail. Safe for concurrent use.
type database struct {
	dir   string
	db    *sql.DB
	state atomic.Pointer[state]
	loads []atomic.Int32 // by product
	total atomic.Int64   // loads of all products
}

// openDatabase makes a database of n products.
func openDatabase(ctx context.Context, n int) (*database, error) {
	dir, err := os.MkdirTemp("", "fusioncache-demo-db-")
	if err != nil {
		return nil, err
	}
	d := &database{dir: dir, loads: make([]atomic.Int32, n+1)}
	d.be(normal())
	if err := d.fill(ctx, n); err != nil {
		return nil, errors.Join(fmt.Errorf("make the database: %w", err), d.close())
	}
	return d, nil
}

func (d *database) fill(ctx context.Context, n int) (err error) {
	const pragmas = "?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=busy_timeout(5000)&_txlock=immediate"
	d.db, err = sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(d.dir, "catalogue.db"))+pragmas)
	if err != nil {
		return err
	}
	d.db.SetMaxOpenConns(8)
	d.db.SetMaxIdleConns(8)
	_, err = d.db.ExecContext(ctx, schema, n)
	return err
}

// close removes the database.
func (d *database) close() error {
	var err error
	if d.db != nil {
		err = d.db.Close()
	}
	return errors.Join(err, os.RemoveAll(d.dir))
}

// be changes the condition of the database, also for the statements that are under
// way.
func (d *database) be(c condition) {
	before := d.state.Swap(&state{condition: c, over: make(chan struct{})})
	if before != nil {
		close(before.over)
	}
}

// down reports whether the database is down.
func (d *database) down() bool { return d.state.Load().down }

// product loads a product. It is the factory of the cache. That there is no such
// product is an answer, for which no older one may be served: hence NoFailSafe.
func (d *database) product(ctx context.Context, id int) (Product, error) {
	if id <= 0 || id >= len(d.loads) {
		return Product{}, core.NoFailSafe(errNotFound)
	}
	d.total.Add(1)
	d.loads[id].Add(1)
	if err := d.reach(ctx); err != nil {
		return Product{}, err
	}
	return read(ctx, d.db, id)
}

// setPrice changes a price and returns the product as it is then.
func (d *database) setPrice(ctx context.Context, id int, cents int64) (Product, error) {
	if err := d.reach(ctx); err != nil {
		return Product{}, err
	}
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return Product{}, err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "UPDATE products SET cents = ?, revision = revision + 1 WHERE id = ?", cents, id); err != nil {
		return Product{}, err
	}
	p, err := read(ctx, tx, id)
	if err != nil {
		return Product{}, err
	}
	return p, tx.Commit()
}

// reach is the way to the database.
func (d *database) reach(ctx context.Context) error {
	now := d.state.Load()
	if now.down {
		return errDown
	}
	timer := time.NewTimer(now.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-now.over:
		return d.reach(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// truth returns a product whatever the condition, for those who judge answers.
func (d *database) truth(ctx context.Context, id int) (Product, error) { return read(ctx, d.db, id) }

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func read(ctx context.Context, q querier, id int) (Product, error) {
	p := Product{ID: id}
	err := q.QueryRowContext(ctx, selectProduct, id).Scan(&p.Name, &p.Category, &p.Cents, &p.Revision, &p.Cheaper)
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, core.NoFailSafe(errNotFound)
	}
	return p, err
}

// pause waits for d, or until ctx ends, whose error it then returns.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
