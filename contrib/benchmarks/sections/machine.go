// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package sections

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
)

// memoryOfMachine returns the bytes of memory of the machine; 0 if that is unknown.
func memoryOfMachine() (bytes int64) {
	line := lineOf("/proc/meminfo", "MemTotal:")
	_, _ = fmt.Sscan(line, &bytes)
	return bytes << 10
}

// availableMemory returns the bytes that programs can still get; without /proc it says
// that there are plenty.
func availableMemory() int64 {
	var kilobytes int64
	if _, err := fmt.Sscan(lineOf("/proc/meminfo", "MemAvailable:"), &kilobytes); err != nil {
		return math.MaxInt64
	}
	return kilobytes << 10
}

// Machine says what the benchmarks run on.
func Machine() string {
	model := strings.TrimSpace(strings.TrimPrefix(lineOf("/proc/cpuinfo", "model name"), ":"))
	if i := strings.IndexByte(model, ':'); i >= 0 {
		model = strings.TrimSpace(model[i+1:])
	}
	if model == "" {
		model = runtime.GOARCH
	}
	return fmt.Sprintf("%d × %s, %d GiB, %s/%s, %s", runtime.NumCPU(), model, (memoryOfMachine()+1<<29)>>30, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// lineOf returns what follows start in the first line that begins so.
func lineOf(file, start string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), start); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
