package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"testing"

	"creditmsg/internal/provider/simulator"
)

func TestATemplateIsSubmittedAndShown(t *testing.T) {
	office(t)
	box := httptest.NewServer(simulator.New(simulator.Options{}).Handler())
	defer box.Close()
	config := fmt.Sprintf("providers:\n  - {name: solapi, kind: solapi, url: %q, api_key: %s, api_secret: %s, webhook: {secret: s}}\n  - {name: texts, kind: aligo, user_id: u, key: k, channels: [sms]}\n",
		box.URL, simulator.DefaultKey, simulator.DefaultSecret)
	for name, text := range map[string]string{"creditmsg.yaml": config, "body.txt": "#{이름}님"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shop(t)
	done(t, "channel", "add", "shop", "@shop", "--sender-key", "K", "--provider", "solapi=KA01PF260101000000000AbCdEfGhIjK")
	done(t, "template", "add", "shop", "A", "--channel", "@shop", "--body-file", "body.txt", "--provider", "nobody=C:T")
	wants(t, "before it is submitted", done(t, "template", "show", "shop", "A"), "A", "draft")
	wants(t, "submitted", done(t, "template", "submit", "shop", "A", "--comment", "안내입니다."), "solapi", "being done: submit")
	got := object(t, done(t, "template", "sync", "shop", "A", "--json"))["registrations"].([]any)
	if len(got) != 1 || got[0].(map[string]any)["doing"] != "submit" || got[0].(map[string]any)["state"] != "draft" {
		t.Errorf("registrations: got %v", got)
	}
	refused(t, 1, []string{"template", "submit", "shop", "A", "--provider", "texts"}, "texts", "/providers/0")
	refused(t, 1, []string{"template", "submit", "shop", "NONE"}, `no template "NONE"`)
	refused(t, 1, []string{"template", "release", "shop", "A"}, "dormant")
	refused(t, 1, []string{"template", "withdraw", "shop", "A"}, "in inspection")
	refused(t, 1, []string{"template", "show", "nobody", "A"}, `no site "nobody"`)
}
