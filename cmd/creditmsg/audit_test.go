package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
)

// quiet are the verbs that leave no entry in the audit log, each with its reason.
var quiet = map[string]string{
	"serve": "what a process does is the program's own", "simulator": "it has no database", "send": "it is a client of the API",
	"migrate up": "it changes no thing of anybody", "openapi": "it only prints", "ledger verify": "it only reads", "ledger export": "it only reads",
	"ledger key": "it only reads, unless a key is changed", "statement": "it only reads", "stats": "it only reads", "margin": "it only reads", "doctor": "it only reads",
	"compliance show": "it only reads", "compliance verify": "it only reads", "audit verify": "it only reads",
	"payment ask": "a worker asks the gateway, and what that says is noted then", "payment compare": "it only compares", "payment differences": "it only reads",
	"payment methods": "it only reads", "payment receipt": "it only reads", "provider ask": "a vendor is asked, and nothing changes", "sender document": "it only reads",
	"template sync":  "a vendor is asked, and what its answer changes is noted then",
	"review approve": "the API's test looks for the entry of the same act", "review reject": "the API's test looks for the entry of the same act",
	"template withdraw": "the API's test looks for the entry of the same act", "template release": "the API's test looks for the entry of the same act",
	"webhook deliveries": "it only reads", "webhook replay": "each delivery tells when it was sent, and how often",
	"inbox runs": "it only reads", "inbox run": "it only reads",
	"invoice apply": "the API's test looks for the entry of the same act", "tax-invoices": "the API's test looks for the entry of the same act",
}

