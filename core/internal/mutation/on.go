// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build mutants

package mutation

import (
	"os"
	"strconv"
)

// On reports whether this is a mutant m.
func On(m Mutant) bool {
	set, _ := strconv.ParseUint(os.Getenv(Env), 10, 64)
	return Mutant(set)&m != 0
}
