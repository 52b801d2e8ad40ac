package api

import (
	"net/http"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// A program that sends all day is remembered; what another process changes meanwhile
// counts for its very next request.
func TestACallerWhoIsRememberedIsToldWhatIsTrueNow(t *testing.T) {
	sms := func(price money.Amount) func(tx *db.Tx) error {
		return func(tx *db.Tx) error {
			return credit.SetPrices(tx, "rich", map[provider.Channel]money.Amount{provider.SMS: price * money.Won}, 0)
		}
	}
	each(t, func(t *testing.T, w *world) {
		var token site.Token
		var secret string
		w.update(func(tx *db.Tx) (err error) {
			token, secret, err = site.NewToken(tx, "rich", "t", []string{"messages:write"}, 0)
			return err
		})
		send := func(key string) got {
			return w.do(ask{method: "POST", path: "/v1/messages", token: secret, key: key, body: text})
		}
		first := send("a").is(http.StatusAccepted)
		for _, step := range []struct {
			what   string
			change func(tx *db.Tx) error
			status int
			code   string // of the refusal, or what is held
		}{
			{"nothing", func(*db.Tx) error { return nil }, 202, "18.00"},
			{"a price", sms(25), 202, "25.00"},
			{"its sender is blocked", func(tx *db.Tx) error {
				_, err := site.SetSender(tx, "rich", "0261234567", site.Blocked, "")
				return err
			}, 422, "sender_missing"},
			{"and approved again", func(tx *db.Tx) error {
				_, err := site.SetSender(tx, "rich", "0261234567", site.Approved, "")
				return err
			}, 202, "25.00"},
			{"the site is suspended", func(tx *db.Tx) error { return site.SetState(tx, "rich", site.Suspended) }, 423, "site_suspended"},
			{"and resumed", func(tx *db.Tx) error { return site.SetState(tx, "rich", site.Active) }, 202, "25.00"},
			{"a price again", sms(18), 202, "18.00"},
		} {
			w.update(step.change)
			if again := send("a"); step.status != 423 && step.status != 422 && (again.status != 202 || string(again.body) != string(first.body)) {
				t.Errorf("%s: the repeated request got %d %s, want the first reply", step.what, again.status, again.body)
			}
			for range 2 { // the second time from what the first learned
				g := send("").is(step.status)
				if step.status == 202 && g.json()["held"] != step.code || step.status != 202 && g.json()["code"] != step.code {
					t.Errorf("%s: got %s, want %s", step.what, g.body, step.code)
				}
			}
		}
		w.update(func(tx *db.Tx) error { return site.Revoke(tx, "rich", token.ID) })
		send("").refused(http.StatusUnauthorized, "unauthenticated")
		w.do(ask{method: "POST", path: "/v1/messages", token: secret, body: `{"strategy":"none"}`}).refused(http.StatusUnauthorized, "unauthenticated")
		w.do(ask{method: "POST", path: "/v1/messages", token: secret, body: "{}", media: "text/csv"}).refused(http.StatusUnauthorized, "unauthenticated")
		w.do(ask{method: "POST", path: "/v1/messages", token: secret, body: "{}\n", media: "application/x-ndjson"}).refused(http.StatusUnauthorized, "unauthenticated")
	})
}

// A token ends by time alone, which no revision tells.
func TestARememberedTokenEndsAtItsTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var token site.Token
		var secret string
		w.update(func(tx *db.Tx) (err error) {
			token, secret, err = site.NewToken(tx, "rich", "t", []string{"messages:write"}, tx.Now.Add(time.Second/4))
			return err
		})
		last, accepted := "", 0
		for {
			g := w.do(ask{method: "POST", path: "/v1/messages", token: secret, body: text})
			if g.status != http.StatusAccepted {
				g.refused(http.StatusUnauthorized, "unauthenticated")
				break
			}
			last, _ = g.json()["created_at"].(string)
			accepted++
		}
		at, err := time.Parse(time.RFC3339Nano, last)
		if err != nil || accepted < 2 || db.At(at) >= token.ExpiresAt {
			t.Errorf("the last of %d was accepted at %s, %v; want some, all before %s", accepted, last, err, token.ExpiresAt.Time())
		}
	})
}
