package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/site"
)

// second is a second process over the same database.
func (w *world) second() *world {
	w.t.Helper()
	other := *w
	deps := w.deps
	deps.Registerer, deps.Gatherer = nil, nil
	keys := site.NewKeys(w.d, nil)
	deps.Keys = keys
	var err error
	other.handler, err = New(deps)
	w.must(err)
	return &other
}

// from sends a message from an address.
func (w *world) from(address, token string) int {
	w.t.Helper()
	r := httptest.NewRequest("POST", "/v1/messages", strings.NewReader(text))
	r.RemoteAddr = address + ":4711"
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Code
}

// What happens to a token in one process counts for the very next request in another one that
// remembers it, for what is remembered (small messages) and for what is not.
func TestAChangedTokenCountsAtOnceInEveryProcess(t *testing.T) {
	each(t, func(t *testing.T, one *world) {
		two := one.second()
		for _, c := range []struct {
			what   string
			change func(path string) got
			status int
			read   int // of what is not remembered
		}{
			{"revoked", func(path string) got { return one.as(one.rich, "DELETE", path, "") }, 401, 401},
			{"narrowed", func(path string) got {
				return one.as(one.rich, "PATCH", path, `{"abilities":["messages:read"]}`)
			}, 403, 200},
			{"bound to addresses", func(path string) got {
				return one.as(one.rich, "PATCH", path, `{"addresses":["203.0.113.0/24"]}`)
			}, 403, 403},
			{"rotated", func(path string) got { return one.as(one.rich, "POST", path+"/rotate", `{"overlap":0}`) }, 401, 401},
			{"rotated with an overlap", func(path string) got { return one.as(one.rich, "POST", path+"/rotate", `{"overlap":60}`) }, 202, 200},
		} {
			made := one.as(one.rich, "POST", "/v1/tokens", `{"name":"shop","abilities":["messages:read","messages:write"]}`).is(201)
			secret, path := text1(t, made, "token"), "/v1/tokens/"+text1(t, made, "id")
			for range 2 { // the second time from what the first learned
				for _, w := range []*world{one, two} {
					w.as(secret, "POST", "/v1/messages", text).is(202)
				}
			}
			changed := c.change(path)
			if changed.status/100 != 2 {
				t.Fatalf("%s: got %d %s", c.what, changed.status, changed.body)
			}
			for i, w := range []*world{two, one} {
				if got := w.as(secret, "POST", "/v1/messages", text); got.status != c.status {
					t.Errorf("%s, process %d: sending got %d %s, want %d", c.what, i, got.status, got.body, c.status)
				}
				if got := w.as(secret, "GET", "/v1/messages", ""); got.status != c.read {
					t.Errorf("%s, process %d: reading got %d %s, want %d", c.what, i, got.status, got.body, c.read)
				}
			}
			if next, _ := changed.json2()["token"].(string); next != "" {
				for i, w := range []*world{two, one} {
					if got := w.as(next, "POST", "/v1/messages", text); got.status != 202 {
						t.Errorf("%s, process %d: the new secret got %d %s", c.what, i, got.status, got.body)
					}
				}
			}
		}
	})
}

// json2 is the body as an object, or nothing.
func (g got) json2() map[string]any {
	if len(g.body) == 0 {
		return nil
	}
	return g.json()
}

// The end of an old secret comes by time alone, which no Rev tells: it is remembered with it.
func TestARememberedOldSecretEndsAtItsTime(t *testing.T) {
	each(t, func(t *testing.T, one *world) {
		two := one.second()
		made := one.as(one.rich, "POST", "/v1/tokens", `{"name":"shop","abilities":["messages:write"]}`).is(201)
		secret := text1(t, made, "token")
		rotated := one.as(one.rich, "POST", "/v1/tokens/"+text1(t, made, "id")+"/rotate", `{"overlap":1}`).is(200)
		until, err := time.Parse(time.RFC3339Nano, text1(t, rotated, "previous_until"))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range []*world{one, two} {
			for {
				g := w.as(secret, "POST", "/v1/messages", text)
				if g.status != http.StatusAccepted {
					g.refused(401, "unauthenticated")
					break
				}
				at, err := time.Parse(time.RFC3339Nano, text1(t, g, "created_at"))
				if err != nil || !at.Before(until) {
					t.Fatalf("a message was accepted at %s by a secret that ended at %s", at, until)
				}
			}
		}
	})
}