func TestEachVerbThatChangesSomethingIsNotedWithWhoDidIt(t *testing.T) {
	w := newTill(t)
	for name, text := range map[string]string{"steps.json": `[{"send": "text"}]`, "body.txt": "#{이름}님", "list.csv": "수신거부번호\n010-1111-2222\n",
		"invoice.csv": "customFields.ref,type,statusCode,dateProcessed,price\nx,SMS,4000,,8.4\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made := func(member string, args ...string) string {
		t.Helper()
		text, _ := object(t, done(t, append(args, "--json")...))[member].(string)
		return text
	}
	for _, line := range []string{
		"site price shop --price sms=17", "site profile shop --name 꽃집", "site levels shop 5000", "site rules shop --duplicate-window 10m",
		"site caps shop --recipients-day 1000", "site weight shop 3", "site suspend shop", "site resume shop", "site alerts shop --topic owed",
		"plan create gold --name Gold", "plan price gold --price sms=14", "site plan shop gold", "credit add shop 100000 --reason x --kind paid",
		"sender add shop 02-6123-4567", "sender block shop 0261234567 --reason x", "sender approve shop 0261234567", "sender reject shop 0261234567 --reason x", "sender remove shop 0261234567",
		"channel add shop @shop --sender-key K --provider sim=KA01PF260101000000000AbCdEfGhIjK", "template add shop A --channel @shop --body-file body.txt", "template submit shop A",
		"policy set shop lms --file steps.json", "policy remove shop lms", "opt-out import shop list.csv", "opt-out add shop 010-3333-4444", "opt-out remove shop 01033334444",
		"blocked-word add 도박", "blocked-word remove 도박", "invoice import sim invoice.csv --month 2026-11",
		"site forget shop 010-3333-4444", "site keep shop --days 90", "site create gone --name x", "site suspend gone", "site erase gone --confirm gone --reason x",
	} {
		done(t, strings.Fields(line)...)
	}
	done(t, "site", "limits", "shop", "--requests", "1000000", "--day", "1000000")
	done(t, "token", "limits", "shop", made("id", "token", "create", "shop", "--name", "z", "--ability", "*"), "--requests", "1000")
	period := []string{"inbox", "rerun", "--from", "2026-01-01 00:00", "--until", "2026-01-02 00:00"}
	done(t, "inbox", "apply", made("id", period...))
	done(t, "inbox", "cancel", made("id", period...))
	token := made("id", "token", "create", "shop", "--name", "y", "--ability", "*")
	done(t, "token", "rotate", token)
	done(t, "token", "revoke", token)
	for _, line := range []string{
		"user create kim@example.com --role owner --site shop", "user roles kim@example.com --site shop --role viewer", "user disable kim@example.com", "user enable kim@example.com",
		"user passwd kim@example.com", "user drop-second-factor kim@example.com", "role set clerk --permission messages", "role remove clerk",
	} {
		done(t, strings.Fields(line)...)
	}
	endpoint := made("id", "webhook", "add", "shop", "https://shop.example/hooks", "--topic", "message.*")
	for _, act := range []string{"rotate", "disable", "enable"} {
		done(t, "webhook", act, "shop", endpoint)
	}
	series := stored(t)
	done(t, "series", "pause", "shop", series)
	done(t, "series", "resume", "shop", series)
	done(t, "site", "recharge", "shop", "--threshold", "10000", "--amount", "50000", "--method", w.window(w.post("/v1/payment-methods", fmt.Sprintf(`{"return_url":%q}`, w.url+"/docs"))))
	done(t, "site", "recharge", "shop", "--off")

	pay := w.post("/v1/credit/payments", `{"gateway":"bank","method":"transfer","amount":"50000","cash_receipt":{"identity":"01012345678"}}`)["id"].(string)
	done(t, "payment", "arrived", "shop", pay)
	done(t, "payment", "receipt-issued", "shop", pay, "123456789")
	account := []string{"--reason", "해지", "--bank", "20", "--number", "1002", "--holder", "홍길동"}
	done(t, append([]string{"payment", "cancel", "shop", pay, "20000"}, account...)...)
	cancel := object(t, done(t, "payment", "show", "shop", pay, "--json"))["cancellations"].([]any)[0].(map[string]any)["id"].(string)
	done(t, "payment", "given-back", "shop", pay, cancel)
	ask := append([]string{"withdrawal", "request", "shop", "20000", "--by", "kim"}, account...)
	done(t, "withdrawal", "reject", "shop", made("id", ask...), "--reason", "x")
	withdrawn := made("id", ask...)
	done(t, "withdrawal", "approve", "shop", withdrawn, "--by", "lee")

	noted := map[string]bool{}
	for _, e := range object(t, done(t, "audit", "list", "--actor", "command", "--limit", "1000", "--json"))["data"].([]any) {
		actor := e.(map[string]any)["actor"].(map[string]any)
		noted[actor["operation"].(string)] = true
		if actor["name"] == "" {
			t.Errorf("%v is of nobody", e)
		}
	}
	parser, err := kong.New(&program{}, kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(true) {
		verb, _, _ := strings.Cut(leaf.Path(), " <")
		verb = strings.TrimPrefix(verb, "creditmsg ")
		reads := strings.HasSuffix(verb, " list") || strings.HasSuffix(verb, " show") || strings.HasSuffix(verb, " status") || strings.HasPrefix(verb, "bench ")
		if _, excused := quiet[verb]; noted[verb] == (excused || reads) {
			t.Errorf("creditmsg %s: noted %v; it is to be done above, or quiet with a reason", verb, noted[verb])
		}
	}
	wants(t, "the log", done(t, "audit", "shop", "--action", "withdrawal.approved"), withdrawn, "asked by kim", "approved by lee", "command ")
	if all := done(t, "audit", "--json", "--limit", "1000"); strings.Contains(all, "01012345678") || strings.Contains(all, "홍길동") || strings.Contains(all, "0261234567") {
		t.Error("the log holds a number or a name")
	}
	wants(t, "the proof", done(t, "audit", "verify"), "the log is as it was signed")
	refused(t, 1, []string{"audit", "nobody"}, `no site "nobody"`)
	refused(t, 1, []string{"audit", "verify", "nobody"}, `no site "nobody"`)
	refused(t, 1, []string{"audit", "--since", "soon"}, "--since")
	refused(t, 1, []string{"audit", "--until", "soon"}, "--until")
	refused(t, 1, []string{"audit", "--limit", "0"}, "--limit")
}

func TestALogThatIsNotAsItWasSignedIsToldAndExitsWithOne(t *testing.T) {
	office(t)
	shop(t)
	d, err := db.Open(t.Context(), "sqlite:data/creditmsg.db", db.Options{Now: func() time.Time { return time.Now().AddDate(0, 0, -3) }})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(t.Context(), "test", func(tx *db.Tx) error { return audit.Note(tx, audit.Change{Site: "shop", Action: "test.done"}) })
	if err = errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	code, out, errs := run(t, "", "audit", "verify", "shop")
	if code != 1 || !strings.Contains(errs, "not as it was signed in 1 places; the first: site shop") {
		t.Errorf("exit %d, %s", code, errs)
	}
	wants(t, "the table", out, "SITE", "DAY", "WRONG", "no seal")
	code, out, _ = run(t, "", "audit", "verify", "--json")
	if wrong := object(t, out)["wrong"].([]any); code != 1 || len(wrong) != 1 {
		t.Errorf("exit %d, %s", code, out)
	}
}
