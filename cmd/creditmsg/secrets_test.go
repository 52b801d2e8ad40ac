package main

import (
	"strings"
	"testing"
)

// TestNoVerbTellsASecret runs verbs with a configuration full of secrets, on a database that is
// there and on one that is not.
func TestNoVerbTellsASecret(t *testing.T) {
	office(t)
	shop(t)
	done(t, "site", "alerts", "shop", "--level", "1000")
	t.Setenv("CREDITMSG_PROVIDERS", `[{"name":"main","kind":"solapi","url":"http://127.0.0.1:1","api_key":"Pl4nted1","api_secret":"Pl4nted2","timeout":"1s","webhook":{"secret":"Pl4nted3"}},
		{"name":"nhn","kind":"nhncloud","url":"http://127.0.0.1:1","app_key":"Pl4nted4","secret_key":"Pl4nted5","alimtalk_key":"Pl4nted6","alimtalk_secret":"Pl4nted7","timeout":"1s"}]`)
	t.Setenv("CREDITMSG_PAYMENTS_GATEWAYS", `[{"name":"toss","kind":"toss","url":"http://127.0.0.1:1","client_key":"Pl4nted8","secret_key":"Pl4nted9","webhook_secret":"Pl4nted10"}]`)
	t.Setenv("CREDITMSG_ALERTS_SMTP_HOST", "127.0.0.1")
	t.Setenv("CREDITMSG_ALERTS_SMTP_PASSWORD", "Pl4nted11")
	t.Setenv("CREDITMSG_ALERTS_SMTP_USER", "u")
	t.Setenv("CREDITMSG_ALERTS_SMTP_FROM", "a@credit.example")
	verbs := [][]string{
		{"doctor"}, {"doctor", "--json"}, {"provider", "list"}, {"provider", "list", "--json"}, {"site", "show", "shop", "--json"}, {"token", "list", "--json"},
		{"payment", "list", "shop", "--json"}, {"ledger", "verify", "--json"}, {"migrate", "status", "--json"}, {"stats", "--json"}, {"sender", "list", "--json"}, {"credit", "show", "nobody", "--json"},
		{"send", "--url", "http://u:Pl4nted@127.0.0.1:1", "--token", "cm_live_Pl4nted", "--strategy", "sms_only", "--text", "x", "--to", "01012345678", "--json"},
	}
	for _, url := range []string{"", "postgres://Pl4nt:Pl4nted12@127.0.0.1:1/x", "mysql://u:Pl4nted12@127.0.0.1:1/x", "oracle://u:Pl4nted12@h/x"} {
		t.Setenv("CREDITMSG_DATABASE_URL", url)
		for _, verb := range verbs {
			if url != "" && verb[0] != "send" {
				verb = append(verb[:len(verb):len(verb)], "--wait-for-database", "1ms")
			}
			_, out, errs := run(t, "", verb...)
			if text := out + errs; strings.Contains(text, "Pl4nted") || text == "" {
				t.Errorf("creditmsg %s on %q tells: %s", strings.Join(verb, " "), url, text)
			}
		}
	}
}
