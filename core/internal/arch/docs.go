// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package arch

import (
	"go/ast"
	"go/token"
	"strings"
)

func checkPackageDoc(p *Package, report reporter) {
	files := p.production()
	for _, f := range files {
		if f.AST.Doc.Text() != "" {
			return
		}
	}
	if len(files) > 0 {
		report(files[0], files[0].AST.Name.Pos(), "package %s has no doc comment", p.Name())
	}
}

// checkExportedDoc: whatever a user can name is documented. The comment above a
// list speaks for its names, that of a type for plain fields and for a single
// method. Each field of an options struct and each of several methods needs one
// of its own: they are promises.
func checkExportedDoc(p *Package, f *File, report reporter) {
	if f.IsTest() || p.Name() == "main" {
		return
	}
	for _, decl := range f.AST.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) && d.Doc.Text() == "" {
				report(f, d.Pos(), "exported %s has no doc comment", d.Name.Name)
			}
		case *ast.GenDecl:
			checkGroupDoc(f, d, report)
		}
	}
}

func checkGroupDoc(f *File, group *ast.GenDecl, report reporter) {
	for _, spec := range group.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if !s.Name.IsExported() {
				continue
			}
			if !documented(s.Doc, s.Comment, typeDoc(group)) {
				report(f, s.Pos(), "exported type %s has no doc comment", s.Name.Name)
			}
			checkMemberDocs(f, s, report)
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && !documented(s.Doc, s.Comment, group.Doc) {
					report(f, name.Pos(), "exported %s %s has no doc comment", group.Tok, name.Name)
				}
			}
		}
	}
}

// typeDoc returns the comment above the declaration of a single type.
func typeDoc(group *ast.GenDecl) *ast.CommentGroup {
	if group.Lparen == token.NoPos {
		return group.Doc
	}
	return nil
}

func documented(comments ...*ast.CommentGroup) bool {
	for _, c := range comments {
		if c.Text() != "" {
			return true
		}
	}
	return false
}

// checkMemberDocs lets the comment of a field speak for the fields directly
// below it too.
func checkMemberDocs(f *File, s *ast.TypeSpec, report reporter) {
	var members *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		if strings.HasSuffix(s.Name.Name, "Options") {
			members = t.Fields
		}
	case *ast.InterfaceType:
		if t.Methods.NumFields() > 1 {
			members = t.Methods
		}
	}
	if members == nil {
		return
	}
	_, isStruct := s.Type.(*ast.StructType)
	covered, end := false, 0
	for _, member := range members.List {
		adjacent := isStruct && f.fset.Position(member.Pos()).Line == end+1
		covered = documented(member.Doc, member.Comment) || covered && adjacent && member.Doc == nil
		end = f.fset.Position(member.End()).Line
		for _, name := range member.Names {
			if name.IsExported() && !covered {
				report(f, name.Pos(), "exported %s.%s has no doc comment", s.Name.Name, name.Name)
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch e := t.(type) {
		case *ast.StarExpr:
			t = e.X
		case *ast.IndexExpr:
			t = e.X
		case *ast.IndexListExpr:
			t = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return true
		}
	}
}
