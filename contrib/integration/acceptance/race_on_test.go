// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

//go:build race

package acceptance_test

// raceDetector says that everything is several times slower.
const raceDetector = true

// raceDetectorLess is 1 with the race detector, for numbers that are smaller then.
const raceDetectorLess = 1
