package console

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"unicode"
)

// keys reads the texts of a language by their keys.
func keys(t *testing.T, lang string) map[string]any {
	t.Helper()
	out := map[string]any{}
	names, err := fs.Glob(texts, "text/*."+lang+".json")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no texts of %s: %v", lang, err)
	}
	for _, name := range names {
		text, err := texts.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		one := map[string]any{}
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		for key, value := range one {
			if out[key] != nil {
				t.Errorf("%s has the text %s, which another file has too", name, key)
			}
			out[key] = value
		}
	}
	return out
}

var slot = regexp.MustCompile(`\{\{\.\w+\}\}`)

func TestEachTextIsThereInBothLanguagesWithTheSamePlaces(t *testing.T) {
	ko, en := keys(t, "ko"), keys(t, "en")
	places := func(v any) (out []string) {
		text, _ := json.Marshal(v)
		out = slot.FindAllString(string(text), -1)
		slices.Sort(out)
		return slices.Compact(out)
	}
	for key, text := range ko {
		if en[key] == nil {
			t.Errorf("%s is Korean alone", key)
		} else if a, b := places(text), places(en[key]); !slices.Equal(a, b) {
			t.Errorf("%s has the places %v in Korean and %v in English", key, a, b)
		}
	}
	for key := range en {
		if ko[key] == nil {
			t.Errorf("%s is English alone", key)
		}
	}
}

// used are the keys that pages and code name, and the lists of words whose members they name by what the
// API says.
func used(t *testing.T) (keys, lists map[string]bool) {
	t.Helper()
	keys, lists = map[string]bool{}, map[string]bool{}
	eachPage(t, func(name string, tree *parse.Tree) {
		walk(tree.Root, func(n parse.Node) {
			c, ok := n.(*parse.CommandNode)
			if !ok || len(c.Args) < 2 {
				return
			}
			called, ok := c.Args[0].(*parse.IdentifierNode)
			if !ok {
				return
			}
			text := func(i int) string {
				if s, ok := c.Args[i].(*parse.StringNode); ok {
					return s.Text
				}
				return ""
			}
			switch called.Ident {
			case "t", "n":
				keys[text(1)] = true
			case "word", "wordChoices":
				lists[text(1)] = true
			case "field":
				noteField(c, text, keys)
			}
		})
	})
	keys["product"] = true
	eachCall(t, func(called string, texts []string) {
		switch called {
		case "say", "text", "count":
			keys[texts[0]] = true
		case "word", "choices":
			lists[texts[0]] = true
		}
	})
	return keys, lists
}

// noteField notes the texts of a field: its label and what else it says by keys.
func noteField(c *parse.CommandNode, text func(int) string, keys map[string]bool) {
	label := ""
	if len(c.Args) > 2 {
		label = "field." + text(2)
	}
	for i := 3; i+1 < len(c.Args); i += 2 {
		switch text(i) {
		case "label":
			label = text(i + 1)
		case "hint", "placeholder":
			keys[text(i+1)] = true
		}
	}
	keys[label] = true
}

// computed are keys that are put together of a fixed beginning and a name of ours.
var computed = []string{"title.", "nav.", "tab.", "refused.", "done."}

func TestEachTextThatIsNamedIsThereAndEachThatIsThereIsNamed(t *testing.T) {
	have := keys(t, "ko")
	keys, lists := used(t)
	delete(keys, "")
	delete(lists, "")
	for key := range keys {
		if have[key] == nil {
			t.Errorf("a page names the text %s, which is not there", key)
		}
	}
	for list := range lists {
		if !slices.ContainsFunc(sortedKeys(have), func(k string) bool { return strings.HasPrefix(k, list+".") }) {
			t.Errorf("a page names the words %s, of which there are none", list)
		}
	}
	for key := range have {
		begins := func(begin string) bool { return strings.HasPrefix(key, begin) }
		named := keys[key] || slices.ContainsFunc(computed, begins)
		for list := range lists {
			named = named || begins(list+".")
		}
		if !named {
			t.Errorf("nothing names the text %s", key)
		}
	}
}

