package sens

import (
	"testing"

	"creditmsg/internal/provider"
)

// TestSignaturesAreThoseOfTheVectors holds the signature to two requests of a made-up
// account, one with a query.
func TestSignaturesAreThoseOfTheVectors(t *testing.T) {
	const service = "/sms/v2/services/ncp:sms:kr:123456789012:sim/messages"
	for _, c := range []struct{ method, path, want string }{
		{"POST", service, "T1HvltCfLSWkcguE9W9Ss4aCRa0moSnM9dBg8Ue7omg="},
		{"GET", service + "?requestId=RSSA-1-abc", "8FFkp75GCEqcZcz7P3N/ozVgZ/zDalTj+C1HwFBuIbE="},
	} {
		if got := sign([]byte("SimSecretKey0123456789SimSecretKey012345"), c.method, c.path, "1795340400000", "SIMACCESSKEY12345678"); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.method, c.path, got, c.want)
		}
	}
}

func TestAnAccountThatCannotWorkIsRefused(t *testing.T) {
	good := func() provider.Account {
		return provider.Account{Name: "sens", APIKey: "KEY", APISecret: "SECRET", Settings: map[string]string{settingSMS: "ncp:sms:kr:123456789012:p"}}
	}
	if _, err := New(good()); err != nil {
		t.Fatalf("a good account: %v", err)
	}
	for name, change := range map[string]func(*provider.Account){
		"no key":                    func(a *provider.Account) { a.APIKey = "" },
		"no secret":                 func(a *provider.Account) { a.APISecret = "" },
		"no service":                func(a *provider.Account) { a.Settings = nil },
		"an unknown setting":        func(a *provider.Account) { a.Settings["service"] = "x" },
		"a service that is a path":  func(a *provider.Account) { a.Settings[settingSMS] = "../x" },
		"an address without a host": func(a *provider.Account) { a.URL = "http://" },
		"alimtalk alone, without its service": func(a *provider.Account) {
			a.Channels = []provider.Channel{provider.Alimtalk}
		},
	} {
		a := good()
		change(&a)
		if _, err := New(a); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// FuzzParse holds the parser to: no panic, and no report without its call and number.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"call":"01k9z0000000000000000000000","about":"sms","page":{"messages":[{"to":"01012345678","status":"COMPLETED","statusCode":"0"}]}}`,
		`{"call":"019a1234-5678-7abc-8def-0123456789ab","about":"alimtalk","page":{"messages":[{"to":"01012345678","requestStatusCode":"A000","messageStatusCode":"3019","messageStatusName":"fail"}]}}`,
		`{"call":"","about":"sms","page":null}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, err := parse(body)
		if err != nil && len(reports) > 0 {
			t.Errorf("got %d reports beside an error", len(reports))
		}
		for _, r := range reports {
			if r.Call.IsZero() || r.To == "" || r.Delivered && !r.Final {
				t.Errorf("got %+v", r)
			}
		}
	})
}
