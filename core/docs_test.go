// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link fits the target of a Markdown link.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// codeBlock fits a block of code, in which there are no links.
var codeBlock = regexp.MustCompile("(?s)```.*?```")

// localLinks returns the targets in the repository that a page links to, as
// paths relative to the page, without fragments.
func localLinks(page string) []string {
	var targets []string
	page = codeBlock.ReplaceAllString(page, "")
	for _, match := range link.FindAllStringSubmatch(page, -1) {
		target, _, _ := strings.Cut(match[1], "#")
		if target != "" && !strings.Contains(target, ":") {
			targets = append(targets, target)
		}
	}
	return targets
}

// samePage checks that the page at path, which is made and not written, says text; with
// -update it makes it. run finds the test that called.
func samePage(t *testing.T, path, text, run string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text {
		t.Errorf("%s is not what the source says: go test ./core -run %s -update", path, run)
	}
}

func TestDocs_LinksLeadSomewhere(t *testing.T) {
	pages := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "contrib/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range found {
			pages++
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range localLinks(string(text)) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
					t.Errorf("%s: the link to %s leads nowhere", page, target)
				}
			}
		}
	}
	if pages == 0 {
		t.Error("no pages found")
	}
}

func TestLocalLinks_LeavesOutTheWeb(t *testing.T) {
	got := localLinks("[a](a.md#part), [b](https://example.com/b.md), [c](#part), ![d](img/d.svg)\n```go\nerrors.AsType[x](err)\n```\n")
	if len(got) != 2 || got[0] != "a.md" || got[1] != "img/d.svg" {
		t.Errorf("got %q", got)
	}
}
