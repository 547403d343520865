// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/fusioncache-go/fusioncache/core/internal/api"
)

const sample = `package x

import "errors"

// Level is one.
type Level uint8

// The levels.
const (
	LevelA Level = iota + 1
	levelB
	LevelC
)

const Max = 1 << 10

// ErrX is one; errY is not.
var (
	ErrX = errors.New("the text may change")
	errY = errors.New("y")
)

func Make[V any](ctx context.Context, opts *Options) (*Box[V], error) {
	return nil, nil
}

func hidden() {}

type Box[V any] struct {
	Options
	Name, Label string // of the box
	Open        func(
		key string,
	) error
	lock int
}

func (b *Box[V]) Get(key string) (V, bool) { panic(0) }

func (b *Box[V]) set() {}

type Alias = Box[int]

type Seam interface {
	io.Closer
	// Get reads.
	Get(key string) ([]byte, bool)
	seal()
}

type unseen struct{ F int }

func (unseen) M() {}

func (Level) String() string { return "" }
`

const want = `const LevelA Level = iota + 1 // iota 0
const LevelC Level = iota + 1 // iota 2
const Max = 1 << 10
var ErrX error
func Make[V any](ctx context.Context, opts *Options) (*Box[V], error)
type Alias = Box[int]
type Box[V any] struct
	embeds Options
	field Name string
	field Label string
	field Open func(key string) error
	has unexported fields
	func (b *Box[V]) Get(key string) (V, bool)
type Level uint8
	func (Level) String() string
type Seam interface
	embeds io.Closer
	func Get(key string) ([]byte, bool)
	has unexported methods
`

func TestDescribe_ListsWhatIsExported(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", sample, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if got := api.Describe([]*ast.File{f}); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
