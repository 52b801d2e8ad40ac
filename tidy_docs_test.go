package creditmsg

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
)

var sentenceEnd = regexp.MustCompile(`[.!?:][)"']?(\s|$)`)

// checkPackages wants a comment of two sentences; one of a package of tests alone may be
// in a test.
func checkPackages(t *tree) (out []offence) {
	first, best := map[string]*source{}, map[string]int{}
	for _, s := range t.goFiles() {
		if first[s.dir()] == nil {
			first[s.dir()] = s
		}
		if s.ast.Doc != nil {
			best[s.dir()] = max(best[s.dir()], len(sentenceEnd.FindAllString(s.ast.Doc.Text(), -1)))
		}
	}
	for _, s := range t.goFiles() {
		if first[s.dir()] == s && best[s.dir()] < 2 {
			out = append(out, offence{s.dir(), fmt.Sprintf("its comment has %d sentences", best[s.dir()])})
		}
	}
	return out
}

func checkExported(t *tree) (out []offence) {
	for _, s := range t.goFiles(func(s *source) bool { return !s.isTest() }) {
		for _, d := range s.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc.Text() == "" && d.Name.IsExported() && exportedReceiver(d) {
					out = append(out, t.at(s, d, "func %s has no comment", d.Name.Name))
				}
			case *ast.GenDecl:
				for _, name := range undocumented(d) {
					out = append(out, t.at(s, name, "%s %s has no comment", d.Tok, name.Name))
				}
			}
		}
	}
	return out
}

// exportedReceiver reports whether a function is no method, or one of an exported type.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	e := f.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr: // T[A]
			e = x.X
		case *ast.IndexListExpr: // T[A, B]
			e = x.X
		default:
			name, ok := e.(*ast.Ident)
			return ok && name.IsExported()
		}
	}
}

// undocumented gives the exported names of a declaration that no comment covers: its own,
// the one at the end of its line, or that of the whole group.
func undocumented(d *ast.GenDecl) (out []*ast.Ident) {
	if d.Tok == token.IMPORT {
		return nil
	}
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && spec.Doc.Text() == "" && (d.Lparen.IsValid() || d.Doc.Text() == "") {
				out = append(out, spec.Name)
			}
		case *ast.ValueSpec:
			if d.Doc.Text()+spec.Doc.Text()+spec.Comment.Text() != "" {
				continue
			}
			out = append(out, slices.DeleteFunc(slices.Clone(spec.Names), func(n *ast.Ident) bool { return !n.IsExported() })...)
		}
	}
	return out
}

func docRules() []rule {
	return []rule{
		{
			name:  "a package begins with its promise",
			why:   "two sentences at least: what it guarantees, and what it never does or which tables it owns; the code is checked against them",
			check: checkPackages,
			bad: []string{
				"== a/a.go ==\npackage a",
				"== a/a.go ==\n// Package a is short.\npackage a",
			},
			good: []string{
				"== a/a.go ==\n// Package a does one thing. It never does another.\npackage a\n== a/b.go ==\npackage a",
			},
		}, {
			name:  "exported names are explained",
			why:   "who calls it reads what it promises, in which unit, and which errors come back, and not its code",
			check: checkExported,
			bad: []string{
				"== a/a.go ==\npackage a\nfunc F() {}",
				"== a/a.go ==\npackage a\ntype T struct{}",
				"== a/a.go ==\npackage a\n// T is.\ntype T[X any] struct{}\nfunc (t *T[X]) M() {}",
				"== a/a.go ==\npackage a\nconst C = 1",
			},
			good: []string{
				"== a/a.go ==\npackage a\n// T is.\ntype T struct{}\n// M does.\nfunc (t T) M() {}\ntype u[T any] struct{}\nfunc (*u[T]) M() {}",
				"== a/a.go ==\npackage a\n// Kinds.\nconst (\n\tA = 1\n\tB = 2\n)\nvar (\n\tC = 1 // said here\n)",
				"== a/a_test.go ==\npackage a\nfunc TestF() {}",
			},
		},
	}
}
