// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
)

// Chart is a figure: horizontal bars, or lines over a logarithmic axis.
type Chart struct {
	Name  string // of the file, without its extension
	Title string
	Unit  string
	Bars  []Bar
	Lines []Line
	XName string
}

// Bar is one bar. Ours is drawn in another colour.
type Bar struct {
	Label string
	Value float64
	Ours  bool
}

// Line is one line.
type Line struct {
	Label string
	X, Y  []float64
}

const (
	width  = 760
	left   = 270.0
	lineUp = 26.0
)

// palette is the colours of lines.
func palette() []string {
	return []string{"#1f77b4", "#d62728", "#7f7f7f", "#2ca02c", "#9467bd", "#ff7f0e"}
}

// SVG writes the figure.
func (c *Chart) SVG(w io.Writer) {
	if len(c.Lines) > 0 {
		c.lines(w)
		return
	}
	c.bars(w)
}

func (c *Chart) open(w io.Writer, height float64) {
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" font-family="sans-serif" font-size="12">`+"\n", width, height)
	_, _ = fmt.Fprintf(w, `<rect width="%d" height="%.0f" fill="#ffffff"/>`+"\n", width, height)
	c.text(w, 12, 22, "start", c.Title+", "+c.Unit)
}

func (*Chart) text(w io.Writer, x, y float64, anchor, s string) {
	_, _ = fmt.Fprintf(w, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(s))
}

func (c *Chart) bars(w io.Writer) {
	most := 0.0
	for _, b := range c.Bars {
		most = max(most, b.Value)
	}
	c.open(w, 40+lineUp*float64(len(c.Bars)))
	for i, b := range c.Bars {
		y := 36 + lineUp*float64(i)
		fill := "#9aa7b4"
		if b.Ours {
			fill = "#1f77b4"
		}
		long := (width - left - 80) * b.Value / most
		c.text(w, left-8, y+15, "end", b.Label)
		_, _ = fmt.Fprintf(w, `<rect x="%.0f" y="%.0f" width="%.1f" height="20" fill="%s"/>`+"\n", left, y, long, fill)
		c.text(w, left+long+6, y+15, "start", Number(b.Value))
	}
	_, _ = fmt.Fprintln(w, "</svg>")
}

func (c *Chart) lines(w io.Writer) {
	const high, x0, x1, y0, y1 = 380.0, 60.0, 520.0, 330.0, 44.0
	least, last, most := c.extent()
	c.open(w, high)
	across := func(v float64) float64 { return x0 + (x1-x0)*math.Log(v/least)/math.Log(last/least) }
	up := func(v float64) float64 { return y0 - (y0-y1)*v/most }
	_, _ = fmt.Fprintf(w, `<path d="M%.0f %.0fV%.0fH%.0f" fill="none" stroke="#444"/>`+"\n", x0, y1, y0, x1)
	for i := range 5 {
		v := most * float64(i) / 4
		c.text(w, x0-6, up(v)+4, "end", Number(v))
	}
	for _, v := range c.Lines[0].X {
		c.text(w, across(v), y0+18, "middle", Number(v))
	}
	c.text(w, (x0+x1)/2, y0+38, "middle", c.XName)
	colours := palette()
	for i, l := range c.Lines {
		colour := colours[i%len(colours)]
		path := ""
		for j := range l.X {
			path += fmt.Sprintf("%c%.1f %.1f", "ML"[min(j, 1)], across(l.X[j]), up(l.Y[j]))
		}
		_, _ = fmt.Fprintf(w, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", path, colour)
		y := y1 + 20*float64(i)
		_, _ = fmt.Fprintf(w, `<rect x="540" y="%.0f" width="12" height="12" fill="%s"/>`+"\n", y-10, colour)
		c.text(w, 558, y, "start", l.Label)
	}
	_, _ = fmt.Fprintln(w, "</svg>")
}

// extent returns the ends of the horizontal axis and of the vertical one.
func (c *Chart) extent() (least, last, most float64) {
	least, last = math.Inf(1), 0
	for _, l := range c.Lines {
		least, last = min(least, slices.Min(l.X)), max(last, slices.Max(l.X))
		most = max(most, slices.Max(l.Y))
	}
	if last <= least {
		last = least * 2
	}
	return least, last, most * 1.05
}
