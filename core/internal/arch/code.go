// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package arch

import (
	"go/ast"
	"go/token"
	"path"
	"strings"
)

// checkNoInit: importing a package has no effect.
func checkNoInit(_ *Package, f *File, report reporter) {
	for _, decl := range f.AST.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			report(f, fn.Pos(), "init function; construct explicitly instead")
		}
	}
}

// checkNoPanic: a library returns errors. A Must function is the exception that
// its caller has asked for.
func checkNoPanic(_ *Package, f *File, report reporter) {
	if f.IsTest() {
		return
	}
	for _, decl := range f.AST.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && strings.HasPrefix(fn.Name.Name, "Must") {
			continue
		}
		walk(decl, func(call *ast.CallExpr) {
			if fn, ok := call.Fun.(*ast.Ident); ok && fn.Name == "panic" {
				report(f, call.Pos(), "panic outside a Must function; return an error")
			}
		})
	}
}

// checkNoSleep: only virtual time may pass by sleeping.
func checkNoSleep(_ *Package, f *File, report reporter) {
	if f.IsTest() && f.importName("testing/synctest") != "" {
		return
	}
	f.calls("time", "Sleep", func(at token.Pos) {
		report(f, at, "time.Sleep outside a test in virtual time; wait for the event or for a timer and a context")
	})
}

// checkNoBackground: work that outlives its caller starts in one known file.
func checkNoBackground(p *Package, f *File, report reporter) {
	if f.IsTest() || under(p.Dir, "contrib") || path.Base(f.Path) == "background.go" {
		return
	}
	for _, name := range []string{"Background", "TODO"} {
		f.calls("context", name, func(at token.Pos) {
			report(f, at, "context.%s outside background.go; take the context from the caller", name)
		})
	}
}
