package server

import (
	"testing"
)

func TestTheConsoleIsWhereThePayersComeUnlessItIsSaidOtherwise(t *testing.T) {
	for text, want := range map[string]Address{
		"payments: {public_url: 'https://credit.example/'}\n":                                            "https://credit.example",
		"payments: {public_url: 'https://credit.example'}\nconsole: {url: 'https://console.example/'}\n": "https://console.example",
		"log: {level: debug}\n": "",
	} {
		c, err := load(t, text)
		if err != nil || c.Console.URL != want {
			t.Errorf("%s: got %s, %v; want %s", text, c.Console.URL, err, want)
		}
	}
	c, err := load(t, "console:\n  url: https://c.example\n  oidc: {issuer: 'https://login.example.kr/realm', client_id: a, client_secret: b, domains: [example.kr]}\n")
	if err != nil || c.Console.OIDC.Name != "login.example.kr" {
		t.Errorf("a provider without a name is called %q, %v", c.Console.OIDC.Name, err)
	}
}

func TestAProviderAtWhichPeopleSignInIsWhollyConfigured(t *testing.T) {
	const rest = "client_id: a, client_secret: b, domains: [example.kr]}\n"
	for text, want := range map[string]string{
		"console: {url: 'ftp://x'}\n":                                                                                                 "creditmsg.yaml:1: console.url: it is not an address of the form https://host",
		"console:\n  url: https://c.example\n  oidc: {client_id: a}\n":                                                                "creditmsg.yaml:3: console.oidc.issuer: it is missing: the address of the provider at which people sign in",
		"console:\n  url: https://c.example\n  oidc: {issuer: 'http://login.example', " + rest:                                        "creditmsg.yaml:3: console.oidc.issuer: it is not an address of the form https://accounts.example.com",
		"console:\n  url: https://c.example\n  oidc: {issuer: 'https://login.example?x=1', " + rest:                                   "creditmsg.yaml:3: console.oidc.issuer: it is not an address of the form https://accounts.example.com",
		"console:\n  oidc: {issuer: 'https://login.example', " + rest:                                                                 "creditmsg.yaml:1: console.url: it is missing: the provider leads people back there",
		"console:\n  url: https://c.example\n  oidc: {issuer: 'https://l.example', client_secret: b, domains: [a.kr]}\n":              "creditmsg.yaml:3: console.oidc.client_id: it is missing: the provider gives it to who registers an application there",
		"console:\n  url: https://c.example\n  oidc: {issuer: 'https://l.example', client_id: b, domains: [a.kr]}\n":                  "creditmsg.yaml:3: console.oidc.client_secret: it is missing: the provider gives it together with the client_id",
		"console:\n  url: https://c.example\n  oidc: {issuer: 'https://l.example', client_id: a, client_secret: b}\n":                 "creditmsg.yaml:3: console.oidc.domains: it is missing: those of the addresses that may come in, such as [example.com]",
		"console:\n  url: https://c.example\n  oidc: {issuer: 'https://l.example', client_id: a, client_secret: b, domains: ['*']}\n": `creditmsg.yaml:3: console.oidc.domains: "*" is not a domain such as example.com, in small letters`,
	} {
		_, err := load(t, text)
		if err == nil {
			t.Errorf("%s is right", text)
			continue
		}
		if got := complaints(t, err); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
	if _, err := load(t, "console:\n  url: http://localhost:8080\n  oidc: {issuer: 'http://127.0.0.1:9000', "+rest); err != nil {
		t.Errorf("a provider on this machine: %v", err)
	}
}
