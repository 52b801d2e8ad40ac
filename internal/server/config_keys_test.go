package server

import (
	"reflect"
	"testing"
)

// everyKey is how the keys of the whole are listed.
const everyKey = "listen, listen_redirect, tls, cors, http, database, blob, providers, production, delivery, payments, alerts, test_mode, webhooks, console, trusted_proxies, proxy_header, log, keys, audit, redis, limits"

func TestTheNameOfAVariableIsThePathOfItsKey(t *testing.T) {
	for name, path := range variables() {
		if _, list := lists[name]; list {
			continue // read by itself; the tests above set it
		}
		value := map[reflect.Kind]string{reflect.Bool: "true", reflect.Int: "1", reflect.Int64: "1s", reflect.Slice: "10.0.0.0/8", reflect.String: "x"}[typeAt(reflect.TypeFor[Config](), path).Kind()]
		var c Config
		l := &loading{places: map[string]string{}}
		l.environment([]string{name + "=" + value}, &c)
		if len(l.wrong) > 0 || reflect.ValueOf(c).IsZero() {
			t.Errorf("%s does not set %s: %v", name, path, l.wrong)
		}
	}
}
