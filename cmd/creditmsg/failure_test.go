package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAWrongCommandLineExitsWithTwo(t *testing.T) {
	a := newAPI(t)
	good := []string{"send", "--url", a.url, "--token", "x", "--strategy", "sms_only", "--text", "x"}
	with := func(args ...string) []string { return append(append([]string{}, good...), args...) }
	to := func(args ...string) []string { return with(append(args, "--to", "01012345678")...) }
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no verb":               {nil, "expected"},
		"an unknown verb":       {[]string{"sned"}, "sned"},
		"a verb not built":      {[]string{"telemetry"}, "telemetry"},
		"an unknown flag":       {to("--colour"), "--colour"},
		"a sheet of no book":    {with("--csv", people, "--sheet", "a"), "--sheet"},
		"an unknown strategy":   {[]string{"send", "--token", "x", "--strategy", "fast", "--to", "010"}, "--strategy"},
		"no strategy":           {[]string{"send", "--token", "x", "--to", "010"}, "--strategy"},
		"no token":              {[]string{"send", "--strategy", "sms_only", "--to", "010"}, "--token"},
		"no recipients":         {good, "--csv"},
		"two lists":             {to("--csv", people), "--to"},
		"two texts":             {to("--text-file", "testdata/hello.txt"), "--text"},
		"a time that is none":   {to("--at", "tomorrow"), "--at"},
		"a duration without s":  {to("--wait", "--timeout", "10"), "--timeout"},
		"an address, no scheme": {to("--url", "localhost:8080"), "localhost:8080"},
		"a dry run that waits":  {to("--dry-run", "--wait"), "--wait"},
		"a column of no file":   {to("--to-column", "phone"), "--to-column"},
		"a subject of nothing":  {[]string{"send", "--token", "x", "--strategy", "alimtalk_first", "--subject", "s", "--to", "010"}, "--subject"},
		"standard input twice":  {[]string{"send", "--token", "x", "--strategy", "sms_only", "--text-file=-", "--csv=-"}, "standard input"},
	} {
		code, out, errs := run(t, "text", tt.args...)
		if code != 2 || out != "" || !strings.Contains(errs, tt.want) || !strings.HasPrefix(errs, "creditmsg: ") {
			t.Errorf("%s: exit %d, %q, %q; want 2 and a word on %s", name, code, out, errs, tt.want)
		}
	}
	if len(a.writes()) != 0 {
		t.Errorf("%d requests were made", len(a.writes()))
	}
}

func TestHelpAndVersionExitWithZero(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--help", "send"}, {"send --help", "--to-column"}, {"send --to 1 --help", "CREDITMSG_TOKEN"}, {"--version", "creditmsg "},
	} {
		code, out, errs := run(t, "", strings.Fields(tt.args)...)
		if code != 0 || errs != "" || !strings.Contains(out, tt.want) {
			t.Errorf("%s: exit %d, %s%s", tt.args, code, out, errs)
		}
	}
}

func TestARefusalIsToldWithItsPlacesAndWhatToDo(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"token": {401, `{"code":"unauthenticated","detail":"the token is not known"}`,
			"creditmsg: the token is not known (unauthenticated, HTTP 401)\n  hint: give a valid token of the site with --token or CREDITMSG_TOKEN\n"},
		"credit": {402, `{"code":"insufficient_credit","detail":"too little credit","needed":"1800.00","available":"5.00"}`,
			"creditmsg: too little credit (insufficient_credit, HTTP 402)\n  hint: 1,800 won is needed and 5 won is available; top up the credit, or see the cost first with --dry-run\n"},
		"fields": {422, `{"code":"validation","detail":"the request is not valid","errors":[{"pointer":"/text/subject","detail":"too long"},{"pointer":"/recipients/1/to","detail":"want text"}]}`,
			"creditmsg: the request is not valid (validation, HTTP 422)\n  /text/subject: too long\n  testdata/people.csv:5: want text\n"},
		"lines": {400, `{"code":"malformed","detail":"not JSON","errors":[{"pointer":"/lines/4","detail":"not JSON"}]}`,
			"creditmsg: not JSON (malformed, HTTP 400)\n  testdata/people.csv:6: not JSON\n"},
		"stranger": {404, `{"error":"nothing here"}`, "creditmsg: Not Found (HTTP 404)\n  hint: the reply is not one of Credit Messaging's; is --url right?\n"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			a.refuse = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			}
			code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", people)
			if diff := cmp.Diff(tt.want, errs); diff != "" || code != 1 || out != "" {
				t.Errorf("exit %d, %s\n%s", code, out, diff)
			}
		})
	}
}

func TestARefusalIsAnObjectToo(t *testing.T) {
	a := newAPI(t)
	a.refuse = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(402)
		io.WriteString(w, `{"type":"about:blank","title":"Payment Required","status":402,"code":"insufficient_credit","detail":"too little","recharge":{"enabled":false},
			"errors":[{"pointer":"/recipients/0","detail":"d","code":"validation"}]}`)
	}
	code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", people, "--json")
	want := map[string]any{"type": "about:blank", "title": "Payment Required", "status": 402.0, "code": "insufficient_credit", "detail": "too little",
		"recharge": map[string]any{"enabled": false}, "errors": []any{map[string]any{"pointer": "testdata/people.csv:2", "detail": "d", "code": "validation"}}}
	if diff := cmp.Diff(want, object(t, out)); diff != "" || code != 1 || !strings.Contains(errs, "too little") {
		t.Errorf("exit %d, %s\n%s", code, errs, diff)
	}
}

func TestACSVThatCannotBeReadSendsNothingAndNamesTheLine(t *testing.T) {
	for file, tt := range map[string]struct{ text, code string }{
		"testdata/broken.csv":  {"testdata/broken.csv:3: ", "unsupported_encoding"},
		"testdata/nophone.csv": {"testdata/nophone.csv:1: ", "no_phone_column"},
		"testdata/empty.csv":   {"testdata/empty.csv: the file has a header and no recipients", "no_recipients"},
		"testdata/absent.csv":  {"testdata/absent.csv: no such file", ""},
	} {
		a := newAPI(t)
		code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", file)
		if code != 1 || out != "" || !strings.Contains(errs, tt.text) || len(a.writes()) != 0 {
			t.Errorf("%s: exit %d, %d requests, %s\nwant %s", file, code, len(a.writes()), errs, tt.text)
		}
		code, out, _ = a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", file, "--json")
		if got, _ := object(t, out)["code"].(string); code != 1 || got != tt.code {
			t.Errorf("%s: exit %d, code %q; want 1 and %q", file, code, got, tt.code)
		}
	}
}
