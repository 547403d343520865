// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build race

package bubble_test

// defaultSeeds is how many seeds there are: the race detector makes them ten times
// slower.
const defaultSeeds = 5
