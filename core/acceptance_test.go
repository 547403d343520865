// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/arch"
)

// seedName fits the names of tests that stand for rows of the acceptance list,
// one or several: TestSeed_ST1_X, TestSeed_BL8_FS3_X.
var seedName = regexp.MustCompile(`^(?:Test|Fuzz|Example_)[Ss]eed_((?:[A-Z]{2}[0-9]+_)+)`)

// provenRows returns the rows that the name of a test function stands for.
func provenRows(function string) []string {
	match := seedName.FindStringSubmatch(function)
	if match == nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(match[1], "_"), "_")
}

// acceptanceRows reads the list: a row a line, "#" begins a comment.
func acceptanceRows(text string) []string {
	var rows []string
	for line := range strings.Lines(text) {
		content, _, _ := strings.Cut(line, "#")
		rows = append(rows, strings.Fields(content)...)
	}
	return rows
}

// unproven returns the rows that no test in packages stands for.
func unproven(rows []string, packages []*arch.Package) []string {
	proven := map[string]bool{}
	for _, p := range packages {
		for _, f := range p.Files {
			for _, decl := range f.AST.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok || fn.Recv != nil || !f.IsTest() {
					continue
				}
				for _, row := range provenRows(fn.Name.Name) {
					proven[row] = true
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool {
		return proven[strings.ReplaceAll(row, "-", "")]
	})
}

func TestSeed_PK7_EveryAcceptanceRowHasATest(t *testing.T) {
	text, err := os.ReadFile("testdata/acceptance.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := acceptanceRows(string(text))
	if len(rows) == 0 {
		t.Fatal("the list of acceptance rows is empty")
	}
	for _, row := range unproven(rows, load(t)) {
		t.Errorf("no test is named TestSeed_%s_...", strings.ReplaceAll(row, "-", ""))
	}
}

func TestUnproven_FindsARowWithoutATest(t *testing.T) {
	text := "package x\n\n"
	for _, name := range []string{"TestSeed_AB1_X", "TestSeed_AB2_CD3_X", "FuzzSeed_AB4_X", "Example_seed_AB5_x", "TestSeed_AB6X", "testSeed_AB7_x"} {
		text += fmt.Sprintf("func %s() {}\n\n", name)
	}
	p, err := arch.Parse(map[string]string{"core/x_test.go": text})
	if err != nil {
		t.Fatal(err)
	}
	rows := acceptanceRows("AB-1 AB-2 # CD-9\nCD-3\nAB-4 AB-5\nAB-6 AB-7 # not tests\n")
	got := unproven(rows, []*arch.Package{p})
	if want := []string{"AB-6", "AB-7"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
