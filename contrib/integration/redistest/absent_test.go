// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package redistest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/contrib/integration/redistest"
)

const probe = "TestProbe_StartsAServer"

// TestProbe_StartsAServer is run again by the test below, without redis-server.
func TestProbe_StartsAServer(t *testing.T) {
	if redistest.Start(t, nil).Addr() == "" {
		t.Error("no address")
	}
}

func TestSeed_PK6_WithoutRedisTestsSayWhatTheyLeaveOutAndFailOnDemand(t *testing.T) {
	run := func(demand string) (string, error) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+probe+"$", "-test.v")
		cmd.Env = append(os.Environ(), "PATH="+t.TempDir(), "FUSIONCACHE_REQUIRE_SERVERS="+demand)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("")
	if err != nil || !strings.Contains(out, "SKIP") || !strings.Contains(out, "left out: redis-server is not on the PATH") {
		t.Errorf("without a demand: %v\n%s", err, out)
	}
	out, err = run("1")
	if err == nil || !strings.Contains(out, "FAIL") {
		t.Errorf("with a demand: no failure\n%s", out)
	}
}
