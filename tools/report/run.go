package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build event
	Test        string
	Output      string
	Elapsed     float64 // seconds
	FailedBuild string  // the package whose build broke this one
}

// run is what is known so far.
type run struct {
	log      io.Writer
	logName  string
	began    time.Time
	packages map[string]*pkg   // those that have not ended
	builds   map[string]string // output of broken builds, by import path
	ended    int
	passed   int // top-level tests
	failed   int // top-level tests, and packages that failed without one
	skipped  int
	broken   []string // packages that failed
}

// pkg is one package whose tests run.
type pkg struct {
	passed, failed, skipped int
	cached                  bool
	all                     strings.Builder             // the whole output, for the log
	tests                   map[string]*strings.Builder // output of tests not known to have passed; "" is the package's own
}

func newRun(log io.Writer, name string) *run {
	return &run{
		log: log, logName: name, began: time.Now(),
		packages: map[string]*pkg{}, builds: map[string]string{},
	}
}

// good reports whether tests ran and all passed.
func (r *run) good() bool { return r.passed > 0 && r.failed == 0 }

// take takes one event in and returns what a person should read about it, if anything.
func (r *run) take(e event) string {
	if e.Action == "build-output" {
		r.builds[e.ImportPath] += e.Output
		return ""
	}
	if e.Package == "" {
		return ""
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &pkg{tests: map[string]*strings.Builder{}}
		r.packages[e.Package] = p
	}
	if e.Test == "" {
		return r.takePackage(e, p)
	}
	p.takeTest(e)
	return ""
}

func (p *pkg) takeTest(e event) {
	top := !strings.Contains(e.Test, "/")
	switch e.Action {
	case "output":
		p.output(e.Test, e.Output)
	case "pass", "skip":
		delete(p.tests, e.Test)
		if top && e.Action == "pass" {
			p.passed++
		} else if top {
			p.skipped++
		}
	case "fail":
		if top {
			p.failed++
		}
	}
}

func (p *pkg) output(test, text string) {
	p.all.WriteString(text)
	b := p.tests[test]
	if b == nil {
		b = &strings.Builder{}
		p.tests[test] = b
	}
	if !strings.HasPrefix(text, "=== ") { // RUN, PAUSE, CONT: of no use to a reader
		b.WriteString(text)
	}
}

// takePackage handles the events of a package as a whole.
func (r *run) takePackage(e event, p *pkg) string {
	switch e.Action {
	case "output":
		p.cached = p.cached || strings.Contains(e.Output, "\t(cached)")
		p.output("", e.Output)
		return ""
	case "pass", "fail", "skip":
		return r.close(e, p)
	}
	return ""
}

// close ends a package: it counts, writes the log and tells what is worth telling.
func (r *run) close(e event, p *pkg) string {
	delete(r.packages, e.Package)
	build := r.builds[e.FailedBuild]
	fmt.Fprintf(r.log, "%s%s", build, p.all.String())
	if e.Action == "fail" && p.failed == 0 {
		p.failed = 1 // it did not build, panicked or ran out of time
	}
	r.ended++
	r.passed += p.passed
	r.failed += p.failed
	r.skipped += p.skipped
	if e.Action == "fail" {
		r.broken = append(r.broken, e.Package)
		return fmt.Sprintf("  %-26s %4.0f s  FAILED\n%s", short(e.Package), e.Elapsed, r.excerpt(build+p.why()))
	}
	if p.passed == 0 {
		return ""
	}
	note := ""
	if p.cached {
		note = ", unchanged"
	}
	return fmt.Sprintf("  %-26s %4.0f s  ok  %d tests%s\n", short(e.Package), e.Elapsed, p.passed, note)
}

// why is the output of everything that did not pass, in the order of names, and after it
// what the package itself said.
func (p *pkg) why() string {
	var b strings.Builder
	names := slices.Sorted(maps.Keys(p.tests))
	if len(names) > 0 && names[0] == "" {
		names = append(names[1:], "")
	}
	for _, test := range names {
		b.WriteString(p.tests[test].String())
	}
	return b.String()
}

// excerpt indents text and cuts what is too long to read; the log has all of it.
func (r *run) excerpt(text string) string {
	const most = 200
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	cut := ""
	if len(lines) > most {
		cut = fmt.Sprintf("    … and %d more lines in %s\n", len(lines)-most, r.logName)
		lines = lines[:most]
	}
	return "    " + strings.Join(lines, "\n    ") + "\n" + cut
}

// status is the live line.
func (r *run) status() string {
	names := slices.Sorted(maps.Keys(r.packages))
	for i := range names {
		names[i] = short(names[i])
	}
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	if len(names) == 0 {
		names = []string{"compiling"}
	}
	line := fmt.Sprintf("  %d packages, %d tests passed, %s so far: %s",
		r.ended, r.passed, spent(r.began), strings.Join(names, " "))
	return line[:min(len(line), 100)]
}

// end tells the outcome. Its last line is plain so that machines can read it, too.
func (r *run) end() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.packages)) { // cut off in the middle
		r.failed++
		r.broken = append(r.broken, name)
		fmt.Fprint(r.log, r.packages[name].all.String())
		fmt.Fprintf(&b, "  %-26s did not end\n", short(name))
	}
	switch {
	case r.failed > 0:
		fmt.Fprintf(&b, "\nFAILED after %s: %s\n", spent(r.began), strings.Join(r.broken, ", "))
	case r.passed == 0:
		b.WriteString("\nFAILED: no test ran\n")
	default:
		fmt.Fprintf(&b, "\nEverything holds: %d packages in %s.\n", r.ended, spent(r.began))
	}
	fmt.Fprintf(&b, "The whole output is in %s\n", r.logName)
	fmt.Fprintf(&b, "%d passed, %d failed", r.passed, r.failed)
	if r.skipped > 0 {
		fmt.Fprintf(&b, ", %d skipped", r.skipped)
	}
	b.WriteString("\n")
	return b.String()
}

func short(name string) string {
	_, rest, ok := strings.Cut(name, "/")
	if !ok {
		return name
	}
	return rest
}

func spent(since time.Time) string { return time.Since(since).Round(time.Second).String() }
