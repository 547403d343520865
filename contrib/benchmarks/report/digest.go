// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The fusioncache-go authors

package report

import (
	"errors"
	"fmt"
	"strings"
)

// The lines in a page that the digest stands between.
const (
	digestBegin = "<!-- numbers -->\n"
	digestEnd   = "<!-- /numbers -->\n"
)

// Digest puts the digests of sections into a page, between the comments numbers and
// /numbers. It returns an error if the page does not have them.
func Digest(page, about string, sections []*Section) (string, error) {
	before, rest, begun := strings.Cut(page, digestBegin)
	_, after, ended := strings.Cut(rest, digestEnd)
	if !begun || !ended {
		return "", errors.New("the page has no place for numbers")
	}
	var out strings.Builder
	out.WriteString(before + digestBegin)
	_, _ = fmt.Fprintf(&out, "%s %s\n", about, Count(sections))
	for _, s := range sections {
		if s.Digest.Rows != nil {
			s.Digest.write(&out)
		}
	}
	out.WriteString(digestEnd + after)
	return out.String(), nil
}
