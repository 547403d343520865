// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every piece of Go in the README and the docs stands, line by line, in a file
// that the compiler sees and that runs: an Example, which has an output, a test or the demo.
func TestSeed_PK3_SnippetsAreCompiledCode(t *testing.T) {
	code := goCode(t)
	snippets := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "contrib/*/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range goSnippets(string(text)) {
				snippets++
				if !containsSnippet(code, s) {
					t.Errorf("%s: this is in no Go file:\n%s", page, s)
				}
			}
		}
	}
	if snippets == 0 {
		t.Error("no snippets found")
	}
}

// goSnippets returns the blocks of Go in a page, normalized.
func goSnippets(page string) (out []string) {
	parts := strings.Split(page, "```go\n")
	for _, p := range parts[1:] {
		block, _, _ := strings.Cut(p, "```")
		out = append(out, normalize(block))
	}
	return out
}

// normalize strips indentation, runs of blanks and empty lines.
func normalize(code string) string {
	var lines []string
	for line := range strings.Lines(code) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func containsSnippet(code []string, snippet string) bool {
	for _, c := range code {
		if strings.Contains("\n"+c, "\n"+snippet) {
			return true
		}
	}
	return false
}

// goCode returns the Go files of all modules that are compiled everywhere, normalized.
func goCode(t *testing.T) (code []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "testdata" || d.Name() != root && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		live, err := compiled(text)
		code = append(code, normalize(live))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// compiled returns the text of a file, unless only some builds have it.
func compiled(text []byte) (string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || constraint(f) != "" {
		return "", err
	}
	return string(text), nil
}

func TestSnippets_OneThatIsNowhereIsFound(t *testing.T) {
	code := []string{normalize("package p\n\tfunc  f() {}\n")}
	if !containsSnippet(code, goSnippets("text\n```go\nfunc f() {}\n```\n")[0]) {
		t.Error("a snippet that is there was not found")
	}
	if containsSnippet(code, goSnippets("```go\nfunc g() {}\n```")[0]) {
		t.Error("a snippet that is not there was found")
	}
}

func TestSnippets_WhatOnlySomeBuildsHaveIsNoCode(t *testing.T) {
	for text, want := range map[string]bool{"package p\n": true, "//go:build never\n\npackage p\n": false} {
		if got, err := compiled([]byte(text)); err != nil || got != "" != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
