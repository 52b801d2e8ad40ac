package console

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

// unseen are the GETs that are no pages, and so are not looked at in a browser by themselves.
var unseen = map[string]string{
	"GET /s/{site}/messages/{id}/live": "server-sent events",
	"GET ":                             "it leads on to the first page of whoever comes",
}

// TestEachPageIsLookedAtInABrowser compares the routes with the list that the browser tests open.
func TestEachPageIsLookedAtInABrowser(t *testing.T) {
	text, err := os.ReadFile("../../test/browser/pages.mjs")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, s := range screens() {
		if method, path, _ := strings.Cut(s.pattern, " "); method == http.MethodGet {
			mux.Handle("GET "+Root+path, http.NotFoundHandler())
		}
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`"(/console[^"]*)"`).FindAllStringSubmatch(string(text), -1) {
		u, err := url.Parse(strings.ReplaceAll(m[1], ":", ""))
		if err != nil {
			t.Fatal(err)
		}
		_, pattern := mux.Handler(&http.Request{Method: http.MethodGet, URL: u, Host: "localhost"})
		if pattern == "" {
			t.Errorf("the browser opens %s, which is no page", m[1])
		}
		seen["GET "+strings.TrimPrefix(pattern, "GET "+Root)] = true
	}
	for _, s := range screens() {
		if strings.HasPrefix(s.pattern, "GET ") && !seen[s.pattern] && unseen[s.pattern] == "" {
			t.Errorf("no browser opens %s: put it into test/browser/pages.mjs", s.pattern)
		}
	}
}
