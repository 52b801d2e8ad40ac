package simulator

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const vectorSalt = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"

// signed makes a header in a given spelling.
func signed(format string, scheme func() hash.Hash, key, secret, date, salt string) string {
	mac := hmac.New(scheme, []byte(secret))
	mac.Write([]byte(date + salt))
	return fmt.Sprintf(format, key, date, salt, hex.EncodeToString(mac.Sum(nil)))
}

// loginWith asks for the balance with this header.
func loginWith(s *Simulator, header string) (int, string) {
	req := httptest.NewRequest("GET", "/cash/v1/balance", nil)
	if header != "" {
		req.Header.Set("Authorization", header)
	}
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, req)
	return rec.Code, rec.Body.String()
}

func TestTheVendorsTestVectorsAreAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)))
		s := New(Options{})
		for _, c := range []struct{ scheme, date, signature string }{
			{"HMAC-SHA256", "2026-11-22T09:00:00Z", "0a5ec4b884cd9417d7ddd1a0fe6f29afbbdcaa86f349940346921cad4eeec69d"},
			{"HMAC-SHA256", "2026-11-22T18:00:00+09:00", "9b62bbf67a848a6cff905f8fe039a9504da3c3d641d72d1ba1dacb045574a092"},
			{"HMAC-MD5", "2026-11-22T09:00:00Z", "7dee1faaef3d7fdb941deec2308eefcf"},
		} {
			header := fmt.Sprintf("%s apiKey=%s, date=%s, salt=%s, signature=%s", c.scheme, DefaultKey, c.date, vectorSalt, c.signature)
			if status, body := loginWith(s, header); status != http.StatusOK {
				t.Errorf("%s %s: got %d %s, want 200", c.scheme, c.date, status, body)
			}
			if status, body := loginWith(s, header); status != http.StatusForbidden || !strings.Contains(body, "DuplicatedSignature") {
				t.Errorf("%s again: got %d %s, want 403 DuplicatedSignature", c.scheme, status, body)
			}
		}
	})
}

// spelling is how one of the vendor's SDKs writes its header.
type spelling struct {
	sdk, header string
	zone        *time.Location
	layout      string // of its dates
	date        string // the instant of spellingTime
}

var (
	// spellingTime has a fraction that shows how finely each writes it.
	spellingTime = time.Date(2026, 11, 22, 9, 0, 0, 123_456_789, time.UTC)
	seoul        = time.FixedZone("", 9*3600)

	spellings = []spelling{
		{"Node 6", "%s apiKey=%s, date=%s, salt=%s, signature=%s", seoul, "2006-01-02T15:04:05-07:00", "2026-11-22T18:00:00+09:00"},
		{"Go v2", "%s apiKey=%s, date=%s, salt=%s, signature=%s", time.UTC, "2006-01-02T15:04:05Z", "2026-11-22T09:00:00Z"},
		{"Python 5", "%s ApiKey=%s, Date=%s, salt=%s, signature=%s", seoul, "2006-01-02T15:04:05.000000-07:00", "2026-11-22T18:00:00.123456+09:00"},
		{"Kotlin", "%s Apikey=%s, Date=%s, salt=%s, signature=%s", seoul, "2006-01-02T15:04:05.000000000-07:00", "2026-11-22T18:00:00.123456789+09:00"},
		{"n8n node", "%s apiKey=%s, date=%s, salt=%s, signature=%s", time.UTC, "2006-01-02T15:04:05.000Z", "2026-11-22T09:00:00.123Z"},
	}
)

func (p spelling) at(t time.Time) string { return t.In(p.zone).Format(p.layout) }

// sign makes a header that shows date and is signed over signedDate.
func (p spelling) sign(scheme, date, signedDate string) string {
	kind := map[string]func() hash.Hash{"HMAC-SHA256": sha256.New, "HMAC-MD5": md5.New}[scheme]
	mac := hmac.New(kind, []byte(DefaultSecret))
	mac.Write([]byte(signedDate + vectorSalt))
	return fmt.Sprintf(p.header, scheme, DefaultKey, date, vectorSalt, hex.EncodeToString(mac.Sum(nil)))
}

