package api

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wording is what the product's syntax says of the sentences that a refusal can have: each is the
// format of a call to package fault, or of a function that hands its own format on to one.
type wording struct {
	fset      *token.FileSet
	files     []*goFile
	hands     map[string]int      // which argument of a function is such a format
	sentences map[string][]string // where each stands
	computed  map[string]string   // where something else stands, and what
}

// goFile is a file of the product.
type goFile struct {
	path, dir string
	ast       *ast.File
	imports   map[string]string // folders of packages of ours, by their names
}

// faultHands are the functions of package fault that take a format, and which argument it is.
var faultHands = map[string]int{"New": 2, "Wrap": 3, "Check": 1, "Place": 2, "Say": 0, "Word": 0, "Missing": 0}

// faultMethods are those of a fault, with the least arguments that they have.
var faultMethods = map[string]struct{ at, least int }{"At": {1, 2}, "Says": {0, 1}}

const faultDir = "internal/fault"

// readWording reads all of the product but its tests, its tools and what measures it.
func readWording(t *testing.T) *wording {
	t.Helper()
	w := &wording{fset: token.NewFileSet(), hands: map[string]int{}}
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		top, _, _ := strings.Cut(name, "/")
		if err != nil || d.IsDir() && name != "." && top != "internal" && top != "cmd" {
			return firstOf(err, fs.SkipDir)
		}
		dir := path.Dir(name)
		if d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(dir, "test") || dir == "internal/bench" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return w.add(name, text)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	return w
}

// add parses a file.
func (w *wording) add(name string, text []byte) error {
	file, err := parser.ParseFile(w.fset, name, text, 0)
	if err != nil {
		return err
	}
	f := &goFile{path: name, dir: path.Dir(name), ast: file, imports: map[string]string{}}
	for _, i := range file.Imports {
		if to, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), "creditmsg/"); ours {
			name := path.Base(to)
			if i.Name != nil {
				name = i.Name.Name
			}
			f.imports[name] = to
		}
	}
	w.files = append(w.files, f)
	return nil
}

// settle reads the files until nothing more is found out about functions that hand formats on.
func (w *wording) settle() {
	for known := -1; known != len(w.hands); {
		known = len(w.hands)
		w.sentences, w.computed = map[string][]string{}, map[string]string{}
		for _, f := range w.files {
			w.read(f)
		}
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// around is a function around a place, from the outside in.
type around struct {
	name   string // by which it is called
	params map[string]int
	body   ast.Node
}

// read finds the sentences of a file.
func (w *wording) read(f *goFile) {
	var stack []ast.Node
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.CallExpr:
			if at := w.formatOf(f, n); at >= 0 && at < len(n.Args) {
				w.take(f, n, at, stack)
			}
		case *ast.AssignStmt:
			for _, to := range n.Lhs {
				if s, ok := to.(*ast.SelectorExpr); ok && s.Sel.Name == "Public" && f.dir != faultDir {
					w.computed[w.place(f, n)] = "a sentence that is set by hand"
				}
			}
		case *ast.CompositeLit:
			if handMade(n) {
				w.computed[w.place(f, n)] = "a rejection whose detail is no phrase"
			}
			if s, ok := n.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Field" && identOf(s.X) == "fault" && len(n.Elts) > 0 {
				w.computed[w.place(f, n)] = "a place that is made by hand"
			}
		}
		return true
	})
}

// handMade reports whether a rejection is told by a text that stands there.
func handMade(n *ast.CompositeLit) bool {
	if name := identOf(n.Type); name != "Rejection" && name != "Rejected" && name != "RejectedLine" {
		return false
	}
	return slices.ContainsFunc(n.Elts, func(e ast.Expr) bool {
		if member, ok := e.(*ast.KeyValueExpr); ok {
			e = member.Value
		}
		text, ok := e.(*ast.BasicLit)
		return ok && englishWords.MatchString(text.Value)
	})
}

func (w *wording) place(f *goFile, n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.path, w.fset.Position(n.Pos()).Line)
}

func identOf(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// formatOf says which argument of a call is the format of a sentence; −1 = none.
func (w *wording) formatOf(f *goFile, call *ast.CallExpr) int {
	var keys []string
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		if at, ok := faultHands[fun.Name]; ok && f.dir == faultDir {
			return at
		}
		keys = []string{f.path + " " + fun.Name, f.dir + " " + fun.Name}
	case *ast.SelectorExpr:
		if m, ok := faultMethods[fun.Sel.Name]; ok && len(call.Args) >= m.least && f.imports["fault"] != "" {
			return m.at
		}
		to := f.imports[identOf(fun.X)]
		if to == faultDir {
			if at, ok := faultHands[fun.Sel.Name]; ok {
				return at
			}
			return -1
		}
		keys = []string{to + " " + fun.Sel.Name, f.dir + " ." + fun.Sel.Name}
	}
	for _, key := range keys {
		if at, ok := w.hands[key]; ok {
			return at
		}
	}
	return -1
}

