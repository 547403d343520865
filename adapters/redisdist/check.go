// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/fusioncache-go/fusioncache/core"
)

// What is wrong with a client.
var (
	errNegative  = errors.New("is negative")
	errNilClient = errors.New("client is nil")
	errDeadlines = errors.New("client ignores deadlines: set its ContextTimeoutEnabled, or Options.AcceptLateDeadlines")
	errCSC       = errors.New("client caches on its side and would return old values after a Set: unset its ClientSideCache and ClientSideCacheConfig")
	errRing      = errors.New("client is a Ring, which reads and writes another server while one is down, and old values once it is back")
	errReplicas  = errors.New("client has replicas answer reads, which may be behind: unset its ReadOnly (ReplicaOnly), RouteByLatency and RouteRandomly, or set Options.ReplicasMayLag")
	errPipeliner = errors.New("client is an AutoPipeliner, which ignores deadlines and context")
)

// checkClient refuses what would break the contract of the layer. A client of a
// type that it does not know is taken on trust.
func checkClient(client redis.UniversalClient, opts Options) error {
	switch c := client.(type) {
	case nil:
		return errNilClient
	case *redis.Client:
		if c == nil {
			return errNilClient
		}
		o := c.Options()
		return errors.Join(
			when(!o.ContextTimeoutEnabled && !opts.AcceptLateDeadlines, errDeadlines),
			when(o.ClientSideCache != nil || o.ClientSideCacheConfig != nil, errCSC),
		)
	case *redis.ClusterClient:
		if c == nil {
			return errNilClient
		}
		o := c.Options() // RouteByLatency and RouteRandomly have set ReadOnly
		return errors.Join(
			when(!o.ContextTimeoutEnabled && !opts.AcceptLateDeadlines, errDeadlines),
			when(o.ReadOnly && !opts.ReplicasMayLag, errReplicas),
		)
	case *redis.Ring:
		return errRing
	case *redis.AutoPipeliner:
		return errPipeliner
	}
	return nil
}

// check returns everything that is wrong with o.
func (o *Options) check() error {
	var wrong []error
	refuse := func(n int, option string) {
		if n < 0 {
			wrong = append(wrong, &core.OptionError{Option: "Options." + option, Err: errNegative})
		}
	}
	refuse(o.MaxReads, "MaxReads")
	refuse(o.MaxGathered, "MaxGathered")
	return errors.Join(wrong...)
}

func when(wrong bool, err error) error {
	if wrong {
		return err
	}
	return nil
}
