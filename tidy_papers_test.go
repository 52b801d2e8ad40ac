package creditmsg

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The papers: what is written for people outside the code, and the notices.

var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```")
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	pathLike = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.*/-]*$`)
	target   = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
)

// fileEndings make a word without a slash the name of a file.
var fileEndings = []string{".go", ".md", ".sql", ".bash", ".mjs", ".yaml", ".yml", ".mod"}

// made reports whether a path appears only when the product is built or run.
func (t *tree) made(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return slices.Contains(made, first)
}

// claims reports whether a quoted word claims that there is such a file or folder: it
// ends like one, or its first part is a folder of the root or a package.
func (t *tree) claims(word string) bool {
	if !pathLike.MatchString(word) || t.made(word) || strings.Contains(word, "NNN") {
		return false
	}
	first, _, below := strings.Cut(word, "/")
	return slices.Contains(fileEndings, path.Ext(word)) && path.Ext(word) != word ||
		below && (t.paths[first] || t.paths["internal/"+first])
}

// holds reports whether there is such a file or folder: from the root, from internal,
// or, when it is a bare name of a file, anywhere. A star stands for any one part.
func (t *tree) holds(word string) bool {
	word = strings.TrimSuffix(word, "/")
	for p := range t.paths {
		name := p
		if !strings.Contains(word, "/") {
			name = path.Base(p)
		}
		if ok, err := path.Match(word, name); ok && err == nil {
			return true
		}
		if ok, err := path.Match("internal/"+word, p); ok && err == nil {
			return true
		}
	}
	return false
}

func checkPaths(t *tree) (out []offence) {
	for _, s := range t.files {
		if path.Ext(s.path) != ".md" {
			continue
		}
		blank := fenced.ReplaceAllStringFunc(s.text, func(block string) string {
			return strings.Repeat("\n", strings.Count(block, "\n"))
		})
		for n, line := range strings.Split(blank, "\n") {
			for _, m := range quoted.FindAllStringSubmatch(line, -1) {
				if t.claims(m[1]) && !t.holds(m[1]) {
					out = append(out, t.line(s, n, fmt.Sprintf("names %s, which is not there", m[1])))
				}
			}
		}
	}
	return out
}

func (t *tree) text(name string) string {
	for _, s := range t.files {
		if s.path == name {
			return s.text
		}
	}
	return ""
}

func checkTargets(t *tree) (out []offence) {
	makefile := "\n" + t.text("Makefile")
	for _, s := range t.files {
		if path.Ext(s.path) != ".md" {
			continue
		}
		for n, line := range strings.Split(s.text, "\n") {
			for _, m := range target.FindAllStringSubmatch(line, -1) {
				inCode := strings.Contains(line, "`"+m[0]) || strings.HasPrefix(strings.TrimLeft(line, " $"), m[0])
				if inCode && !strings.Contains(makefile, "\n"+m[1]+":") {
					out = append(out, t.line(s, n, "names make "+m[1]+", which is no target"))
				}
			}
		}
	}
	return out
}

var (
	required = regexp.MustCompile(`(?m)^(?:require )?\s*([a-z0-9.-]+\.[a-z]+/\S+) v\S+`)
	credited = regexp.MustCompile(`(?m)^([a-z0-9.-]+\.[a-z]+/\S+)\s`)
)

func checkNotice(t *tree) (out []offence) {
	names := func(re *regexp.Regexp, text string) map[string]bool {
		found := map[string]bool{}
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			found[m[1]] = true
		}
		return found
	}
	modules, notices := names(required, t.text("go.mod")), names(credited, t.text("NOTICE"))
	for m := range modules {
		if !notices[m] {
			out = append(out, offence{"NOTICE", "says nothing of " + m})
		}
	}
	for m := range notices {
		if !modules[m] {
			out = append(out, offence{"NOTICE", "names " + m + ", which go.mod does not"})
		}
	}
	return out
}

func paperRules() []rule {
	const house = "\n== internal/credit/ledger.go ==\npackage credit"
	return []rule{
		{
			name:  "the papers name what is there",
			why:   "a map with a street that does not exist misleads more than none",
			check: checkPaths,
			bad: []string{
				"== README.md ==\nSee `credit/purse.go`." + house,
				"== README.md ==\nSee `internal/credit/purse.go`." + house,
				"== README.md ==\nSee `CHANGES.md`." + house,
			},
			good: []string{
				"== README.md ==\nSee `credit/ledger.go`, `credit/*.go`, `ledger.go`, `internal/credit/`, `data/demo.json`, `/v1/credit`, `application/json`, `credit.Reserve`." + house,
				"== README.md ==\n```\ncredit/purse.go\n```" + house,
			},
		}, {
			name:  "the papers name targets that exist",
			why:   "the first command that a newcomer types must work",
			check: checkTargets,
			bad:   []string{"== README.md ==\nRun `make all`.\n== Makefile ==\ntest:\n\ttrue"},
			good:  []string{"== README.md ==\nWe make sure: run `make test`.\n== Makefile ==\ntest:\n\ttrue"},
		}, {
			name:  "NOTICE names the modules of go.mod",
			why:   "their licences ask for it, and a new dependency is a decision that somebody looked at",
			check: checkNotice,
			bad: []string{
				"== go.mod ==\nmodule m\n\nrequire (\n\tgithub.com/a/b v1.0.0 // indirect\n)",
				"== NOTICE ==\ngithub.com/a/b  MIT",
			},
			good: []string{"== go.mod ==\nmodule m\n\nrequire github.com/a/b v1.0.0\n== NOTICE ==\ngithub.com/a/b  MIT"},
		},
	}
}
