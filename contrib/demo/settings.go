// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// engine is a memory layer (L1).
type engine uint8

// The memory layers.
const (
	freecache engine = iota
	otter
)

func (e engine) String() string { return [...]string{"freecache", "otter"}[e] }

// Set implements flag.Value.
func (e *engine) Set(text string) error {
	for _, known := range []engine{freecache, otter} {
		if text == known.String() {
			*e = known
			return nil
		}
	}
	return errors.New("must be freecache or otter")
}

// carrier is what an L2 or a backplane is on.
type carrier uint8

// The carriers.
const (
	onNATS carrier = iota
	onRedis
	inProcess
)

func (c carrier) String() string { return [...]string{"nats", "redis", "local"}[c] }

// Set implements flag.Value.
func (c *carrier) Set(text string) error {
	for _, known := range []carrier{onNATS, onRedis, inProcess} {
		if text == known.String() {
			*c = known
			return nil
		}
	}
	return errors.New("must be nats, redis or local")
}

// settings are what the command line says.
type settings struct {
	l1        engine
	l2        carrier
	backplane carrier
	redisURL  string        // of a server that is there already; empty: start one if needed
	duration  time.Duration // of the timed part of all acts
	rate      int           // requests per second
	products  int           // rows in the database
	crowd     int           // clients in a stampede
}

const (
	minDuration = 5 * time.Second
	minProducts = 10_000
)

// parse reads the command line. What is wrong with it goes to usage and comes
// back as an error.
func parse(args []string, usage io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.Var(&s.l1, "l1", "memory layer: freecache or otter")
	flags.Var(&s.l2, "l2", "distributed layer: nats, redis or local")
	flags.Var(&s.backplane, "backplane", "backplane: nats, redis or local")
	flags.StringVar(&s.redisURL, "redis", "", "`URL` of a Redis for both; without it -l2 redis starts a redis-server of its own")
	flags.DurationVar(&s.duration, "duration", 42*time.Second, "length of the show, without its start")
	flags.IntVar(&s.rate, "rate", 1000, "requests per second")
	flags.IntVar(&s.products, "products", 100_000, "products in the database")
	flags.IntVar(&s.crowd, "clients", 1000, "clients in a stampede")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if s.redisURL != "" {
		s.preferRedis(given)
	}
	return s, s.check()
}

// preferRedis puts what was not chosen on Redis.
func (s *settings) preferRedis(given map[string]bool) {
	if !given["l2"] {
		s.l2 = onRedis
	}
	if !given["backplane"] {
		s.backplane = onRedis
	}
}

func (s *settings) check() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(s.redisURL == "" || s.l2 == onRedis || s.backplane == onRedis, "-redis is given, but nothing is on Redis")
	need(s.duration >= minDuration, "-duration %v is too short, at least %v are needed", s.duration, minDuration)
	need(s.rate > 0, "-rate must be positive")
	need(s.products >= minProducts, "-products must be at least %d", minProducts)
	need(s.crowd > 0, "-clients must be positive")
	return errors.Join(errs...)
}

// part returns a share of the duration.
func (s *settings) part(share float64) time.Duration {
	return time.Duration(share * float64(s.duration))
}
