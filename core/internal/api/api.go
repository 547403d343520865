// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package api lists what a package exports, one name a line, so that a change
// of the promise to users shows as a readable difference between two texts.
//
// It works on syntax alone and therefore does not see what an embedded type
// promotes. Nothing outside tests imports this package.
package api

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"slices"
	"strings"
)

// Describe lists the exported names that the given files of one package
// declare: constants, variables and functions, then each type followed by its
// fields and methods. It returns the same text for the files in any order.
func Describe(files []*ast.File) string {
	l := &listing{members: map[string][]string{}}
	for _, f := range files {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				l.function(d)
			case *ast.GenDecl:
				l.group(d)
			}
		}
	}
	return l.String()
}

// listing collects lines.
type listing struct {
	consts, vars, funcs []string
	types               []named
	members             map[string][]string // methods by the name of their type
}

type named struct {
	name  string
	lines []string
}

// String puts the lines in order.
func (l *listing) String() string {
	var out strings.Builder
	for _, lines := range [][]string{l.consts, l.vars, l.funcs} {
		slices.Sort(lines)
		writeLines(&out, "", lines)
	}
	slices.SortFunc(l.types, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	for _, t := range l.types {
		methods := l.members[t.name]
		slices.Sort(methods)
		writeLines(&out, "", t.lines[:1])
		writeLines(&out, "\t", t.lines[1:])
		writeLines(&out, "\t", methods)
	}
	return out.String()
}

func writeLines(out *strings.Builder, indent string, lines []string) {
	for _, line := range lines {
		out.WriteString(indent + line + "\n")
	}
}

func (l *listing) function(d *ast.FuncDecl) {
	if !d.Name.IsExported() {
		return
	}
	line := source(&ast.FuncDecl{Recv: d.Recv, Name: d.Name, Type: d.Type})
	if d.Recv == nil {
		l.funcs = append(l.funcs, line)
		return
	}
	owner := receiver(d.Recv.List[0].Type)
	l.members[owner] = append(l.members[owner], line)
}

func (l *listing) group(d *ast.GenDecl) {
	var previous *ast.ValueSpec // what a constant without a value repeats
	for i, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				l.types = append(l.types, named{s.Name.Name, typeLines(s)})
			}
		case *ast.ValueSpec:
			if d.Tok == token.VAR {
				l.vars = append(l.vars, valueLines("var", s, s, "")...)
				continue
			}
			if previous == nil || len(s.Values) > 0 {
				previous = s
			}
			l.consts = append(l.consts, valueLines("const", s, previous, fmt.Sprintf(" // iota %d", i))...)
		}
	}
}

// valueLines describes the names of s, whose type and values are those of from.
// iota is appended to a constant that depends on its place in the list.
func valueLines(keyword string, s, from *ast.ValueSpec, iota string) []string {
	var lines []string
	for i, name := range s.Names {
		if !name.IsExported() {
			continue
		}
		line := keyword + " " + name.Name
		if from.Type != nil {
			line += " " + source(from.Type)
		}
		if i < len(from.Values) {
			value := source(from.Values[i])
			switch {
			case isError(from.Values[i]):
				line += " error" // its text is no promise
			case keyword == "const" && strings.Contains(value, "iota"):
				line += " = " + value + iota
			default:
				line += " = " + value
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// isError says whether the value is made by errors.New or fmt.Errorf.
func isError(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	made := source(call.Fun)
	return made == "errors.New" || made == "fmt.Errorf"
}

func typeLines(s *ast.TypeSpec) []string {
	shape := *s
	shape.Doc, shape.Comment = nil, nil
	var members []string
	switch t := s.Type.(type) {
	case *ast.StructType:
		shape.Type = ast.NewIdent("struct")
		members = memberLines("field ", "unexported fields", t.Fields)
	case *ast.InterfaceType:
		shape.Type = ast.NewIdent("interface")
		members = memberLines("", "unexported methods", t.Methods)
	}
	return append([]string{"type " + source(&shape)}, members...)
}

// memberLines describes the fields of a struct, or the methods of an interface.
func memberLines(keyword, hidden string, list *ast.FieldList) []string {
	var lines []string
	anyHidden := false
	for _, member := range list.List {
		if len(member.Names) == 0 {
			lines = append(lines, "embeds "+source(member.Type))
		}
		for _, name := range member.Names {
			switch fn, isFunc := member.Type.(*ast.FuncType); {
			case !name.IsExported():
				anyHidden = true
			case keyword == "" && isFunc:
				lines = append(lines, source(&ast.FuncDecl{Name: name, Type: fn}))
			default:
				lines = append(lines, keyword+name.Name+" "+source(member.Type))
			}
		}
	}
	if anyHidden {
		lines = append(lines, "has "+hidden)
	}
	return lines
}

func receiver(t ast.Expr) string {
	for {
		switch e := t.(type) {
		case *ast.StarExpr:
			t = e.X
		case *ast.IndexExpr:
			t = e.X
		case *ast.IndexListExpr:
			t = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

// source returns a piece of syntax as Go text on one line.
func source(node any) string {
	var out strings.Builder
	if err := printer.Fprint(&out, token.NewFileSet(), node); err != nil {
		return fmt.Sprintf("<%v>", err)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}
