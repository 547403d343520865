// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package arch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/arch"
)

const head = `// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

`

// sample is one file and the name of the rule that it breaks, "" for none.
type sample struct {
	name, rule, path, text string
}

func imports(path string) string {
	return "// Package x is a sample.\npackage x\n\nimport _ \"" + path + "\"\n"
}

func own(dir string) string { return imports(arch.Module + "/" + dir) }

const doc = "// Package x is a sample.\npackage x\n"

func importSamples() []sample {
	return []sample{
		{"vendor in core", "core-std-only", "core/x.go", imports("github.com/redis/go-redis/v9")},
		{"vendor in a test of core", "core-std-only", "core/x_test.go", imports("github.com/redis/go-redis/v9")},
		{"adapter in core", "core-std-only", "core/hybrid/x.go", own("adapters/redisdist")},
		{"vendor in an example", "", "core/hybrid/example_test.go", imports("github.com/redis/go-redis/v9")},
		{"adapter in a test of core", "", "core/hybrid/x_test.go", own("adapters/redisdist")},
		{"std in core", "", "core/x.go", imports("container/list")},
		{"core needs a policy", "core-direction", "core/x.go", own("core/resilience")},
		{"policy needs the stack", "core-direction", "core/resilience/x.go", own("core/hybrid")},
		{"coherence needs the stack", "core-direction", "core/coherence/x.go", own("core/hybrid")},
		{"layer needs the stack", "core-direction", "core/layer/x.go", own("core/hybrid")},
		{"wire needs the stack", "core-direction", "core/wire/x.go", own("core/hybrid")},
		{"suite needs the stack", "core-direction", "core/memorytest/x.go", own("core/hybrid")},
		{"package without a row", "core-direction", "core/novel/x.go", doc},
		{"stack needs a policy", "", "core/hybrid/x.go", own("core/resilience")},
		{"adapter needs the stack", "parts-import-core", "adapters/redisdist/x.go", own("core/hybrid")},
		{"adapter needs wire", "parts-import-core", "adapters/redisdist/x.go", own("core/wire")},
		{"adapters need each other", "parts-import-core", "backplanes/redisbus/x.go", own("adapters/redisdist")},
		{"backplanes share internals", "", "backplanes/redisbus/x.go", own("backplanes/internal/redisconn")},
		{"adapter needs internals of backplanes", "parts-import-core", "adapters/redisdist/x.go", own("backplanes/internal/redisconn")},
		{"plugin needs the stack", "parts-import-core", "plugins/breaker/x.go", own("core/hybrid")},
		{"serializer needs a part", "parts-import-core", "serializers/jsonser/x.go", own("serializers/rawser")},
		{"adapter and its vendor", "", "adapters/redisdist/x.go", imports("github.com/redis/go-redis/v9")},
		{"adapter and core", "", "adapters/redisdist/x.go", own("core")},
		{"adapter and a suite, in a test", "", "adapters/redisdist/x_test.go", own("core/distributedtest")},
		{"contrib needs internals", "contrib-public-only", "contrib/demo/x.go", own("core/internal/flight")},
		{"contrib needs its own internals", "", "contrib/demo/x.go", own("contrib/demo/internal/load")},
		{"testing in production", "testing-in-tests", "core/x.go", imports("testing")},
		{"iotest in production", "testing-in-tests", "adapters/redisdist/x.go", imports("testing/iotest")},
		{"suite in production", "testing-in-tests", "contrib/demo/x.go", own("core/memorytest")},
		{"suite in the simulator", "", "core/internal/sim/x.go", own("core/coherencetest")},
		{"testing in a suite", "", "core/memorytest/x.go", imports("testing")},
	}
}

func fileSamples() []sample {
	return []sample{
		{"600 lines", "", "core/x.go", doc + strings.Repeat("//\n", 595)},
		{"601 lines", "file-size", "core/x.go", doc + strings.Repeat("//\n", 596)},
		{"test with a version", "test-file-name", "core/issue_test_1.25.go", doc},
		{"test with a suffix", "test-file-name", "core/x_test_go124.go", doc},
		{"test with a prefix", "test-file-name", "core/test_x.go", doc},
		{"tests in the plural", "test-file-name", "core/x_tests.go", doc},
		{"latest", "", "core/latest.go", doc},
		{"package util", "package-name", "core/x.go", "// Package util is one.\npackage util\n"},
		{"tests of package helpers", "package-name", "core/x_test.go", "package helpers_test\n"},
		{"open work", "open-mark", "core/x.go", doc + "\n// TO" + "DO: more\n"},
	}
}