func sortedKeys(m map[string]any) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func TestNoPageHasWordsOfItsOwn(t *testing.T) {
	eachPage(t, func(name string, tree *parse.Tree) {
		walk(tree.Root, func(n parse.Node) {
			text, ok := n.(*parse.TextNode)
			if !ok {
				return
			}
			for part := range strings.SplitSeq(visible(string(text.Text)), "\n") {
				if part = strings.TrimSpace(part); strings.IndexFunc(part, unicode.IsLetter) >= 0 {
					t.Errorf("the page %s says %q by itself: give it a key in text/", name, part)
				}
			}
		})
	})
}

func TestNoCodeHasKoreanWords(t *testing.T) {
	each(t, func(name string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && strings.IndexFunc(lit.Value, isHangul) >= 0 {
				t.Errorf("%s says %s: give it a key in text/", name, lit.Value)
			}
			return true
		})
	})
}

func isHangul(r rune) bool { return unicode.Is(unicode.Hangul, r) }

var (
	tag       = regexp.MustCompile(`(?s)<[^<>]*>`)
	attribute = regexp.MustCompile(`(?:alt|title|aria-label|placeholder)="([^"{]*)"`)
	entity    = regexp.MustCompile(`&\w+;`)
)

// visible is what a piece of a page's source shows: what stands between tags, and what is told to who
// hears it. A piece may begin inside of a tag, and end there.
func visible(text string) string {
	var out []string
	for _, m := range attribute.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	if close := strings.IndexByte(text, '>'); close >= 0 {
		if open := strings.IndexByte(text, '<'); open < 0 || close < open {
			text = text[close+1:]
		}
	} else if !strings.Contains(text, "<") {
		return strings.Join(out, "\n") // the inside of a tag, or of a URL
	}
	if open := strings.LastIndexByte(text, '<'); open >= 0 && !strings.Contains(text[open:], ">") {
		text = text[:open]
	}
	text = tag.ReplaceAllString(text, "\n")
	return entity.ReplaceAllString(strings.Join(append(out, text), "\n"), "")
}

func TestWhatAPageShowsByItselfIsFound(t *testing.T) {
	for text, want := range map[string]string{
		`<p>Hello`: "Hello", ` class="a">Hello<b`: "Hello", `</p>&nbsp;·<p>`: "·", `<img alt="a dog" src="x">`: "a dog", `" type="text" value="`: "",
		`<input aria-label="`: "", `?status=`: "", `">`: "", `<b>x</b> y`: "x\n y",
	} {
		if got := strings.TrimSpace(visible(text)); got != want {
			t.Errorf("%q shows %q, want %q", text, got, want)
		}
	}
}

// eachPage visits the parts that pages are made of.
func eachPage(t *testing.T, visit func(name string, tree *parse.Tree)) {
	t.Helper()
	s, err := newStatic()
	if err != nil {
		t.Fatal(err)
	}
	all, err := newTongues(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all["ko"].pages.Templates() {
		if one.Tree != nil && one.Tree.Root != nil {
			visit(one.Name(), one.Tree)
		}
	}
}

// walk visits a node and all in it.
func walk(n parse.Node, visit func(parse.Node)) {
	if n == nil {
		return
	}
	visit(n)
	list := func(l *parse.ListNode) {
		if l != nil {
			for _, one := range l.Nodes {
				walk(one, visit)
			}
		}
	}
	pipe := func(p *parse.PipeNode) {
		if p != nil {
			for _, c := range p.Cmds {
				walk(c, visit)
			}
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		list(n)
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	case *parse.IfNode:
		pipe(n.Pipe)
		list(n.List)
		list(n.ElseList)
	case *parse.RangeNode:
		pipe(n.Pipe)
		list(n.List)
		list(n.ElseList)
	case *parse.WithNode:
		pipe(n.Pipe)
		list(n.List)
		list(n.ElseList)
	case *parse.CommandNode:
		for _, a := range n.Args {
			if p, ok := a.(*parse.PipeNode); ok {
				pipe(p)
			}
		}
	}
}

// each visits the files of the package that are no tests.
func each(t *testing.T, visit func(name string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err == nil {
			visit(name, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// eachCall visits the calls of methods whose first argument is a text.
func eachCall(t *testing.T, visit func(called string, texts []string)) {
	t.Helper()
	each(t, func(_ string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if lit, ok := call.Args[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				visit(sel.Sel.Name, []string{strings.Trim(lit.Value, `"`)})
			}
			return true
		})
	})
}
