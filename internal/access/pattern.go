package access

import (
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// Pattern is a set of permissions, which have the names of abilities: parts separated by
// colons, of each part alternatives separated by commas, * for whatever a part may be, and
// parts that are left out at the end likewise. "messages,stats:read" holds messages:read and
// stats:read, "credit" all that begins with credit. No pattern but the word itself holds the
// operator's ability.
type Pattern string

const (
	partMark  = ":"
	otherMark = ","
	anyPart   = "*"
)

// everything holds all that can be done on a site.
const everything Pattern = site.All

func (p Pattern) parts() []string { return strings.Split(string(p), partMark) }

// Holds reports whether a permission is in the set.
func (p Pattern) Holds(permission string) bool {
	if permission == site.Operator {
		return p == site.Operator
	}
	return p.Covers(Pattern(permission))
}

// Covers reports whether all that q holds, or will hold when there are more abilities, is in
// the set: where q leaves a part open, so does p.
func (p Pattern) Covers(q Pattern) bool {
	if q == site.Operator || p == site.Operator {
		return p == q
	}
	wide, narrow := p.parts(), q.parts()
	for i, part := range wide {
		given := []string{anyPart}
		if i < len(narrow) {
			given = strings.Split(narrow[i], otherMark)
		}
		mine := strings.Split(part, otherMark)
		if slices.Contains(mine, anyPart) {
			continue
		}
		if slices.ContainsFunc(given, func(one string) bool { return !slices.Contains(mine, one) }) {
			return false
		}
	}
	return true
}

// simple gives patterns without alternatives that together hold the same.
func (p Pattern) simple() []Pattern {
	out := []Pattern{""}
	for i, part := range p.parts() {
		var longer []Pattern
		for _, begun := range out {
			for _, one := range strings.Split(part, otherMark) {
				if i > 0 {
					one = string(begun) + partMark + one
				}
				longer = append(longer, Pattern(one))
			}
		}
		out = longer
	}
	return out
}

// Patterns are sets of permissions, of which a permission has to be in one.
type Patterns []Pattern

// Holds reports whether a permission is in one of the sets.
func (list Patterns) Holds(permission string) bool {
	return slices.ContainsFunc(list, func(p Pattern) bool { return p.Holds(permission) })
}

// Covers reports whether all that q holds is in the sets.
func (list Patterns) Covers(q Pattern) bool {
	for _, one := range q.simple() {
		if !slices.ContainsFunc(list, func(p Pattern) bool { return p.Covers(one) }) {
			return false
		}
	}
	return true
}

// Permissions are those of all abilities that are in the sets, in the order of the closed list.
func (list Patterns) Permissions() []string {
	out := []string{}
	for _, a := range site.Abilities {
		if a != site.All && list.Holds(a) {
			out = append(out, a)
		}
	}
	return out
}

// Bounds of what a role is written with.
const (
	mostPatterns = 50
	longestOne   = 200
	mostOptions  = 30 // of the simple patterns that one is made of
)

// parsePatterns checks the patterns of a role that people make. One that holds nothing is
// taken for a typing mistake.
func parsePatterns(texts []string) (Patterns, error) {
	if len(texts) == 0 || len(texts) > mostPatterns {
		return nil, fault.Check("/permissions", "want 1 to %d permissions: got %d", mostPatterns, len(texts))
	}
	var out Patterns
	for i, text := range texts {
		at := fmt.Sprintf("/permissions/%d", i)
		p := Pattern(strings.TrimSpace(text))
		switch {
		case p == site.Operator:
			return nil, fault.Check(at, "%q is the role operator's alone", site.Operator)
		case len(p) > longestOne:
			return nil, fault.Check(at, "want at most %d characters", longestOne)
		case strings.Count(string(p), otherMark) >= mostOptions:
			return nil, fault.Check(at, "want at most %d alternatives; write two permissions", mostOptions)
		}
		for _, one := range p.simple() {
			if len((Patterns{one}).Permissions()) == 0 {
				return nil, fault.Check(at, "%q holds no permission; there are %s", one, strings.Join(everyPermission(), ", "))
			}
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func everyPermission() []string { return Patterns{everything}.Permissions() }

// Texts writes the patterns as they are read.
func (list Patterns) Texts() []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = string(p)
	}
	return out
}

// patternsOf takes texts that were checked for patterns.
func patternsOf(texts []string) Patterns {
	out := make(Patterns, len(texts))
	for i, text := range texts {
		out[i] = Pattern(text)
	}
	return out
}
