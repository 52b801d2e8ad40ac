package creditmsg

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tree polices itself: what matters in style is a rule here, with its reason, and
// what is no rule here is not discussed. A rule is a function from a tree to offences;
// its examples prove that it can fail. Reading order: this file, then one file a field.
//
// Most rules name packages that may not be there; such a row is simply of no effect.

// rule is one habit of the house.
type rule struct {
	name  string // the rule, as a sentence
	why   string // what goes wrong without it
	check func(*tree) []offence
	bad   []string // archives (see archive) each of which must offend
	good  []string // archives that look alike and must not
}

// offence is one place where a rule is broken.
type offence struct{ where, what string }

func rules() []rule {
	return slices.Concat(floorRules(), httpRules(), sqlRules(), migrationRules(), callRules(), wordRules(), sizeRules(), docRules(), paperRules(), accessRules(), againRules())
}

func TestTheTreeKeepsItsRules(t *testing.T) {
	here := load(t, ".")
	for _, r := range rules() {
		t.Run(strings.ReplaceAll(r.name, "/", "·"), func(t *testing.T) {
			found := r.check(here)
			slices.SortFunc(found, func(a, b offence) int { return cmp.Compare(a.where, b.where) })
			for _, o := range found {
				t.Errorf("%s: %s\n\twhy: %s", o.where, o.what, r.why)
			}
		})
	}
}

func TestEveryRuleCanFail(t *testing.T) {
	for _, r := range rules() {
		t.Run(strings.ReplaceAll(r.name, "/", "·"), func(t *testing.T) {
			if r.why == "" || len(r.bad) == 0 {
				t.Fatal("a rule has a reason and an example that offends")
			}
			for _, text := range r.bad {
				if got := r.check(archive(t, text)); len(got) == 0 {
					t.Errorf("no offence is found in\n%s", text)
				}
			}
			for _, text := range r.good {
				for _, o := range r.check(archive(t, text)) {
					t.Errorf("got %s: %s, want no offence in\n%s", o.where, o.what, text)
				}
			}
		})
	}
}

// tree is the files that a rule looks at.
type tree struct {
	fset  *token.FileSet
	files []*source       // by path
	paths map[string]bool // every file and folder, those without text too
}

// source is one text file. Paths are from the root, with slashes.
type source struct {
	path string
	text string
	ast  *ast.File // of Go files
}

func (s *source) isGo() bool   { return s.ast != nil }
func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// dir is the folder; "." is the root.
func (s *source) dir() string { return path.Dir(s.path) }

// pkg is the folder as people say it: internal/credit is credit.
func (s *source) pkg() string { return strings.TrimPrefix(s.dir(), "internal/") }

// in reports whether the file is in one of the packages or below it.
func (s *source) in(pkgs ...string) bool {
	return slices.ContainsFunc(pkgs, func(p string) bool { return s.pkg() == p || strings.HasPrefix(s.pkg(), p+"/") })
}

func (s *source) lines() int { return strings.Count(s.text, "\n") }

// goFiles are the Go files, tests as well, for which all of keep hold.
func (t *tree) goFiles(keep ...func(*source) bool) []*source {
	return slices.DeleteFunc(slices.Clone(t.files), func(s *source) bool {
		return !s.isGo() || slices.ContainsFunc(keep, func(k func(*source) bool) bool { return !k(s) })
	})
}

func product(s *source) bool { return !s.isTest() && !isTestPackage(s.pkg()) }

// at makes an offence at a node of a file.
func (t *tree) at(s *source, n ast.Node, format string, args ...any) offence {
	return offence{fmt.Sprintf("%s:%d", s.path, t.fset.Position(n.Pos()).Line), fmt.Sprintf(format, args...)}
}

// textual are the endings of files that people write here; a file without one is a script.
var textual = []string{"", ".go", ".md", ".mod", ".sql", ".bash", ".html", ".json", ".mjs", ".ts", ".yaml", ".yml"}

// foreign is what we keep but did not write, or wrote broken on purpose.
var foreign = regexp.MustCompile(`(^|/)(testdata|static)/|\.sum$`)

func (t *tree) add(name, text string) error {
	for dir := name; dir != "."; dir = path.Dir(dir) {
		t.paths[dir] = true
	}
	if foreign.MatchString(name) || !slices.Contains(textual, path.Ext(strings.TrimPrefix(path.Base(name), "."))) {
		return nil
	}
	s := &source{path: name, text: text}
	if strings.HasSuffix(name, ".go") {
		var err error
		if s.ast, err = parser.ParseFile(t.fset, name, text, parser.ParseComments); err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
	}
	t.files = append(t.files, s)
	return nil
}

func newTree() *tree { return &tree{fset: token.NewFileSet(), paths: map[string]bool{}} }

// made are folders that appear when the product is built and run; they are not the tree.
var made = []string{".git", "bin", "data", "node_modules"}

func load(t *testing.T, root string) *tree {
	t.Helper()
	out := newTree()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(made, name) {
				return filepath.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		return out.add(filepath.ToSlash(name), string(text))
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// archive makes a tree of a text in which "== name ==" begins each file.
func archive(t *testing.T, text string) *tree {
	t.Helper()
	out := newTree()
	for part := range strings.SplitSeq(text, "\n== ") {
		name, body, ok := strings.Cut(strings.TrimPrefix(part, "== "), " ==\n")
		if !ok {
			t.Fatalf("an example begins with a line like %q, got %q", "== a/b.go ==", part)
		}
		if err := out.add(name, body+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(out.files, func(a, b *source) int { return cmp.Compare(a.path, b.path) })
	return out
}

// imported gives the paths of all imports of a file.
func (s *source) imported() (out []string) {
	for _, i := range s.ast.Imports {
		out = append(out, strings.Trim(i.Path.Value, `"`))
	}
	return out
}

// imports gives the paths of imports by the names that they have in the file.
func (s *source) imports() map[string]string {
	out := map[string]string{}
	for _, i := range s.ast.Imports {
		to := strings.Trim(i.Path.Value, `"`)
		name := path.Base(to)
		if i.Name != nil {
			name = i.Name.Name
		}
		out[name] = to
	}
	return out
}

// uses visits every name of another package that a file uses, such as "time" and "Now".
func (s *source) uses(visit func(n ast.Node, from, name string)) {
	imports := s.imports()
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Obj == nil && imports[x.Name] != "" {
				visit(sel, imports[x.Name], sel.Sel.Name)
			}
		}
		return true
	})
}

// allowed is a list of exceptions: a path, or the beginning of one that ends in a slash,
// and its reason. It may name what is not there yet.
type allowed map[string]string

func (a allowed) has(name string) bool {
	for p := range a {
		if name == p || strings.HasSuffix(p, "/") && strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// line makes an offence at a line of a file, counted from 0.
func (t *tree) line(s *source, n int, what string) offence {
	return offence{fmt.Sprintf("%s:%d", s.path, n+1), what}
}
