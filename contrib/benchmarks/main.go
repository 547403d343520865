// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Command benchmarks measures this project beside its peers and beside the stores
// that it is built on, and writes tables and figures.
//
//	go run . [-quick] [-section hit,miss] [-out DIR] [-readme FILE]
//	go run . -trace FILE [-room 1000,10000]
//
// A trace has a key on each line; with a name that ends in .gz it is compressed.
//
// It prints each budget with a verdict, and fails if a bound is broken.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/hitratio"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/report"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/sections"
	"github.com/fusioncache-go/fusioncache/contrib/benchmarks/servers"
)

func main() {
	log.SetFlags(log.Ltime)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	if what := os.Getenv(sections.MemoryEnv); what != "" {
		line, err := sections.MeasureMemory(ctx, what)
		if err == nil {
			_, err = fmt.Println(line)
		}
		return err
	}
	quick := flag.Bool("quick", false, "smaller caches and fewer rounds: in three minutes, and less exact")
	only := flag.String("section", "", "run these only, separated by commas")
	out := flag.String("out", "", "write the page and its figures into this folder")
	readme := flag.String("readme", "", "put the numbers into this page, where it has comments for them; with -out")
	seed := flag.Uint64("seed", 1, "of what is random")
	trace := flag.String("trace", "", "count the hits of this trace, and measure nothing")
	room := flag.String("room", "1000,10000,100000", "for so many entries, with -trace")
	flag.Parse()
	if *trace != "" {
		return replay(ctx, *trace, *room)
	}
	chosen, err := sections.Select(*only)
	if err != nil {
		return err
	}
	done, failed := measure(ctx, chosen, &sections.Run{Quick: *quick, Rand: rand.New(rand.NewPCG(*seed, 0)), Log: log.Printf})
	target := "make bench"
	if *quick {
		target = "make bench-quick"
	}
	about := fmt.Sprintf("%s, on %s, by `%s`.", time.Now().UTC().Format("2 January 2006"), sections.Machine(), target)
	if broken := report.Broken(done); len(broken) > 0 {
		failed = errors.Join(failed, fmt.Errorf("%d bounds are broken: %s", len(broken), strings.Join(broken, "; ")))
	}
	if *out == "" {
		report.Page(os.Stdout, about, done)
		return failed
	}
	budgets := report.Budgets(done)
	for _, row := range append([][]string{budgets.Header}, budgets.Rows...) {
		fmt.Printf("%-95s %10s %10s %10s  %s\n", row[0], row[1], row[2], row[3], row[4])
	}
	fmt.Println(report.Count(done))
	return errors.Join(failed, write(*out, about, done), show(*readme, about, done))
}

// show puts the digest into the page at path, if there is one.
func show(path, about string, done []*report.Section) error {
	if path == "" {
		return nil
	}
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := report.Digest(string(page), about, done)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// replay prints how many requests of a trace contestants answer without a load.
func replay(ctx context.Context, path, room string) error {
	trace, err := hitratio.Read(path)
	if err != nil {
		return err
	}
	var capacities []int
	for text := range strings.SplitSeq(room, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-room: %q is no number of entries", text)
		}
		capacities = append(capacities, n)
	}
	table, err := sections.HitRatios(ctx, trace, capacities)
	if err != nil {
		return err
	}
	report.Page(os.Stdout, "", []*report.Section{{Title: "Hit ratio", Tables: []report.Table{table}}})
	return nil
}

// measure starts the servers and runs the sections.
func measure(ctx context.Context, chosen []sections.Section, r *sections.Run) (done []*report.Section, err error) {
	redis, err := servers.StartRedis(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, redis.Close()) }()
	nats, err := servers.StartNATS()
	if err != nil {
		return nil, err
	}
	defer nats.Shutdown()
	r.Redis, r.NATS = redis.Addr(), nats.ClientURL()
	for _, s := range chosen {
		began := time.Now()
		result, failed := twice(ctx, s, r)
		if failed != nil {
			r.Log("section %s: %v", s.Name, failed)
			err = errors.Join(err, fmt.Errorf("section %s: %w", s.Name, failed))
			continue
		}
		r.Log("%s: %.0f s", s.Name, time.Since(began).Seconds())
		done = append(done, result)
	}
	return done, err
}

// twice runs s, and once more if that breaks bounds: a machine that others use, too, has
// bad moments, and what is really slow is slow twice. The result says so.
func twice(ctx context.Context, s sections.Section, r *sections.Run) (*report.Section, error) {
	first, err := s.Run(ctx, r)
	if err != nil || len(report.Broken([]*report.Section{first})) == 0 {
		return first, err
	}
	r.Log("section %s breaks bounds: once more", s.Name)
	second, err := s.Run(ctx, r)
	if err == nil {
		second.Repeats(first)
	}
	return second, err
}

// write writes the page and its figures into dir.
func write(dir, about string, done []*report.Section) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "README.md"), func(w *bufio.Writer) { report.Page(w, about, done) }); err != nil {
		return err
	}
	for _, s := range done {
		for _, c := range s.Charts {
			if err := writeFile(filepath.Join(dir, c.Name+".svg"), func(w *bufio.Writer) { c.SVG(w) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeFile(path string, fill func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fill(w)
	return errors.Join(w.Flush(), f.Close())
}
