package server

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTheVendorsNetworksAreTakenWhereItNamesThem(t *testing.T) {
	const gateway = `payments: {gateways: [{name: g, kind: %s, secret_key: sk_live_y, %s, allow: [%s]}]}`
	c, err := load(t, fmt.Sprintf(gateway, "toss", "client_key: live_ck_x", "10.0.0.0/8, vendor, 192.0.2.7"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := gateways(c.Payments.Gateways)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(list[0].Allow)
	if got != "[10.0.0.0/8 13.124.18.147/32 13.124.108.35/32 3.36.173.151/32 3.38.81.32/32 192.0.2.7/32]" {
		t.Errorf("got %s", got)
	}
	_, err = load(t, fmt.Sprintf(gateway, "stripe", "webhook_secret: w", "10.0.0.0/8, vendor"))
	if text := complaints(t, err); !strings.Contains(text, `allow[1]`) || !strings.Contains(text, `"vendor" is not a network`) {
		t.Errorf("of a vendor that names none: got %s", text)
	}
}

func TestNetworksOfIPv4AreFoundInTheirLongFormToo(t *testing.T) {
	for text, want := range map[string]string{
		"::ffff:192.0.2.7": "192.0.2.7/32", "::ffff:10.1.2.3/104": "10.0.0.0/8", "10.1.2.3/8": "10.0.0.0/8", "2001:db8::1": "2001:db8::1/128", "::/0": "::/0",
	} {
		if got := fmt.Sprint(Networks{text}.Prefixes()); got != "["+want+"]" {
			t.Errorf("%s: got %s, want [%s]", text, got, want)
		}
	}
}

func TestASecretIsChangedWithTheOneBeforeBesideIt(t *testing.T) {
	c, err := load(t, `providers: [{name: solapi, kind: solapi, api_key: k, api_secret: s, webhook: {secret: new, secret_old: old}}]`)
	if err != nil {
		t.Fatal(err)
	}
	if w := c.Accounts()[0].Webhook; w.Secret != "new" || w.SecretOld != "old" {
		t.Errorf("got %+v", w)
	}
	if text := c.String(); strings.Contains(text, "secret: new") || strings.Contains(text, "secret_old: old") {
		t.Errorf("printed: %s", text)
	}
	for where, text := range map[string]string{
		"webhook.secret_old": `providers: [{name: solapi, kind: solapi, api_key: k, api_secret: s, webhook: {secret_old: old}}]`,
		"webhook_secret_old": `payments: {gateways: [{name: stripe, kind: stripe, secret_key: sk_live_y, webhook_secret_old: old}]}`,
		"proxy_header":       `proxy_header: x-real-ip`,
		"keep_reports":       `delivery: {keep_reports: 24h}`,
		"replay_window":      `delivery: {replay_window: -1s}`,
		"trusted_proxies[0]": `trusted_proxies: [vendor]`,
		"webhook.allow[0]":   `providers: [{name: solapi, kind: solapi, api_key: k, api_secret: s, webhook: {secret: x, allow: [vendor]}}]`,
		"gateways[0].allow[": `payments: {gateways: [{name: toss, kind: toss, client_key: live_ck_x, secret_key: live_sk_y, allow: [vender]}]}`,
	} {
		if _, err := load(t, text); !strings.Contains(complaints(t, err), where) {
			t.Errorf("%s: got %v, want a complaint about %s", text, err, where)
		}
	}
	if d := c.Delivery; d.KeepReports != 180*24*time.Hour || d.ReplayWindow != 10*time.Minute || c.ProxyHeader != "x-forwarded-for" {
		t.Errorf("defaults: got %+v and %s", d, c.ProxyHeader)
	}
}
