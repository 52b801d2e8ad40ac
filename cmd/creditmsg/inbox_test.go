package main

import (
	"os"
	"testing"
)

func TestTheInboxIsReadAgainFromTheCommandLine(t *testing.T) {
	office(t)
	if err := os.WriteFile("creditmsg.yaml", []byte("providers: [{name: solapi, kind: solapi, api_key: k, api_secret: s}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shop(t)
	wants(t, "an empty inbox", done(t, "inbox", "list"), "LETTER")
	if got := object(t, done(t, "inbox", "list", "--json", "--provider", "solapi", "--state", "applied", "--from", "2026-01-01 00:00")); len(got["data"].([]any)) != 0 {
		t.Errorf("got %v, want no letters", got)
	}
	period := []string{"--from", "2026-01-01 00:00", "--until", "2026-01-02T00:00:00Z"}
	wants(t, "a run of nothing", done(t, append([]string{"inbox", "rerun", "--provider", "solapi"}, period...)...), "solapi", "compared", "0 letters", "differences", "none")
	got := object(t, done(t, append([]string{"inbox", "rerun", "--json", "--apply"}, period...)...))
	if got["state"] != "applied" || got["given_back"] != "0.00" {
		t.Errorf("got %v", got)
	}
	run := got["id"].(string)
	wants(t, "the runs", done(t, "inbox", "runs"), run, "solapi", "compared", "applied")
	wants(t, "one run", done(t, "inbox", "run", run, "--differences"), run, "applied", "all accounts")
	done(t, "inbox", "apply", run)
	refused(t, 1, []string{"inbox", "cancel", run}, "applied to its end")
	refused(t, 1, []string{"inbox", "show", "let_01k9zqm0v8e4t9w2n7c5r3x6yb"}, "no letter")
	refused(t, 1, []string{"inbox", "run", "run_x"}, "no run")
	refused(t, 1, append([]string{"inbox", "rerun", "--provider", "other"}, period...), "/provider", `no account "other"`)
	refused(t, 1, append([]string{"inbox", "rerun", "--state", "lost"}, period...), "/states")
	refused(t, 1, []string{"inbox", "list", "--site", "shop", "--to", "02-123"}, "--to")
	refused(t, 1, []string{"inbox", "list", "--site", "shop", "--message", "x"}, "no message")
	refused(t, 1, []string{"inbox", "list", "--site", "shop", "--to", "010-1234-5678"}, "nobody with this number")
	for _, args := range [][]string{{"inbox", "rerun", "--from", "2026-01-01 00:00"}, append([]string{"inbox", "rerun"}, "--from", "soon", "--until", "later"),
		{"inbox", "list", "--to", "01012345678"}, {"inbox", "list", "--limit", "0"}, {"inbox", "list", "--state", "lost"}} {
		refused(t, 2, args)
	}
}
