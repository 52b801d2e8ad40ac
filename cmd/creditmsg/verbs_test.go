package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// office is an empty folder to run verbs in, whose database is the default one there.
func office(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
}

// done runs a verb that must succeed and gives what it printed.
func done(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := run(t, "", args...)
	if code != 0 || errs != "" {
		t.Fatalf("creditmsg %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// refused runs a verb that must fail and wants these words on standard error.
func refused(t *testing.T, wantCode int, args []string, words ...string) {
	t.Helper()
	code, out, errs := run(t, "", args...)
	if code != wantCode || out != "" || !strings.HasPrefix(errs, "creditmsg: ") {
		t.Errorf("creditmsg %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, wantCode, out, errs)
	}
	wants(t, "standard error", errs, words...)
}

// shop makes a site.
func shop(t *testing.T, more ...string) {
	t.Helper()
	done(t, append([]string{"site", "create", "shop", "--name", "꽃집"}, more...)...)
}

// pick gives members of a JSON object by their names.
func pick(t *testing.T, text string, names ...string) map[string]any {
	t.Helper()
	all, out := object(t, text), map[string]any{}
	for _, n := range names {
		out[n] = all[n]
	}
	return out
}

func TestASiteCostsWhatTheInstallationDoesButForThePricesItNames(t *testing.T) {
	office(t)
	got := pick(t, done(t, "site", "create", "shop", "--name", "꽃집", "--price", "sms=20,lms=50.25", "--json"), "id", "name", "state", "prices", "available")
	want := map[string]any{"id": "shop", "name": "꽃집", "state": "active", "available": "0.00",
		"prices": map[string]any{"alimtalk": "9.00", "sms": "20.00", "lms": "50.25", "mms": "120.00"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wants(t, "the text", done(t, "site", "show", "shop"), "shop (꽃집)", "alimtalk 9 won, sms 20 won, lms 50.25 won, mms 120 won")
	refused(t, 1, []string{"site", "create", "shop", "--name", "x"}, "shop")
	refused(t, 1, []string{"site", "create", "Shop!", "--name", "x"}, "/id")
	refused(t, 1, []string{"site", "create", "other", "--name", "x", "--price", "fax=1"}, `--price: "fax" is not one of alimtalk, sms, lms, mms`)
	refused(t, 1, []string{"site", "create", "other", "--name", "x", "--price", "sms=cheap"}, "--price: sms=cheap: want an amount")
	refused(t, 2, []string{"site", "create", "other"}, "--name")
	wants(t, "the list", done(t, "site", "list"), "SITE", "shop", "꽃집")
}

func TestASuspendedSiteIsResumed(t *testing.T) {
	office(t)
	shop(t)
	for _, tt := range []struct{ verb, state string }{{"suspend", "suspended"}, {"suspend", "suspended"}, {"resume", "active"}} {
		if got := object(t, done(t, "site", tt.verb, "shop", "--json"))["state"]; got != tt.state {
			t.Errorf("%s: %v, want %s", tt.verb, got, tt.state)
		}
	}
	refused(t, 1, []string{"site", "suspend", "nobody"}, `there is no site "nobody" here`)
}

// TestWhatWasRefusedIsNotShownAsDone: the output of a verb that failed tells of no success.
func TestWhatWasRefusedIsNotShownAsDone(t *testing.T) {
	office(t)
	shop(t)
	refused(t, 1, []string{"site", "erase", "shop", "--confirm", "shop", "--reason", "x"}, "suspend it first")
	refused(t, 1, []string{"site", "forget", "shop", "12"}, "number")
	refused(t, 1, []string{"site", "keep", "shop", "--days", "1"}, "30")
}

func TestASiteIsWeighed(t *testing.T) {
	office(t)
	shop(t)
	if got := object(t, done(t, "site", "show", "shop", "--json"))["weight"]; got != 1.0 {
		t.Errorf("weight %v at first, want 1", got)
	}
	if got := object(t, done(t, "site", "weight", "shop", "3", "--json"))["weight"]; got != 3.0 {
		t.Errorf("weight %v, want 3", got)
	}
	wants(t, "the text", done(t, "site", "weight", "shop", "7"), "shop weighs 7")
	refused(t, 1, []string{"site", "weight", "shop", "0"}, "want 1 to 100")
	refused(t, 1, []string{"site", "weight", "nobody", "2"}, "nobody")
}

func TestASiteSaysWhoIsToldOfItsMoney(t *testing.T) {
	office(t)
	shop(t)
	refused(t, 1, []string{"site", "alerts", "shop", "--email", "a@shop.example"}, "--email", "alerts.smtp")
	t.Setenv("CREDITMSG_ALERTS_SMTP_HOST", "127.0.0.1")
	t.Setenv("CREDITMSG_ALERTS_SMTP_FROM", "alerts@credit.example")
	t.Setenv("CREDITMSG_ALERTS_SITE", "shop")
	args := func(more ...string) []string { return append([]string{"site", "alerts", "shop"}, more...) }
	done(t, args("--level", "20000", "--level", "5000", "--email", "a@shop.example", "--email", "b@shop.example", "--mobile", "010-1234-5678")...)
	done(t, args("--topic", "owed", "--language", "en")...)
	got := object(t, done(t, args("--json")...))
	want := map[string]any{"site": "shop", "levels": []any{"20000.00", "5000.00"}, "emails": []any{"a@shop.example", "b@shop.example"},
		"topics": []any{"owed"}, "mobile": "01012345678", "language": "en"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wants(t, "the text", done(t, args("--level", "none", "--mobile", "none", "--email", "b@shop.example")...), "e-mail", "b@shop.example", "topic", "owed")
	if got := object(t, done(t, args("--json")...)); got["mobile"] != "" || len(got["levels"].([]any)) != 0 || len(got["emails"].([]any)) != 1 {
		t.Errorf("emptied: %v", got)
	}
	refused(t, 1, args("--level", "little"), "--level")
	refused(t, 1, args("--email", "a@shop"), "--email: want an e-mail address")
	refused(t, 1, args("--topic", "weather"), "--topic: want low_balance")
	refused(t, 1, []string{"site", "alerts", "nobody"}, `there is no site "nobody" here`)
}

func TestCreditIsGivenAndTakenButNeverBelowZero(t *testing.T) {
	office(t)
	shop(t)
	for _, tt := range []struct {
		args []string
		want map[string]any
	}{
		{[]string{"15000", "--reason", "paid by transfer", "--kind", "paid"}, map[string]any{"seq": 1.0, "kind": "payment", "amount": "15000.00", "available_after": "15000.00", "note": "paid by transfer"}},
		{[]string{"500.5", "--reason", "welcome", "--kind", "bonus"}, map[string]any{"seq": 2.0, "kind": "bonus", "amount": "500.50", "available_after": "15500.50", "note": "welcome"}},
		{[]string{"-500.50", "--reason", "a mistake"}, map[string]any{"seq": 3.0, "kind": "adjustment", "amount": "500.50", "available_after": "15000.00", "note": "a mistake"}},
		{[]string{"--reason", "-1", "--", "-1000"}, map[string]any{"seq": 4.0, "kind": "adjustment", "amount": "1000.00", "available_after": "14000.00", "note": "-1"}},
	} {
		got := pick(t, done(t, append([]string{"credit", "add", "--json", "shop"}, tt.args...)...), "seq", "kind", "amount", "available_after", "note")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%v: %s", tt.args, diff)
		}
	}
	add := func(args ...string) []string { return append([]string{"credit", "add", "shop"}, args...) }
	refused(t, 1, add("-14000.01", "--reason", "x"), "14000")
	refused(t, 1, add("-5", "--reason", "x", "--kind", "paid"), "only an adjustment may be negative")
	refused(t, 1, add("5.5", "--reason", "x", "--kind", "paid"), "what was paid for is whole won")
	refused(t, 1, add("0", "--reason", "x"), "changes nothing")
	refused(t, 1, add("1.23456", "--reason", "x"), "four decimals")
	refused(t, 1, add("5", "--reason", " "), "say why")
	refused(t, 1, []string{"credit", "add", "nobody", "5", "--reason", "x"}, `no site "nobody"`)
	refused(t, 2, add("5"), "--reason")
	refused(t, 2, add("5", "--reason", "x", "--kind", "gift"), "--kind")
	got := object(t, done(t, "credit", "show", "shop", "--json"))
	if entries := got["entries"].([]any); len(entries) != 4 || got["available"] != "14000.00" || entries[0].(map[string]any)["seq"] != 4.0 {
		t.Errorf("credit show: %v", got)
	}
	wants(t, "the text", done(t, "credit", "show", "shop"), "available", "14,000 won", "adjustment 1,000 won")
}

func TestASiteGetsWhatItNeedsToSend(t *testing.T) {
	office(t)
	shop(t)
	if err := os.WriteFile("body.txt", []byte("#{이름}님, 안녕하세요.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("buttons.json", []byte(`[{"type":"WL","name":"보기","url_mobile":"https://example.com"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	sender := pick(t, done(t, "sender", "add", "shop", "02-6123-4567", "--json"), "number", "state", "default")
	if diff := cmp.Diff(map[string]any{"number": "0261234567", "state": "approved", "default": true}, sender); diff != "" {
		t.Error(diff)
	}
	channel := object(t, done(t, "channel", "add", "shop", "@shop", "--sender-key", "abc", "--json"))
	id := channel["providers"].(map[string]any)["solapi"].(string)
	if !strings.HasPrefix(id, "KA01PF") || len(id) != 32 {
		t.Errorf("the channel's made-up id is %q", id)
	}
	template := object(t, done(t, "template", "add", "shop", "HELLO", "--channel", "@shop", "--body-file", "body.txt", "--buttons", "buttons.json", "--state", "approved", "--json"))
	ids := template["providers"].(map[string]any)["solapi"].(map[string]any)
	if made, _ := ids["template_id"].(string); ids["channel_id"] != id || !strings.HasPrefix(made, "KA01TP") || len(made) != 32 {
		t.Errorf("the template's made-up ids are %v, want the channel's %s", ids, id)
	}
	if template["state"] != "approved" || template["body"] != "#{이름}님, 안녕하세요." {
		t.Errorf("the template is %v", template)
	}
	named := object(t, done(t, "template", "add", "shop", "REAL", "--channel", "@shop", "--body-file", "body.txt", "--provider", "main=PF1:TP1", "--json"))
	want := map[string]any{"main": map[string]any{"channel_id": "PF1", "template_id": "TP1"}}
	if diff := cmp.Diff(want, named["providers"]); diff != "" || named["state"] != "draft" {
		t.Errorf("%v %s", named["state"], diff)
	}
	if err := os.WriteFile("parts.json", []byte(`{"emphasis":{"title":"#{이름}","subtitle":"예약"},"quick_replies":[{"type":"BK","name":"네"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	done(t, "template", "add", "shop", "PARTS", "--channel", "@shop", "--body-file", "body.txt", "--buttons", "buttons.json", "--parts", "parts.json")
	refused(t, 1, []string{"template", "add", "shop", "X", "--channel", "@shop", "--body-file", "body.txt", "--parts", "buttons.json"}, "not a JSON object")
	refused(t, 1, []string{"template", "add", "shop", "X", "--channel", "@none", "--body-file", "body.txt"}, "@none")
	refused(t, 1, []string{"template", "add", "shop", "X", "--channel", "@shop", "--body-file", "none.txt"}, "none.txt")
	refused(t, 1, []string{"template", "add", "shop", "X", "--channel", "@shop", "--body-file", "body.txt", "--buttons", "body.txt"}, "not a JSON list")
	refused(t, 1, []string{"template", "add", "shop", "X", "--channel", "@shop", "--body-file", "body.txt", "--provider", "main=PF1"}, "NAME=CHANNEL_ID:TEMPLATE_ID")
	refused(t, 1, []string{"template", "add", "shop", "X", "--channel", "@shop", "--body-file", "body.txt", "--state", "fine"}, "/state")
	refused(t, 1, []string{"channel", "add", "shop", "@two", "--sender-key", "abc", "--provider", "main"}, "NAME=CHANNEL_ID")
	wants(t, "the site", done(t, "site", "show", "shop"), "0261234567 (approved, default)", "@shop (solapi)", "HELLO (approved, @shop, solapi)", "REAL (draft, @shop, main)")
}

func TestOnlyAccountsThatPointAtTheSimulatorGetMadeUpIDs(t *testing.T) {
	office(t)
	config := `providers:
  - {name: real, kind: solapi, api_key: K, api_secret: S}
  - {name: sim, kind: solapi, url: "http://127.0.0.1:9", api_key: SIMULATORKEY0001, api_secret: SIMULATORSECRET0123456789ABCDEFGH}
`
	if err := os.WriteFile("creditmsg.yaml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	shop(t)
	channel := object(t, done(t, "channel", "add", "shop", "@shop", "--sender-key", "abc", "--json"))
	if providers := channel["providers"].(map[string]any); len(providers) != 1 || providers["sim"] == nil {
		t.Errorf("ids are made up for %v, want sim alone", providers)
	}
}

func TestATokenShowsItsSecretOnceAndIsRevoked(t *testing.T) {
	office(t)
	shop(t)
	made := object(t, done(t, "token", "create", "shop", "--name", "app", "--ability", "messages:write,messages:read", "--ability", "credit:read", "--expires", "90d", "--json"))
	secret, _ := made["token"].(string)
	if len(made) != 3 || !strings.HasPrefix(secret, "cm_live_") || !cmp.Equal(made["abilities"], any([]any{"messages:read", "messages:write", "credit:read"})) {
		t.Errorf("the token is %v", made)
	}
	done(t, "token", "create", "operator", "--name", "root", "--ability", "operator")
	list := done(t, "token", "list", "--json")
	if n := len(object(t, list)["data"].([]any)); n != 2 || strings.Contains(list, secret) {
		t.Errorf("%d tokens, want 2 and no secret:\n%s", n, list)
	}
	if n := len(object(t, done(t, "token", "list", "shop", "--json"))["data"].([]any)); n != 1 {
		t.Errorf("%d tokens of the site, want 1", n)
	}
	for range 2 {
		done(t, "token", "revoke", made["id"].(string))
	}
	wants(t, "the list", done(t, "token", "list", "shop"), "…"+secret[len(secret)-4:], "revoked ")
	refused(t, 1, []string{"token", "revoke", "tok_01k00000000000000000000000"}, "there is no token")
	refused(t, 1, []string{"token", "revoke", "x"}, "not the id of a token")
	refused(t, 1, []string{"token", "create", "shop", "--name", "x", "--ability", "fly"}, "fly")
	refused(t, 1, []string{"token", "create", "shop", "--name", "x", "--ability", "*", "--expires", "soon"}, "--expires")
	refused(t, 1, []string{"token", "create", "nobody", "--name", "x", "--ability", "*"}, "nobody")
	wants(t, "a test token", done(t, "token", "create", "shop", "--name", "x", "--ability", "*", "--test"), "cm_test_")
	refused(t, 1, []string{"token", "create", "operator", "--name", "x", "--ability", "*", "--test"}, "--test")
}

func TestTheLedgerIsProven(t *testing.T) {
	office(t)
	shop(t)
	done(t, "credit", "add", "shop", "5", "--reason", "x")
	want := map[string]any{"ok": true, "sites": 1.0, "entries": 1.0, "broken": []any{}}
	for _, args := range [][]string{{"ledger", "verify", "--json"}, {"ledger", "verify", "--site", "shop", "--json"}} {
		if diff := cmp.Diff(want, object(t, done(t, args...))); diff != "" {
			t.Error(diff)
		}
	}
	wants(t, "the text", done(t, "ledger", "verify"), "every law holds: 1 site, 1 entry")
	refused(t, 1, []string{"ledger", "verify", "--site", "nobody"}, "nobody")
	refused(t, 1, []string{"ledger", "verify", "--statement", "x"}, "read the statement: open x")
	refused(t, 2, []string{"ledger", "verify", "--statement", "x", "--site", "shop"}, "--site")
	refused(t, 2, []string{"ledger", "verify", "--entries", "x"}, "--statement")
}

func TestTheDoctorLooksAtADatabaseInAnyState(t *testing.T) {
	office(t)
	code, out, errs := run(t, "", "doctor", "--json")
	if checks := object(t, out)["checks"].([]any); code != 1 || len(checks) != 3 || checks[0].(map[string]any)["status"] != "wrong" || !strings.Contains(out, "creditmsg migrate up") {
		t.Errorf("an empty database: exit %d\n%s%s", code, out, errs)
	}
	done(t, "migrate", "up")
	shop(t)
	if got := object(t, done(t, "doctor", "--json")); got["ok"] != true || len(got["checks"].([]any)) != 21 {
		t.Errorf("a sound installation: %v", got)
	}
	wants(t, "the text", done(t, "doctor"), "ok    schema", "note  providers", "ok    ledger", "ok    plans", "ok    payments", "ok    comparison")
	t.Setenv("CREDITMSG_KEYS_MASTER", strings.Repeat("07", 32))
	done(t, "site", "create", "sealed", "--name", "x")
	t.Setenv("CREDITMSG_KEYS_MASTER", "")
	code, out, errs = run(t, "", "doctor", "--json")
	if code != 1 || len(object(t, out)["checks"].([]any)) != 21 || !strings.Contains(out, "the key of site sealed cannot be opened") {
		t.Errorf("without the master key: exit %d\n%s%s", code, out, errs)
	}
}

func TestTheSchemaIsShownAndMigratedOnce(t *testing.T) {
	office(t)
	before := object(t, done(t, "migrate", "status", "--json"))
	steps := len(before["migrations"].([]any))
	if before["pending"] != float64(steps) || steps == 0 {
		t.Errorf("before: %v of %d pending", before["pending"], steps)
	}
	if got := object(t, done(t, "migrate", "up", "--json")); got["applied"] != float64(steps) || got["pending"] != 0.0 {
		t.Errorf("applied %v of %d, %v pending", got["applied"], steps, got["pending"])
	}
	wants(t, "the text", done(t, "migrate", "up"), "the schema is up to date")
	wants(t, "the text", done(t, "migrate", "status"), "applied  00001_db_mark.sql")
}

func TestWhatFailsWithJSONIsOneObjectToo(t *testing.T) {
	office(t)
	code, out, errs := run(t, "", "site", "show", "nobody", "--json")
	if got := object(t, out); code != 1 || got["code"] != "not_found" || !strings.Contains(errs, "nobody") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	code, out, _ = run(t, "", "credit", "add", "nobody", "x", "--reason", "x", "--json")
	if got := object(t, out); code != 1 || got["errors"].([]any)[0].(map[string]any)["pointer"] != "AMOUNT" {
		t.Errorf("exit %d, %s", code, out)
	}
}

func TestAWrongConfigurationIsToldWithItsLine(t *testing.T) {
	office(t)
	if err := os.WriteFile("mine.yaml", []byte("listen: 127.0.0.1:0\ndatabse:\n  url: sqlite:x.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range [][]string{{"serve"}, {"serve", "--demo"}, {"site", "list"}, {"doctor"}, {"migrate", "up"}} {
		refused(t, 1, append(verb, "--config", "mine.yaml"), `mine.yaml:2: unknown key "databse"; did you mean database?`)
		refused(t, 1, append(verb, "--config", "none.yaml"), "none.yaml")
	}
}

func TestADatabaseThatIsNotThereIsToldInOneLine(t *testing.T) {
	office(t)
	for _, url := range []string{"postgres://u:s3cret@127.0.0.1:1/x", "mysql://u:s3cret@127.0.0.1:1/x"} {
		t.Setenv("CREDITMSG_DATABASE_URL", url)
		t.Setenv("CREDITMSG_LISTEN", "127.0.0.1:0")
		for _, verb := range [][]string{{"serve"}, {"serve", "--demo"}, {"site", "list"}} {
			code, out, errs := run(t, "", append(verb, "--wait-for-database", "50ms")...)
			if code != 1 || out != "" || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "s3cret") {
				t.Errorf("%v: exit %d, %s%s", verb, code, out, errs)
			}
			wants(t, "standard error", errs, "database 127.0.0.1:1/x cannot be used")
		}
	}
}

func TestRolesThatAreNotBuiltAreAWrongCommandLine(t *testing.T) {
	office(t)
	refused(t, 2, []string{"serve", "--roles", "api,leader"}, "leader", "api, console, worker, simulator")
	refused(t, 2, []string{"serve", "--demo", "--roles", "api"}, "--demo needs")
	refused(t, 2, []string{"simulator"}, "--listen")
	refused(t, 2, []string{"user"}, "create", "disable")
}

func TestTheDocumentOfTheAPIIsPrinted(t *testing.T) {
	var document map[string]any
	if err := json.Unmarshal([]byte(done(t, "openapi")), &document); err != nil || !strings.HasPrefix(document["openapi"].(string), "3.1") {
		t.Errorf("openapi %v: %v", document["openapi"], err)
	}
	if err := json.Unmarshal([]byte(done(t, "openapi", "--downgrade", "3.0")), &document); err != nil || document["openapi"] != "3.0.3" {
		t.Errorf("openapi --downgrade 3.0: %v: %v", document["openapi"], err)
	}
	refused(t, 2, []string{"openapi", "--downgrade", "2.0"}, "downgrade")
}

func TestPricesAreSetNowAndForATimeToCome(t *testing.T) {
	office(t)
	shop(t)
	set := func(args ...string) map[string]any {
		t.Helper()
		return object(t, done(t, append([]string{"site", "price", "--json"}, args...)...))
	}
	if got := set("installation", "--price", "mms=110"); fmt.Sprint(got["prices"]) != "map[alimtalk:9.00 lms:45.00 mms:110.00 sms:18.00]" {
		t.Errorf("the installation's: got %v", got)
	}
	got := set("shop", "--price", "sms=20.5", "--since", "2099-12-01 00:00")
	if got["owner"] != "shop" || got["since"] != "2099-11-30T15:00:00Z" || got["prices"].(map[string]any)["sms"] != "20.50" {
		t.Errorf("planned: got %v", got)
	}
	if now := object(t, done(t, "site", "show", "shop", "--json"))["prices"].(map[string]any); now["sms"] == "20.50" || now["mms"] != "110.00" {
		t.Errorf("today's prices: got %v", now)
	}
	wants(t, "the text", done(t, "site", "price", "shop", "--price", "sms=21", "--since", "2099-12-01 00:00"), "2099-12-01 00:00", "sms 21 won")
	refused(t, 1, []string{"site", "price", "shop", "--price", "sms=21", "--since", "2020-12-01 00:00"}, "past")
	refused(t, 1, []string{"site", "price", "shop", "--price", "sms=21", "--since", "soon"}, "--since")
	refused(t, 1, []string{"site", "price", "shop", "--price", "fax=21"}, "alimtalk, sms, lms, mms")
	refused(t, 1, []string{"site", "price", "nobody", "--price", "sms=21"}, `no site "nobody"`)
	refused(t, 2, []string{"site", "price", "shop"}, "--price")
}

func TestCreditThatExpiresEndsAtMidnightInKorea(t *testing.T) {
	office(t)
	shop(t)
	add := func(args ...string) []string { return append([]string{"credit", "add", "shop"}, args...) }
	done(t, add("500", "--reason", "welcome", "--kind", "bonus", "--expires", "2099-12-31")...)
	refused(t, 1, add("500", "--reason", "x", "--expires", "2099-12-31"), "an adjustment does not expire")
	refused(t, 1, add("500", "--reason", "x", "--kind", "bonus", "--expires", "31.12.2099"), "2026-12-31")
	refused(t, 1, add("500", "--reason", "x", "--kind", "bonus", "--expires", "2020-12-31"), "past")
}

func TestACarriersInvoiceIsImportedShownAndApplied(t *testing.T) {
	office(t)
	shop(t)
	config := "providers:\n  - name: solapi\n    kind: solapi\n    api_key: NCSAYU7YDBXYORXC\n    api_secret: 0123456789ABCDEFGHIJ0123456789AB\n    webhook: {secret: s}\n"
	text := "customFields.ref;to;type;statusCode;dateProcessed;price\n" +
		"shop.01k9zqm0v8e4t9w2n7c5r3x6yb.0.1.1;010-1234-5678;SMS;4000;2026-11-02 10:00;8,4\n"
	for name, body := range map[string]string{"creditmsg.yaml": config, "bad.csv": text, "good.csv": strings.Replace(text, "8,4", "8.4", 1)} {
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, 1, []string{"invoice", "import", "other", "good.csv"}, "no account \"other\"", "solapi")
	refused(t, 1, []string{"invoice", "import", "solapi", "none.csv"}, "none.csv")
	refused(t, 1, []string{"invoice", "import", "solapi", "bad.csv"}, "1 of the file's cells", "/lines/2/price: want an amount")
	made := object(t, done(t, "invoice", "import", "solapi", "good.csv", "--total", "9", "--price", "sms=8.4,lms=25", "--column", "number=to", "--json"))
	id := made["id"].(string)
	if made["month"] != "2026-11" || made["amount"] != "8.40" || made["total_off"] != "0.60" {
		t.Errorf("the invoice is %v", made)
	}
	wants(t, "the text", done(t, "invoice", "import", "solapi", "good.csv"), id, "solapi, 2026-11 (ready)", "unknown_to_us", "8.4 won to claim")
	wants(t, "the list", done(t, "invoice", "list"), "INVOICE", id, "2026-11")
	wants(t, "the differences", done(t, "invoice", "show", id, "--differences"), "1 unknown_to_us", "line 2 bills")
	wants(t, "the claims", done(t, "invoice", "show", id, "--claims"), "청구 이의 금액", "01012345678", "8.40")
	csv := done(t, "invoice", "show", id, "--csv", "--kind", "unknown_to_us")
	if wants(t, "the CSV", csv, "고객 과금", "unknown_to_us"); strings.Contains(csv, "01012345678") {
		t.Error("the differences hold a phone number")
	}
	refused(t, 2, []string{"invoice", "show", id, "--csv", "--json"}, "do not go together")
	refused(t, 1, []string{"invoice", "show", id, "--kind", "none"}, "--kind")
	refused(t, 1, []string{"invoice", "apply", id, "--only", "unknown_to_us"}, "posts nothing")
	wants(t, "the plan", done(t, "invoice", "apply", id), "would be posted", "0 refunds for 0 legs", "--confirm")
	wants(t, "the posting", done(t, "invoice", "apply", id, "--confirm"), "posted", "0 refunds")
}
