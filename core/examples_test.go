// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/arch"
)

// output fits the comment that makes the go command run an example.
var output = regexp.MustCompile(`(?i)^\s*(unordered )?output:`)

// unrun returns the examples in packages that are compiled only.
func unrun(packages []*arch.Package) (names []string) {
	for _, p := range packages {
		for _, f := range p.Files {
			for _, decl := range f.AST.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if ok && f.IsTest() && strings.HasPrefix(fn.Name.Name, "Example") && !hasOutput(f.AST, fn) {
					names = append(names, p.Name()+"."+fn.Name.Name)
				}
			}
		}
	}
	return names
}

func hasOutput(file *ast.File, example *ast.FuncDecl) bool {
	return slices.ContainsFunc(file.Comments, func(c *ast.CommentGroup) bool {
		return c.Pos() > example.Pos() && c.End() < example.End() && output.MatchString(c.Text())
	})
}

func TestExamples_AllAreRun(t *testing.T) {
	for _, name := range unrun(load(t)) {
		t.Errorf("%s says nothing of its output, so it is never run", name)
	}
}

func TestUnrun_FindsAnExampleWithoutOutput(t *testing.T) {
	text := "package x\n\nfunc ExampleA() {\n\t// Output: 1\n}\n\nfunc ExampleB() {}\n\nfunc ExampleC() {\n\t// Unordered output:\n\t// 1\n}\n"
	p, err := arch.Parse(map[string]string{"core/x_test.go": text})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(unrun([]*arch.Package{p})); got != "[x.ExampleB]" {
		t.Errorf("got %s", got)
	}
}
