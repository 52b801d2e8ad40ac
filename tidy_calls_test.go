package creditmsg

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// Who may look at the clock on the wall. What owns tables is not here: its times are
// tx.Now, one for a whole transaction and by the database's clock.
var clocks = allowed{
	"internal/db/":                "makes tx.Now: measures how far our clock is from the database's, and how long things take",
	"internal/provider/":          "signatures and time-outs of requests bear the time of the world outside; the simulator is a world of its own",
	"internal/payment/":           "as in provider",
	"examples/":                   "programs of users, which store nothing",
	"internal/webhook/":           "the signature of a request bears its time",
	"internal/limit/":             "a rate is per time",
	"internal/api/":               "how long a request took",
	"internal/console/":           "how long a request took, and what day it is on a page",
	"internal/blob/":              "how old a file is that nobody finished; files bear the machine's time",
	"internal/delivery/call.go":   "how long a call took; the times of an attempt are tx.Now",
	"internal/delivery/calm.go":   "how long ago a single message was under way, in this process",
	"internal/delivery/choose.go": "the speed limit of a provider is per time",
	"internal/delivery/health.go": "how long calls are unanswered and accounts rest, in this process",
	"internal/delivery/lane.go":   "as in health.go",
	"internal/delivery/upload.go": "how long an upload took",
	"internal/server/":            "when the process started, and how long things took",
	"internal/bench/":             "measures",
	"client/":                     "reads a Retry-After date, and waits for a time-out",
	"cmd/creditmsg/":              "how long a command took",
	"tools/":                      "how long the tests took",
}

// Where a panic is right: it tells of a mistake in this code, never of the world.
var panics = allowed{
	"internal/db/tx.go":            "a misused transaction is the caller's mistake, and no test may miss it",
	"internal/delivery/attempt.go": "our own types always marshal",
	"internal/korea/cp949.go":      "the table is compiled in; without it no text can be counted",
	"internal/queue/stats.go":      "two queues on one registerer are a mistake of who wires them",
	"internal/message/batch.go":    "the compressor's level is a constant",
	"internal/message/route.go":    "our own types always marshal",
	"internal/message/template.go": "our own types always marshal",
}

// Where the process may be ended.
var exits = allowed{
	"cmd/creditmsg/main.go":     "main gives the exit code of realMain, which tests call",
	"tools/report/main.go":      "main gives the exit code",
	"examples/testmode/main.go": "main gives the exit code",
	"tools/goclient/main.go":    "as in tools/report/main.go",
}

// called finds names of other packages in files that are not allowed to use them.
func called(names map[string][]string, but allowed, keep ...func(*source) bool) func(*tree) []offence {
	return func(t *tree) (out []offence) {
		for _, s := range t.goFiles(keep...) {
			if but.has(s.path) {
				continue
			}
			s.uses(func(n ast.Node, from, name string) {
				if slices.Contains(names[from], name) {
					out = append(out, t.at(s, n, "uses %s.%s", from, name))
				}
			})
		}
		return out
	}
}

// inRealTime leaves out the tests in which a sleep takes no time, since the clock is not
// the real one.
func inRealTime(s *source) bool {
	return !s.isTest() || s.imports()["synctest"] != "testing/synctest"
}

func checkPanics(t *tree) (out []offence) {
	for _, s := range t.goFiles(product) {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && !panics.has(s.path) {
				if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "panic" && f.Obj == nil {
					out = append(out, t.at(s, n, "panics"))
				}
			}
			return true
		})
	}
	return out
}

func checkSkips(t *tree) (out []offence) {
	for _, s := range t.goFiles(func(s *source) bool { return !product(s) }) {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name) {
					out = append(out, t.at(s, n, "uses %s.%s", x.Name, sel.Sel.Name))
				}
			}
			return true
		})
	}
	return out
}

