// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"flag"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/api"
	"github.com/fusioncache-go/fusioncache/core/internal/arch"
)

var update = flag.Bool("update", false, "rewrite the golden lists of the exported API")

const goldenFolder = "testdata/api"

// publicPackages returns those that users of the root module can import.
func publicPackages(t *testing.T) []*arch.Package {
	return slices.DeleteFunc(load(t), func(p *arch.Package) bool {
		onlyTests := !slices.ContainsFunc(p.Files, func(f *arch.File) bool { return !f.IsTest() })
		internal := strings.Contains("/"+p.Dir+"/", "/internal/")
		return onlyTests || internal || p.Name() == "main" || strings.HasPrefix(p.Dir, "contrib/")
	})
}

func describe(p *arch.Package) string {
	var files []*ast.File
	for _, f := range p.Files {
		if !f.IsTest() {
			files = append(files, f.AST)
		}
	}
	return "package " + p.Name() + " // import \"" + arch.Module + "/" + p.Dir + "\"\n\n" + api.Describe(files)
}

func goldenName(p *arch.Package) string { return strings.ReplaceAll(p.Dir, "/", "_") + ".txt" }

func TestSeed_PK2_ExportedAPIIsTheOneReviewed(t *testing.T) {
	wanted := map[string]string{}
	for _, p := range publicPackages(t) {
		wanted[goldenName(p)] = describe(p)
	}
	if *update {
		rewriteGolden(t, wanted)
	}
	entries, err := os.ReadDir(goldenFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, ok := wanted[entry.Name()]; !ok {
			t.Errorf("%s describes a package that is gone", entry.Name())
		}
	}
	for name, got := range wanted {
		golden, err := os.ReadFile(filepath.Join(goldenFolder, name))
		if err != nil {
			t.Errorf("package without a reviewed API: %v", err)
			continue
		}
		reportDifference(t, name, string(golden), got)
	}
	if t.Failed() {
		t.Log("if the change is meant, and docs/compatibility.md allows it: go test ./core -run PK2 -update")
	}
}

// reportDifference names the lines that only one of the texts has.
func reportDifference(t *testing.T, name, golden, got string) {
	t.Helper()
	if golden == got {
		return
	}
	before, after := withOwners(golden), withOwners(got)
	t.Errorf("%s: the exported API has changed", name)
	for _, line := range before {
		if !slices.Contains(after, line) {
			t.Logf("%s: - %s", name, line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			t.Logf("%s: + %s", name, line)
		}
	}
}

// withOwners puts the line of its type in front of each field and method.
func withOwners(text string) []string {
	var lines []string
	owner := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if member, ok := strings.CutPrefix(line, "\t"); ok {
			line = owner + ": " + member
		} else {
			owner = line
		}
		lines = append(lines, line)
	}
	return lines
}

func rewriteGolden(t *testing.T, texts map[string]string) {
	t.Helper()
	if err := os.RemoveAll(goldenFolder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(goldenFolder, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(goldenFolder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
