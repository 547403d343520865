// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package freecachemem

import (
	"errors"
	"fmt"

	"github.com/fusioncache-go/fusioncache/core"
)

// The least and the greatest size of a [Memory], in bytes.
const (
	MinSize = 512 << 10
	MaxSize = 1 << 40
)

// Options configures a [Memory]. A zero field stands for its default.
type Options struct {
	// LargestEntry is the size in bytes, of key and binary form together, of the
	// largest entry that must fit. New refuses a size that is too small for it,
	// before the first Set does. 0: no demand.
	LargestEntry int
}

// check returns all that is wrong with size and o.
func check(size int, o *Options) error {
	var errs []error
	if size < MinSize || int64(size) > MaxSize {
		err := fmt.Errorf("must be %d to %d bytes, is %d", MinSize, int64(MaxSize), size)
		errs = append(errs, &core.OptionError{Option: "freecachemem.size", Err: err})
	}
	if o == nil {
		return errors.Join(errs...)
	}
	const option = "freecachemem.Options.LargestEntry"
	switch most := maxEntry(size); {
	case o.LargestEntry < 0:
		errs = append(errs, &core.OptionError{Option: option, Err: errors.New("must not be negative")})
	case o.LargestEntry > most:
		err := fmt.Errorf("%d bytes do not fit into a cache of %d, which holds entries of up to %d", o.LargestEntry, size, most)
		errs = append(errs, &core.OptionError{Option: option, Err: err})
	}
	return errors.Join(errs...)
}
