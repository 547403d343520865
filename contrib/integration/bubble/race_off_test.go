// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package bubble_test

// defaultSeeds is how many seeds there are.
const defaultSeeds = 40
