package identity

import (
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

func TestWhoComesBackFromTheProviderHasAVerifiedAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 2 {
			email, err := w.Finish(t.Context(), w.back())
			if w.must(err); email != "Kim@Example.com" {
				t.Errorf("got %q", email)
			}
		}
		if n := len(slices.DeleteFunc(slices.Clone(w.asked), func(path string) bool { return path != "/.well-known/openid-configuration" && path != "/keys" })); n != 2 {
			t.Errorf("it was asked where its doors and keys are %d times: %v", n, w.asked)
		}
		a, b := w.back(), w.back()
		if a.State == b.State || a.Sealed == b.Sealed || strings.Contains(a.Sealed, a.State) {
			t.Error("two ways are alike, or the browser could read its own")
		}
	})
}

func TestAWayIsGoneOnceInTheBrowserInWhichItBeganAndSoon(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mine, others := w.back(), w.back()
		for what, a := range map[string]Answer{
			"another browser":           {Sealed: others.Sealed, State: mine.State, Code: mine.Code},
			"no browser":                {State: mine.State, Code: mine.Code},
			"a browser that made it up": {Sealed: mine.Sealed[:len(mine.Sealed)-2] + "AA", State: mine.State, Code: mine.Code},
			"no state":                  {Sealed: mine.Sealed, Code: mine.Code},
			"no code":                   {Sealed: mine.Sealed, State: mine.State},
			"a refusal":                 {Sealed: mine.Sealed, State: mine.State, Code: mine.Code, Error: "access_denied"},
			"another provider":          {Sealed: mine.Sealed, State: mine.State, Code: mine.Code, Issuer: "https://login.example"},
			"another's code":            {Sealed: mine.Sealed, State: mine.State, Code: others.Code},
		} {
			_, err := w.Finish(t.Context(), a)
			wants(t, what, err, fault.Unauthenticated)
		}
		mine.Issuer = w.url
		_, err := w.Finish(t.Context(), mine)
		w.must(err)
		_, err = w.Finish(t.Context(), mine)
		wants(t, "a code twice", err, fault.Unauthenticated)

		late := w.back()
		w.now = w.now.Add(For)
		_, err = w.Finish(t.Context(), late)
		wants(t, "after ten minutes", err, fault.Unauthenticated)
	})
}

// A provider that takes its codes twice must not let anybody in twice by what he once came back with.
func TestAStateThatIsReplayedIsRefusedWhateverTheProviderSays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.back()
		w.issuer.mu.Lock()
		way := w.codes[a.Code]
		w.issuer.mu.Unlock()
		var crowd sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			again := a
			again.Code = random()
			w.set(func(i *issuer) { i.codes[again.Code] = way })
			crowd.Go(func() { _, errs[i] = w.Finish(t.Context(), again) })
		}
		crowd.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else {
				wants(t, "a replayed state", err, fault.Unauthenticated)
			}
		}
		if in != 1 {
			t.Errorf("%d came in: %v", in, errs)
		}
		w.now = w.now.Add(For)
		w.must(w.d.Update(t.Context(), "test", func(tx *db.Tx) error {
			more, err := Sweep(tx)
			var n int
			if err == nil {
				err = tx.QueryRow(`SELECT COUNT(*) FROM identity_state`).Scan(&n)
			}
			if more || n != 0 {
				t.Errorf("%d are left, more %t", n, more)
			}
			return err
		}))
	})
}

