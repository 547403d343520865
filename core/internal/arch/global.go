// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package arch

import (
	"go/ast"
	"go/token"
	"strings"
)

// checkNoGlobal: a package holds no state. Package variables are errors that
// callers compare with, compile-time proofs that a type implements an
// interface, and unexported tables that nothing writes to.
func checkNoGlobal(p *Package, report reporter) {
	written := writtenNames(p)
	for _, f := range p.production() {
		for _, decl := range f.AST.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.VAR {
				continue
			}
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				for i, name := range value.Names {
					if embedded(group) && !written[name.Name] {
						continue // the text of a file: its value comes from the compiler
					}
					if why := whyMutable(f, name.Name, initialiser(value, i), written); why != "" {
						report(f, name.Pos(), "package variable %s %s; packages hold no state", name.Name, why)
					}
				}
			}
		}
	}
}

// embedded reports whether a declaration is of the content of a file.
func embedded(group *ast.GenDecl) bool {
	if group.Doc == nil {
		return false
	}
	for _, c := range group.Doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

func initialiser(value *ast.ValueSpec, i int) ast.Expr {
	switch {
	case i < len(value.Values):
		return value.Values[i]
	case len(value.Values) == 1:
		return value.Values[0]
	}
	return nil
}

func whyMutable(f *File, name string, init ast.Expr, written map[string]bool) string {
	switch {
	case name == "_":
		return ""
	case written[name]:
		return "is written to, or its address is taken"
	case init == nil:
		return "has no value of its own"
	case isErrorName(name):
		return ""
	case ast.IsExported(name):
		return "can be set by every importer"
	case holdsState(f, init):
		return "holds a pointer, a lock, a pool or something made to be filled"
	}
	return ""
}

func isErrorName(name string) bool {
	rest, ok := strings.CutPrefix(name, "Err")
	if !ok {
		rest, ok = strings.CutPrefix(name, "err")
	}
	return ok && ast.IsExported(rest)
}

// holdsState says whether the value is made to be changed.
func holdsState(f *File, init ast.Expr) bool {
	found := false
	walk(init, func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.UnaryExpr:
			found = found || e.Op == token.AND
		case *ast.CallExpr:
			fn, ok := e.Fun.(*ast.Ident)
			found = found || ok && (fn.Name == "new" || fn.Name == "make")
		case *ast.SelectorExpr:
			x, ok := e.X.(*ast.Ident)
			found = found || ok && (x.Name == f.importName("sync") || x.Name == f.importName("sync/atomic"))
		}
	})
	return found
}

// writtenNames returns every name that production code of p assigns to, takes
// the address of, or empties. It goes by name only, so a local variable may
// have to be renamed.
func writtenNames(p *Package) map[string]bool {
	written := map[string]bool{}
	mark := func(exprs ...ast.Expr) {
		for _, e := range exprs {
			if name := rootName(e); name != "" {
				written[name] = true
			}
		}
	}
	for _, f := range p.production() {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					mark(n.Lhs...)
				}
			case *ast.IncDecStmt:
				mark(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					mark(n.X)
				}
			case *ast.CallExpr:
				fn, ok := n.Fun.(*ast.Ident)
				if ok && len(n.Args) > 0 && (fn.Name == "delete" || fn.Name == "clear" || fn.Name == "copy") {
					mark(n.Args[0])
				}
			}
			return true
		})
	}
	return written
}

// rootName returns x for x, x[i], x.f, *x and x[i:j].
func rootName(e ast.Expr) string {
	for {
		switch t := e.(type) {
		case *ast.Ident:
			return t.Name
		case *ast.IndexExpr:
			e = t.X
		case *ast.SelectorExpr:
			e = t.X
		case *ast.StarExpr:
			e = t.X
		case *ast.SliceExpr:
			e = t.X
		case *ast.ParenExpr:
			e = t.X
		default:
			return ""
		}
	}
}
