package creditmsg

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

const module = "creditmsg"

// ground is floor 0 from left to right: there alone a package may also import what
// stands to its left, since all of them need fault.
var ground = []string{"fault", "id", "money", "korea", "sheet", "picture"}

// floors is the house from the ground up; ARCHITECTURE.md draws it. Imports go down.
var floors = map[string]int{
	"fault": 0, "id": 0, "money": 0, "korea": 0, "sheet": 0, "picture": 0,
	"db": 1, "limit": 1, "blob": 1, "payment": 1, "provider": 1, "upstream": 1,
	"client": 1, // of our own HTTP API, public
	"audit":  2, // which every owner of a table writes to
	"site":   3, "queue": 3, "event": 3, "idem": 3, "stat": 3, "signal": 3,
	"access": 4, "credit": 4, "optout": 4, "book": 4, "attachment": 4, "upload": 4, "certificate": 4, "identity": 4,
	"billing": 5, "registration": 5, "webhook": 5,
	"message":  6,
	"delivery": 7, "series": 7, "vendor": 7, "kakao": 7,
	"paper": 8, "invoice": 8, "alert": 8, "whatif": 8, "privacy": 8, "rerun": 8, "sandbox": 8,
	"api": 9, "console": 9,
	"server":                 10,
	"bench":                  11,
	"cmd/creditmsg":          12,
	"test":                   12,                        // end to end
	"examples/testmode/walk": 2, "examples/testmode": 3, // programs of users, which know the client alone
}

// commandImports is all that the command line may know of the house; korea reads --at.
var commandImports = []string{"bench", "server", "client", "sheet", "fault", "korea"}

// floor is the floor of a package: its row, or one above the contract for adapters
// (provider/solapi) and above the tested package for its tests' helpers (db/dbtest).
func floor(pkg string) (int, bool) {
	if n, ok := floors[pkg]; ok {
		return n, true
	}
	if parent := path.Dir(pkg); isTestPackage(pkg) || parent == "provider" || parent == "payment" {
		n, ok := floors[parent]
		return n + 1, ok
	}
	return 0, false
}

// isTestPackage reports whether a package is helpers of tests, such as db/dbtest.
func isTestPackage(pkg string) bool {
	parent, name := path.Split(pkg)
	return parent != "" && strings.HasSuffix(name, "test")
}

func isSimulator(pkg string) bool { return pkg == "provider/simulator" || pkg == "payment/simulator" }

func isAdapter(pkg string) bool {
	parent := path.Dir(pkg)
	return (parent == "provider" || parent == "payment") && !isTestPackage(pkg) && !isSimulator(pkg)
}

// ours gives the packages of this module that a file imports, without its own.
func (s *source) ours() (out []string) {
	for _, to := range s.imported() {
		rest, ok := strings.CutPrefix(to, module+"/")
		if pkg := strings.TrimPrefix(rest, "internal/"); ok && pkg != s.pkg() {
			out = append(out, pkg)
		}
	}
	slices.Sort(out)
	return out
}

// housed leaves out the root and the tools, which are no part of the product.
func housed(s *source) bool { return s.dir() != "." && !s.in("tools") }

func checkFloors(t *tree) (out []offence) {
	for _, s := range t.goFiles(housed) {
		mine, ok := floor(s.pkg())
		if !ok {
			out = append(out, t.at(s, s.ast, "package %s has no floor: give it a row in tidy_floors_test.go and in ARCHITECTURE.md", s.pkg()))
			continue
		}
		for _, to := range s.ours() {
			theirs, ok := floor(to)
			besides := s.isTest() && (isTestPackage(to) || isSimulator(to)) ||
				slices.Contains(ground, to) && slices.Index(ground, to) < slices.Index(ground, s.pkg())
			if ok && theirs >= mine && !besides {
				out = append(out, t.at(s, s.ast, "floor %d (%s) imports floor %d (%s)", mine, s.pkg(), theirs, to))
			}
		}
	}
	return out
}

func checkAdapters(t *tree) (out []offence) {
	for _, s := range t.goFiles() {
		for _, to := range s.ours() {
			if isAdapter(to) && s.path != "internal/server/adapters.go" && !s.isTest() {
				out = append(out, t.at(s, s.ast, "imports the adapter %s; only internal/server/adapters.go and tests do", to))
			}
			if isSimulator(to) && s.pkg() != "server" && !s.isTest() {
				out = append(out, t.at(s, s.ast, "imports %s; only server and tests do", to))
			}
		}
	}
	return out
}

func checkTestPackages(t *tree) (out []offence) {
	for _, s := range t.goFiles(product) {
		for _, to := range s.ours() {
			if isTestPackage(to) && s.pkg() != "bench" {
				out = append(out, t.at(s, s.ast, "imports %s, which is for tests and bench", to))
			}
		}
	}
	return out
}

func checkCommand(t *tree) (out []offence) {
	for _, s := range t.goFiles(product) {
		for _, to := range s.ours() {
			if s.in("cmd") && !slices.Contains(commandImports, to) {
				out = append(out, t.at(s, s.ast, "imports %s; the command line knows %s", to, strings.Join(commandImports, ", ")))
			}
		}
	}
	return out
}

var majorVersion = regexp.MustCompile(`^v[0-9]`)

