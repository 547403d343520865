// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package natsdist

import (
	"strconv"
	"time"
)

// longest is the longest life that is handed to the server. It adds the life to
// the present time in nanoseconds, which overflows in the year 2262: what lives
// longer than this never ends.
const longest = 100 * 365 * 24 * time.Hour

// ttlHeader returns the value of the Nats-TTL header for a life, or "" for one
// that never ends. The server counts whole seconds and cuts off the rest, so
// the life is rounded up.
func ttlHeader(ttl time.Duration) string {
	if ttl > longest {
		return ""
	}
	seconds := (ttl + time.Second - 1) / time.Second
	return strconv.FormatInt(int64(max(seconds, 1)), 10)
}
