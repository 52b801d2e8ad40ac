package webhook

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The vector of the specification.
func TestASignatureIsTheVectors(t *testing.T) {
	got, err := sign([]Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestWhoHasTheNewOrTheOldSecretBelievesTheSignature(t *testing.T) {
	newer, older, body, now := NewSecret(), NewSecret(), []byte(`{"type":"message.done"}`), time.Now()
	signature, err := sign([]Secret{newer, older}, "evt_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	header := map[string][]string{"Webhook-Id": {"evt_1"}, "Webhook-Timestamp": {fmt.Sprint(now.Unix())}, "Webhook-Signature": {signature}}
	for _, s := range []Secret{newer, older, NewSecret()} {
		w, err := standard.NewWebhook(string(s))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Verify(body, header); (err == nil) != (s == newer || s == older) {
			t.Errorf("verified: %v", err)
		}
	}
}

func TestASecretIsReadAndNeverPrinted(t *testing.T) {
	coded := func(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for text, ok := range map[string]bool{coded(24): true, coded(64): true, string(NewSecret()): true,
		coded(23): false, coded(65): false, coded(32)[6:]: false, "whsec_?": false, "": false} {
		s, err := ParseSecret(text)
		if (err == nil) != ok || ok && string(s) != text {
			t.Errorf("%q: got %q, %v", text, string(s), err)
		}
	}
	s := NewSecret()
	if shown := fmt.Sprintf("%v %s %+v", s, s, []Secret{s}); strings.Contains(shown, string(s)[6:]) {
		t.Errorf("it is printed as %s", shown)
	}
}

func TestOnlyPublicAddressesArePublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "211.115.194.1": true, "2606:4700:4700::1111": true, "2001:4860:4860::8888": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "0.0.0.0": false, "::": false, "0.1.2.3": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "100.64.0.1": false, "fc00::1": false, "fd12::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:0:4136:e378::": false,
		"192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "198.18.0.1": false, "240.0.0.1": false, "2001:db8::1": false, "fec0::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}

// TestOfIPv6OnlyWhatIsGivenOutIsPublic goes through the special-purpose registry of IANA, the
// edges of what is given out, and the forms in which IPv4 hides in IPv6.
func TestOfIPv6OnlyWhatIsGivenOutIsPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"2000::": true, "1fff:ffff::1": false, "3ffe::1": true, "3fff:1000::1": true, "4000::1": false, "1::1": false, "200::1": false, "a000::1": false,
		"::1": false, "::": false, "::2": false, "100::1": false, "100:0:0:1::1": false, "5f00::1": false, "5f01::1": false, "fc00::1": false, "fe00::1": false,
		"fe80::1": false, "fec0::1": false, "ff0e::1": false,
		"2001::1": false, "2001:0:808:808::": false, "2001:1::1": false, "2001:2::1": false, "2001:3::1": false, "2001:4:112::1": false, "2001:10::1": false,
		"2001:20::1": false, "2001:30::1": false, "2001:1ff:ffff::1": false, "2001:200::1": true, "2001:db8::1": false, "2001:db8:ffff::1": false, "2001:db9::1": true,
		"2002::1": false, "2002:808:808::1": false, "2003::1": true, "3fff::1": false, "3fff:fff:ffff::1": false, "2620:4f:8000::1": true,
		"::ffff:8.8.8.8": true, "::ffff:192.168.0.1": false, "::ffff:169.254.169.254": false, // mapped
		"64:ff9b::8.8.8.8": true, "64:ff9b::10.0.0.1": false, "64:ff9b::169.254.169.254": false, "64:ff9b::192.0.2.1": false, // translated
		"64:ff9b:0:0:0:1:808:808": false, "64:ff9b:1::8.8.8.8": false, // of a network's own translator
		"::8.8.8.8": false, "::127.0.0.1": false, "::ffff:0:8.8.8.8": false, "::ffff:0:127.0.0.1": false, // forms that nothing uses any more
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
	ours := prefixes("10.0.0.0/8", "fd12::/16")
	for text, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "64:ff9b::10.1.2.3": true, "64:ff9b::11.1.2.3": false, "fd12::1": true, "fd13::1": false} {
		if got := allowed(ours, netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is allowed: got %t, want %t", text, got, want)
		}
	}
}

// TestADialerJudgesTheAddressItConnectsTo names this machine by a number, and by names that
// resolve to it.
func TestADialerJudgesTheAddressItConnectsTo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		if c, err := dialer(nil, true).DialContext(context.Background(), "tcp", host+":"+port); !errors.Is(err, errNotPublic) {
			t.Errorf("%s: got %v, %v; want it refused", host, c, err)
		}
		c, err := dialer(prefixes("127.0.0.0/8", "::1/128"), true).DialContext(context.Background(), "tcp", host+":"+port)
		if err != nil {
			t.Errorf("%s, which is allowed: %v", host, err)
			continue
		}
		_ = c.Close()
	}
}

func TestAttemptsLastForThreeDays(t *testing.T) {
	var all, least time.Duration
	made := 1
	for ; ; made++ {
		wait, more := next(made, 0)
		if !more {
			break
		}
		if wait < delays[made-1] || wait > delays[made-1]*11/10+1 {
			t.Errorf("after attempt %d it waits %s", made, wait)
		}
		all, least = all+wait, least+delays[made-1]
	}
	if made != attempts || all < least || least < 75*time.Hour {
		t.Errorf("%d attempts in %s", made, all)
	}
	if wait, _ := next(1, time.Hour); wait < time.Hour {
		t.Errorf("an endpoint that asks for an hour is asked after %s", wait)
	}
	if wait, _ := next(1, 1000*time.Hour); wait > 27*time.Hour {
		t.Errorf("an endpoint that asks for weeks is left alone for %s", wait)
	}
	if _, more := next(0, 0); more {
		t.Error("there is an attempt after none")
	}
}
