package server

import "testing"

func TestMailsMayGoInClearTextToTheSameMachine(t *testing.T) {
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		c, err := load(t, "production: true\nalerts:\n  operator: [a@b.kr]\n  smtp: {host: '"+host+"', from: a@b.kr, tls: none, user: u, password: p}\n")
		if err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if o := c.alerts(nil, nil); o.SMTP.Host != host || o.SMTP.Password != "p" || len(o.Operator) != 1 || o.Language != "ko" {
			t.Errorf("%s: got %+v", host, o)
		}
	}
}