// take notes the sentence of a call, or that its function takes it from its caller.
func (w *wording) take(f *goFile, call *ast.CallExpr, at int, stack []ast.Node) {
	where := w.place(f, call)
	scopes := aroundOf(f, stack)
	for i := len(scopes) - 1; i >= 0; i-- {
		if n, ok := scopes[i].params[identOf(call.Args[at])]; ok && scopes[i].name != "" {
			w.hands[scopes[i].name] = n
			return
		}
	}
	texts, ok := w.texts(f, call.Args[at], scopes, 0)
	if !ok {
		w.computed[where] = "a format that is no text"
		return
	}
	for _, text := range texts {
		w.sentences[text] = append(w.sentences[text], where)
	}
	for _, arg := range call.Args[at+1:] {
		if w.spoken(f, arg) {
			w.computed[where] = "a part of a sentence that is no phrase"
		}
	}
}

// aroundOf names the functions around a place.
func aroundOf(f *goFile, stack []ast.Node) (out []around) {
	for i, n := range stack {
		switch n := n.(type) {
		case *ast.FuncDecl:
			s := around{name: f.dir + " " + n.Name.Name, params: paramsOf(n.Type), body: n}
			if n.Recv != nil {
				s.name = f.dir + " ." + n.Name.Name
			}
			out = append(out, s)
		case *ast.FuncLit:
			s := around{params: paramsOf(n.Type), body: n}
			if to, ok := stack[i-1].(*ast.AssignStmt); ok && len(to.Lhs) == 1 {
				s.name = f.path + " " + identOf(to.Lhs[0])
			}
			out = append(out, s)
		}
	}
	return out
}

// paramsOf gives the places of the parameters that are texts.
func paramsOf(t *ast.FuncType) map[string]int {
	out, n := map[string]int{}, 0
	for _, p := range t.Params.List {
		for _, name := range p.Names {
			if identOf(p.Type) == "string" {
				out[name.Name] = n
			}
			n++
		}
	}
	return out
}

var englishWords = regexp.MustCompile(`[A-Za-z]{2,} [A-Za-z]`)

// spoken reports whether an argument is visibly English that nobody could look up.
func (w *wording) spoken(f *goFile, arg ast.Expr) bool {
	switch e := arg.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING && englishWords.MatchString(e.Value)
	case *ast.BinaryExpr:
		return e.Op == token.ADD && (w.spoken(f, e.X) || w.spoken(f, e.Y))
	case *ast.CallExpr:
		s, ok := e.Fun.(*ast.SelectorExpr)
		if !ok || len(e.Args) == 0 {
			return ok && s.Sel.Name == "Error"
		}
		text, _ := e.Args[0].(*ast.BasicLit)
		return identOf(s.X) == "fmt" && text != nil && regexp.MustCompile(`[a-z]{2}`).MatchString(formatVerb.ReplaceAllString(text.Value, ""))
	}
	return false
}

// texts gives what an expression can be, if all of it is written down.
func (w *wording) texts(f *goFile, e ast.Expr, scopes []around, depth int) (out []string, ok bool) {
	if depth > 6 {
		return nil, false
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return []string{text}, err == nil && e.Kind == token.STRING
	case *ast.ParenExpr:
		return w.texts(f, e.X, scopes, depth+1)
	case *ast.BinaryExpr:
		left, ok1 := w.texts(f, e.X, scopes, depth+1)
		right, ok2 := w.texts(f, e.Y, scopes, depth+1)
		for _, a := range left {
			for _, b := range right {
				out = append(out, a+b)
			}
		}
		return out, ok1 && ok2 && e.Op == token.ADD
	case *ast.Ident:
		for i := len(scopes) - 1; i >= 0; i-- {
			if found := setTo(scopes[i].body, e.Name); found != nil {
				return w.all(f, found, scopes, depth)
			}
		}
		return w.all(f, w.declared(f.dir, e.Name), nil, depth)
	case *ast.SelectorExpr:
		if to := f.imports[identOf(e.X)]; to != "" {
			return w.all(f, w.declared(to, e.Sel.Name), nil, depth)
		}
		return w.all(f, w.members(f, e.Sel.Name), nil, depth)
	case *ast.CallExpr:
		return w.all(f, w.returned(f, e), nil, depth)
	}
	return nil, false
}

func (w *wording) all(f *goFile, list []ast.Expr, scopes []around, depth int) (out []string, ok bool) {
	for _, e := range list {
		texts, ok := w.texts(f, e, scopes, depth+1)
		if !ok {
			return nil, false
		}
		out = append(out, texts...)
	}
	return out, len(list) > 0
}

