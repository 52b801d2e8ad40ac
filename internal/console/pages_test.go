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
	"GET /s/{site}/messages/{id}/live":                               "server-sent events",
	"GET /s/{site}/settings/api/webhooks/{id}/deliveries/{seq}/live": "server-sent events",
	"GET /operator/inbox/runs/{id}/live":                             "server-sent events",
	"GET /s/{site}/settings/audit/export":                            "a file",
	"GET /operator/audit/export":                                     "a file",
	"GET /me/tokens/{id}":                                            "as those of a site",
	"GET /s/{site}/credit/entries/export":                            "a file",
	"GET /s/{site}/credit/payments/sum":                              "a piece",
	"GET /s/{site}/credit/payments/return":                           "it leads on",
	"GET /s/{site}/credit/payments/{id}/live":                        "server-sent events",
	"GET /s/{site}/credit/payments/{id}/window":                      "a gateway's script draws it",
	"GET /s/{site}/credit/methods/{id}/window":                       "a gateway's script draws it",
	"GET /s/{site}/credit/payments/{id}/receipt/print":               "it is for paper",
	"GET /s/{site}/credit/methods/return":                            "it leads on",
	"GET /s/{site}/credit/statements/{month}/{format}":               "a file",
	"GET /s/{site}/messages/{id}/compliance/file":                    "a file",
	"GET /operator/money/tax":                                        "it leads on",
	"GET /operator/money/tax/{month}/files/{file}":                   "a file",
	"GET /s/{site}/credit/limits/caps":                               "it shows the limits",
	"GET /s/{site}/credit/limits/alerts":                             "it shows the limits",
	"GET /operator/sites/{id}/plan":                                  "it shows the site's prices",
	"GET /operator/prices/plans/{id}/name":                           "it shows the plan",
	"GET /operator/money/withdrawals/{of}/{id}/reject":               "it shows the withdrawal",
	"GET /operator/money/payments/{of}/{id}/cash-receipt":            "it shows the payment",
	"GET /operator/invoices/{id}":                                    "the demo has no carrier's invoice",
	"GET /operator/invoices/{id}/apply":                              "the demo has no carrier's invoice",
	"GET /s/{site}/settings/senders/{number}/documents/{id}":         "a file",
	"GET /s/{site}/book/export":                                      "a file",
	"GET /s/{site}/book/groups/{id}/export":                          "a file",
	"GET ":                                                           "it leads on to the first page of whoever comes",
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
