package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The account and the moment of the vectors.
const (
	goldenKey    = "SIMACCESSKEY12345678"
	goldenSecret = "SimSecretKey0123456789SimSecretKey012345"
	goldenMilli  = 1_795_340_400_000
)

func golden() *Simulator {
	return New(Options{Accounts: []Account{{Key: goldenKey, Secret: goldenSecret}}})
}

func TestTheVectorsOfSENSAreLetInAndNothingBeside(t *testing.T) {
	const service, at = "/sms/v2/services/ncp:sms:kr:123456789012:sim/messages", "1795340400000"
	posted := "T1HvltCfLSWkcguE9W9Ss4aCRa0moSnM9dBg8Ue7omg="
	for name, c := range map[string]struct {
		method, path, at, key, signature string
		later                            time.Duration
		in                               bool
	}{
		"sends":                          {"POST", service, at, goldenKey, posted, 0, true},
		"lists":                          {"GET", service + "?requestId=RSSA-1-abc", at, goldenKey, "8FFkp75GCEqcZcz7P3N/ozVgZ/zDalTj+C1HwFBuIbE=", 0, true},
		"as late as may be":              {"POST", service, at, goldenKey, posted, sensSkew, true},
		"as early as may be":             {"POST", service, at, goldenKey, posted, -sensSkew, true},
		"too late":                       {"POST", service, at, goldenKey, posted, sensSkew + time.Millisecond, false},
		"too early":                      {"POST", service, at, goldenKey, posted, -sensSkew - time.Millisecond, false},
		"another method":                 {"GET", service, at, goldenKey, posted, 0, false},
		"another path":                   {"POST", service + "x", at, goldenKey, posted, 0, false},
		"a query that was not signed":    {"POST", service + "?a=b", at, goldenKey, posted, 0, false},
		"another time":                   {"POST", service, "1795340400001", goldenKey, posted, 0, false},
		"a time in seconds":              {"POST", service, "1795340400", goldenKey, posted, 0, false},
		"a key that nobody has":          {"POST", service, at, "SIMACCESSKEY12345679", posted, 0, false},
		"a signature that is not base64": {"POST", service, at, goldenKey, "!" + posted, 0, false},
		"no signature":                   {"POST", service, at, goldenKey, "", 0, false},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("x-ncp-apigw-timestamp", c.at)
		r.Header.Set("x-ncp-iam-access-key", c.key)
		r.Header.Set("x-ncp-apigw-signature-v2", c.signature)
		a, err := golden().sensLogin(r, time.UnixMilli(goldenMilli).Add(c.later))
		if (err == nil && a != nil) != c.in {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// asks makes a request and gives the status and body of the answer.
func asks(s *Simulator, method, path string, header http.Header, body string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for name, values := range header {
		r.Header[name] = values
	}
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

func TestNHNCloudLetsInWhoHasTheSecretOfTheAppKey(t *testing.T) {
	for name, c := range map[string]struct{ app, secret, want string }{
		"its secret":      {goldenKey, goldenSecret, `"resultCode":0`},
		"another secret":  {goldenKey, goldenSecret + "x", `"resultCode":-1001`},
		"no secret":       {goldenKey, "", `"resultCode":-1001`},
		"another app key": {"SIMACCESSKEY12345679", goldenSecret, `"resultCode":-1000`},
	} {
		for _, path := range []string{"/sms/v3.0/appKeys/" + c.app + "/sendNos", "/alimtalk/v2.3/appkeys/" + c.app + "/senders"} {
			status, body := asks(golden(), "GET", path, http.Header{"X-Secret-Key": {c.secret}}, "")
			if status != http.StatusOK || !strings.Contains(body, c.want) {
				t.Errorf("%s, %s: got %d %s, want %s", name, path, status, body, c.want)
			}
		}
	}
}

func TestSendGoLetsInWhoHasItsNewestToken(t *testing.T) {
	// base64 of goldenKey:goldenSecret
	const basic = "Basic U0lNQUNDRVNTS0VZMTIzNDU2Nzg6U2ltU2VjcmV0S2V5MDEyMzQ1Njc4OVNpbVNlY3JldEtleTAxMjM0NQ=="
	s := golden()
	if status, body := asks(s, "POST", "/api/v2/token", http.Header{"Authorization": {basic}}, ""); status != http.StatusOK || !strings.Contains(body, `"token":"sgv2.`) || !strings.Contains(body, `"expiresAt"`) {
		t.Fatalf("a token: got %d %s", status, body)
	}
	if status, body := asks(s, "POST", "/api/v1/token", http.Header{"Authorization": {basic}}, ""); status != http.StatusOK || !strings.Contains(body, `"expires_at"`) {
		t.Fatalf("a token of v1: got %d %s", status, body)
	}
	s.mu.Lock()
	a := s.accounts[goldenKey]
	a.token, a.tokenUntil = "sgv2.a", time.Now().Add(time.Hour)
	s.mu.Unlock()
	for name, c := range map[string]struct {
		path, authorization string
		in                  bool
	}{
		"v2, as it is":        {"/api/v2/senders", "Bearer sgv2.a", true},
		"v2, another":         {"/api/v2/senders", "Bearer sgv2.b", false},
		"v2, in base64":       {"/api/v2/senders", "Bearer c2d2Mi5h", false},
		"v2, without Bearer":  {"/api/v2/senders", "sgv2.a", false},
		"v2, the keys":        {"/api/v2/senders", basic, false},
		"v1, in base64":       {"/api/v1/notices/send", "Bearer c2d2Mi5h", true},
		"v1, another, base64": {"/api/v1/notices/send", "Bearer c2d2Mi5i", false},
	} {
		method := "GET"
		if strings.HasSuffix(c.path, "/send") {
			method = "POST"
		}
		status, body := asks(s, method, c.path, http.Header{"Authorization": {c.authorization}}, "{}")
		if (status != http.StatusUnauthorized) != c.in {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
	for name, header := range map[string]string{"no keys": "", "keys that are not base64": "Basic !", "another secret": "Basic YWNjZXNzOnNlY3JldA=="} {
		if status, body := asks(s, "POST", "/api/v2/token", http.Header{"Authorization": {header}}, ""); status != http.StatusUnauthorized {
			t.Errorf("%s: got %d %s, want 401", name, status, body)
		}
	}
}
