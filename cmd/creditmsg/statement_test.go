package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/korea"
)

func TestATenantProvesAStatementFromFilesAlone(t *testing.T) {
	office(t)
	shop(t)
	month := korea.Month(time.Now())
	done(t, "credit", "add", "shop", "15000", "--reason", "입금", "--kind", "paid")
	done(t, "statement", "shop", month, "--out", "s.json")
	for _, format := range []string{"csv", "xlsx"} {
		done(t, "statement", "shop", month, "--out", "s."+format)
	}
	done(t, "ledger", "export", "shop", "--notes", "--out", "e.ndjson")
	done(t, "ledger", "export", "shop", "--format", "csv", "--out", "e.csv")
	keys := object(t, done(t, "ledger", "key", "--json"))["data"].([]any)
	key := keys[0].(map[string]any)["public_key"].(string)
	for _, file := range []string{"s.json", "s.csv", "s.xlsx", "e.ndjson"} {
		if info, err := os.Stat(file); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want a file for its owner alone", file, info, err)
		}
	}

	// Elsewhere, with nothing of the installation.
	files, _ := filepath.Abs(".")
	t.Chdir(t.TempDir())
	at := func(name string) string { return filepath.Join(files, name) }
	verify := func(more ...string) []string {
		return append([]string{"ledger", "verify", "--statement", at("s.json")}, more...)
	}
	got := object(t, done(t, verify("--entries", at("e.ndjson"), "--key", key, "--json")...))
	want := map[string]any{"ok": true, "site": "shop", "month": month, "complete": false, "heads": 0.0, "entries": 1.0,
		"keys": []any{keys[0].(map[string]any)["key_id"]}, "trusted": true, "wrong": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wants(t, "the text", done(t, verify("--entries", at("e.csv"))...), "proven: shop, "+month, "1, each proven", "Whose keys these are is not proven")
	if text := done(t, verify("--key", key)...); strings.Contains(text, "Whose") || strings.Contains(text, "each proven") {
		t.Errorf("the statement alone: %s", text)
	}
	if left, _ := os.ReadDir("."); len(left) > 0 {
		t.Errorf("verifying left %v behind", left)
	}

	text, err := os.ReadFile(at("e.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("forged", []byte(strings.Replace(string(text), "15000.00", "95000.00", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, verify("--entries", "forged"), "the statement is not proven: entry 1: something of it was changed")
	refused(t, 1, []string{"ledger", "verify", "--statement", "forged"}, "this is no statement")
	refused(t, 1, verify("--key", strings.Repeat("A", 43)+"="), "none of those that you trust")
	refused(t, 1, verify("--key", "nonsense"), "/keys/0")
	refused(t, 1, verify("--entries", "nowhere"), "read the entries")
	code, out, _ := run(t, "", verify("--entries", "forged", "--json")...)
	if o := object(t, out); code != 1 || o["ok"] != false || o["entries"] != 0.0 || !strings.HasPrefix(o["wrong"].(string), "entry 1") {
		t.Errorf("as JSON: exit %d, %s", code, out)
	}
}

func TestAStatementIsWrittenOrItsMonthsAreListed(t *testing.T) {
	office(t)
	shop(t)
	month := korea.Month(time.Now())
	if got := object(t, done(t, "statement", "shop", "--json"))["data"].([]any); len(got) != 0 {
		t.Errorf("months of a site without entries: %v", got)
	}
	refused(t, 1, []string{"statement", "shop", month}, "there is no statement of the month")
	done(t, "credit", "add", "shop", "1", "--reason", "x")
	wants(t, "the months", done(t, "statement", "shop"), "MONTH", month, "running")
	for _, args := range [][]string{{}, {"--json"}, {"--format", "json"}} {
		if got := object(t, done(t, append([]string{"statement", "shop", month}, args...)...)); got["site"] != "shop" || got["signature"] == nil {
			t.Errorf("%v: %v", args, got)
		}
	}
	wants(t, "the CSV", done(t, "statement", "shop", month, "--format", "csv"), "\uFEFF크레딧 이용 명세서", "월초", "조정")
	refused(t, 1, []string{"statement", "shop", "2026-13"}, "/month")
	refused(t, 1, []string{"statement", "shop", "2999-01"}, "2999-01")
	refused(t, 1, []string{"statement", "nobody", month}, `no site "nobody"`)
	refused(t, 1, []string{"statement", "nobody"}, `no site "nobody"`)
	refused(t, 2, []string{"statement", "shop", month, "--format", "pdf"}, "--format")
	refused(t, 2, []string{"statement", "shop", month, "--format", "csv", "--json"}, "--json")
	refused(t, 1, []string{"statement", "shop", month, "--out", "no/such/folder"}, "write the file")
	refused(t, 1, []string{"ledger", "export", "nobody"}, `no site "nobody"`)
	refused(t, 1, []string{"ledger", "export", "shop", "--from", "x", "--out", "begun"}, "/from")
	if _, err := os.Stat("begun"); err == nil {
		t.Error("an export that failed left its file")
	}
	code, out, _ := run(t, "", "statement", "shop", "2026-13", "--json")
	if code != 1 || object(t, out)["code"] != "validation" {
		t.Errorf("a refusal as JSON: exit %d, %s", code, out)
	}
}

func TestAReceiptIsWrittenForWhatWasPaid(t *testing.T) {
	office(t)
	shop(t)
	done(t, "credit", "add", "shop", "50000", "--reason", "cash", "--kind", "paid")
	paid := object(t, done(t, "payment", "list", "shop", "--json"))["data"].([]any)[0].(map[string]any)["id"].(string)
	for _, args := range [][]string{{}, {"--json"}, {"--format", "json"}} {
		got := object(t, done(t, append([]string{"payment", "receipt", "shop", paid}, args...)...))["charged"]
		if want := map[string]any{"supply": "50000.00", "vat": "5000.00", "total": "55000.00"}; cmp.Diff(got, any(want)) != "" {
			t.Errorf("%v: %v", args, got)
		}
	}
	wants(t, "the page", done(t, "payment", "receipt", "shop", paid, "--format", "html"), "<!doctype html>", "55,000")
	done(t, "payment", "receipt", "shop", paid, "--out", "receipt.html")
	if text, err := os.ReadFile("receipt.html"); err != nil || !strings.HasPrefix(string(text), "<!doctype html>") {
		t.Errorf("the file: %v, %.20q", err, text)
	}
	refused(t, 1, []string{"payment", "receipt", "nobody", paid}, `no site "nobody"`)
	refused(t, 1, []string{"payment", "receipt", "shop", "pay_x"}, "want the id of a payment")
	refused(t, 2, []string{"payment", "receipt", "shop", paid, "--format", "html", "--json"}, "--json")
}

func TestTheSigningKeyIsChangedAndTheOldOneStays(t *testing.T) {
	office(t)
	shop(t)
	first := object(t, done(t, "ledger", "key", "--json"))["data"].([]any)
	both := object(t, done(t, "ledger", "key", "--new", "--json"))["data"].([]any)
	if len(first) != 1 || len(both) != 2 || cmp.Diff(first[0], both[0]) != "" {
		t.Errorf("got %v, then %v", first, both)
	}
	wants(t, "the text", done(t, "ledger", "key"), "PUBLIC KEY", both[1].(map[string]any)["public_key"].(string))
}

func TestABillingProfileKeepsWhatIsNotNamed(t *testing.T) {
	office(t)
	shop(t)
	done(t, "site", "profile", "shop", "--business-number", "124-81-00998", "--name", "꽃집", "--email", "tax@example.com")
	done(t, "site", "profile", "shop", "--representative", "김하나", "--paper", "tax_invoice")
	want := map[string]any{"business_number": "1248100998", "name": "꽃집", "representative": "김하나", "address": "", "business_type": "", "business_item": "",
		"email": "tax@example.com", "paper": "tax_invoice", "cash_receipt_number": ""}
	if diff := cmp.Diff(want, object(t, done(t, "site", "profile", "shop", "--json"))); diff != "" {
		t.Error(diff)
	}
	refused(t, 1, []string{"site", "profile", "shop", "--email", ""}, "/email: a tax invoice needs it")
	wants(t, "what is left after a refusal", done(t, "site", "profile", "shop"), "e-mail", "tax@example.com")
	done(t, "site", "profile", "operator", "--name", "메시지 주식회사")
	wants(t, "the operator's", done(t, "site", "profile", "operator"), "메시지 주식회사", "none")
	refused(t, 1, []string{"site", "profile", "nobody"}, `no site "nobody"`)
}
