// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build race

package sim

// operations is how many operations TestSimulator runs. With the race detector they
// are slow; "make test" runs the rest in a build without it.
const operations = 100_000