func TestATokenIsUsedFromItsAddressesAlone(t *testing.T) {
	w := onSQLite(t)
	made := w.as(w.rich, "POST", "/v1/tokens", `{"name":"shop","abilities":["messages:write"],"addresses":["203.0.113.0/24","2001:db8::1"]}`).is(201)
	secret := text1(t, made, "token")
	for range 2 { // remembered from the first time on
		for address, want := range map[string]int{"203.0.113.7": 202, "[2001:db8::1]": 202, "203.0.114.7": 403, "[2001:db8::2]": 403} {
			if got := w.from(address, secret); got != want {
				t.Errorf("from %s: got %d, want %d", address, got, want)
			}
		}
	}
	w.as(w.rich, "PATCH", "/v1/tokens/"+text1(t, made, "id"), `{"addresses":[]}`).is(200)
	if got := w.from("203.0.114.7", secret); got != 202 {
		t.Errorf("without addresses: got %d", got)
	}
}

func TestTokensAreKeptOverTheAPI(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		made := w.as(w.rich, "POST", "/v1/tokens", `{"name":" shop ","abilities":["messages:write","messages:read"],"expires_at":"2100-01-01T00:00:00Z"}`).is(201)
		path, secret := "/v1/tokens/"+text1(t, made, "id"), text1(t, made, "token")
		one := w.as(w.rich, "GET", path, "").is(200)
		if strings.Contains(string(one.body), secret) || one.json()["last4"] != secret[len(secret)-4:] || one.json()["name"] != "shop" || one.json()["expires_at"] != "2100-01-01T00:00:00.000000Z" {
			t.Errorf("got %s", one.body)
		}
		if got := w.as(w.rich, "PATCH", path, `{"name":"till"}`).is(200).json(); got["name"] != "till" || got["expires_at"] == nil {
			t.Errorf("a part was changed: got %v", got)
		}
		if got := w.as(w.rich, "PATCH", path, `{"expires_at":null}`).is(200).json(); got["expires_at"] != nil {
			t.Errorf("null: got %v", got)
		}
		for body, pointer := range map[string]string{
			`{"name":"x","abilities":["messages:fly"]}`: "/abilities/0", `{"name":"x","abilities":["operator"]}`: "/abilities/0", `{"name":"x","abilities":[]}`: "/abilities",
			`{"name":" ","abilities":["*"]}`: "/name", `{"name":"x","abilities":["*"],"addresses":["here"]}`: "/addresses/0", `{"name":"x","abilities":["*"],"expires_at":"2001-01-01T00:00:00Z"}`: "/expires_at",
		} {
			if got := w.as(w.rich, "POST", "/v1/tokens", body).refused(422, "validation"); len(got) != 1 || got[0] != pointer {
				t.Errorf("%s: complains about %v, want %s", body, got, pointer)
			}
		}
		w.as(w.poor, "GET", path, "").refused(404, "not_found")
		w.as(w.poor, "DELETE", path, "").refused(404, "not_found")
		w.as(w.operator, "GET", path+"?site=rich", "").is(200)
		w.as(w.operator, "GET", path, "").refused(404, "not_found") // among the operator's own
		if n := len(w.as(w.operator, "GET", "/v1/tokens", "").rows()); n != 1 {
			t.Errorf("the operator has %d tokens, want 1", n)
		}
		w.as(w.operator, "POST", "/v1/tokens", `{"name":"ops","abilities":["operator"]}`).is(201)
		w.as(w.rich, "DELETE", path, "").is(204)
		w.as(w.rich, "PATCH", path, `{"name":"x"}`).refused(409, "state_conflict")
		w.as(w.rich, "POST", path+"/rotate", "").refused(409, "state_conflict")
		if got := w.as(w.rich, "GET", path, "").is(200).json(); got["revoked_at"] == nil {
			t.Errorf("got %v, want it revoked", got)
		}
	})
}

// A token that may keep tokens makes, changes and rotates none that may more than itself.
func TestNoTokenMakesOneThatMayMore(t *testing.T) {
	w := onSQLite(t)
	lesser := w.token("rich", "tokens:read", "tokens:write", "messages:read")
	for body, want := range map[string]int{`{"name":"x","abilities":["messages:read"]}`: 201, `{"name":"x","abilities":["messages:write"]}`: 403, `{"name":"x","abilities":["*"]}`: 403} {
		if got := w.as(lesser, "POST", "/v1/tokens", body); got.status != want {
			t.Errorf("%s: got %d %s, want %d", body, got.status, got.body, want)
		}
	}
	greater := w.as(w.rich, "POST", "/v1/tokens", `{"name":"all","abilities":["*"]}`).is(201)
	path := "/v1/tokens/" + text1(t, greater, "id")
	w.as(lesser, "POST", path+"/rotate", "").refused(403, "forbidden")
	w.as(lesser, "PATCH", path, `{"addresses":["203.0.113.0/24"]}`).refused(403, "forbidden")
	w.as(text1(t, greater, "token"), "GET", "/v1/me", "").is(200)
	w.as(lesser, "PATCH", path, `{"abilities":["messages:read"]}`).is(200) // less is everybody's
	w.as(lesser, "POST", path+"/rotate", "").is(200)
	w.as(lesser, "DELETE", path, "").is(204)
}
