package main

import (
	"strings"
	"testing"
)

// story runs report over events and gives what a person reads, and the log.
func story(t *testing.T, events string) (r *run, out, log string) {
	t.Helper()
	var o, l strings.Builder
	r = newRun(&l, "all.log")
	if err := report(strings.NewReader(events), &o, r, false); err != nil {
		t.Fatal(err)
	}
	return r, o.String(), l.String()
}

const passing = `{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Test":"TestOne","Output":"noise\n"}
{"Action":"pass","Package":"m/a","Test":"TestOne/part","Elapsed":0}
{"Action":"pass","Package":"m/a","Test":"TestOne","Elapsed":0}
{"Action":"pass","Package":"m/a","Test":"FuzzTwo","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":1.2}
`

const failing = `{"Action":"output","Package":"m/b","Test":"TestGood","Output":"chatter\n"}
{"Action":"pass","Package":"m/b","Test":"TestGood"}
{"Action":"output","Package":"m/b","Test":"TestBad/part","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"m/b","Test":"TestBad/part"}
{"Action":"fail","Package":"m/b","Test":"TestBad"}
{"Action":"fail","Package":"m/b","Elapsed":0.1}
`

const unbuilt = `{"Action":"build-output","ImportPath":"m/c","Output":"c.go:1: broken\n"}
{"Action":"build-fail","ImportPath":"m/c"}
{"Action":"start","Package":"m/c"}
{"Action":"fail","Package":"m/c","Elapsed":0,"FailedBuild":"m/c"}
`

func TestTopLevelTestsAreCountedAndPassingOnesAreQuiet(t *testing.T) {
	r, out, log := story(t, passing)
	if !r.good() || !strings.HasSuffix(out, "\n2 passed, 0 failed\n") {
		t.Errorf("got good %v and %q, want good and a last line that counts 2", r.good(), out)
	}
	if strings.Contains(out, "noise") || !strings.Contains(log, "noise") {
		t.Errorf("output of a passing test belongs in the log alone; got %q, log %q", out, log)
	}
}

func TestAFailureShowsItsOwnOutputOnly(t *testing.T) {
	r, out, _ := story(t, passing+failing)
	if r.good() || !strings.HasSuffix(out, "\n3 passed, 1 failed\n") {
		t.Errorf("got good %v and %q, want a failure and a last line that counts 3 and 1", r.good(), out)
	}
	if !strings.Contains(out, "got 1, want 2") || strings.Contains(out, "chatter") {
		t.Errorf("got %q, want the failing test's output without the other's", out)
	}
}

func TestAPackageThatFailsWithoutATestCountsAsOneFailure(t *testing.T) {
	r, out, _ := story(t, passing+unbuilt)
	if r.good() || !strings.Contains(out, "c.go:1: broken") || !strings.HasSuffix(out, "\n2 passed, 1 failed\n") {
		t.Errorf("got good %v and %q, want the compiler's words and 1 failed", r.good(), out)
	}
}

func TestSilenceIsNotSuccess(t *testing.T) {
	if r, out, _ := story(t, ""); r.good() || !strings.Contains(out, "no test ran") {
		t.Errorf("got good %v and %q, want a failure", r.good(), out)
	}
	half := strings.Join(strings.SplitAfter(passing, "\n")[:4], "")
	if r, out, _ := story(t, half); r.good() || !strings.Contains(out, "did not end") {
		t.Errorf("got good %v and %q for a run cut off in the middle, want a failure", r.good(), out)
	}
}

func TestLinesThatAreNoEventsPass(t *testing.T) {
	if _, out, _ := story(t, "go: downloading x\n"+passing); !strings.HasPrefix(out, "go: downloading x\n") {
		t.Errorf("got %q, want the line as it was", out)
	}
}
