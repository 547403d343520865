// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fusioncache-go/fusioncache/core"
)

const optionsPage = "../docs/options.md"

// optionsHead begins the page; the tables are made from the source.
const optionsHead = `# Options

Made from the comments in ` + "`core/options.go`" + ` and ` + "`core/hybrid/options.go`" + `; after a change of those,
` + "`go test ./core -run OptionsPage -update`" + ` makes it anew.

Entry options come from four places, each of which refines the one before: the stack (` + "`hybrid.Options.Defaults`" + `), the view
(` + "`hybrid.Of`" + `), the key (` + "`Cache.PerKey`" + `), the call. A factory of ` + "`GetOrRefresh`" + ` can refine them once more for what it
returns (` + "`Load.Options`" + `). What a place does not set it inherits, in every method. Some options also clear what
would contradict them: ` + "`core.TTL`" + ` clears ` + "`DistributedTTL`" + `, so give ` + "`core.DistributedTTL`" + ` after it; ` + "`core.EagerRefresh`" + ` and
` + "`core.EagerChance`" + ` clear each other; ` + "`core.HardTimeout(0)`" + ` clears ` + "`StrictHardTimeout`" + `, ` + "`core.ErrorBackoff(0)`" + ` clears
` + "`ErrorBackoffMax`" + `. ` + "`core.NoTTL()`" + ` is ` + "`core.TTL(0)`" + `; ` + "`core.WithoutFailSafe()`" + ` switches off all that serves or keeps stale entries.

` + "`RemoveByTag`, `ExpireByTag`, `Clear` and `ExpireAll`" + `
are the stack's and take no options: they have its ` + "`Defaults`" + `, of which ` + "`DistributedTimeout`, `BackgroundWrites`, `ReturnLayerErrors`" + `
and ` + "`Skip`" + ` matter to them.

How long an entry lives, and what belongs to it, is decided when it is written: by a ` + "`Set`" + `, or by the call whose factory
made it. How a call waits, and what it may be served, is decided by the call.
`

// sourceFile parses a file, with comments.
func sourceFile(t *testing.T, path string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// documentedField is a field of a struct with its comment in one line.
type documentedField struct{ name, doc string }

func fieldsOf(f *ast.File, structName string) (fields []documentedField) {
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != structName {
			return true
		}
		doc := ""
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			if text := field.Doc.Text(); text != "" {
				doc = strings.Join(strings.Fields(text), " ")
			}
			for _, name := range field.Names {
				fields = append(fields, documentedField{name.Name, doc})
			}
		}
		return false
	})
	return fields
}

// optionFunctions returns, by field, the calls that set it.
func optionFunctions(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("option*.go")
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`\[EntryOptions\.(\w+)\]`)
	by := map[string][]string{}
	for _, path := range files {
		for _, decl := range sourceFile(t, path).Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Results == nil || fmt.Sprint(fn.Type.Results.List[0].Type) != "Option" {
				continue
			}
			for _, match := range setting.FindAllStringSubmatch(fn.Doc.Text(), -1) {
				by[match[1]] = append(by[match[1]], "`core."+fn.Name.Name+"`")
			}
		}
	}
	return by
}

// defaultOf renders the value that a field has when nobody sets it.
func defaultOf(field string) string {
	v := reflect.ValueOf(core.EntryOptions{}.WithDefaults()).FieldByName(field)
	switch d, isDuration := v.Interface().(time.Duration); {
	case field == "LoadTimeout":
		return short(core.DefaultLoadTimeout) + "; none for a caller without any limit"
	case field == "DistributedTTL":
		return "as TTL; without one " + short(core.DefaultDistributedTTL)
	case field == "DistributedStaleTTL":
		return "as StaleTTL"
	case isDuration && d == core.Forever:
		return "for ever"
	case isDuration && d > 0:
		return short(d)
	case v.Kind() == reflect.Bool:
		return "no"
	case field == "Size":
		return "1"
	case field == "Priority":
		return "normal"
	case field == "Skip" || v.IsZero() && (isDuration || v.Kind() == reflect.Slice || v.Kind() == reflect.Pointer || v.CanFloat() || v.CanInt()):
		return "none"
	}
	return fmt.Sprint(v.Interface())
}

// short renders a duration without the parts that are zero.
func short(d time.Duration) string {
	return strings.TrimSuffix(regexp.MustCompile(`(\D)0s$`).ReplaceAllString(d.String(), "$1"), "0m")
}

