// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// namedTest fits a test or example that a document names, with its package or
// without. An ellipsis, or the end, may stand for the rest of the name.
var namedTest = regexp.MustCompile("`((?:[a-z]+\\.)?(?:Test|Example|Fuzz)[A-Za-z0-9_]*)(?:…)?`")

// testFunctions returns the names of all tests, fuzz targets and examples, each
// with its package and without.
func testFunctions(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, p := range load(t) {
		for _, f := range p.Files {
			for _, decl := range f.AST.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && f.IsTest() {
					names = append(names, fn.Name.Name, p.Name()+"."+fn.Name.Name)
				}
			}
		}
	}
	return names
}

// documents returns the texts of README.md and docs by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]string)
	for _, path := range append(paths, "../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
	}
	return texts
}

func TestDocs_NameTestsThatExist(t *testing.T) {
	functions := testFunctions(t)
	for path, text := range documents(t) {
		for _, match := range namedTest.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(functions, func(f string) bool { return strings.HasPrefix(f, match[1]) }) {
				t.Errorf("%s names %s, which does not exist", path, match[1])
			}
		}
	}
}

// Every row of the list of features names an example and a test.
func TestDocs_EveryFeatureHasAnExampleAndATest(t *testing.T) {
	text, ok := documents(t)["../docs/features.md"]
	if !ok {
		t.Fatal("docs/features.md is missing")
	}
	rows := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| Feature") {
			continue
		}
		rows++
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !strings.Contains(cells[1], "Example") || !strings.Contains(cells[2], "`Test") {
			t.Errorf("not a feature, an example and a test: %s", line)
		}
	}
	if rows < 50 {
		t.Errorf("only %d features", rows)
	}
}
