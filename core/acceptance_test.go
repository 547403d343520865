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

// promise is a row of the acceptance list.
type promise struct{ section, id, text string }

// promises reads the list: "##" begins a section, "#" a comment, and what is left
// is an ID and what it promises.
func promises(text string) (rows []promise) {
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = heading
		} else if line != "" && line[0] != '#' {
			id, says, _ := strings.Cut(line, " ")
			rows = append(rows, promise{section, id, says})
		}
	}
	return rows
}

// proofs returns the tests in packages that stand for rows, with their packages, by
// the ID of the row.
func proofs(packages []*arch.Package) map[string][]string {
	by := map[string][]string{}
	for _, p := range packages {
		for _, f := range p.Files {
			for _, decl := range f.AST.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok || fn.Recv != nil || !f.IsTest() {
					continue
				}
				for _, row := range provenRows(fn.Name.Name) {
					id := row[:2] + "-" + row[2:]
					by[id] = append(by[id], p.Name()+"."+fn.Name.Name)
				}
			}
		}
	}
	for _, tests := range by {
		slices.Sort(tests)
	}
	return by
}

// acceptanceList returns the rows of the list in testdata.
func acceptanceList(t *testing.T) []promise {
	t.Helper()
	text, err := os.ReadFile("testdata/acceptance.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := promises(string(text))
	if len(rows) < 100 {
		t.Fatalf("the list of acceptance rows has only %d", len(rows))
	}
	return rows
}

func TestSeed_PK7_EveryAcceptanceRowHasATest(t *testing.T) {
	tests := proofs(load(t))
	for _, row := range acceptanceList(t) {
		if len(tests[row.id]) == 0 {
			t.Errorf("no test is named TestSeed_%s_...", strings.ReplaceAll(row.id, "-", ""))
		}
		if row.text == "" || row.section == "" {
			t.Errorf("%s says nothing", row.id)
		}
		delete(tests, row.id)
	}
	for id, names := range tests {
		t.Errorf("%s, of %q, is no row", id, names)
	}
}

const acceptancePage = "../docs/acceptance.md"

// acceptanceHead begins the page; the tables are made from the list and the tests.
const acceptanceHead = `# Acceptance

Each promise, and the tests that prove it: they carry its ID in their names. Made from ` + "`core/testdata/acceptance.txt`" + ` and the
tests; after a change of either ` + "`go test ./core -run AcceptancePage -update`" + ` makes it anew. What there is, with examples, is in
[features.md](features.md).
`

func acceptanceText(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(acceptanceHead)
	tests, section := proofs(load(t)), ""
	for _, row := range acceptanceList(t) {
		if row.section != section {
			section = row.section
			fmt.Fprintf(&b, "\n## %s\n\n| ID | Promise | Tests |\n|---|---|---|\n", section)
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` |\n", row.id, row.text, strings.Join(slices.Compact(tests[row.id]), "`, `"))
	}
	return b.String()
}

func TestDocs_AcceptancePageIsThatOfTheTests(t *testing.T) {
	samePage(t, acceptancePage, acceptanceText(t), "AcceptancePage")
}

func TestProofs_AreTestsWithTheID(t *testing.T) {
	text := "package x\n\n"
	for _, name := range []string{"TestSeed_AB1_X", "TestSeed_AB2_CD3_X", "FuzzSeed_AB4_X", "Example_seed_AB15_x", "TestSeed_AB6X", "testSeed_AB7_x"} {
		text += fmt.Sprintf("func %s() {}\n\n", name)
	}
	p, err := arch.Parse(map[string]string{"core/x_test.go": text})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(proofs([]*arch.Package{p}))
	want := "map[AB-1:[x.TestSeed_AB1_X] AB-15:[x.Example_seed_AB15_x] AB-2:[x.TestSeed_AB2_CD3_X] AB-4:[x.FuzzSeed_AB4_X] CD-3:[x.TestSeed_AB2_CD3_X]]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPromises_HaveASectionAnIDAndAText(t *testing.T) {
	got := promises("# a comment\n\n## One\nAB-1 It works.\n## Two\n  # another\nAB-2 It stops.\n")
	want := []promise{{"One", "AB-1", "It works."}, {"Two", "AB-2", "It stops."}}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
