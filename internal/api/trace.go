package api

import (
	"net/http"
	"strings"
)

// traceOf gives the trace that a request belongs to for whoever calls (W3C Trace Context, §3.2):
// 32 hex digits, or nothing where it says none, or says it wrongly.
func traceOf(h http.Header) string {
	given := h.Values("traceparent")
	if len(given) != 1 {
		return ""
	}
	version, rest, _ := strings.Cut(given[0], "-")
	trace, rest, _ := strings.Cut(rest, "-")
	parent, flags, _ := strings.Cut(rest, "-")
	if version != "00" { // a later version may have more behind
		flags, _, _ = strings.Cut(flags, "-")
	}
	if !isHex(version, 2) || version == "ff" || !isHex(trace, 32) || !isHex(parent, 16) || !isHex(flags, 2) ||
		strings.Trim(trace, "0") == "" || strings.Trim(parent, "0") == "" {
		return ""
	}
	return trace
}

// isHex reports whether a text is so many small hex digits.
func isHex(text string, n int) bool {
	return len(text) == n && strings.Trim(text, "0123456789abcdef") == ""
}
