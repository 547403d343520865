// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"go/ast"
	"go/token"
	"path"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/arch"
)

// exportedErrors returns the errors that users of a package can compare with: the
// variables called Err..., by folder and name.
func exportedErrors(packages []*arch.Package) map[string]bool {
	found := map[string]bool{}
	for _, p := range packages {
		if strings.Contains(p.Dir, "internal") {
			continue
		}
		for _, f := range p.Files {
			for _, decl := range f.AST.Decls {
				vars, ok := decl.(*ast.GenDecl)
				if f.IsTest() || !ok || vars.Tok != token.VAR {
					continue
				}
				for _, spec := range vars.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						if strings.HasPrefix(name.Name, "Err") {
							found[p.Dir+"."+name.Name] = true
						}
					}
				}
			}
		}
	}
	return found
}

// untested returns those of errors that no test compares anything with.
func untested(errors map[string]bool, packages []*arch.Package) map[string]bool {
	for _, p := range packages {
		for _, f := range p.Files {
			if f.IsTest() {
				names := imported(f)
				ast.Inspect(f.AST, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.SelectorExpr:
						if x, ok := n.X.(*ast.Ident); ok {
							delete(errors, names[x.Name]+"."+n.Sel.Name)
							return false
						}
					case *ast.Ident:
						delete(errors, p.Dir+"."+n.Name) // of the package itself
					}
					return true
				})
			}
		}
	}
	return errors
}

// imported returns the folders of our packages by the names that a file has for them.
func imported(f *arch.File) map[string]string {
	names := map[string]string{}
	for target, spec := range f.Imports() {
		dir, ours := strings.CutPrefix(target, arch.Module+"/")
		switch {
		case !ours:
		case spec.Name != nil:
			names[spec.Name.Name] = dir
		default:
			names[path.Base(dir)] = dir
		}
	}
	return names
}

// That core's own can be produced, the test of this name in core/hybrid shows.
func TestSeed_ER1_EveryExportedErrorIsInATest(t *testing.T) {
	packages := load(t)
	errors := exportedErrors(packages)
	if len(errors) < 30 {
		t.Errorf("only %d errors found", len(errors))
	}
	for name := range untested(errors, packages) {
		t.Errorf("no test looks for %s", name)
	}
}

func TestUntested_FindsAnErrorWithoutATest(t *testing.T) {
	var packages []*arch.Package
	for name, text := range map[string]string{
		"a/a.go":      "package a\n\nvar (\n\tErrX = f()\n\tErrY = f()\n\terrZ = f()\n)\n",
		"b/b.go":      "package b\n\nvar ErrX = f()\n",
		"c/c_test.go": "package c\n\nimport other \"" + arch.Module + "/a\"\n\nvar _ = other.ErrX\n",
	} {
		p, err := arch.Parse(map[string]string{name: text})
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	got := untested(exportedErrors(packages), packages)
	if len(got) != 2 || !got["a.ErrY"] || !got["b.ErrX"] {
		t.Errorf("got %v", got)
	}
}
