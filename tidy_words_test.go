package creditmsg

import (
	"regexp"
	"strings"
)

// unfinished are words for work that was put off. They are written in two halves here.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`)

// silenced is a mark that turns a linter off; what follows its checks is the reason.
var silenced = regexp.MustCompile(`^//\s*(?:nolint(?::[\w,-]+)?|lint:(?:ignore|file-ignore)\s+[\w,*]+)(.*)$`)

func checkWords(t *tree) (out []offence) {
	for _, s := range t.files {
		for n, line := range strings.Split(s.text, "\n") {
			if m := unfinished.FindString(line); m != "" {
				out = append(out, t.line(s, n, "says "+m))
			}
		}
	}
	return out
}

func checkSilence(t *tree) (out []offence) {
	for _, s := range t.goFiles() {
		for _, group := range s.ast.Comments {
			for _, c := range group.List {
				m := silenced.FindStringSubmatch(c.Text)
				if m != nil && len(strings.Fields(strings.Trim(m[1], "/ "))) < 3 {
					out = append(out, t.at(s, c, "%s gives no reason", c.Text))
				}
			}
		}
	}
	return out
}

func wordRules() []rule {
	const later = "TO" + "DO"
	return []rule{
		{
			name:  "nothing is left for later in a comment",
			why:   "what is not done is not known to whom it concerns: finish it, or write it where work is planned",
			check: checkWords,
			bad: []string{
				"== internal/credit/a.go ==\npackage credit\n// " + later + ": refunds",
				"== README.md ==\nRefunds: " + later,
			},
			good: []string{"== README.md ==\nRead 010-XXXX-XXXX and the hacks of others."},
		}, {
			name:  "who silences a linter says why",
			why:   "without its reason nobody dares to remove the mark, and the next one is copied from it",
			check: checkSilence,
			bad: []string{
				"== a/a.go ==\npackage a\nvar x = 1 //nolint:unused",
				"== a/a.go ==\npackage a\n//lint:ignore SA1019 old\nvar x = 1",
			},
			good: []string{"== a/a.go ==\npackage a\n//lint:ignore SA1019 the vendor still sends the old form\nvar x = 1"},
		},
	}
}