func codeSamples() []sample {
	return []sample{
		{"init", "no-init", "core/x.go", doc + "\nfunc init() {}\n"},
		{"init method", "", "core/x.go", doc + "\ntype t int\n\nfunc (t) init() {}\n"},
		{"panic", "no-panic", "core/x.go", doc + "\nfunc f() { panic(1) }\n"},
		{"panic again", "no-panic", "core/x.go", doc + "\nfunc f() { defer func() { panic(recover()) }() }\n"},
		{"panic in a variable", "no-panic", "core/x.go", doc + "\nvar f = func() { panic(1) }\n"},
		{"panic in Must", "", "core/x.go", doc + "\n// MustF panics.\nfunc MustF() { panic(1) }\n"},
		{"panic in a test", "", "core/x_test.go", doc + "\nfunc f() { panic(1) }\n"},
		{"sleep", "no-sleep", "core/x.go", doc + "\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n"},
		{"sleep by another name", "no-sleep", "core/x_test.go", doc + "\nimport t \"time\"\n\nfunc f() { t.Sleep(1) }\n"},
		{
			"sleep in virtual time", "", "core/x_test.go",
			doc + "\nimport (\n\t\"testing/synctest\"\n\t\"time\"\n)\n\nvar _ = synctest.Wait\n\nfunc f() { time.Sleep(1) }\n",
		},
		{"background", "no-background", "core/x.go", doc + "\nimport \"context\"\n\nfunc f() { _ = context.Background() }\n"},
		{"empty context", "no-background", "core/x.go", doc + "\nimport \"context\"\n\nfunc f() { _ = context.TODO() }\n"},
		{
			"background in its file", "", "core/hybrid/background.go",
			doc + "\nimport \"context\"\n\nfunc f() { _ = context.Background() }\n",
		},
		{
			"background in contrib", "", "contrib/demo/x.go",
			doc + "\nimport \"context\"\n\nfunc f() { _ = context.Background() }\n",
		},
	}
}

func globalSamples() []sample {
	const module = arch.Module
	return []sample{
		{"embedded file that changes", "no-global", "core/x.go", doc + "\nimport _ \"embed\"\n\n//go:embed x.lua\nvar s string\n\nfunc f() { s = \"\" }\n"},
		{"variable", "no-global", "core/x.go", doc + "\nvar n int\n"},
		{"exported variable", "no-global", "core/x.go", doc + "\n// N is set by all.\nvar N = 1\n"},
		{"counter", "no-global", "core/x.go", doc + "\nvar n = 1\n\nfunc f() { n++ }\n"},
		{"table that grows", "no-global", "core/x.go", doc + "\nvar m = map[int]int{1: 1}\n\nfunc f() { m[2] = 2 }\n"},
		{"table that shrinks", "no-global", "core/x.go", doc + "\nvar m = map[int]int{1: 1}\n\nfunc f() { delete(m, 1) }\n"},
		{"field that changes", "no-global", "core/x.go", doc + "\nvar s = struct{ n int }{1}\n\nfunc f() { s.n = 2 }\n"},
		{"address", "no-global", "core/x.go", doc + "\nvar n = 1\n\nfunc f() *int { return &n }\n"},
		{"pointer", "no-global", "core/x.go", doc + "\nvar p = &struct{ n int }{1}\n"},
		{"made", "no-global", "core/x.go", doc + "\nvar c = make(chan int)\n"},
		{"pool", "no-global", "core/x.go", doc + "\nimport \"sync\"\n\nvar p = sync.Pool{New: nil}\n"},
		{"atomic", "no-global", "core/x.go", doc + "\nimport \"sync/atomic\"\n\nvar n = atomic.Int64{}\n"},
		{
			"error", "", "core/x.go",
			doc + "\nimport \"errors\"\n\n// ErrX is one.\nvar ErrX = errors.New(\"x\")\n\nvar errY = errors.New(\"y\")\n",
		},
		{"error that changes", "no-global", "core/x.go", doc + "\nvar errX = error(nil)\n\nfunc f() { errX = nil }\n"},
		{"proof of a type", "", "core/x.go", doc + "\nimport \"" + module + "/core/internal/y\"\n\nvar _ y.I = (*t)(nil)\n\ntype t int\n"},
		{"table", "", "core/x.go", doc + "\nvar names = [...]string{\"a\", \"b\"}\n\nfunc f() string { return names[0] }\n"},
	}
}

func sizeSamples() []sample {
	return []sample{
		{"80 lines", "", "core/x.go", doc + "\nfunc f() {\n" + strings.Repeat("\n", 78) + "}\n"},
		{"81 lines", "function-size", "core/x.go", doc + "\nfunc f() {\n" + strings.Repeat("\n", 79) + "}\n"},
		{"6 parameters", "", "core/x.go", doc + "\nfunc f(a, b, c, d, e int, s string) {}\n"},
		{"7 parameters", "parameters", "core/x.go", doc + "\nfunc f(a, b, c, d, e, g int, s string) {}\n"},
		{"7 in a literal", "parameters", "core/x_test.go", doc + "\nvar f = func(a, b, c, d, e, g, h int) {}\n"},
		{"4 methods", "", "core/x.go", doc + "\ntype i interface{ a(); b(); c(); d() }\n"},
		{"5 methods", "interface-size", "core/x.go", doc + "\ntype i interface{ a(); b(); c(); d(); e() }\n"},
		{
			"5 with an embedded one", "interface-size", "core/x.go",
			doc + "\ntype i interface{ a(); b(); c(); j }\n\ntype j interface{ d(); e() }\n",
		},
		{
			"5 with one from elsewhere", "interface-size", "core/x.go",
			doc + "\nimport \"io\"\n\ntype i interface{ a(); b(); c(); d(); io.Closer }\n",
		},
	}
}

