package main

import (
	"os"
	"testing"
)

func TestASitesStrategiesAreWrittenAtTheCommandLine(t *testing.T) {
	office(t)
	shop(t)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile("steps.json", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`[{"send": "alimtalk", "when": {"text_is": ["lms"], "price_at_most": "10"}}, {"send": "text"}]`)
	wants(t, "set", done(t, "policy", "set", "shop", "lms", "--file", "steps.json"), "alimtalk", `{"text_is":["lms"],"price_at_most":"10.00"}`, "always")
	write(done(t, "policy", "set", "shop", "lms", "--file", "steps.json", "--json")) // as it was shown
	done(t, "policy", "set", "shop", "lms", "--file", "steps.json")
	if list := object(t, done(t, "policy", "list", "shop", "--json"))["data"].([]any); len(list) != 1 {
		t.Errorf("listed %v", list)
	}
	write(`[{"send": "text", "when": {"luck": true}}]`)
	refused(t, 1, []string{"policy", "set", "shop", "lms", "--file", "steps.json"}, "read the steps", "luck")
	write(`[{"send": "alimtalk", "when": {"not_dearer": true}}]`)
	refused(t, 1, []string{"policy", "set", "shop", "lms", "--file", "steps.json"}, "sent nothing")
	refused(t, 1, []string{"policy", "set", "shop", "lms", "--file", "none.json"}, "none.json")
	done(t, "policy", "remove", "shop", "lms")
	refused(t, 1, []string{"policy", "remove", "shop", "lms"}, "lms")
	refused(t, 1, []string{"policy", "list", "nobody"}, "nobody")
}

func TestSenderNumbersAreDecidedOnAtTheCommandLine(t *testing.T) {
	office(t)
	shop(t)
	done(t, "sender", "add", "shop", "02-6123-4567")
	wants(t, "blocked", done(t, "sender", "block", "shop", "02-6123-4567", "--reason", "신고됨"), "0261234567", "blocked", "신고됨")
	wants(t, "listed", done(t, "sender", "list", "shop"), "0261234567", "blocked", "신고됨")
	wants(t, "approved", done(t, "sender", "approve", "shop", "0261234567"), "approved")
	done(t, "sender", "block", "shop", "0261234567", "--reason", "신고됨")
	wants(t, "removed", done(t, "sender", "remove", "shop", "02-6123-4567"), "02-6123-4567")
	refused(t, 1, []string{"sender", "remove", "shop", "0261234567"}, "02-6123-4567")
	done(t, "sender", "add", "shop", "02-6123-4567")
	refused(t, 1, []string{"sender", "reject", "shop", "0270000000", "--reason", "x"}, "02-7000-0000")
	refused(t, 1, []string{"sender", "document", "shop", "0261234567", "doc_1", "--out", "-"}, "doc_1")
	refused(t, 2, []string{"sender", "reject", "shop", "0261234567"}, "--reason")
	refused(t, 1, []string{"review", "approve", "shop", "msg_1"}, "msg_1")
	wants(t, "nothing waits", done(t, "review", "list", "shop"), "TITLE")
}