// importing finds files that import one of paths, or what is below it, outside pkgs.
// Another major version is another package.
func importing(paths []string, pkgs ...string) func(*tree) []offence {
	return func(t *tree) (out []offence) {
		for _, s := range t.goFiles(func(s *source) bool { return !s.in(pkgs...) }) {
			for _, to := range s.imported() {
				if slices.ContainsFunc(paths, func(p string) bool {
					rest, below := strings.CutPrefix(to, p+"/")
					return to == p || below && !majorVersion.MatchString(rest)
				}) {
					out = append(out, t.at(s, s.ast, "imports %s", to))
				}
			}
		}
		return out
	}
}

func floorRules() []rule {
	return []rule{
		{
			name:  "imports go down",
			why:   "a package that knows only lower floors can be read, tested and changed without those above it",
			check: checkFloors,
			bad: []string{
				"== internal/credit/a.go ==\npackage credit\nimport _ \"creditmsg/internal/message\"",
				"== internal/api/a.go ==\npackage api\nimport _ \"creditmsg/internal/console\"",
				"== internal/money/a.go ==\npackage money\nimport _ \"creditmsg/internal/sheet\"",
				"== internal/utils/a.go ==\npackage utils",
				"== internal/provider/solapi/a.go ==\npackage solapi\nimport _ \"creditmsg/internal/site\"",
			},
			good: []string{
				"== internal/credit/a.go ==\npackage credit\nimport _ \"creditmsg/internal/db\"",
				"== internal/sheet/a.go ==\npackage sheet\nimport _ \"creditmsg/internal/fault\"",
				"== internal/site/a_test.go ==\npackage site\nimport _ \"creditmsg/internal/db/dbtest\"",
				"== internal/provider/solapi/a_test.go ==\npackage solapi_test\nimport _ \"creditmsg/internal/provider/simulator\"",
			},
		}, {
			name:  "adapters are known to one file",
			why:   "a provider or gateway is added or dropped in internal/server/adapters.go alone; nothing else may depend on which there are",
			check: checkAdapters,
			bad: []string{
				"== internal/delivery/a.go ==\npackage delivery\nimport _ \"creditmsg/internal/provider/solapi\"",
				"== internal/server/server.go ==\npackage server\nimport _ \"creditmsg/internal/payment/toss\"",
				"== internal/bench/a.go ==\npackage bench\nimport _ \"creditmsg/internal/provider/simulator\"",
			},
			good: []string{
				"== internal/server/adapters.go ==\npackage server\nimport _ \"creditmsg/internal/provider/solapi\"",
				"== internal/delivery/a_test.go ==\npackage delivery\nimport _ \"creditmsg/internal/provider/solapi\"",
			},
		}, {
			name:  "helpers of tests are for tests",
			why:   "code that only tests take must not be in the binary",
			check: checkTestPackages,
			bad:   []string{"== internal/credit/a.go ==\npackage credit\nimport _ \"creditmsg/internal/db/dbtest\""},
			good: []string{
				"== internal/bench/a.go ==\npackage bench\nimport _ \"creditmsg/internal/db/dbtest\"",
				"== internal/credit/a_test.go ==\npackage credit\nimport _ \"creditmsg/internal/db/dbtest\"",
			},
		}, {
			name:  "the command line knows only the doors of the house",
			why:   "a verb that reaches past package server does what the server does in a second way",
			check: checkCommand,
			bad:   []string{"== cmd/creditmsg/a.go ==\npackage main\nimport _ \"creditmsg/internal/credit\""},
			good:  []string{"== cmd/creditmsg/a.go ==\npackage main\nimport _ \"creditmsg/internal/server\""},
		}, {
			name:  "SQL drivers are in db",
			why:   "the differences of the engines live in one place; a second one would drift (bench has them for its baselines)",
			check: importing([]string{"github.com/jackc/pgx/v5", "github.com/go-sql-driver/mysql", "modernc.org/sqlite", "github.com/pressly/goose/v3"}, "db", "bench"),
			bad:   []string{"== internal/site/a.go ==\npackage site\nimport (\n_ \"github.com/jackc/pgx/v5/pgxpool\"\n_ \"time/tzdata\"\n)"},
			good:  []string{"== internal/db/a.go ==\npackage db\nimport _ \"github.com/jackc/pgx/v5/pgxpool\""},
		}, {
			name:  "Redis is known to limit, queue and signal",
			why:   "Redis wakes, distributes and limits; who stores anything there loses it with Redis",
			check: importing([]string{"github.com/redis/go-redis/v9", "github.com/hibiken/asynq"}, "limit", "queue", "signal"),
			bad:   []string{"== internal/credit/a.go ==\npackage credit\nimport _ \"github.com/redis/go-redis/v9\""},
			good:  []string{"== internal/queue/a.go ==\npackage queue\nimport _ \"github.com/hibiken/asynq\""},
		}, {
			name:  "random numbers come from crypto/rand or math/rand/v2",
			why:   "the old math/rand repeats itself in ways that tests and keys have suffered from",
			check: importing([]string{"math/rand"}),
			bad:   []string{"== internal/id/a_test.go ==\npackage id\nimport _ \"math/rand\""},
			good:  []string{"== internal/id/a.go ==\npackage id\nimport _ \"math/rand/v2\""},
		},
	}
}
