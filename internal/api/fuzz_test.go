package api

import (
	"encoding/json"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/api/apitest"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

func FuzzACursorIsGoodForItsOwnListAlone(f *testing.F) {
	w := onSQLite(f)
	var own, other list
	w.update(func(tx *db.Tx) (err error) {
		a := w.handler.(*api)
		if own, err = a.list(tx, &exchange{site: "rich"}, "groups", "filter"); err == nil {
			other, err = a.list(tx, &exchange{site: "poor"}, "groups", "filter")
		}
		return err
	})
	good, err := own.cursor(place{At: 7, Name: "단골"})
	w.must(err)
	foreign, err := other.cursor(place{At: 7, Name: "단골"})
	w.must(err)
	for _, seed := range []string{"", *good, *foreign, (*good)[:10], *good + "A", strings.ToUpper(*good), "====", "\x00", strings.Repeat("A", 5000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		var at place
		err := own.after(cursor, &at)
		switch {
		case err != nil:
			if fault.Of(err).Code != fault.CodeValidation || apitest.Inner([]byte(fault.Of(err).Public), nil) != nil {
				t.Errorf("%q is refused as %v", cursor, err)
			}
		case cursor != "" && at != place{At: 7, Name: "단골"}:
			t.Errorf("%q leads to %+v, which no list gave", cursor, at)
		}
	})
}

func FuzzTheClientIsNeverWhoeverAStrangerSays(f *testing.F) {
	for _, said := range []string{"", "198.51.100.1", "198.51.100.1, 10.0.0.2", ",,,", "::ffff:10.0.0.3", "fe80::1%eth0", "10.0.0.2,\x00", "[::1]:80", strings.Repeat("10.0.0.1,", 1000)} {
		f.Add("203.0.113.9:1", said)
		f.Add("10.0.0.1:1", said)
		f.Add("[::1]:1", said)
		f.Add("nonsense", said)
	}
	trusted := netip.MustParsePrefix("10.0.0.0/8")
	a := &api{Deps: Deps{TrustedProxies: []netip.Prefix{trusted}}}
	f.Fuzz(func(t *testing.T, remote, said string) {
		r := httptest.NewRequest("POST", "/webhooks/solapi", nil)
		r.RemoteAddr = remote
		r.Header["X-Forwarded-For"] = []string{said}
		got, peer := a.client(r), a.peer(r)
		if got == peer {
			return
		}
		if !trusted.Contains(peer) {
			t.Errorf("from %q saying %q: got %s, and nobody trusts %s", remote, said, got, peer)
		}
		if !slices.ContainsFunc(strings.Split(said, ","), func(one string) bool {
			one = strings.TrimSpace(one)
			alone := one[:max(0, strings.LastIndexByte(one, ':'))] // without its port
			return slices.ContainsFunc([]string{one, alone}, func(text string) bool {
				at, err := netip.ParseAddr(strings.Trim(text, "[]"))
				return err == nil && at.Unmap().WithZone("") == got
			})
		}) {
			t.Errorf("from %q saying %q: got %s, which nobody said", remote, said, got)
		}
	})
}

func FuzzABodyIsReadOrRefusedInOurOwnWords(f *testing.F) {
	for _, seed := range []string{`{"name":"a","n":1,"list":["x"],"inner":{"at":null}}`, `{"n":1e400}`, `{"n":"x"}`, `{"list":{}}`, `[`, `nul`, "\xff", `{"name":"\u0000"}`, `{"name":1,"name":"b"}`, strings.Repeat("[", 20_000), ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var into struct {
			Name  string
			N     int64
			List  []string
			Inner *struct{ At string }
		}
		var whole any
		for _, v := range []any{&whole, &into} {
			err := unmarshal(body, v)
			if err != nil && apitest.Inner([]byte(err.Error()), body) != nil {
				t.Errorf("%q is refused with the words %q", body, err)
			}
			if err == nil && !json.Valid(body) {
				t.Errorf("%q is read", body)
			}
		}
		if strings.ContainsRune(into.Name, 0) {
			t.Errorf("%q is read as %q, which no database takes", body, into.Name)
		}
	})
}