func TestWhatDoesNotProveAnAddressLetsNobodyIn(t *testing.T) {
	w := newWorld(t, "sqlite")
	other := rsaKey(t)
	for what, change := range map[string]func(map[string]any){
		"another issuer":         func(c map[string]any) { c["iss"] = "https://login.example" },
		"another client":         func(c map[string]any) { c["aud"] = "another" },
		"several, and another's": func(c map[string]any) { c["aud"], c["azp"] = []string{clientID, "another"}, "another" },
		"another nonce":          func(c map[string]any) { c["nonce"] = random() },
		"no nonce":               func(c map[string]any) { delete(c, "nonce") },
		"expired":                func(c map[string]any) { c["exp"] = time.Now().Add(-time.Second).Unix() },
		"no expiry":              func(c map[string]any) { delete(c, "exp") },
		"not yet":                func(c map[string]any) { c["nbf"] = time.Now().Add(time.Hour).Unix() },
		"of another access token": func(c map[string]any) {
			sum := sha256.Sum256([]byte("another"))
			c["at_hash"] = base.EncodeToString(sum[:16])
		},
		"an address not verified":      func(c map[string]any) { c["email_verified"] = false },
		"nothing about that":           func(c map[string]any) { delete(c, "email_verified") },
		"another word about it":        func(c map[string]any) { c["email_verified"] = "yes" },
		"an address of another domain": func(c map[string]any) { c["email"] = "kim@example.com.evil.example" },
		"of a domain below":            func(c map[string]any) { c["email"] = "kim@mail.example.com" },
		"no address":                   func(c map[string]any) { c["email"] = "example.com" },
		"a domain alone":               func(c map[string]any) { c["email"] = "@example.com" },
	} {
		w.set(func(i *issuer) { i.claims = change })
		_, err := w.Finish(t.Context(), w.back())
		wants(t, what, err, fault.Unauthenticated)
		if f := fault.Of(err); strings.Contains(f.Public, "kim@") {
			t.Errorf("%s: it tells whose address it is: %s", what, f.Public)
		}
	}
	w.set(func(i *issuer) { i.claims, i.signs = nil, other })
	_, err := w.Finish(t.Context(), w.back())
	wants(t, "another's signature", err, fault.Unauthenticated)
	w.set(func(i *issuer) { i.signs = nil })
	_, err = w.Finish(t.Context(), w.back())
	w.must(err)
}

func TestAnAddressMayBeToldBesidesWhatIsSigned(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.set(func(i *issuer) {
		i.claims = func(c map[string]any) { delete(c, "email"); delete(c, "email_verified") }
		i.told = map[string]any{"sub": "kim", "email": "kim@example.kr", "email_verified": "true"}
	})
	email, err := w.Finish(t.Context(), w.back())
	if w.must(err); email != "kim@example.kr" {
		t.Errorf("got %q", email)
	}
	w.set(func(i *issuer) { i.told["sub"] = "lee" })
	_, err = w.Finish(t.Context(), w.back())
	wants(t, "of somebody else", err, fault.Unauthenticated)
	w.set(func(i *issuer) { i.told = map[string]any{"sub": "kim"} })
	_, err = w.Finish(t.Context(), w.back())
	wants(t, "no address at all", err, fault.Unauthenticated)
}

func TestAProviderThatDoesNotAnswerAsItShouldLetsNobodyIn(t *testing.T) {
	const doors = "/.well-known/openid-configuration"
	elsewhere := newIssuer(t)
	for what, says := range map[string]func(path string) (int, string){
		"it is down":         func(string) (int, string) { return 503, "Pl4nted" },
		"it says nothing":    func(string) (int, string) { return 200, "" },
		"it leads elsewhere": func(path string) (int, string) { return 302, elsewhere.url + path },
		"it says too much":   func(string) (int, string) { return 200, `{"issuer":"` + strings.Repeat("x", mostReply) + `"}` },
		"it is another one":  func(path string) (int, string) { return 200, `{"issuer":"https://login.example"}` },
		"its codes are refused": func(path string) (int, string) {
			return only(path, "/token", 400, `{"error":"invalid_client","error_description":"Pl4nted"}`)
		},
		"it gives no token": func(path string) (int, string) { return only(path, "/token", 200, `{}`) },
		"it signs nothing": func(path string) (int, string) {
			return only(path, "/token", 200, `{"access_token":"a","token_type":"Bearer"}`)
		},
		"its token door is down": func(path string) (int, string) { return only(path, "/token", 500, "Pl4nted") },
	} {
		w := newWorld(t, "sqlite")
		w.set(func(i *issuer) { i.says = says })
		b, err := w.Begin(t.Context())
		if err == nil {
			state, code := w.visit(b.URL)
			_, err = w.Finish(t.Context(), Answer{Sealed: b.Sealed, State: state, Code: code})
		}
		wants(t, what, err, fault.Upstream)
		if f := fault.Of(err); strings.Contains(err.Error()+f.Public, "Pl4nted") || strings.Contains(err.Error(), clientSecret) {
			t.Errorf("%s: it repeats what was said: %v", what, err)
		}
	}
	w := newWorld(t, "sqlite")
	_, err := w.Finish(t.Context(), w.back())
	w.must(err)
	w.now = w.now.Add(knownFor)
	w.set(func(i *issuer) { i.says = func(path string) (int, string) { return only(path, doors, 503, "") } })
	if _, err = w.Begin(t.Context()); err != nil {
		t.Errorf("where its doors are is forgotten: %v", err)
	}
}

// only answers for one path.
func only(path, one string, status int, body string) (int, string) {
	if path != one {
		return 0, ""
	}
	return status, body
}
