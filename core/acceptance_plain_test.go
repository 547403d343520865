// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/arch"
)

// plainRun fits a line of .ci/test-module that tests a package without the race
// detector.
var plainRun = regexp.MustCompile(`(?m)^(?:\w+=\S+ )?plainly (\S+) '([^']+)'`)

// plainRuns returns which tests of which packages run so: a pattern for each folder,
// relative to its module.
func plainRuns(script string) map[string]*regexp.Regexp {
	runs := map[string]*regexp.Regexp{}
	for _, line := range plainRun.FindAllStringSubmatch(script, -1) {
		runs[line[1]] = regexp.MustCompile(line[2])
	}
	return runs
}

// neverRun returns the tests that only a build without the race detector has, and
// that no plain run runs.
func neverRun(runs map[string]*regexp.Regexp, packages []*arch.Package) (names []string) {
	for _, p := range packages {
		for _, f := range p.Files {
			if !f.IsTest() || constraint(f.AST) != "!race" {
				continue
			}
			for _, decl := range f.AST.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if ok && strings.HasPrefix(fn.Name.Name, "Test") && !covered(runs, p.Dir, fn.Name.Name) {
					names = append(names, p.Dir+": "+fn.Name.Name)
				}
			}
		}
	}
	return names
}

func covered(runs map[string]*regexp.Regexp, dir, test string) bool {
	for folder, pattern := range runs {
		if strings.HasSuffix("/"+dir, "/"+folder) && pattern.MatchString(test) {
			return true
		}
	}
	return false
}

// constraint returns the build constraint of a file, or "".
func constraint(f *ast.File) string {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if tags, ok := strings.CutPrefix(c.Text, "//go:build "); ok && c.Pos() < f.Package {
				return tags
			}
		}
	}
	return ""
}

// All tests of the repository run with the race detector; those that it leaves out
// must run as well.
func TestSeed_PK7_WhatTheRaceDetectorLeavesOutRunsWithoutIt(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(root, ".ci", "test-module"))
	if err != nil {
		t.Fatal(err)
	}
	runs := plainRuns(string(script))
	if len(runs) < 3 {
		t.Errorf("only %d plain runs found", len(runs))
	}
	for _, name := range neverRun(runs, load(t)) {
		t.Errorf("make test does not run %s", name)
	}
}

func TestNeverRun_FindsATestOfPlainBuildsAlone(t *testing.T) {
	p, err := arch.Parse(map[string]string{
		"a/b/x_test.go": "// License\n\n//go:build !race\n\npackage b\n\nfunc TestX_Allocates() {}\n\nfunc TestY() {}\n",
		"a/b/y_test.go": "package b\n\nfunc TestZ() {}\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	runs := plainRuns("plainly b 'Alloc|Q'\nX=1 plainly c '.'\nplainly x/b '.'\n")
	got := neverRun(runs, []*arch.Package{p})
	if len(runs) != 3 || len(got) != 1 || got[0] != "a/b: TestY" {
		t.Errorf("got %q in %v", got, runs)
	}
}
