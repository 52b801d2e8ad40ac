package api

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

func TestARepeatedMessageGetsTheSameBytesAndIsSentOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		send := func(key string) got {
			return w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, key: key, body: exampleOrder})
		}
		first := send(`"a-1"`).is(202)
		if first.header.Get("Idempotent-Replayed") != "" {
			t.Error("the first reply says that it is a replay")
		}
		second := send(`a-1`).is(202) // bare is the same key
		if !bytes.Equal(first.body, second.body) || second.header.Get("Idempotent-Replayed") != "true" || second.header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s (replayed %q), want the bytes %s", second.body, second.header.Get("Idempotent-Replayed"), first.body)
		}
		w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, key: "a-1", body: exampleOrder + " "}).refused(422, "idempotency_mismatch")
		w.do(ask{method: "POST", path: "/v1/messages?x=1", token: w.rich, key: "a-1", body: exampleOrder}).refused(422, "idempotency_mismatch")
		send("a-2").is(202)
		w.do(ask{method: "POST", path: "/v1/messages", token: w.token("rich", "*"), key: "a-1", body: exampleOrder}).is(202)
		if rows := w.get("/v1/messages").rows(); len(rows) != 2 {
			t.Errorf("got %d messages, want 2", len(rows))
		}
		if held := w.get("/v1/credit").json()["held"]; held != "36.00" {
			t.Errorf("got %v held, want 36.00", held)
		}
	})
}

func TestEqualKeysAtTheSameTimeMakeOneMessage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const at = 12
		replies := make([]got, at)
		var all sync.WaitGroup
		for i := range at {
			all.Go(func() {
				replies[i] = w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, key: "same", body: text})
			})
		}
		all.Wait()
		for i, r := range replies {
			if r.is(202); !bytes.Equal(r.body, replies[0].body) {
				t.Errorf("reply %d is %s, want %s", i, r.body, replies[0].body)
			}
		}
		if rows := w.get("/v1/messages").rows(); len(rows) != 1 {
			t.Errorf("got %d messages, want 1", len(rows))
		}
		if held := w.get("/v1/credit").json()["held"]; held != "18.00" {
			t.Errorf("got %v held, want 18.00", held)
		}
	})
}

func TestARefusedMessageLeavesItsKeyFree(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		poor := func() got {
			return w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, key: "k", body: text})
		}
		g := poor()
		g.refused(402, "insufficient_credit")
		p := g.json()
		if p["needed"] != "18.00" || p["available"] != "10.00" {
			t.Errorf("got needed %v, available %v; want 18.00 and 10.00", p["needed"], p["available"])
		}
		if _, has := p["recharge"]; !has {
			t.Errorf("the problem does not speak of a recharge: %s", g.body)
		}
		w.topUp("poor", 100)
		if poor().is(202).header.Get("Idempotent-Replayed") != "" {
			t.Error("the retry is a replay of a refusal")
		}
	})
}

func TestAKeyIsOneTextOfTheHeader(t *testing.T) {
	w := onSQLite(t)
	for _, key := range []string{strings.Repeat("x", 256), `"open`, "한글"} {
		w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, key: key, body: text}).refused(422, "validation")
		w.do(ask{method: "POST", path: "/v1/senders", token: w.rich, key: key, body: `{"number":"15880000"}`}).refused(422, "validation")
	}
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, header: map[string][]string{"Idempotency-Key": {"a", "b"}}}).refused(422, "validation")
}

func TestOtherWritesHappenOnceToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		add := func(key, number string) got {
			return w.do(ask{method: "POST", path: "/v1/senders", token: w.rich, key: key, body: fmt.Sprintf(`{"number":%q}`, number)})
		}
		first := add("s", "1588-0000").is(201)
		second := add("s", "1588-0000").is(201)
		if !bytes.Equal(first.body, second.body) || second.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %s (replayed %q), want the bytes %s", second.body, second.header.Get("Idempotent-Replayed"), first.body)
		}
		add("s", "1588-0001").refused(422, "idempotency_mismatch")
		add("other", "1588-0000").refused(409, "already_exists")
		add("other", "1588-0002").is(201) // the refusal left it free

		remove := func() got {
			return w.do(ask{method: "DELETE", path: "/v1/senders/15880000", token: w.rich, key: "d"})
		}
		remove().is(204)
		if g := remove().is(204); g.header.Get("Idempotent-Replayed") != "true" || len(g.body) != 0 {
			t.Errorf("got %q (replayed %q), want an empty replay", g.body, g.header.Get("Idempotent-Replayed"))
		}
		w.do(ask{method: "DELETE", path: "/v1/senders/15880000", token: w.rich}).refused(404, "not_found")
		// The same key of an operator, of another site or for another route is another one.
		w.do(ask{method: "POST", path: "/v1/senders?site=rich", token: w.operator, key: "s", body: `{"number":"15880009"}`}).is(201)
		w.do(ask{method: "POST", path: "/v1/senders", token: w.poor, key: "s", body: `{"number":"15880009"}`}).is(201)
		w.do(ask{method: "POST", path: "/v1/kakao-channels", token: w.rich, key: "s", body: `{"name":"@x","sender_key":"k"}`}).is(201)
	})
}

