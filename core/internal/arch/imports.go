// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package arch

import (
	"slices"
	"strings"
)

// direction is what the production code of a part of core may import from core:
// the arrows of docs/architecture.md. A pattern ending in "/..." stands for all
// packages below it, one that begins with "*" for all that end so. The first
// row that fits a package holds.
type direction struct {
	from string
	to   []string
}

func directions() []direction {
	return []direction{
		{"core", []string{"core/internal/..."}},
		{"core/hybrid", []string{
			"core", "core/internal/...", "core/wire", "core/layer", "core/coherence", "core/resilience",
		}},
		{"core/resilience", []string{"core", "core/internal/..."}},
		{"core/coherence", []string{"core", "core/internal/...", "core/wire"}},
		{"core/layer", []string{"core", "core/internal/...", "core/wire"}},
		{"core/wire", []string{"core", "core/internal/..."}},
		{"core/chaos", []string{"core", "core/internal/..."}},
		{"core/internal/sim", []string{"core", "core/..."}},
		{"core/internal/...", []string{"core", "core/internal/..."}},
		{"core/cachetest", []string{"core", "core/hybrid", "core/internal/..."}},
		{"*test", []string{"core", "core/internal/...", "*test"}},
	}
}

func fits(pattern, dir string) bool {
	if below, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(dir, below)
	}
	if end, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(dir, end)
	}
	return pattern == dir
}

// inRoot returns the folder of an import within the root module.
func inRoot(target string) (dir string, ok bool) {
	dir, ok = strings.CutPrefix(target, Module+"/")
	return dir, ok
}

func isStd(target string) bool {
	first, _, _ := strings.Cut(target, "/")
	return !strings.Contains(first, ".")
}

func under(dir string, tops ...string) bool {
	top, _, _ := strings.Cut(dir, "/")
	return slices.Contains(tops, top)
}

// checkCoreStdOnly: the core needs nothing but the standard library. Its tests
// may also use the other packages of the module, its examples a user's clients.
func checkCoreStdOnly(p *Package, report reporter) {
	if !under(p.Dir, "core") {
		return
	}
	for _, f := range p.Files {
		if f.IsTest() && strings.Contains(f.Path, "example") {
			continue
		}
		for target, spec := range f.Imports() {
			dir, own := inRoot(target)
			if isStd(target) || own && (f.IsTest() || under(dir, "core")) {
				continue
			}
			report(f, spec.Pos(), "core imports %s; it may import the standard library only", target)
		}
	}
}

// checkCoreDirection: the packages of core depend on each other one way.
func checkCoreDirection(p *Package, report reporter) {
	if !under(p.Dir, "core") {
		return
	}
	rows := directions()
	row := slices.IndexFunc(rows, func(d direction) bool { return fits(d.from, p.Dir) })
	if row < 0 {
		if files := p.production(); len(files) > 0 {
			report(files[0], files[0].AST.Package, "%s has no row in the table of directions; add one", p.Dir)
		}
		return
	}
	for _, f := range p.production() {
		for target, spec := range f.Imports() {
			dir, own := inRoot(target)
			allowed := slices.ContainsFunc(rows[row].to, func(to string) bool { return fits(to, dir) })
			if own && under(dir, "core") && !allowed {
				report(f, spec.Pos(), "%s must not import %s", p.Dir, dir)
			}
		}
	}
}

// checkPartsImportCore: a part that can be swapped knows core, and no other
// part and no policy; parts of one kind may share internals. Its tests use the
// conformance suites.
func checkPartsImportCore(p *Package, report reporter) {
	if !under(p.Dir, "adapters", "backplanes", "serializers", "plugins") {
		return
	}
	for _, f := range p.production() {
		for target, spec := range f.Imports() {
			dir, own := inRoot(target)
			kind, _, _ := strings.Cut(p.Dir, "/")
			inside := strings.HasPrefix(dir, p.Dir+"/internal/") || strings.HasPrefix(dir, kind+"/internal/")
			if own && dir != "core" && !inside {
				report(f, spec.Pos(), "%s imports %s; from this module it may import core only", p.Dir, dir)
			}
		}
	}
}

// checkContribPublicOnly: what contrib needs, a user can have too.
func checkContribPublicOnly(p *Package, report reporter) {
	if !under(p.Dir, "contrib") {
		return
	}
	for _, f := range p.Files {
		for target, spec := range f.Imports() {
			dir, own := inRoot(target)
			internal := strings.Contains("/"+dir+"/", "/internal/")
			if own && internal && !under(dir, "contrib") {
				report(f, spec.Pos(), "contrib imports %s; it may use public packages only", dir)
			}
		}
	}
}

// checkTestingInTests: package testing never reaches a user's binary.
func checkTestingInTests(p *Package, report reporter) {
	if p.IsTestKit() {
		return
	}
	for _, f := range p.production() {
		for target, spec := range f.Imports() {
			dir, own := inRoot(target)
			if target == "testing" || strings.HasPrefix(target, "testing/") || own && isTestKit(dir) {
				report(f, spec.Pos(), "imports %s; only tests and packages named ...test may", target)
			}
		}
	}
}
