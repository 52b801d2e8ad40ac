package solapi

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/provider"
)

func TestASignatureIsTheVendors(t *testing.T) {
	const salt = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"
	for date, want := range map[string]string{
		"2026-11-22T09:00:00Z":      "0a5ec4b884cd9417d7ddd1a0fe6f29afbbdcaa86f349940346921cad4eeec69d",
		"2026-11-22T18:00:00+09:00": "9b62bbf67a848a6cff905f8fe039a9504da3c3d641d72d1ba1dacb045574a092",
	} {
		if got := sign([]byte(testSecret), date, salt); got != want {
			t.Errorf("sign at %s: got %s, want %s", date, got, want)
		}
	}
	a := newVendor(t, nil).account()
	a.now = func() time.Time { return time.Date(2026, 11, 22, 18, 0, 0, 0, time.FixedZone("KST", 9*3600)) }
	a.salt = func() string { return salt }
	want := "HMAC-SHA256 apiKey=SIMULATORKEY0001, date=2026-11-22T09:00:00Z, salt=" + salt +
		", signature=0a5ec4b884cd9417d7ddd1a0fe6f29afbbdcaa86f349940346921cad4eeec69d"
	if got := a.authorization(); got != want {
		t.Errorf("authorization:\n got %s\nwant %s", got, want)
	}
}

func TestEveryRequestIsSignedAfresh(t *testing.T) {
	v := newVendor(t, nil)
	a := v.account()
	a.Submit(t.Context(), callOf(textLegs(1)), stored)
	if _, err := a.Lookup(t.Context(), provider.Enquiry{UpstreamID: testGroup}); err != nil {
		t.Fatalf("Lookup: %v", err)
	}
	seen := map[string]bool{}
	for _, auth := range v.auths {
		_, salt, _ := strings.Cut(auth, "salt=")
		salt, _, _ = strings.Cut(salt, ",")
		if len(salt) < 12 || len(salt) > 64 || seen[salt] {
			t.Errorf("salt %q of %q: want 12 to 64 characters, never again", salt, auth)
		}
		seen[salt] = true
	}
	if len(seen) != 5 {
		t.Errorf("signed requests: got %d, want 5", len(seen))
	}
}

func TestAnAccountIsCheckedWhenItIsMade(t *testing.T) {
	good := provider.Account{Name: "solapi", APIKey: testKey, APISecret: testSecret}
	for name, c := range map[string]struct {
		change func(*provider.Account)
		ok     bool
	}{
		"as it is":             {func(*provider.Account) {}, true},
		"with a path":          {func(a *provider.Account) { a.URL = "http://127.0.0.1:9001/sim/" }, true},
		"no key":               {func(a *provider.Account) { a.APIKey = "" }, false},
		"a key with a comma":   {func(a *provider.Account) { a.APIKey = "a,b" }, false},
		"no secret":            {func(a *provider.Account) { a.APISecret = "" }, false},
		"another scheme":       {func(a *provider.Account) { a.URL = "ftp://example.com" }, false},
		"no host":              {func(a *provider.Account) { a.URL = "https://" }, false},
		"a relative address":   {func(a *provider.Account) { a.URL = "api.solapi.com" }, false},
		"a query":              {func(a *provider.Account) { a.URL = "https://example.com?a=b" }, false},
		"an unreadable one":    {func(a *provider.Account) { a.URL = "http://[::1" }, false},
		"one channel it can":   {func(a *provider.Account) { a.Channels = []provider.Channel{provider.MMS, provider.SMS} }, true},
		"an empty channel set": {func(a *provider.Account) { a.Channels = []provider.Channel{} }, false},
	} {
		a := good
		c.change(&a)
		_, err := New(a)
		if (err == nil) != c.ok {
			t.Errorf("%s: got error %v, want ok %v", name, err, c.ok)
		}
		if err != nil && strings.Contains(err.Error(), testSecret) {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
	p, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.(*account).base; got != DefaultURL {
		t.Errorf("address: got %q, want %q", got, DefaultURL)
	}
}

func TestCapabilitiesAreWhatTheAccountMayDo(t *testing.T) {
	v := newVendor(t, nil)
	want := provider.Capabilities{
		Channels: []provider.Channel{provider.Alimtalk, provider.SMS, provider.LMS, provider.MMS}, Pictures: 1,
		MaxLegs: 10_000, DistinctPhones: true, Lookup: provider.LookupAuthoritative,
	}
	if diff := cmp.Diff(want, v.account().Capabilities()); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
	texts := v.account(func(a *provider.Account) { a.Channels = []provider.Channel{provider.LMS, provider.SMS} }).Capabilities()
	if !texts.Carries(provider.SMS) || !texts.Carries(provider.LMS) || texts.Carries(provider.MMS) || texts.Carries(provider.Alimtalk) {
		t.Errorf("channels: got %v, want sms and lms", texts.Channels)
	}
}
