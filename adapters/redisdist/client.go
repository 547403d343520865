// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/fusioncache-go/fusioncache/core"
)

// Defaults of [OpenOptions].
const (
	DefaultDialTimeout = 500 * time.Millisecond
	DefaultIOTimeout   = time.Second
)

// OpenOptions of [Open] and [ClientOptions]: what does not belong into a URL.
// Nil and the zero value are the defaults.
type OpenOptions struct {
	// Credentials returns user name and password for each new connection, so
	// that they can be rotated; an empty name is the default user. It is called
	// from many goroutines at once. Nil: those in the URL, if any.
	Credentials func(ctx context.Context) (username, password string, err error)

	// SentinelUsername and SentinelPassword are for the sentinels themselves;
	// the credentials above are for the servers behind them. Empty: none.
	SentinelUsername string
	SentinelPassword string

	// TLS is used with rediss URLs, and with unix ones if set; it is copied. An
	// empty ServerName means the name of each host that is dialled, and no
	// MinVersion means TLS 1.2. Nil: the certificates that the system trusts.
	TLS *tls.Config

	// DialTimeout limits each attempt to connect. 0: DefaultDialTimeout.
	DialTimeout time.Duration

	// ReadTimeout and WriteTimeout limit a call whose context has no earlier
	// deadline. 0: DefaultIOTimeout.
	ReadTimeout  time.Duration
	WriteTimeout time.Duration

	// PoolSize limits the connections per server. 0: ten per CPU.
	PoolSize int

	// ClientName is shown by CLIENT LIST. Empty: none.
	ClientName string
}

// Open returns a layer with a client of its own, which the layer's Close closes.
// It connects with the first call, not before: a server that is down is no
// error here. The forms of url are described at [ClientOptions].
func Open(url string, opts *OpenOptions) (*Layer, error) {
	options, err := ClientOptions(url, opts)
	if err != nil {
		return nil, err
	}
	layer, err := New(redis.NewUniversalClient(options), nil)
	if err != nil {
		return nil, err
	}
	layer.owned = true
	return layer, nil
}

// ClientOptions returns what redis.NewUniversalClient needs for a client that
// suits a cache: it keeps deadlines, gives up a dead server at once, never
// repeats a command and sends nothing superfluous when it connects. Its Dialer makes
// 50 attempts at most in a minute while a server is down, for pool and subscriptions
// together, and finds it again within 1.7 s; it also has the pool notice idle
// connections with TLS that were cut. The result is the caller's to change, before
// the client is made. One client can serve a layer and a backplane.
//
// A url has one of these forms:
//
//	redis://host:6379/0                         one server, database 0
//	rediss://user:password@host                 the same with TLS
//	unix:///run/redis.sock?db=1                 a unix socket
//	redis://host1:6379,host2:6379               a cluster: two or more hosts
//	redis://host:6379?cluster=true              a cluster with one known host
//	redis://host1,host2:26379/0?master=name     the master called name, by its sentinels
//
// The port may be left out, and the database, which a cluster does not have. In
// user name and password, special characters must be percent-encoded. A password
// without a user is written :password@.
//
// The error says what is wrong, and never repeats a part of url.
func ClientOptions(url string, opts *OpenOptions) (*redis.UniversalOptions, error) {
	if opts == nil {
		opts = &OpenOptions{}
	}
	at, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("redisdist: %w", &core.OptionError{Option: "url", Err: err})
	}
	if err := opts.check(at); err != nil {
		return nil, fmt.Errorf("redisdist: %w", err)
	}
	options := opts.tuned()
	options.Addrs, options.DB = at.addrs, at.db
	options.MasterName, options.IsClusterMode = at.master, at.cluster
	options.Username, options.Password = at.username, at.password
	options.TLSConfig = opts.tlsConfig(at.tls)
	options.Dialer = newDialer(options).dial
	return options, nil
}

// tuned returns the settings that do not depend on the URL.
func (o *OpenOptions) tuned() *redis.UniversalOptions {
	return &redis.UniversalOptions{
		// Deadlines are real, and policy is the caller's: one dial, one attempt.
		ContextTimeoutEnabled: true,
		MaxRetries:            -1,
		DialerRetries:         1,
		DialTimeout:           orDefault(o.DialTimeout, DefaultDialTimeout),
		ReadTimeout:           orDefault(o.ReadTimeout, DefaultIOTimeout),
		WriteTimeout:          orDefault(o.WriteTimeout, DefaultIOTimeout),

		PoolSize:         o.PoolSize,
		PipelinePoolSize: -1,

		// Two round trips less per connection; old servers answer both with errors.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},

		ClientName:                 o.ClientName,
		CredentialsProviderContext: o.Credentials,
		SentinelUsername:           o.SentinelUsername,
		SentinelPassword:           o.SentinelPassword,
	}
}

func (o *OpenOptions) tlsConfig(required bool) *tls.Config {
	if o.TLS == nil && !required {
		return nil
	}
	config := o.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS12
	}
	return config
}

// check returns everything that contradicts itself or the URL.
func (o *OpenOptions) check(at address) error {
	var wrong []error
	refuse := func(bad bool, option, why string) {
		if bad {
			wrong = append(wrong, &core.OptionError{Option: "OpenOptions." + option, Err: errors.New(why)})
		}
	}
	refuse(o.DialTimeout < 0, "DialTimeout", "is negative")
	refuse(o.ReadTimeout < 0, "ReadTimeout", "is negative")
	refuse(o.WriteTimeout < 0, "WriteTimeout", "is negative")
	refuse(o.PoolSize < 0, "PoolSize", "is negative")
	refuse(strings.ContainsFunc(o.ClientName, notPrintable), "ClientName", "has a space or an unprintable character")
	refuse(o.Credentials != nil && at.password != "", "Credentials", "the URL has a password too")
	refuse(o.TLS != nil && !at.tls && !at.unix, "TLS", "the URL must begin with rediss://")
	refuse(o.SentinelPassword != "" && at.master == "", "SentinelPassword", "the URL has no master")
	refuse(o.SentinelUsername != "" && o.SentinelPassword == "", "SentinelUsername", "needs a SentinelPassword")
	return errors.Join(wrong...)
}

// notPrintable is what Redis refuses in a name.
func notPrintable(r rune) bool { return r < '!' || r > '~' }

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
