package creditmsg

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// The sizes of the house. Half of the files and nine of ten are judged when there are
// enough of them for such a number to mean anything.
const (
	longestFile     = 500
	middleFile      = 150
	nineOfTenFiles  = 330
	enoughFiles     = 20
	longestFunction = 70
	mostInterfaces  = 8
)

func checkFiles(t *tree) (out []offence) {
	var sizes []int
	for _, s := range t.goFiles() {
		if s.lines() > longestFile {
			out = append(out, offence{s.path, fmt.Sprintf("has %d lines, more than %d", s.lines(), longestFile)})
		}
		if product(s) {
			sizes = append(sizes, s.lines())
		}
	}
	slices.Sort(sizes)
	if len(sizes) < enoughFiles {
		return out
	}
	if n := sizes[len(sizes)/2]; n > middleFile {
		out = append(out, offence{"all files", fmt.Sprintf("the middle one has %d lines, more than %d", n, middleFile)})
	}
	if n := sizes[len(sizes)*9/10]; n > nineOfTenFiles {
		out = append(out, offence{"all files", fmt.Sprintf("one in ten has %d lines or more, more than %d", n, nineOfTenFiles)})
	}
	return out
}

var testFunction = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)`)

func checkFunctions(t *tree) (out []offence) {
	for _, s := range t.goFiles() {
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || s.isTest() && testFunction.MatchString(f.Name.Name) {
				continue
			}
			if n := t.span(f); n > longestFunction && !t.isTable(f) {
				out = append(out, t.at(s, f, "%s has %d lines, more than %d", f.Name.Name, n, longestFunction))
			}
		}
	}
	return out
}

// span is the number of lines of a node.
func (t *tree) span(n ast.Node) int {
	return t.fset.Position(n.End()).Line - t.fset.Position(n.Pos()).Line + 1
}

// isTable reports whether a function is a table: four lines in five are literal values.
func (t *tree) isTable(f *ast.FuncDecl) bool {
	lines := 0
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok {
			lines += t.span(lit)
			return false
		}
		return true
	})
	return lines*5 >= t.span(f)*4
}

func checkInterfaces(t *tree) (out []offence) {
	var found []string
	for _, s := range t.goFiles(product) {
		for _, d := range s.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				if ts, ok := spec.(*ast.TypeSpec); ok && ts.Name.IsExported() && hasMethods(ts.Type) {
					found = append(found, s.pkg()+"."+ts.Name.Name)
				}
			}
		}
	}
	if len(found) > mostInterfaces {
		out = append(out, offence{"all packages", fmt.Sprintf("there are %d exported interfaces, more than %d: %s", len(found), mostInterfaces, strings.Join(found, ", "))})
	}
	return out
}

// hasMethods tells a contract from a constraint of type parameters, which has none.
func hasMethods(e ast.Expr) bool {
	i, ok := e.(*ast.InterfaceType)
	return ok && slices.ContainsFunc(i.Methods.List, func(f *ast.Field) bool { return len(f.Names) > 0 })
}

func sizeRules() []rule {
	long := func(lines int) string { return strings.Repeat("\tprintln()\n", lines) }
	wide := strings.Builder{}
	for i := range mostInterfaces + 1 {
		fmt.Fprintf(&wide, "type I%d interface{ Do() }\n", i)
	}
	crowd := strings.Builder{}
	for i := range enoughFiles {
		fmt.Fprintf(&crowd, "== internal/credit/f%d.go ==\npackage credit\n%s", i, strings.Repeat("// more\n", middleFile+1))
	}
	return []rule{
		{
			name:  "files are short",
			why:   "a file of the right size holds one idea and is read at one sitting",
			check: checkFiles,
			bad: []string{
				"== a/a.go ==\npackage a\n" + strings.Repeat("// more\n", longestFile),
				strings.TrimSpace(crowd.String()),
			},
			good: []string{"== a/a.go ==\npackage a"},
		}, {
			name:  "functions fit on a screen",
			why:   "what cannot be seen at once cannot be checked: branches up, loops down",
			check: checkFunctions,
			bad: []string{
				"== a/a.go ==\npackage a\nfunc f() {\n" + long(longestFunction) + "}",
				"== a/a_test.go ==\npackage a\nfunc helper() {\n" + long(longestFunction) + "}",
			},
			good: []string{
				"== a/a_test.go ==\npackage a\nfunc TestF(t *testing.T) {\n" + long(longestFunction) + "}",
				"== a/a.go ==\npackage a\nfunc f() []int {\n\treturn []int{\n" + strings.Repeat("\t\t1,\n", longestFunction) + "\t}\n}",
			},
		}, {
			name:  "there are few interfaces",
			why:   "an interface has two real implementations in the tree, or it only hides the one there is",
			check: checkInterfaces,
			bad:   []string{"== a/a.go ==\npackage a\n" + wide.String()},
			good:  []string{"== a/a.go ==\npackage a\ntype Number interface{ ~int | ~int64 }"},
		},
	}
}
