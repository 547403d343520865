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
// without. An ellipsis stands for the rest of the names of several.
var namedTest = regexp.MustCompile("`((?:[a-z]+\\.)?(?:Test|Example|Fuzz)[A-Za-z0-9_]*)(…?)`")

// names reports whether match, of namedTest, names function.
func names(match []string, function string) bool {
	return function == match[1] || match[2] != "" && strings.HasPrefix(function, match[1])
}

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
			if !slices.ContainsFunc(functions, func(f string) bool { return names(match, f) }) {
				t.Errorf("%s names %s, which does not exist", path, match[1])
			}
		}
	}
}

func TestDocs_AnExampleOfTheSameBeginningIsAnotherOne(t *testing.T) {
	for _, c := range []struct {
		text, function string
		want           bool
	}{
		{"`ExampleNew`", "ExampleNew", true},
		{"`ExampleNew`", "ExampleNewNull", false},
		{"`TestSeed_DC2_…`", "TestSeed_DC2_X", true},
		{"`TestSeed_DC2_…`", "TestSeed_DC21_X", false},
		{"`hybrid.ExampleNew…`", "hybrid.ExampleNew_redis", true},
	} {
		match := namedTest.FindStringSubmatch(c.text)
		if match == nil || names(match, c.function) != c.want {
			t.Errorf("%s, %s: got %q, want %v", c.text, c.function, match, c.want)
		}
	}
}

// Every part that users choose from is an example of some feature.
func TestDocs_EveryPartIsAFeature(t *testing.T) {
	text := documents(t)["../docs/features.md"]
	parts := 0
	for _, p := range load(t) {
		kind, _, _ := strings.Cut(p.Dir, "/")
		if !slices.Contains([]string{"adapters", "backplanes", "plugins", "serializers"}, kind) || strings.Contains(p.Dir, "internal") {
			continue
		}
		parts++
		if !strings.Contains(text, "`"+p.Name()+".Example") {
			t.Errorf("%s is in no row of docs/features.md", p.Dir)
		}
	}
	if parts < 15 {
		t.Errorf("only %d parts", parts)
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
		if strings.HasPrefix(line, "| Wish") {
			break // what there is not has no test
		}
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| Feature") {
			continue
		}
		rows++
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !strings.Contains(cells[1], "Example") || !strings.Contains(cells[2], "Test") {
			t.Errorf("not a feature, an example and a test: %s", line)
		}
	}
	if rows < 50 {
		t.Errorf("only %d features", rows)
	}
}
