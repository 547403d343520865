// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build !race

package acceptance_test

// raceDetector says that everything is several times slower.
const raceDetector = false
