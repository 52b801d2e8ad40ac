package creditmsg

import (
	"go/ast"
	"slices"
)

var (
	httpServing = []string{"ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS", "Server"}
	httpCalling = []string{"Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Head", "Post", "PostForm", "NewRequest", "NewRequestWithContext"}
)

// usedHTTP finds names of net/http outside pkgs, in what is no test.
func usedHTTP(names []string, pkgs ...string) func(*tree) []offence {
	return func(t *tree) (out []offence) {
		for _, s := range t.goFiles(product, func(s *source) bool { return !s.in(pkgs...) }) {
			s.uses(func(n ast.Node, from, name string) {
				if from == "net/http" && slices.Contains(names, name) {
					out = append(out, t.at(s, n, "uses http.%s", name))
				}
			})
		}
		return out
	}
}

func httpRules() []rule {
	return []rule{
		{
			name:  "HTTP servers are in few packages",
			why:   "each door needs limits, time-outs and an orderly stop; a door that nobody knows of has none",
			check: usedHTTP(httpServing, "api", "console", "server", "provider/simulator", "payment/simulator", "bench", "examples"),
			bad:   []string{"== internal/credit/a.go ==\npackage credit\nimport \"net/http\"\nvar s http.Server"},
			good:  []string{"== internal/server/a.go ==\npackage server\nimport \"net/http\"\nvar s http.Server"},
		}, {
			name:  "HTTP clients are in few packages",
			why:   "a request to the outside may hang, repeat or leak; it is made where time-outs and outcomes are thought through, and never inside a transaction",
			check: usedHTTP(httpCalling, "client", "upstream", "provider", "payment", "webhook", "blob", "console", "bench", "examples"),
			bad:   []string{"== internal/credit/a.go ==\npackage credit\nimport web \"net/http\"\nvar c = web.DefaultClient"},
			good: []string{
				"== internal/provider/a.go ==\npackage provider\nimport \"net/http\"\nvar c http.Client",
				"== internal/api/a_test.go ==\npackage api\nimport \"net/http\"\nvar c = http.DefaultClient",
				"== internal/api/a.go ==\npackage api\nimport \"net/http\"\nvar c = http.StatusOK",
			},
		},
	}
}
