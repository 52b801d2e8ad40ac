package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheTraceOfARequestIsInItsLine(t *testing.T) {
	w := onSQLite(t)
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for given, want := range map[string]bool{
		"00-" + trace + "-" + parent + "-01":                   true,
		"00-" + trace + "-" + parent + "-00":                   true,
		"cc-" + trace + "-" + parent + "-01-what-comes-later":  true,
		"cc-" + trace + "-" + parent + "-01":                   true,
		"00-" + trace + "-" + parent + "-01-more":              false,
		"ff-" + trace + "-" + parent + "-01":                   false,
		"00-" + strings.Repeat("0", 32) + "-" + parent + "-01": false,
		"00-" + trace + "-" + strings.Repeat("0", 16) + "-01":  false,
		"00-" + strings.ToUpper(trace) + "-" + parent + "-01":  false,
		"00-" + trace[1:] + "-" + parent + "-01":               false,
		"00-" + trace + "-" + parent:                           false,
		"00-" + trace + "-" + parent + "-1":                    false,
		"00-" + trace + "\" injected=\"x-" + parent + "-01":    false,
		"": false,
	} {
		before := len(w.log.String())
		w.do(ask{method: "GET", path: "/v1/credit", token: w.rich, header: http.Header{"Traceparent": {given}}}).is(200)
		if got := strings.Contains(w.log.String()[before:], "trace_id="+trace); got != want || !want && strings.Contains(w.log.String()[before:], "trace_id") {
			t.Errorf("%s: the line says %s", given, w.log.String()[before:])
		}
	}
	if got := traceOf(http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01", "00-" + trace + "-" + parent + "-01"}}); got != "" {
		t.Errorf("two of them are %s", got)
	}
}

func FuzzTraceOf(f *testing.F) {
	for _, seed := range []string{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "", "-", "00---"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		if got := traceOf(http.Header{"Traceparent": {given}}); got != "" && (!isHex(got, 32) || !strings.Contains(given, got)) {
			t.Fatalf("%q gives %q", given, got)
		}
	})
}
