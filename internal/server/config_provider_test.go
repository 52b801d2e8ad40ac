package server

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// costsOf are costs in the order of the channels.
func costsOf(amounts ...money.Amount) provider.Costs {
	c := provider.Costs{}
	for i, a := range amounts {
		c[provider.Channel(i)] = a
	}
	return c
}

func TestAnAccountIsWhatTheConfigurationSays(t *testing.T) {
	usual := costsOf(70_000, 90_000, 260_000)
	want := []provider.Account{{
		Name: "main", Kind: "solapi", URL: "https://api.solapi.com", APIKey: testKey, APISecret: testSecret,
		Channels: []provider.Channel{provider.SMS, provider.Alimtalk}, Weight: 3, MaxPerSecond: 100, Timeout: 20 * time.Second,
		Priority: 2, Sites: []string{"shop", "other-shop"}, Costs: costsOf(65_000, 84_000, 250_000, 600_000),
		Webhook: provider.Webhook{Secret: "hooksecret", SecretOld: "hooksecretbefore", Plain: true,
			Allow: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::1/128")}},
	}, {
		Name: "nhn", Kind: "nhncloud", APIKey: "nhnapp", APISecret: "nhnsecret", Weight: 1, Costs: usual,
		Settings: map[string]string{"alimtalk_key": "kakaoapp", "alimtalk_secret": "kakaosecret", "origin_code": "123456789"},
	}, {
		Name: "naver", Kind: "sens", APIKey: "naveraccess", APISecret: "naversecret", Weight: 1, Costs: usual,
		Settings: map[string]string{"sms_service": "ncp:sms:kr:123456789012:p", "alimtalk_service": "ncp:kkobizmsg:kr:1234567:p"},
	}, {
		Name: "aligo", Kind: "aligo", APIKey: "aligouser", APISecret: "aligokey", Weight: 1, Costs: usual,
		Settings: map[string]string{"sender": "0261234567", "success": "0"},
	}}
	if diff := cmp.Diff(want, fullConfig().Accounts(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if got := (ProviderConfig{}).Account(); got.Weight != 1 || got.Channels != nil || got.Webhook.Allow != nil {
		t.Errorf("an account of defaults is %+v; want weight 1, all channels, any address", got)
	}
}
