// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/arch"
)

// root is the root of the repository, seen from this package.
const root = ".."

func load(t *testing.T) []*arch.Package {
	t.Helper()
	packages, err := arch.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

func TestArchitecture_EveryRuleHoldsInEveryModule(t *testing.T) {
	packages := load(t)
	for _, rule := range arch.Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, p := range packages {
				for _, found := range rule.Check(p) {
					t.Error(found)
				}
			}
		})
	}
}

// The rule core-std-only looks at what the files say; this asks the go command
// what they come to, through every dependency and without a network.
func TestArchitecture_CoreLinksTheStandardLibraryOnly(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard", "./core/...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOPROXY=off")
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, problems.String())
	}
	listed := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; listed++ {
		var p struct {
			ImportPath string
			Standard   bool
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !p.Standard && !strings.HasPrefix(p.ImportPath, arch.Module+"/core") {
			t.Errorf("core depends on %s", p.ImportPath)
		}
	}
	if listed == 0 {
		t.Error("go list named no package")
	}
}

func TestSeed_PK5_LicenceHeadersAndNotice(t *testing.T) {
	contains := func(name string, wanted ...string) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
		}
		for _, w := range wanted {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s does not contain %q", name, w)
			}
		}
	}
	contains("LICENSE", "MIT License", "Permission is hereby granted, free of charge")
	contains("docs/NOTICE.md", "FusionCache", "MIT")
	for _, rule := range arch.Rules() {
		if rule.Name != "file-header" {
			continue
		}
		for _, p := range load(t) {
			for _, found := range rule.Check(p) {
				t.Error(found)
			}
		}
	}
}
