// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every piece of Go in the README and the docs stands, line by line, in a file
// that the compiler sees: an Example, a test or the demo.
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

// goCode returns all Go files of all modules, normalized.
func goCode(t *testing.T) (code []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		code = append(code, normalize(string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
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