func TestEverySpellingOfTheVendorsSDKsIsUnderstood(t *testing.T) {
	for _, p := range spellings {
		t.Run(p.sdk, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(spellingTime))
				if got := p.at(time.Now()); got != p.date {
					t.Fatalf("its date: got %s, want %s", got, p.date)
				}
				s := New(Options{})
				for _, scheme := range []string{"HMAC-SHA256", "HMAC-MD5"} {
					header := p.sign(scheme, p.date, p.date)
					if status, body := loginWith(s, header); status != http.StatusOK {
						t.Errorf("%s: got %d %s, want 200", header, status, body)
					}
					if status, body := loginWith(s, header); status != http.StatusForbidden || !strings.Contains(body, "DuplicatedSignature") {
						t.Errorf("%s again: got %d %s, want 403 DuplicatedSignature", header, status, body)
					}
				}
			})
		})
	}
}

func TestInEverySpellingTheDateIsSignedAsItIsWritten(t *testing.T) {
	for _, p := range spellings {
		t.Run(p.sdk, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(spellingTime))
				same, err := time.Parse(time.RFC3339Nano, p.date)
				if err != nil {
					t.Fatal(err)
				}
				for _, other := range []string{same.In(seoul).Format(time.RFC3339Nano), same.UTC().Format(time.RFC3339Nano), same.UTC().Format(stampForm)} {
					want := "SignatureDoesNotMatch"
					if other == p.date {
						want = `"balance"`
					}
					if _, body := loginWith(New(Options{}), p.sign("HMAC-SHA256", p.date, other)); !strings.Contains(body, want) {
						t.Errorf("%s signed as %s: got %s, want %s", p.date, other, body, want)
					}
				}
			})
		})
	}
}

func TestInEverySpellingADateMayBeFifteenMinutesOff(t *testing.T) {
	for _, p := range spellings {
		t.Run(p.sdk, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(spellingTime.Truncate(time.Second)))
				for off, want := range map[time.Duration]string{
					15 * time.Minute: `"balance"`, 15*time.Minute + time.Second: "RequestTimeTooSkewed",
					-15 * time.Minute: `"balance"`, -15*time.Minute - time.Second: "RequestTimeTooSkewed",
				} {
					date := p.at(time.Now().Add(off))
					if _, body := loginWith(New(Options{}), p.sign("HMAC-SHA256", date, date)); !strings.Contains(body, want) {
						t.Errorf("%s, %s off: got %s, want %s", date, off, body, want)
					}
				}
			})
		})
	}
}

func TestAHeaderIsReadAsTolerantlyAsTheVendorDoes(t *testing.T) {
	now := time.Now().UTC().Format(time.RFC3339)
	long := strings.Repeat("a", saltMost)
	for name, c := range map[string]struct{ format, salt string }{
		"without spaces":    {"HMAC-SHA256 apiKey=%s,date=%s,salt=%s,signature=%s", vectorSalt},
		"with spaces":       {" HMAC-SHA256   apiKey = %s ,  date = %s , salt = %s , signature = %s ", vectorSalt},
		"in capitals":       {"HMAC-SHA256 APIKEY=%s, DATE=%s, SALT=%s, SIGNATURE=%s", vectorSalt},
		"in another order":  {"HMAC-SHA256 signature=%[4]s, salt=%[3]s, date=%[2]s, apiKey=%[1]s", vectorSalt},
		"with a part more":  {"HMAC-SHA256 apiKey=%s, date=%s, salt=%s, signature=%s, version=4", vectorSalt},
		"the shortest salt": {"HMAC-SHA256 apiKey=%s, date=%s, salt=%s, signature=%s", long[:saltLeast]},
		"the longest salt":  {"HMAC-SHA256 apiKey=%s, date=%s, salt=%s, signature=%s", long},
		"an equals sign":    {"HMAC-SHA256 apiKey=%s, date=%s, salt=%s, signature=%s", "a=b=" + vectorSalt},
	} {
		t.Run(name, func(t *testing.T) {
			header := signed(c.format, sha256.New, DefaultKey, DefaultSecret, now, c.salt)
			if status, body := loginWith(New(Options{}), header); status != http.StatusOK {
				t.Errorf("%s: got %d %s, want 200", header, status, body)
			}
		})
	}
}