// plain makes a comment fit for a cell of a table.
func plain(doc string) string {
	doc = regexp.MustCompile(`\[([\w.]+)\]`).ReplaceAllString(doc, "`$1`")
	return strings.ReplaceAll(doc, "|", `\|`)
}

// rulesTable appends a table of rules.
func rulesTable(b *strings.Builder, head string, rules []optionRule) {
	fmt.Fprintf(b, "\n%s\n\n| Option | Why |\n|---|---|\n", head)
	for _, r := range rules {
		fmt.Fprintf(b, "| `%s` | %s |\n", r.option, r.why)
	}
}

// skips returns the parts that can be skipped, with their comments.
func skips(t *testing.T) (parts []documentedField) {
	t.Helper()
	ast.Inspect(sourceFile(t, "options.go"), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, "Skip") {
			parts = append(parts, documentedField{spec.Names[0].Name, strings.Join(strings.Fields(spec.Doc.Text()), " ")})
		}
		return true
	})
	return parts
}

const refusedHead = `## What is refused

At construction, and by the call that says it; the error is an ` + "`*core.OptionError`" + ` for each, joined. No duration may be
negative, and no tag empty or of more than 256 bytes; an entry has 16 tags at most.

A call that memory answers at once does not put its options together. It refuses an option that is wrong whatever the others say,
as a negative duration is; what only contradicts other options, or the parts of the stack, is an error of the calls that go
further.`

const advisedHead = `## What is advised against

What is allowed, but probably not meant so, is an event ` + "`core.Advice`" + `, by ` + "`hybrid.New`" + ` for the stack and by ` + "`hybrid.Of`" + ` for
the view. Options of ` + "`PerKey`" + ` and of calls are not looked at.`

const skipHead = `## What can be skipped

By ` + "`core.Without`" + `, alone or several together. ` + "`core.With`" + ` takes back for a call what the stack or the view leaves out.

| Part | What it does |
|---|---|
`

func optionsText(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(optionsHead)
	b.WriteString("\n## Entry options\n\n| Field of `core.EntryOptions` | Option | Default | What it does | Interplay |\n|---|---|---|---|---|\n")
	fields, calls := fieldsOf(sourceFile(t, "options.go"), "EntryOptions"), optionFunctions(t)
	refused, advised := refusedOptions(t), rulesIn(t, "hybrid/advice.go", "advise")
	rules := slices.Concat(refused, advised)
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	for _, f := range fields {
		alone, others := interplay(f.doc, f.name, names)
		others = relations(f.name, others, fields, rules, names)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.name, strings.Join(calls[f.name], ", "), defaultOf(f.name), plain(alone), plain(others))
	}
	b.WriteString("\n" + skipHead)
	for _, part := range skips(t) {
		fmt.Fprintf(&b, "| `core.%s` | %s |\n", part.name, plain(part.doc))
	}
	rulesTable(&b, refusedHead, refused)
	rulesTable(&b, advisedHead, advised)
	b.WriteString("\n## Options of a stack\n\n| Field of `hybrid.Options` | What it is |\n|---|---|\n")
	for _, f := range fieldsOf(sourceFile(t, "hybrid/options.go"), "Options") {
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.name, plain(f.doc))
	}
	for _, group := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| Field of `%s` | What it is |\n|---|---|\n", group.head, group.name)
		for _, f := range fieldsOf(sourceFile(t, group.file), group.name[strings.Index(group.name, ".")+1:]) {
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.name, plain(f.doc))
		}
	}
	return b.String()
}

// groups are the structs in the options of a stack.
var groups = []struct{ head, name, file string }{
	{"`Options.Shared`", "coherence.SharedOptions", "coherence/shared.go"},
	{"`Options.Pulse`", "coherence.PulseOptions", "coherence/pulse.go"},
	{"`Options.Recovery`", "coherence.RecoveryOptions", "coherence/recovery.go"},
	{"`Options.Background`", "coherence.BackgroundLimits", "coherence/background.go"},
}

func TestDocs_OptionsPageIsThatOfTheSource(t *testing.T) {
	samePage(t, optionsPage, optionsText(t), "OptionsPage")
}

func TestDocs_EveryEntryOptionHasACallAndAComment(t *testing.T) {
	calls := optionFunctions(t)
	for _, f := range fieldsOf(sourceFile(t, "options.go"), "EntryOptions") {
		if len(calls[f.name]) == 0 || f.doc == "" {
			t.Errorf("%s: set by %q, described as %q", f.name, calls[f.name], f.doc)
		}
	}
}
