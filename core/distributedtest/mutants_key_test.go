// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package distributedtest_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

// mapKeys makes a mutant that files keys under other names.
func mapKeys(slot func(key string) string) func(r *rig) {
	return func(r *rig) {
		r.onNew = func(f *fake) {
			get, set, del := f.get, f.set, f.del
			f.get = func(ctx context.Context, key string) ([]byte, bool, error) { return get(ctx, slot(key)) }
			f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
				return set(ctx, slot(key), data, ttl)
			}
			f.del = func(ctx context.Context, key string) error { return del(ctx, slot(key)) }
			mapArbiterKeys(f, slot)
		}
	}
}

func mapArbiterKeys(f *fake, slot func(key string) string) {
	arbitrate, header := f.arbitrate, f.header
	f.arbitrate = func(ctx context.Context, key string, w core.Write) (core.Ruling, error) {
		return arbitrate(ctx, slot(key), w)
	}
	f.header = func(ctx context.Context, key string) ([]byte, bool, error) { return header(ctx, slot(key)) }
}

func keyMutants() []mutant {
	return []mutant{
		{"OddKeys", "colons become underscores", mapKeys(strings.NewReplacer(":", "_").Replace)},
		{"OddKeys", "case is ignored", mapKeys(strings.ToLower)},
		{"OddKeys", "percent escapes are decoded", mapKeys(func(key string) string {
			if plain, err := url.PathUnescape(key); err == nil {
				return plain
			}
			return key
		})},
		{"OddKeys", "spaces are trimmed", mapKeys(strings.TrimSpace)},
		{"OddKeys", "keys end at a zero byte", mapKeys(func(key string) string {
			if i := strings.IndexByte(key, 0); i > 0 {
				return key[:i]
			}
			return key
		})},
		{"OddKeys", "invalid UTF-8 is replaced", mapKeys(func(key string) string {
			if len(key) > core.MaxKeyLen {
				return key
			}
			return strings.ToValidUTF8(key, "\ufffd")
		})},
		{"OddKeys", "wildcards are refused", func(r *rig) {
			r.onNew = func(f *fake) {
				set := f.set
				f.set = func(ctx context.Context, key string, data []byte, ttl time.Duration) error {
					if strings.ContainsAny(key, "*>") {
						return errors.New("invalid key")
					}
					return set(ctx, key, data, ttl)
				}
			}
		}},
		{"LongKeys", "keys are cut", mapKeys(func(key string) string { return key[:min(len(key), core.MaxKeyLen)] })},
	}
}
