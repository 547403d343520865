// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every piece of Go in the README and the docs stands, line by line, in a file
// that the compiler sees and that runs: an Example with output, a test or the demo.
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

// goCode returns the Go files of all modules that are compiled everywhere,
// normalized, without the examples that nobody runs.
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
		live, err := liveCode(text)
		code = append(code, normalize(live))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// output fits the comment that has an example run and not only compiled.
var output = regexp.MustCompile(`(?i)^//\s*(unordered )?output:`)

// liveCode returns the text of a file without the examples that are only compiled;
// nothing of a file that only some builds have.
func liveCode(text []byte) (string, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || constraint(f) != "" {
		return "", err
	}
	for _, decl := range f.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Example") && !runs(f, fn) {
			clear(text[fset.Position(fn.Pos()).Offset:fset.Position(fn.End()).Offset])
		}
	}
	return string(text), nil
}

// runs reports whether go test runs an example of a file.
func runs(f *ast.File, example *ast.FuncDecl) bool {
	return slices.ContainsFunc(f.Comments, func(c *ast.CommentGroup) bool {
		return example.Pos() < c.Pos() && c.End() < example.End() && output.MatchString(c.List[0].Text)
	})
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

func TestSnippets_WhatDoesNotRunIsNoCode(t *testing.T) {
	const text = "package p\n\nfunc ExampleRuns() {\n\tf()\n\n\t// Output: x\n}\n\nfunc ExampleCompiles() {\n\tg()\n}\n"
	live, err := liveCode([]byte(text))
	if err != nil || !strings.Contains(live, "f()") || strings.Contains(live, "g()") {
		t.Errorf("got %q, %v", live, err)
	}
	if live, err := liveCode([]byte("//go:build never\n\n" + text)); err != nil || live != "" {
		t.Errorf("of a file that is not compiled: %q, %v", live, err)
	}
}
