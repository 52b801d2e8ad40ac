package test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
	"creditmsg/internal/server"
)

// demo reads the demo's own description of itself.
func demo(t *testing.T, dir string) (d server.Demo) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "demo.json"))
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheDemoSendsItsMessageOnceAndGoesOnAfterARestart(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		dir := t.TempDir()
		env := []string{"CREDITMSG_DATABASE_URL=" + database, "CREDITMSG_LISTEN=127.0.0.1:0"}
		p := launch(t, dir, env, "serve", "--demo")
		p.until("fell back to SMS")
		p.until("proven")
		p.until("Running; Ctrl-C stops.")
		first := demo(t, dir)
		for path, want := range map[string]fs.FileMode{"data": 0o700, "data/demo.json": 0o600} {
			if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode().Perm(), want, err)
			}
		}
		messages, err := caller(t, first.APIURL, first.Tokens["demo-rich"]).Messages(within(t), client.MessageFilter{})
		if err != nil || len(messages.Data) != 1 {
			t.Fatalf("%d messages, want the demo's: %v", len(messages.Data), err)
		}
		m := messages.Data[0]
		if diff := cmp.Diff(client.Counts{Delivered: 17, Failed: 3}, m.Counts); diff != "" || m.Status != client.StatusDone {
			t.Errorf("the demo message is %s\n%s", m.Status, diff)
		}
		if m.ActualCost != "198.00" || m.Released != "162.00" {
			t.Errorf("it cost %s and released %s, want 198.00 and 162.00", m.ActualCost, m.Released)
		}
		besideTheDemo(t, dir, env)
		p.terminate()

		p = launch(t, dir, env, "serve", "--demo")
		p.until("Going on with the data that is here.")
		p.until("Running; Ctrl-C stops.")
		again := demo(t, dir)
		if diff := cmp.Diff([]any{first.Tokens, first.Provider}, []any{again.Tokens, again.Provider}); diff != "" {
			t.Errorf("a restart changed what should stay: %s", diff)
		}
		p.terminate()

		if err := os.Remove(filepath.Join(dir, "data", "demo.json")); err != nil {
			t.Fatal(err)
		}
		p = launch(t, dir, env, "serve", "--demo")
		p.until("Going on with the data that is here.")
		p.until("Running; Ctrl-C stops.")
		mended := demo(t, dir)
		credit, err := caller(t, mended.APIURL, mended.Tokens["demo-rich"]).Credit(within(t))
		if err != nil || credit.Balance != "149802.00" {
			t.Errorf("after a new demo.json the balance is %s, want 149802.00: %v", credit.Balance, err)
		}
		p.terminate()
		var proof server.Proof
		if object(t, dir, env, &proof, "ledger", "verify", "--json"); !proof.OK || proof.Sites != 4 { // three, and the test site of one
			t.Errorf("the proof is %+v", proof)
		}
	})
}

// besideTheDemo works with the other verbs on the database of a running demo.
func besideTheDemo(t *testing.T, dir string, env []string) {
	t.Helper()
	var entry server.Entry
	object(t, dir, env, &entry, "credit", "add", "demo-poor", "1000", "--reason", "a gift", "--kind", "bonus", "--json")
	if entry.Available.String() != "6000.00" {
		t.Errorf("demo-poor has %s after the gift, want 6000.00", entry.Available)
	}
	if err := os.WriteFile(filepath.Join(dir, "body.txt"), []byte("#{이름}님, 반갑습니다.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var added server.Template
	object(t, dir, env, &added, "template", "add", "demo-rich", "HELLO", "--channel", "@demo", "--body-file", "body.txt", "--state", "approved", "--json")
	var health server.Health
	if object(t, dir, env, &health, "doctor", "--json"); !health.OK {
		t.Errorf("the doctor finds %+v", health.Checks)
	}
	d := demo(t, dir)
	shop := caller(t, d.APIURL, d.Tokens["demo-poor"])
	if _, err := shop.Template(within(t), "HELLO"); err == nil {
		t.Error("demo-poor sees the template of demo-rich")
	}
	rich := caller(t, d.APIURL, d.Tokens["demo-rich"])
	estimate, err := rich.Estimate(within(t), client.Draft{Strategy: client.AlimtalkFirst, Alimtalk: &client.Alimtalk{TemplateCode: "HELLO"},
		Recipients: []client.Recipient{{To: "010-1234-5678", Variables: map[string]string{"이름": "김하나"}}}})
	if err != nil || estimate.EstimatedCost != "9.00" {
		t.Errorf("the new template cannot be sent: %s, %v", estimate.EstimatedCost, err)
	}
}
