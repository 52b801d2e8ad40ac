package server

import (
	"strings"
	"testing"
)

func TestADoorThatCannotBeRightIsToldWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"http: {connections: -1}": "creditmsg.yaml:1: http.connections: it is negative",
		"http: {streams: 100000}": "http.streams: want at most 10000",
		"tls: {cert_file: a.pem}": "tls.cert_file and tls.key_file belong together",
		"tls: {key_file: a.pem}":  "tls.cert_file and tls.key_file belong together",
		"tls: {cert_file: a.pem, key_file: b.pem, autocert: {domains: [x.com]}}":            "give either files or domains",
		"tls: {autocert: {domains: ['*.x.com']}}":                                           `"*.x.com" is not a domain name`,
		"tls: {autocert: {domains: [127.0.0.1]}}":                                           `"127.0.0.1" is not a domain name`,
		"tls: {autocert: {domains: [X.com]}}":                                               `"X.com" is not a domain name`,
		"tls: {autocert: {domains: [localhost]}}":                                           `"localhost" is not a domain name`,
		"tls: {autocert: {email: a@x.com}}":                                                 "tls.autocert.domains: it is missing",
		"tls: {autocert: {domains: [x.com], directory_url: acme}}":                          "tls.autocert.directory_url: it is not an address",
		"listen_redirect: ':80'":                                                            "tls is not set",
		"listen_redirect: '80'":                                                             "listen_redirect: \"80\" is not of the form host:port",
		"tls: {cert_file: a.pem, key_file: b.pem}\nlisten: ':443'\nlisten_redirect: ':443'": "it is the address of listen",
		"cors: {origins: ['*']}":                                                            `"*" is not an origin`,
		"cors: {origins: ['null']}":                                                         `"null" is not an origin`,
		"cors: {origins: ['https://a.com/']}":                                               `is not an origin`,
		"cors: {origins: ['https://a.com:443']}":                                            `is not an origin`,
		"cors: {origins: ['https://*.a.com']}":                                              `is not an origin`,
		"cors: {origins: ['https://A.com']}":                                                `is not an origin`,
		"cors: {origins: ['ftp://a.com']}":                                                  `is not an origin`,
		"cors: {origins: ['https://u:p@a.com']}":                                            `is not an origin`,
	} {
		_, err := load(t, text)
		if got := complaints(t, err); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"tls: {cert_file: a.pem, key_file: b.pem}\nlisten_redirect: ':80'", "cors: {origins: ['https://a.com', 'http://localhost:3000']}", "http: {connections_per_address: 10}"} {
		if _, err := load(t, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