// checkFloats lets files called metric.go or metrics.go alone: Prometheus counts in floats.
func checkFloats(t *tree) (out []offence) {
	for _, s := range t.goFiles(func(s *source) bool { return s.in("credit", "money", "message", "payment") }) {
		if base := strings.TrimSuffix(path.Base(s.path), ".go"); base == "metric" || base == "metrics" {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if (n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat") && n.Obj == nil {
					out = append(out, t.at(s, n, "says %s", n.Name))
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT {
					out = append(out, t.at(s, n, "says %s", n.Value))
				}
			}
			return true
		})
	}
	return out
}

func callRules() []rule {
	return []rule{
		{
			name:  "few look at the clock on the wall",
			why:   "a stored time that is not tx.Now differs between the rows of one transaction and between the clocks of two machines",
			check: called(map[string][]string{"time": {"Now", "Since", "Until"}}, clocks, product),
			bad: []string{
				"== internal/credit/a.go ==\npackage credit\nimport \"time\"\nvar t = time.Now()",
				"== internal/queue/a.go ==\npackage queue\nimport clock \"time\"\nvar t = clock.Since",
			},
			good: []string{
				"== internal/db/a.go ==\npackage db\nimport \"time\"\nvar t = time.Now()",
				"== internal/credit/a_test.go ==\npackage credit\nimport \"time\"\nvar t = time.Now()",
				"== internal/credit/a.go ==\npackage credit\nimport \"time\"\nvar t time.Duration",
			},
		}, {
			name:  "nothing sleeps",
			why:   "a sleep cannot be stopped, and in a test it is either too short or too long: wait on a signal, a timer with a context, or use testing/synctest",
			check: called(map[string][]string{"time": {"Sleep"}}, nil, inRealTime),
			bad:   []string{"== internal/queue/a_test.go ==\npackage queue\nimport \"time\"\nfunc f() { time.Sleep(1) }"},
			good: []string{
				"== internal/queue/a.go ==\npackage queue\nimport \"time\"\nvar t = time.NewTimer(1)",
				"== internal/queue/a_test.go ==\npackage queue\nimport (\n\"testing/synctest\"\n\"time\"\n)\nfunc f() { time.Sleep(1); synctest.Wait() }",
			},
		}, {
			name:  "only main ends the process",
			why:   "an exit anywhere else skips what was deferred: groups are not drained, leases not given back, and no test can see it",
			check: called(map[string][]string{"os": {"Exit"}, "log": {"Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln"}}, exits),
			bad: []string{
				"== internal/server/a.go ==\npackage server\nimport \"os\"\nfunc f() { os.Exit(1) }",
				"== cmd/creditmsg/serve.go ==\npackage main\nimport \"log\"\nfunc f() { log.Fatal(1) }",
			},
			good: []string{"== cmd/creditmsg/main.go ==\npackage main\nimport \"os\"\nfunc main() { os.Exit(1) }"},
		}, {
			name:  "what can happen is an error, not a panic",
			why:   "a panic in a worker stops the work of every site; it is for mistakes in this code, in the few files listed",
			check: checkPanics,
			bad:   []string{"== internal/credit/a.go ==\npackage credit\nfunc f() { panic(1) }"},
			good:  []string{"== internal/db/tx.go ==\npackage db\nfunc f() { panic(1) }"},
		}, {
			name:  "no test is skipped",
			why:   "a skipped test looks like one that passed: what it needs is started by make test, or its absence is a failure",
			check: checkSkips,
			bad:   []string{"== internal/credit/a_test.go ==\npackage credit\nfunc f(t *testing.T) { t.Skip() }"},
			good:  []string{"== internal/credit/a_test.go ==\npackage credit\nfunc f(t *testing.T) { t.Fatal() }"},
		}, {
			name:  "there are no floats near money",
			why:   "0.1 has no float: amounts are money.Amount, and a test that computes in floats would agree with a wrong answer",
			check: checkFloats,
			bad: []string{
				"== internal/credit/a_test.go ==\npackage credit\nvar x float64",
				"== internal/payment/toss/a.go ==\npackage toss\nvar x = 1.5",
			},
			good: []string{
				"== internal/credit/a.go ==\npackage credit\nvar x int64 = 15",
				"== internal/message/metric.go ==\npackage message\nvar x float64",
			},
		},
	}
}
