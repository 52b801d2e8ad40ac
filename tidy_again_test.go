package creditmsg

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// transactions are the methods that run a closure again after a conflict.
var transactions = []string{"View", "Update", "Snapshot"}

// checkAgain finds what such a closure appends to something of its caller's that it did not
// make anew before.
func checkAgain(t *tree) (out []offence) {
	for _, s := range t.goFiles(product) {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, is := call.Fun.(*ast.SelectorExpr)
			closure, inline := call.Args[len(call.Args)-1].(*ast.FuncLit)
			if is && inline && slices.Contains(transactions, sel.Sel.Name) {
				for _, grown := range kept(closure) {
					out = append(out, t.at(s, grown, "appends to %s, which an earlier try may have filled", types.ExprString(grown)))
				}
			}
			return true
		})
	}
	return out
}

// kept are the targets of a closure's appends that stay from one try to the next.
func kept(closure *ast.FuncLit) (out []ast.Expr) {
	made := map[string]bool{} // what was assigned so far
	ast.Inspect(closure.Body, func(n ast.Node) bool {
		if looks, ok := n.(*ast.IfStmt); ok && strings.Contains(types.ExprString(looks.Cond), "!slices.Contains(") {
			return false // it looks first whether it is there
		}
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 && types.ExprString(call.Fun) == "clear" {
			made[types.ExprString(call.Args[0])] = true
		}
		assigned, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i, to := range assigned.Lhs {
			name := types.ExprString(to)
			if i >= len(assigned.Rhs) || !appends(assigned.Rhs[i], name) {
				made[name] = true
			} else if !within(closure, to) && !anew(made, name) {
				out = append(out, to)
			}
		}
		return true
	})
	return out
}

func appends(e ast.Expr, to string) bool {
	call, ok := e.(*ast.CallExpr)
	return ok && len(call.Args) > 1 && types.ExprString(call.Fun) == "append" && types.ExprString(call.Args[0]) == to
}

// within reports whether what an expression begins with is declared in the closure.
func within(closure *ast.FuncLit, e ast.Expr) bool {
	for {
		switch x := e.(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			return x.Obj != nil && x.Obj.Pos() != token.NoPos && closure.Pos() <= x.Obj.Pos() && x.Obj.Pos() < closure.End()
		default:
			return true // what a call gives is not ours to follow
		}
	}
}

// anew reports whether a thing, or what it is a part of, was made before.
func anew(made map[string]bool, name string) bool {
	for {
		if made[name] {
			return true
		}
		dot := strings.LastIndexAny(name, ".[")
		if dot < 0 {
			return false
		}
		name = name[:dot]
	}
}

func againRules() []rule {
	code := func(body string) string {
		return "== internal/site/a.go ==\npackage site\nfunc f(d *db.DB, ctx context.Context) {\nvar list, more []int\nvar out struct{ Data []int }\nof := map[int][]int{}\n" + body + "\n}"
	}
	return []rule{{
		name:  "a transaction that is run again builds its answers anew",
		why:   "after a conflict or a lost connection the closure runs again: what it appends to a list of its caller's would be there twice",
		check: checkAgain,
		bad: []string{
			code("d.View(ctx, \"a\", func(tx *db.Tx) error { list = append(list, 1); return nil })"),
			code("d.Snapshot(ctx, \"a\", func(tx *db.Tx) error { for range 3 { out.Data = append(out.Data, 1) }; return nil })"),
			code("d.Update(ctx, \"a\", func(tx *db.Tx) error { more = nil; list = append(list, 1); return nil })"),
		},
		good: []string{
			code("d.View(ctx, \"a\", func(tx *db.Tx) error { list = nil; list = append(list, 1); return nil })"),
			code("d.View(ctx, \"a\", func(tx *db.Tx) error { list = append([]int{}, more...); return nil })"),
			code("d.View(ctx, \"a\", func(tx *db.Tx) error { out = struct{ Data []int }{}; out.Data = append(out.Data, 1); return nil })"),
			code("d.View(ctx, \"a\", func(tx *db.Tx) error { clear(of); of[1] = append(of[1], 1); return nil })"),
			code("d.View(ctx, \"a\", func(tx *db.Tx) error { var own []int; own = append(own, 1); return nil })"),
			code("d.View(ctx, \"a\", func(tx *db.Tx) error { if !slices.Contains(list, 1) { list = append(list, 1) }; return nil })"),
		},
	}}
}
