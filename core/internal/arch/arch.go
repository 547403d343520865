// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

// Package arch states the rules of the repository's architecture as code.
//
// A [Rule] looks at one package of the repository, all of its files parsed but
// not type-checked, and returns what breaks it. The test of package core runs
// every rule on every package of every module; the test beside this file proves
// for each rule that it can fail. Nothing outside tests imports this package.
package arch

import (
	"fmt"
	"go/ast"
	"go/token"
)

// Module is the import path of the root module.
const Module = "github.com/fusioncache-go/fusioncache"

// Finding is one place that breaks a rule.
type Finding struct {
	Path string // relative to the root of the repository
	Line int    // 1 is the first
	Rule string // name of the rule
	Text string // what is wrong, and what to do instead
}

// String gives the finding in the form that editors jump to.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s (%s)", f.Path, f.Line, f.Text, f.Rule)
}

// Rule is one law of the architecture.
type Rule struct {
	// Name identifies the rule in findings and in the proof that it can fail.
	Name string

	check func(p *Package, report reporter)
}

// reporter takes one finding of a rule.
type reporter func(f *File, at token.Pos, format string, args ...any)

// Check returns what breaks the rule in p, in the order of the files.
func (r Rule) Check(p *Package) []Finding {
	var found []Finding
	r.check(p, func(f *File, at token.Pos, format string, args ...any) {
		line := 1
		if at.IsValid() {
			line = f.fset.Position(at).Line
		}
		found = append(found, Finding{Path: f.Path, Line: line, Rule: r.Name, Text: fmt.Sprintf(format, args...)})
	})
	return found
}

// Rules returns all rules.
func Rules() []Rule {
	return []Rule{
		{"core-std-only", checkCoreStdOnly},
		{"core-direction", checkCoreDirection},
		{"parts-import-core", checkPartsImportCore},
		{"contrib-public-only", checkContribPublicOnly},
		{"testing-in-tests", checkTestingInTests},
		{"file-header", eachFile(checkHeader)},
		{"file-size", eachFile(checkFileSize)},
		{"test-file-name", eachFile(checkTestFileName)},
		{"package-name", eachFile(checkPackageName)},
		{"open-mark", eachFile(checkOpenMarks)},
		{"no-init", eachFile(checkNoInit)},
		{"no-panic", eachFile(checkNoPanic)},
		{"no-sleep", eachFile(checkNoSleep)},
		{"no-background", eachFile(checkNoBackground)},
		{"no-global", checkNoGlobal},
		{"function-size", eachFile(checkFunctionSize)},
		{"parameters", eachFile(checkParameters)},
		{"interface-size", checkInterfaceSize},
		{"package-doc", checkPackageDoc},
		{"exported-doc", eachFile(checkExportedDoc)},
	}
}

func eachFile(check func(p *Package, f *File, report reporter)) func(*Package, reporter) {
	return func(p *Package, report reporter) {
		for _, f := range p.Files {
			check(p, f, report)
		}
	}
}

// walk calls visit for each node of type N below root.
func walk[N ast.Node](root ast.Node, visit func(N)) {
	ast.Inspect(root, func(n ast.Node) bool {
		if wanted, ok := n.(N); ok {
			visit(wanted)
		}
		return true
	})
}