func TestAConcurrentWriteWithTheSameKeyHappensOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		replies := make([]got, 6)
		var all sync.WaitGroup
		for i := range replies {
			all.Go(func() {
				replies[i] = w.do(ask{method: "POST", path: "/v1/senders", token: w.rich, key: "same", body: `{"number":"15880000"}`})
			})
		}
		all.Wait()
		for _, r := range replies {
			if r.is(201); !bytes.Equal(r.body, replies[0].body) {
				t.Errorf("got %s and %s, want the same bytes", r.body, replies[0].body)
			}
		}
		w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) error {
			list, err := site.Senders(tx, "rich")
			if len(list) != 2 {
				t.Errorf("got %d senders, want 2", len(list))
			}
			return err
		}))
	})
}

func TestAnActOnAMessageIsRepeatedWithTheSameBytes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.send(text)["id"].(string)
		act := func(verb, key string) got {
			return w.do(ask{method: "POST", path: "/v1/messages/" + m + "/" + verb, token: w.rich, key: key})
		}
		first := act("pause", "p").is(200)
		act("resume", "r").is(200)
		second := act("pause", "p").is(200)
		if !bytes.Equal(first.body, second.body) || second.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %s, want the first reply's bytes %s", second.body, first.body)
		}
		if status := w.get("/v1/messages/" + m).json()["status"]; status != "accepted" {
			t.Errorf("got status %v, want accepted: a replay does nothing", status)
		}
		other := w.send(text)["id"].(string)
		w.do(ask{method: "POST", path: "/v1/messages/" + other + "/pause", token: w.rich, key: "p"}).refused(422, "idempotency_mismatch")
	})
}

// What is shown once is shown to who asked for it: a token that could not have made another one
// does not get it by repeating the request that did.
func TestASecretIsRepeatedToWhoeverAskedForItAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		owner, keeper := w.token("rich", "*"), w.token("rich", "tokens:write", "webhooks:write", "users:write")
		strong := text1(t, w.as(owner, "POST", "/v1/tokens", `{"name":"strong","abilities":["*"]}`).is(201), "id")
		hook, _ := w.endpoint(`"message.*"`)
		lee := w.person("lee@example.com", "rich", access.Owner).ID.Text(id.User)
		for _, c := range []struct {
			path, body, secret string
			status, other      int
		}{
			{"/v1/tokens", `{"name":"new","abilities":["*"]}`, "token", 201, 403},
			{"/v1/tokens/" + strong + "/rotate", `{}`, "token", 200, 403},
			{"/v1/test/tokens", `{"name":"new","abilities":["*"]}`, "token", 201, 403},
			{"/v1/users", `{"email":"new@example.com","roles":["owner"]}`, "password", 201, 403},
			{"/v1/users/" + lee + "/password", ``, "password", 200, 403},
			{"/v1/webhook-endpoints/" + hook + "/rotate-secret", ``, "secret", 200, 200},
		} {
			ask := ask{method: "POST", path: c.path, token: owner, key: "k", body: c.body}
			first := text1(t, w.do(ask).is(c.status), c.secret)
			if again := w.do(ask).is(c.status); text1(t, again, c.secret) != first || again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s: repeated: got %s", c.path, again.body)
			}
			ask.token = keeper
			if other := w.do(ask).is(c.other); strings.Contains(string(other.body), first) || other.header.Get("Idempotent-Replayed") != "" {
				t.Errorf("%s: somebody else got %s", c.path, other.body)
			}
		}
	})
}

// TestWhatIsShownOnceIsMarked has every operation say that its reply holds a secret, by which its
// kept reply is the caller's own.
func TestWhatIsShownOnceIsMarked(t *testing.T) {
	_, whole := readDocument(t)
	schemas := whole["components"].(map[string]any)["schemas"].(map[string]any)
	var secret func(name string, schema any) bool
	secret = func(name string, schema any) bool {
		s, _ := schema.(map[string]any)
		if ref, is := s["$ref"].(string); is {
			return secret("", schemas[strings.TrimPrefix(ref, "#/components/schemas/")])
		}
		says, _ := s["description"].(string)
		if strings.Contains(says, "shown again") || strings.Contains(says, "shown this once") {
			return true
		}
		if s["type"] == "string" && slices.Contains([]string{"password", "secret", "token", "uri"}, name) {
			return true
		}
		for name, member := range orNone(s["properties"]) {
			if secret(name, member) {
				return true
			}
		}
		return s["items"] != nil && secret("", s["items"])
	}
	marked := 0
	for path, item := range whole["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			op := op.(map[string]any)
			is := op["x-secret"] == true
			if is {
				marked++
			}
			for status, r := range orNone(op["responses"]) {
				media := orNone(orNone(orNone(r)["content"])["application/json"])
				if strings.HasPrefix(status, "2") && secret("", media["schema"]) != is {
					t.Errorf("%s %s: marked as holding a secret: %v; its reply says otherwise", method, path, is)
				}
			}
		}
	}
	if marked < 12 {
		t.Errorf("got %d operations that show a secret", marked)
	}
}

func orNone(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
