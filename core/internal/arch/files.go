// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package arch

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

const (
	header = "// SPDX-License-Identifier: MIT\n" +
		"// SPDX-FileCopyrightText: The fusioncache-go authors\n\n"
	maxFileLines = 600
)

// looksLikeTest fits names such as issue_test_1.25.go: Go compiles them into
// the package, with whatever they import, and never runs their tests.
var looksLikeTest = regexp.MustCompile(`_tests?$|(^|_)tests?[_.0-9]`)

func checkHeader(_ *Package, f *File, report reporter) {
	if !strings.HasPrefix(f.text, header) {
		report(f, f.AST.FileStart, "the file must begin with the two SPDX lines and an empty line")
	}
}

func checkFileSize(_ *Package, f *File, report reporter) {
	if lines := strings.Count(f.text, "\n"); lines > maxFileLines {
		report(f, f.AST.FileStart, "the file has %d lines, more than %d; split it by subject", lines, maxFileLines)
	}
}

func checkTestFileName(_ *Package, f *File, report reporter) {
	name := strings.TrimSuffix(path.Base(f.Path), ".go")
	if !f.IsTest() && looksLikeTest.MatchString(name) {
		report(f, f.AST.FileStart, "the name looks like a test, but only names ending in _test.go are")
	}
}

func checkPackageName(_ *Package, f *File, report reporter) {
	name := strings.TrimSuffix(f.AST.Name.Name, "_test")
	empty := []string{"util", "utils", "helper", "helpers", "common", "misc", "base", "shared"}
	if slices.Contains(empty, name) {
		report(f, f.AST.Name.Pos(), "package %s says nothing; name it after the one thing that it does", name)
	}
}

// checkOpenMarks: unfinished work is an issue, not a comment.
func checkOpenMarks(_ *Package, f *File, report reporter) {
	for _, group := range f.AST.Comments {
		for _, c := range group.List {
			for _, mark := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} {
				if strings.Contains(c.Text, mark) {
					report(f, c.Pos(), "%s is left in a comment", mark)
				}
			}
		}
	}
}