func TestAWrongHeaderIsRefusedAsTheVendorDoes(t *testing.T) {
	const form = "HMAC-SHA256 apiKey=%s, date=%s, salt=%s, signature=%s"
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	good := func(date string) string { return signed(form, sha256.New, DefaultKey, DefaultSecret, date, vectorSalt) }
	for name, c := range map[string]struct {
		header string
		status int
		code   string
	}{
		"unknown key":      {signed(form, sha256.New, "NOBODY", DefaultSecret, at(0), vectorSalt), 403, "InvalidAPIKey"},
		"wrong secret":     {signed(form, sha256.New, DefaultKey, "wrong", at(0), vectorSalt), 403, "SignatureDoesNotMatch"},
		"wrong scheme":     {signed(form, md5.New, DefaultKey, DefaultSecret, at(0), vectorSalt), 403, "SignatureDoesNotMatch"},
		"not hexadecimal":  {strings.Replace(good(at(0)), "signature=", "signature=zz", 1), 403, "SignatureDoesNotMatch"},
		"sixteen min old":  {good(at(-16 * time.Minute)), 403, "RequestTimeTooSkewed"},
		"sixteen min fast": {good(at(16 * time.Minute)), 403, "RequestTimeTooSkewed"},
		"no header":        {"", 401, "Unauthorized"},
		"bearer":           {"Bearer abc", 401, "Unauthorized"},
		"no date":          {"HMAC-SHA256 apiKey=x, salt=" + vectorSalt + ", signature=00", 401, "Unauthorized"},
		"short salt":       {signed(form, sha256.New, DefaultKey, DefaultSecret, at(0), vectorSalt[:saltLeast-1]), 401, "Unauthorized"},
		"long salt":        {signed(form, sha256.New, DefaultKey, DefaultSecret, at(0), strings.Repeat("a", saltMost+1)), 401, "Unauthorized"},
		"not a date":       {good("yesterday"), 401, "Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := loginWith(New(Options{}), c.header)
			if status != c.status || !strings.Contains(body, `"errorCode":"`+c.code+`"`) {
				t.Errorf("login: got %d %s, want %d %s", status, body, c.status, c.code)
			}
		})
	}
}

func TestASignatureOfARequestAnsweredWith503MayComeAgain(t *testing.T) {
	s := New(Options{})
	broken := true
	h := s.authenticated(func(*account, *http.Request) (any, error) {
		if broken {
			return nil, refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "later")
		}
		return "ok", nil
	})
	header := signed("HMAC-SHA256 apiKey=%s, date=%s, salt=%s, signature=%s", sha256.New, DefaultKey, DefaultSecret,
		time.Now().UTC().Format(time.RFC3339), vectorSalt)
	for i, want := range []int{503, 503, 200, 403} {
		broken = i < 2
		req := httptest.NewRequest("GET", "/", nil)
		req.Header.Set("Authorization", header)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if rec.Code != want {
			t.Errorf("request %d: got %d %s, want %d", i+1, rec.Code, rec.Body, want)
		}
	}
}

func TestUsedSignaturesAreForgottenAfterFifteenMinutesAndBounded(t *testing.T) {
	var m signatures
	sig := func(n int) signature { return signature{byte(n), byte(n >> 8), byte(n >> 16)} }
	now := time.Unix(1_800_000_000, 0)
	if !m.use(sig(1), now) || m.use(sig(1), now.Add(15*time.Minute-1)) {
		t.Error("within 15 minutes: want the second use refused")
	}
	if !m.use(sig(1), now.Add(15*time.Minute)) {
		t.Error("after 15 minutes: want the use allowed")
	}
	m.forget(sig(1))
	if !m.use(sig(1), now.Add(16*time.Minute)) || m.use(sig(1), now.Add(31*time.Minute-1)) {
		t.Error("forgotten and used again: want it refused for 15 minutes more")
	}
	for n := range signatureLimit + 1000 {
		m.use(sig(n+2), now.Add(20*time.Minute))
	}
	if len(m.used) > signatureLimit || m.order.len() > signatureLimit {
		t.Errorf("remembered: got %d of %d, want at most %d", len(m.used), m.order.len(), signatureLimit)
	}
}

func TestAfterRunHasEndedTheOperatorIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		ask(t, s, "GET", "/cash/v1/balance", nil, http.StatusOK)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		cancel()
		<-done
		ask(t, s, "GET", "/cash/v1/balance", nil, http.StatusServiceUnavailable)
	})
}

func FuzzParseCredentials(f *testing.F) {
	f.Add("HMAC-SHA256 apiKey=a, date=b, salt=" + vectorSalt + ", signature=d")
	f.Add("HMAC-MD5 ApiKey=a,Date=b,,salt==,signature")
	f.Add("")
	f.Fuzz(func(t *testing.T, header string) {
		c, ok := parseCredentials(header)
		if ok && (c.scheme == nil || c.key == "" || c.date == "" || c.signature == "" || len(c.salt) < saltLeast || len(c.salt) > saltMost) {
			t.Errorf("%q: got %+v, want whole credentials or none", header, c)
		}
	})
}
