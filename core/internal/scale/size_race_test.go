// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build race

package scale

// sizes are how many nodes there are: the race detector makes everything slower.
var sizes = [...]int{10, 100}
