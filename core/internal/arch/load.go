// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// File is one Go file of the repository.
type File struct {
	Path string // relative to the root of the repository, with slashes
	AST  *ast.File

	fset *token.FileSet
	text string
}

// IsTest says whether the file is compiled into tests only.
func (f *File) IsTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Imports returns the import declarations by path.
func (f *File) Imports() map[string]*ast.ImportSpec {
	found := make(map[string]*ast.ImportSpec, len(f.AST.Imports))
	for _, spec := range f.AST.Imports {
		if target, err := strconv.Unquote(spec.Path.Value); err == nil {
			found[target] = spec
		}
	}
	return found
}

// importName returns the name under which the file knows a package of the
// standard library, or "" if it does not import it.
func (f *File) importName(target string) string {
	spec, ok := f.Imports()[target]
	switch {
	case !ok:
		return ""
	case spec.Name != nil:
		return spec.Name.Name
	}
	return path.Base(target)
}

// calls reports each use of pkg.name, where pkg is the path of a package of the
// standard library.
func (f *File) calls(pkg, name string, report func(at token.Pos)) {
	known := f.importName(pkg)
	walk(f.AST, func(sel *ast.SelectorExpr) {
		x, ok := sel.X.(*ast.Ident)
		if ok && known != "" && x.Name == known && sel.Sel.Name == name {
			report(sel.Pos())
		}
	})
}

// Package is the Go files of one folder, the tests included.
type Package struct {
	Dir   string // relative to the root of the repository, "." for the root
	Files []*File
}

// Name returns the name of the package, without the suffix of external tests.
func (p *Package) Name() string {
	for _, f := range p.Files {
		if !f.IsTest() {
			return f.AST.Name.Name
		}
	}
	return strings.TrimSuffix(p.Files[0].AST.Name.Name, "_test")
}

// IsTestKit says whether the package exists to be imported by tests, so that
// it may import testing.
func (p *Package) IsTestKit() bool { return isTestKit(p.Dir) }

// The simulator is one, whatever its name: it shares its checker with real servers.
// So is all of the module that has only tests.
func isTestKit(dir string) bool {
	return strings.HasSuffix(dir, "test") || dir == "core/internal/sim" || strings.HasPrefix(dir, "contrib/integration/")
}

// production returns the files that are not tests.
func (p *Package) production() []*File {
	return slices.DeleteFunc(slices.Clone(p.Files), (*File).IsTest)
}

// Parse builds a package from the text of its files, whose names are relative
// to the root of the repository and lie in one folder.
func Parse(texts map[string]string) (*Package, error) {
	p := &Package{}
	fset := token.NewFileSet()
	for name, text := range texts {
		tree, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse: %w", err)
		}
		p.Dir = path.Dir(name)
		p.Files = append(p.Files, &File{Path: name, AST: tree, fset: fset, text: text})
	}
	slices.SortFunc(p.Files, func(a, b *File) int { return strings.Compare(a.Path, b.Path) })
	return p, nil
}

// Load parses every package of every module below root. It leaves out hidden
// folders and testdata.
func Load(root string) ([]*Package, error) {
	folders := map[string]map[string]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "vendor") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		return addFile(folders, root, name)
	})
	if err != nil {
		return nil, fmt.Errorf("load %q: %w", root, err)
	}
	var packages []*Package
	for _, texts := range folders {
		p, err := Parse(texts)
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	slices.SortFunc(packages, func(a, b *Package) int { return strings.Compare(a.Dir, b.Dir) })
	return packages, nil
}

func addFile(folders map[string]map[string]string, root, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	relative, err := filepath.Rel(root, name)
	if err != nil {
		return err
	}
	relative = filepath.ToSlash(relative)
	dir := path.Dir(relative)
	if folders[dir] == nil {
		folders[dir] = map[string]string{}
	}
	folders[dir][relative] = string(text)
	return nil
}
