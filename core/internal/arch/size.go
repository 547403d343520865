// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package arch

import "go/ast"

const (
	maxFunctionLines = 80
	maxParameters    = 6
	maxMethods       = 4
)

func checkFunctionSize(_ *Package, f *File, report reporter) {
	for _, decl := range f.AST.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
		if lines > maxFunctionLines {
			report(f, fn.Pos(), "function %s has %d lines, more than %d", fn.Name.Name, lines, maxFunctionLines)
		}
	}
}

func checkParameters(_ *Package, f *File, report reporter) {
	walk(f.AST, func(fn *ast.FuncType) {
		if n := fn.Params.NumFields(); n > maxParameters {
			report(f, fn.Pos(), "function with %d parameters, more than %d; group them in a struct", n, maxParameters)
		}
	})
}

// checkInterfaceSize counts the methods of embedded interfaces too, as far as
// the package declares them; one from elsewhere counts as one.
func checkInterfaceSize(p *Package, report reporter) {
	declared := map[string]*ast.InterfaceType{}
	for _, f := range p.production() {
		walk(f.AST, func(spec *ast.TypeSpec) {
			if t, ok := spec.Type.(*ast.InterfaceType); ok {
				declared[spec.Name.Name] = t
			}
		})
	}
	for _, f := range p.production() {
		walk(f.AST, func(t *ast.InterfaceType) {
			if n := countMethods(t, declared); n > maxMethods {
				report(f, t.Pos(), "interface with %d methods, more than %d; make an ability of its own", n, maxMethods)
			}
		})
	}
}

func countMethods(t *ast.InterfaceType, declared map[string]*ast.InterfaceType) int {
	n := 0
	for _, field := range t.Methods.List {
		switch e := field.Type.(type) {
		case *ast.FuncType:
			n += len(field.Names)
		case *ast.Ident:
			if embedded, ok := declared[e.Name]; ok {
				n += countMethods(embedded, declared)
			} else {
				n++
			}
		case *ast.SelectorExpr:
			n++
		}
	}
	return n
}
