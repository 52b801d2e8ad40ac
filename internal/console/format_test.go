package console

import (
	"net/http"
	"testing"
	"time"

	"creditmsg/client"
)

func TestAmountsAreWrittenAsPeopleReadThem(t *testing.T) {
	for in, want := range map[client.Amount]string{
		"": "0", "0.00": "0", "-0.00": "0", "18.00": "18", "1234567.50": "1,234,567.5", "-1234.5000": "-1,234.5", "-0.2500": "-0.25", "999": "999", "1000.0001": "1,000.0001",
	} {
		if got := won(in); got != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"0.9876": "98.8", "1": "100.0", "": "", "0.0004": "0.0"} {
		if got := share(in); got != want {
			t.Errorf("the share %q is written %q, want %q", in, got, want)
		}
	}
	if got := of(2, 3); got != "66.6" {
		t.Errorf("2 of 3 is %s", got)
	}
	if got := of(0, 0); got != "" {
		t.Errorf("0 of 0 is %s", got)
	}
}

func TestTimesAreThoseOfKorea(t *testing.T) {
	at := time.Date(2026, 11, 30, 15, 4, 5, 0, time.UTC)
	for got, want := range map[string]string{
		figures{"ko"}.moment(at): "2026. 12. 1. 00:04", figures{"en"}.moment(at): "1 Dec 2026 00:04", figures{"ko"}.exact(at): "2026-12-01 00:04:05",
		figures{"ko"}.day(at): "2026. 12. 1.", figures{"en"}.day(at): "1 Dec 2026", figures{"en"}.moment(time.Time{}): "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestALanguageIsChosenByTheCookieThenTheBrowserElseKorean(t *testing.T) {
	for _, c := range []struct{ cookie, header, want string }{
		{"", "", "ko"}, {"", "en-GB,en;q=0.9", "en"}, {"", "ko-KR,ko;q=0.9,en;q=0.8", "ko"}, {"", "fr-FR", "ko"}, {"", "fr, en;q=0.5", "en"}, {"", ";;;", "ko"},
		{"en", "ko-KR", "en"}, {"xx", "en", "en"},
	} {
		r := &http.Request{Header: http.Header{"Accept-Language": {c.header}}}
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: langCookie, Value: c.cookie})
		}
		if got := languageOf(r); got != c.want {
			t.Errorf("cookie %q and header %q: got %s, want %s", c.cookie, c.header, got, c.want)
		}
	}
}

func TestAPathOfOursStaysHere(t *testing.T) {
	for in, want := range map[string]string{
		"/console": "/console", "/console/me": "/console/me", "/console?a=b": "/console?a=b", "": "/console", "/consoles": "/console", "//evil.example": "/console",
		"https://evil.example/console/": "/console", "/console/\\evil": "/console", "/console/a\nb": "/console",
	} {
		if got := here(in); got != want {
			t.Errorf("%q leads to %q, want %q", in, got, want)
		}
	}
}
