// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package hybrid_test

// Without the race detector every test has its full size.
const raceDetector = false
