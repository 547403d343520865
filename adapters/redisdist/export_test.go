// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redisdist

import "github.com/redis/go-redis/v9"

// Inside returns the command that a hook can answer.
func Inside(cmd redis.Cmder) redis.Cmder {
	switch c := cmd.(type) {
	case once:
		return c.Cmder
	case *getCmd:
		return &c.StringCmd
	case *scriptCmd:
		return &c.StringCmd
	}
	return cmd
}
