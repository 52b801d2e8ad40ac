package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestARecordIsProvenFromItsFileAlone(t *testing.T) {
	const past = "../../internal/paper/testdata/past"
	file, err := filepath.Abs(past + "/compliance.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(past + "/compliance_key.txt")
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(text))
	office(t)
	got := object(t, done(t, "compliance", "verify", file, "--key", key, "--json"))
	if got["ok"] != true || got["trusted"] != true || got["final"] != false || got["site"] != "shop" {
		t.Errorf("got %v", got)
	}
	wants(t, "the text", done(t, "compliance", "verify", file), "proven: shop, msg_", "as far as the message had come", "Whose key this is is not proven")
	if out := done(t, "compliance", "verify", file, "--key", key); strings.Contains(out, "Whose") {
		t.Errorf("with the key: %s", out)
	}
	if left, _ := os.ReadDir("."); len(left) > 0 {
		t.Errorf("verifying left %v behind", left)
	}
	record, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("forged", []byte(strings.Replace(string(record), `"night":1`, `"night":2`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, []string{"compliance", "verify", "forged"}, "its signature is not right")
	refused(t, 1, []string{"compliance", "verify", "none"}, "none")
	refused(t, 1, []string{"compliance", "verify", file, "--key", "x"}, "public key")
}

func TestARecordIsOfAMessageThatIsThere(t *testing.T) {
	office(t)
	shop(t)
	refused(t, 1, []string{"compliance", "show", "shop", "msg_01k9zqm0v8e4t9w2n7c5r3x6yb"}, "msg_01k9zqm0v8e4t9w2n7c5r3x6yb")
	refused(t, 1, []string{"compliance", "show", "nobody", "msg_01k9zqm0v8e4t9w2n7c5r3x6yb"}, "nobody")
	refused(t, 1, []string{"compliance", "show", "shop", "x"}, "msg_")
	refused(t, 1, []string{"compliance", "show", "shop", "msg_01k9zqm0v8e4t9w2n7c5r3x6yb", "--to", "x"}, "--to")
}
