package main

import "testing"

func TestTheLimitsOfASiteAndOfItsTokensAreSetAndShown(t *testing.T) {
	office(t)
	shop(t)
	wants(t, "at first", done(t, "site", "limits", "shop"), "requests a minute", "any number", "the installation's", "recipients a day")
	wants(t, "set", done(t, "site", "limits", "shop", "--requests", "60", "--recipients", "1000", "--day", "50000"), "60", "1000", "50000", "set")
	day := func(args ...string) any {
		all := object(t, done(t, append([]string{"site", "limits", "shop", "--json"}, args...)...))
		if all["requests_per_minute"].(map[string]any)["limit"] != 60.0 {
			t.Errorf("the requests became %v", all["requests_per_minute"])
		}
		return all["recipients_per_day"].(map[string]any)["limit"]
	}
	if got := day("--recipients", "none"); got != 50000.0 {
		t.Errorf("the day became %v", got)
	}
	if got := day("--day", "none"); got != nil {
		t.Errorf("no limit of the day is %v", got)
	}
	wants(t, "the default again", done(t, "site", "limits", "shop", "--requests", "default", "--day", "default"), "any number", "the installation's")
	refused(t, 1, []string{"site", "limits", "shop", "--requests", "0"}, "--requests", "none or default")
	refused(t, 1, []string{"site", "limits", "shop", "--recipients", "many"}, "--recipients")
	refused(t, 1, []string{"site", "limits", "shop", "--day", "10000001"}, "--day")
	refused(t, 1, []string{"site", "limits", "nobody"}, "nobody")

	token, _ := object(t, done(t, "token", "create", "shop", "--name", "t", "--ability", "*", "--json"))["id"].(string)
	wants(t, "a token's", done(t, "token", "limits", "shop", token, "--requests", "10"), "10", "set", "recipients a minute", "any number")
	wants(t, "a token's again", done(t, "token", "limits", "shop", token), "10", "set")
	refused(t, 1, []string{"token", "limits", "shop", "tok_nonsense"}, "token")
	other, _ := object(t, done(t, "token", "create", "operator", "--name", "t", "--ability", "operator", "--json"))["id"].(string)
	refused(t, 1, []string{"token", "limits", "shop", other}, "token")
}
