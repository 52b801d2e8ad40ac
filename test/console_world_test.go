package test

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/server"
)

// pages is the demo, and a browser without a window that opens the pages of its console.
type pages struct {
	*testing.T
	demo    server.Demo
	program *running
	http    *http.Client
	lang    string
}

// consoleDemo runs the demo in this process, with what env configures, on SQLite: what engines do differently is below the pages.
func consoleDemo(t *testing.T, env ...string) *pages {
	t.Helper()
	t.Chdir(t.TempDir())
	c, err := server.LoadConfig("", append(env, "CREDITMSG_LISTEN=127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, demo, err := server.OpenDemo(within(t), c, server.DemoOptions{Options: server.Options{Roles: server.Roles, Log: log, Simulator: server.SimulatorOptions{Pace: 5 * time.Millisecond}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{p, t, stop, make(chan error, 1)}
	go func() { r.ended <- p.Run(ctx) }()
	t.Cleanup(func() { r.halt() })
	return (&pages{T: t, demo: demo, program: r, lang: "ko"}).other()
}

// other is another browser, with nobody signed in.
func (p *pages) other() *pages {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.Fatal(err)
	}
	with := *p
	with.http = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &with
}

// shown is a page as it came.
type shown struct {
	*testing.T
	status int
	header http.Header
	body   string
	to     string // where it leads; "" = nowhere
}

func (p *pages) do(method, path string, form url.Values, header ...string) *shown {
	p.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(within(p.T), method, p.program.URL()+path, body)
	if err != nil {
		p.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept-Language", p.lang)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := p.http.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	return &shown{p.T, res.StatusCode, res.Header, string(text), res.Header.Get("Location")}
}

// get opens a page, and follows where it leads.
func (p *pages) get(path string) *shown {
	p.Helper()
	out := p.do(http.MethodGet, path, nil)
	for n := 0; out.to != "" && n < 5; n++ {
		out = p.do(http.MethodGet, out.to, nil)
	}
	return out
}

// post sends a form of pairs of name and value, without following where it leads.
func (p *pages) post(path string, pairs ...string) *shown {
	p.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return p.do(http.MethodPost, path, form)
}

// sign signs somebody of the demo in, by his role.
func (p *pages) sign(role string) *pages {
	p.Helper()
	for _, l := range p.demo.Logins {
		if l.Role == role {
			p.post("/console/sign-in", "email", l.Email, "password", l.Password).leads("/console")
			return p
		}
	}
	p.Fatalf("nobody of the demo is %s", role)
	return nil
}

// leads makes sure that a form was taken and leads on to a page.
func (s *shown) leads(to string) {
	s.Helper()
	if s.status != http.StatusSeeOther || s.to != to {
		s.Fatalf("it leads to %q with status %d, want %q; the page says %s", s.to, s.status, to, s.words())
	}
}

// says makes sure that a page shows texts.
func (s *shown) says(texts ...string) *shown {
	s.Helper()
	for _, text := range texts {
		if !strings.Contains(s.words(), text) {
			s.Errorf("the page (status %d) does not say %q but %s", s.status, text, s.words())
		}
	}
	return s
}

var (
	tags   = regexp.MustCompile(`(?s)<(script|style)\b.*?</(script|style)>|<[^>]*>`)
	blanks = regexp.MustCompile(`\s+`)
)

// words is what a person reads of a page.
func (s *shown) words() string {
	return strings.TrimSpace(blanks.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(s.body, " ")), " "))
}

// beside is what stands beside a field as its error; "" = nothing.
func (s *shown) beside(name string) string {
	_, rest, found := strings.Cut(s.body, ` id="f-`+name+`-error">`)
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "<")
	return html.UnescapeString(text)
}

// value is what stands in a field of a page.
func (s *shown) value(name string) string {
	m := regexp.MustCompile(`<input[^>]*\bname="` + regexp.QuoteMeta(name) + `"[^>]*\bvalue="([^"]*)"|<textarea[^>]*\bname="` + regexp.QuoteMeta(name) + `"[^>]*>([^<]*)<`).FindStringSubmatch(s.body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1] + m[2])
}
