// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redislock

import "context"

// newRoot returns the context of goroutines that end with Close.
func newRoot() (context.Context, context.CancelFunc) {
	return context.WithCancel(context.Background())
}