// assigned gives what a variable or constant of a function is set to.
func setTo(body ast.Node, name string) (out []ast.Expr) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				if identOf(to) == name && len(n.Rhs) == len(n.Lhs) {
					out = append(out, n.Rhs[i])
				} else if identOf(to) == name {
					out = append(out, n.Rhs[0])
				}
			}
		case *ast.ValueSpec:
			for i, to := range n.Names {
				if to.Name == name && i < len(n.Values) {
					out = append(out, n.Values[i])
				}
			}
		}
		return true
	})
	return out
}

// declared gives what a name of a package is.
func (w *wording) declared(dir, name string) (out []ast.Expr) {
	for _, f := range w.files {
		if f.dir != dir {
			continue
		}
		for _, d := range f.ast.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				out = append(out, setTo(g, name)...)
			}
		}
	}
	return out
}

// members gives what a member of the tables of a package is.
func (w *wording) members(f *goFile, name string) (out []ast.Expr) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		list, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		of, ok := list.Type.(*ast.ArrayType)
		if !ok {
			return true
		}
		row, ok := of.Elt.(*ast.StructType)
		if !ok {
			return true
		}
		at := -1
		i := 0
		for _, field := range row.Fields.List {
			for _, n := range field.Names {
				if n.Name == name {
					at = i
				}
				i++
			}
		}
		for _, e := range list.Elts {
			if one, ok := e.(*ast.CompositeLit); ok && at >= 0 && at < len(one.Elts) {
				out = append(out, one.Elts[at])
			}
		}
		return true
	})
	return out
}

// returned gives what the functions of the file's package return that a call may mean.
func (w *wording) returned(f *goFile, call *ast.CallExpr) (out []ast.Expr) {
	name := identOf(call.Fun)
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		name = s.Sel.Name
	}
	for _, other := range w.files {
		if other.dir != f.dir {
			continue
		}
		for _, d := range other.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Name.Name != name || fn.Body == nil {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > 0 {
					out = append(out, r.Results[0])
				}
				return true
			})
		}
	}
	return out
}

// TestTheWalkFindsSentencesAndWhatIsNone has one of each way in which a sentence can be said.
func TestTheWalkFindsSentencesAndWhatIsNone(t *testing.T) {
	const head = "package a\nimport \"creditmsg/internal/fault\"\n"
	for text, want := range map[string]string{
		`var _ = fault.New(fault.Invalid, "code", "bare")`:                                                                                   "bare",
		"var _ = fault.Check(\"/x\", `raw`).At(\"/y\", \"place\").Says(\"other\")":                                                           "other place raw",
		`const c = "con" + "stant"; var _ = fault.Say(c)`:                                                                                    "constant",
		`func f(n int) error { text := "one"; if n > 1 { text = "many" }; return fault.Word(text) }`:                                         "many one",
		`func help(format string, args ...any) error { return fault.Say(format, args...) }; var _ = help("handed")`:                          "handed",
		`func (s) help(at, what string) error { return fault.Missing(what, at) }; func f(x s) { x.help("/x", "thing") }`:                     "thing",
		`func f() { wrong := func(format string) error { return fault.Say("outer %s", fault.Word(format)) }; wrong("inner") }`:               "inner outer %s",
		`var list = []struct{ n int; what string }{{1, "first"}, {2, "second"}}; func f() { for _, l := range list { fault.Word(l.what) } }`: "first second",
		`func extra() string { return "extra" }; func f() { fault.Word(extra()) }`:                                                           "extra",
		`func f(name string) { fault.Say("begins " + name) }`:                                                                                "computed",
		`func f(name func() string) { fault.Say(name()) }`:                                                                                   "computed",
		`func f(x *fault.Error) { x.Public = "by hand" }`:                                                                                    "computed",
		`var _ = fault.Field{Pointer: "/x", Detail: "by hand"}`:                                                                              "computed",
		`var _ = fault.Say("it is %s", "plain english")`:                                                                                     "computed it is %s",
		`import "fmt"; var _ = fault.Say("it is %s", fmt.Sprintf("lent to %d", 3))`:                                                          "computed it is %s",
		`func f(err error) { fault.Say("it is %s", err.Error()) }`:                                                                           "computed it is %s",
		`type Rejection struct{ Detail string }; var _ = Rejection{Detail: "not by hand"}`:                                                   "computed",
	} {
		w := &wording{fset: token.NewFileSet(), hands: map[string]int{}}
		source := head + text
		if rest, more := strings.CutPrefix(text, `import "fmt"; `); more {
			source = "package a\nimport (\n\"fmt\"\n\"creditmsg/internal/fault\"\n)\n" + rest
		}
		if err := w.add("internal/a/a.go", []byte(source)); err != nil {
			t.Fatal(err)
		}
		w.settle()
		got := slices.Sorted(maps.Keys(w.sentences))
		if len(w.computed) > 0 {
			got = append([]string{"computed"}, got...)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q (%v)", text, got, want, w.computed)
		}
	}
}
