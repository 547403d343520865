// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package core_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// optionRule is what an option must not say, or had better not say.
type optionRule struct{ option, why string }

// sentence returns r as one.
func (r optionRule) sentence() string { return "`" + r.option + "` " + r.why + "." }

// rulesIn returns the rules that the file at path tells function of, in calls of a
// condition, an option and a reason.
func rulesIn(t *testing.T, path, function string) (rules []optionRule) {
	t.Helper()
	ast.Inspect(sourceFile(t, path), func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 3 || fmt.Sprint(call.Fun) != function {
			return true
		}
		option, ok1 := call.Args[1].(*ast.BasicLit)
		why, ok2 := call.Args[2].(*ast.BasicLit)
		if ok1 && ok2 && option.Kind == token.STRING && why.Kind == token.STRING {
			rules = append(rules, optionRule{strings.Trim(option.Value, `"`), strings.Trim(why.Value, `"`)})
		}
		return true
	})
	if len(rules) == 0 {
		t.Fatalf("%s tells %s of no rules", path, function)
	}
	return rules
}

func refusedOptions(t *testing.T) []optionRule {
	t.Helper()
	return append(rulesIn(t, "options_validate.go", "refuse"), rulesIn(t, "hybrid/cache.go", "refuse")...)
}

// sentenceEnd fits where one sentence ends and the next begins.
var sentenceEnd = regexp.MustCompile(`([.]) ([A-Z0-9])`)

// interplay splits the sentences of a comment: the first, and those about the option
// alone; and the others, which name other options or parts of the stack.
func interplay(doc, own string, names []string) (alone, others string) {
	var of [2][]string
	for i, s := range strings.Split(sentenceEnd.ReplaceAllString(doc, "$1\x00$2"), "\x00") {
		about := 0
		if i > 0 && (len(named(s, own, names)) > 0 || isOfStack(s)) {
			about = 1
		}
		of[about] = append(of[about], s)
	}
	return strings.Join(of[0], " "), strings.Join(of[1], " ")
}

// isOfStack reports whether text is about a part of the stack.
func isOfStack(text string) bool { return strings.Contains(text, "the stack's") }

// named returns the names in text but for own.
func named(text, own string, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return name == own || !regexp.MustCompile(`\b`+name+`\b`).MatchString(text)
	})
}

// relations completes what a comment says of other options by the rules about them,
// and by a reference to each option whose own comment names this one.
func relations(own, others string, fields []documentedField, rules []optionRule, names []string) string {
	said := []string{others}
	told := func(name string) bool { return len(named(strings.Join(said, " "), own, []string{name})) > 0 }
	for _, r := range rules {
		about := named(r.why, r.option, names)
		switch {
		case r.option == own && slices.ContainsFunc(about, func(name string) bool { return !told(name) }),
			r.option == own && isOfStack(r.why) && !isOfStack(others),
			r.option != own && slices.Contains(about, own) && !told(r.option):
			said = append(said, r.sentence())
		}
	}
	var see []string
	for _, f := range fields {
		if f.name != own && len(named(f.doc, f.name, []string{own})) > 0 && !told(f.name) {
			see = append(see, "`"+f.name+"`")
		}
	}
	if len(see) > 0 {
		said = append(said, "See "+strings.Join(see, ", ")+".")
	}
	return strings.TrimSpace(strings.Join(said, " "))
}

func TestInterplay_SplitsBySentences(t *testing.T) {
	alone, others := interplay("TTL is a life. Zero: 5.5 s. Not below IdleTTL. Needs the stack's L. More.", "TTL", []string{"TTL", "IdleTTL"})
	if alone != "TTL is a life. Zero: 5.5 s. More." || others != "Not below IdleTTL. Needs the stack's L." {
		t.Errorf("got %q and %q", alone, others)
	}
}

func TestRelations_AreCompletedFromBothSides(t *testing.T) {
	fields := []documentedField{{"A", "A is one. Not with B."}, {"B", "B is two."}, {"C", "C is A for B."}, {"D", "D is four."}}
	rules := []optionRule{{"A", "must not be set with B"}, {"D", "needs A"}, {"D", "must be finite"}}
	names := []string{"A", "B", "C", "D"}
	for own, want := range map[string]string{
		"A": "Not with B. `D` needs A. See `C`.",
		"B": "`A` must not be set with B. See `C`.",
		"C": "",
		"D": "`D` needs A.",
	} {
		others := map[string]string{"A": "Not with B."}[own]
		if got := relations(own, others, fields, rules, names); got != want {
			t.Errorf("%s: got %q, want %q", own, got, want)
		}
	}
}
