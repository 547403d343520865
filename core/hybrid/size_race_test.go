// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build race

package hybrid_test

// The race detector makes everything slower: fewer rounds. CI runs the rest without it.
const raceDetector = true
