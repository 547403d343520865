// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
)

// ConnOptions returns the options that a connection for a cache should have,
// whoever makes it: the defaults of nats.go suit work that can wait. Add your
// own behind them; the later one wins.
//
//   - It reconnects for ever, also after refused passwords: at once, then after
//     100 ms, and after pauses that grow to 1.7 s, which are 50 attempts for each
//     server in a minute at the most. Default of nats.go: 60 times every 2 s, then it
//     is closed for good. [nats.CustomReconnectDelay] sets other pauses;
//     [nats.ReconnectWait] does not.
//   - A server that has stopped answering is given up after 2 to 3 s. Default: 4
//     to 6 minutes.
//   - Connecting may take 1 s and writing 2 s. Either holds up everybody who
//     uses the connection. Defaults: 2 s and 1 minute.
//   - While disconnected, writing fails instead of being done some time later.
//     Default: 8 MiB are kept and sent after the reconnection.
//   - Errors that belong to no call are ignored. Default: they are printed. Add
//     [nats.ErrorHandler] to hear of them.
func ConnOptions() []nats.Option {
	return []nats.Option{
		nats.MaxReconnects(-1),
		nats.CustomReconnectDelay(rest),
		nats.IgnoreAuthErrorAbort(),
		nats.PingInterval(time.Second),
		nats.MaxPingsOutstanding(2),
		nats.Timeout(time.Second),
		nats.FlusherTimeout(2 * time.Second),
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}
}

// The pauses between attempts to reconnect: the first, and the longest.
const (
	firstRest   = 100 * time.Millisecond
	longestRest = 1700 * time.Millisecond
)

// rest returns the pause after so many attempts that failed: each is twice the one
// before, and shortened by up to a fifth at random, so that nodes do not come in
// step.
func rest(attempts int) time.Duration {
	pause := min(firstRest<<min(max(attempts-1, 0), 10), longestRest)
	return pause - rand.N(pause/5)
}

// Conn returns the connection that the layer works on, so that a backplane can
// share it. It stays its owner's to close: the layer's if [Open] made it, the
// caller's otherwise.
func (l *Layer) Conn() *nats.Conn { return l.js.Conn() }