func docSamples() []sample {
	return []sample{
		{"package", "package-doc", "core/x.go", "package x\n"},
		{"function", "exported-doc", "core/x.go", doc + "\nfunc F() {}\n"},
		{"method", "exported-doc", "core/x.go", doc + "\n// T is one.\ntype T[V any] struct{}\n\nfunc (t *T[V]) M() {}\n"},
		{"method of an unexported type", "", "core/x.go", doc + "\ntype t int\n\nfunc (t) M() {}\n"},
		{"type", "exported-doc", "core/x.go", doc + "\ntype T int\n"},
		{"type of a list", "exported-doc", "core/x.go", doc + "\n// Several.\ntype (\n\tT int\n)\n"},
		{"option", "exported-doc", "core/x.go", doc + "\n// Options are some.\ntype Options struct {\n\tF int\n}\n"},
		{"option with a comment behind it", "", "core/x.go", doc + "\n// Options are some.\ntype Options struct {\n\tF int // is one\n}\n"},
		{
			"option below a blank line", "exported-doc", "core/x.go",
			doc + "\n// Options are some.\ntype Options struct {\n\t// F is one.\n\tF int\n\n\tG int\n}\n",
		},
		{
			"options under one comment", "", "core/x.go",
			doc + "\n// Options are some.\ntype Options struct {\n\t// F and G are two.\n\tF int\n\tG int\n}\n",
		},
		{"field", "", "core/x.go", doc + "\n// T has an F.\ntype T struct {\n\tF int\n}\n"},
		{"one of two methods", "exported-doc", "core/x.go", doc + "\n// T is one.\ntype T interface {\n\tF()\n\t// G is one.\n\tG()\n}\n"},
		{"two methods under one comment", "exported-doc", "core/x.go", doc + "\n// T is one.\ntype T interface {\n\t// F and G.\n\tF()\n\tG()\n}\n"},
		{"the only method", "", "core/x.go", doc + "\n// T does F.\ntype T interface {\n\tF()\n}\n"},
		{"constant", "exported-doc", "core/x.go", doc + "\nconst C = 1\n"},
		{"constants", "exported-doc", "core/x.go", doc + "\nconst (\n\tC = 1\n)\n"},
		{"constant of a list", "", "core/x.go", doc + "\n// Several.\nconst (\n\tC = 1\n)\n"},
		{"command", "", "contrib/demo/x.go", "// Command x is one.\npackage main\n\nfunc F() {}\n"},
	}
}

func TestRules_FindWhatTheyForbid(t *testing.T) {
	groups := [][]sample{
		importSamples(), fileSamples(), codeSamples(), globalSamples(), sizeSamples(), docSamples(),
		{{"header", "file-header", "core/x.go", ""}},
	}
	proven := map[string]bool{}
	for _, s := range slices.Concat(groups...) {
		proven[s.rule] = true
		t.Run(s.name, func(t *testing.T) { checkSample(t, s) })
	}
	for _, rule := range arch.Rules() {
		if !proven[rule.Name] {
			t.Errorf("no sample proves that rule %s can fail", rule.Name)
		}
	}
}

// checkSample runs all rules: a sample breaks the rule it names, and no other.
func checkSample(t *testing.T, s sample) {
	text := head + s.text
	if s.rule == "file-header" {
		text = doc
	}
	p, err := arch.Parse(map[string]string{s.path: text})
	if err != nil {
		t.Fatal(err)
	}
	hit := false
	for _, rule := range arch.Rules() {
		for _, found := range rule.Check(p) {
			hit = hit || found.Rule == s.rule
			if found.Rule != s.rule {
				t.Errorf("unexpected finding: %v", found)
			}
		}
	}
	if !hit && s.rule != "" {
		t.Errorf("rule %s found nothing in:\n%s", s.rule, text)
	}
}

func TestFinding_NamesThePlace(t *testing.T) {
	p, err := arch.Parse(map[string]string{"core/x.go": head + doc + "\nfunc init() {}\n"})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range arch.Rules() {
		for _, found := range rule.Check(p) {
			if got := found.String(); !strings.HasPrefix(got, "core/x.go:7: ") {
				t.Errorf("finding %q does not begin with the place", got)
			}
		}
	}
}

func TestParse_RefusesWhatIsNotGo(t *testing.T) {
	if _, err := arch.Parse(map[string]string{"core/x.go": "package"}); err == nil {
		t.Error("no error")
	}
}
