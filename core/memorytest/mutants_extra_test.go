// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package memorytest_test

import "github.com/fusioncache-go/fusioncache/core"

// editExtra makes a mutant that stores a changed Extra.
func editExtra(edit func(x *core.Extra)) func(r *rig) {
	return editMeta(func(m *core.Meta) {
		if m.Extra != nil {
			x := *m.Extra
			edit(&x)
			m.Extra = &x
		}
	})
}

func extraMutants() []mutant {
	return []mutant{
		{"KeepsMeta", "extra is lost, but for what most have", editExtra(func(x *core.Extra) { *x = core.Extra{ETag: x.ETag, Size: x.Size} })},
		{"KeepsMeta", "the idle time is lost", editExtra(func(x *core.Extra) { x.Idle = 0 })},
		{"KeepsMeta", "the last use is lost", editExtra(func(x *core.Extra) { x.Use(0) })},
		{"KeepsMeta", "a refresh by chance is one in time", editExtra(func(x *core.Extra) { x.Chance = false })},
		{"KeepsMeta", "the window of revalidation is lost", editExtra(func(x *core.Extra) { x.Revalidate = 0 })},
		{"KeepsMeta", "the end of fail-safe is lost", editExtra(func(x *core.Extra) { x.Rescue = 0 })},
		{"KeepsMeta", "what the factory took is lost", editExtra(func(x *core.Extra) { x.Took = 0 })},
		{"KeepsMeta", "an ETag has 255 bytes", editExtra(func(x *core.Extra) { x.ETag = x.ETag[:min(255, len(x.ETag))] })},
		{"KeepsMeta", "the last modification is lost", editExtra(func(x *core.Extra) { x.LastModified = 0 })},
		{"KeepsMeta", "the size is a byte", editExtra(func(x *core.Extra) { x.Size &= 0xff })},
		{"KeepsMeta", "low is normal", editExtra(func(x *core.Extra) { x.Priority &^= core.LowPriority })},
		{"KeepsMeta", "a negative entry is a value", editExtra(func(x *core.Extra) { x.Missing = nil })},
		{"KeepsMeta", "all errors are one", editExtra(func(x *core.Extra) {
			if x.Missing != nil {
				x.Missing = core.ErrNotFound
			}
		})},
	}
}
