package simulator

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
	"time"
)

const (
	skewLimit       = 15 * time.Minute // how far the date of a request may be off
	signatureMemory = 15 * time.Minute // how long a signature may not come again
	signatureLimit  = 1 << 17          // signatures remembered; beyond it the oldest is forgotten
	saltLeast       = 12
	saltMost        = 64
)

// credentials is a read Authorization header.
type credentials struct {
	scheme                     func() hash.Hash
	key, date, salt, signature string
}

// parseCredentials reads the header as tolerantly as the vendor must, since its
// own SDKs spell the keys differently.
func parseCredentials(header string) (credentials, bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	var c credentials
	switch {
	case strings.EqualFold(scheme, "HMAC-SHA256"):
		c.scheme = sha256.New
	case strings.EqualFold(scheme, "HMAC-MD5"):
		c.scheme = md5.New
	default:
		return c, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "apikey":
			c.key = value
		case "date":
			c.date = value
		case "salt":
			c.salt = value
		case "signature":
			c.signature = value
		}
	}
	whole := c.key != "" && c.date != "" && c.signature != "" && len(c.salt) >= saltLeast && len(c.salt) <= saltMost
	return c, whole
}

// sign is the signature the holder of secret makes for these credentials.
func (c credentials) sign(secret string) []byte {
	mac := hmac.New(c.scheme, []byte(secret))
	mac.Write([]byte(c.date))
	mac.Write([]byte(c.salt))
	return mac.Sum(nil)
}

// login finds the account of a request and marks its signature as used.
func (s *Simulator) login(header string, now time.Time) (*account, signature, error) {
	c, ok := parseCredentials(header)
	if !ok {
		return nil, signature{}, refuse(http.StatusUnauthorized, "Unauthorized", "인증 정보가 올바르지 않습니다.")
	}
	date, err := time.Parse(time.RFC3339Nano, c.date)
	if err != nil {
		return nil, signature{}, refuse(http.StatusUnauthorized, "Unauthorized", "date는 ISO 8601 형식이어야 합니다.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[c.key]
	if !known {
		return nil, signature{}, refuse(http.StatusForbidden, "InvalidAPIKey", "유효한 API Key가 아닙니다.")
	}
	if skew := now.Sub(date); skew > skewLimit || skew < -skewLimit {
		return nil, signature{}, refuse(http.StatusForbidden, "RequestTimeTooSkewed", "요청 시각이 서버 시각과 15분 이상 다릅니다.")
	}
	given, err := hex.DecodeString(c.signature)
	if err != nil || !hmac.Equal(given, c.sign(a.Secret)) {
		return nil, signature{}, refuse(http.StatusForbidden, "SignatureDoesNotMatch", "생성한 Signature가 일치하지 않습니다.")
	}
	used := signature(given[:16])
	if !s.signatures.use(used, now) {
		return nil, signature{}, refuse(http.StatusForbidden, "DuplicatedSignature", "이미 사용된 Signature입니다.")
	}
	return a, used, nil
}

// authenticated answers c for requests with a good signature. A signature whose
// request was answered 503 counts as unused, because an SDK repeats that request
// with the same header.
func (s *Simulator) authenticated(c call) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, used, err := s.login(r.Header.Get("Authorization"), time.Now())
		status := s.answer(solapi, w, r, func(a *account, r *http.Request) (any, error) {
			switch {
			case err != nil:
				return nil, err
			case s.ended():
				return nil, refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "서비스를 이용할 수 없습니다.")
			}
			return c(a, r)
		}, a)
		if err == nil && status == http.StatusServiceUnavailable {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.signatures.forget(used)
		}
	})
}

func (s *Simulator) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// signature is the first half of a signature: enough to tell them apart.
type signature [16]byte

// use is one use of a signature.
type use struct {
	at  time.Time
	sig signature
}

// signatures remembers those used in the last 15 minutes.
type signatures struct {
	used  map[signature]time.Time
	order fifo[use]
}

// use marks sig as used and says whether it was free.
func (m *signatures) use(sig signature, now time.Time) bool {
	for m.order.len() > 0 && (now.Sub(m.order.first().at) >= signatureMemory || m.order.len() >= signatureLimit) {
		oldest := m.order.pop()
		if m.used[oldest.sig].Equal(oldest.at) {
			delete(m.used, oldest.sig)
		}
	}
	if _, again := m.used[sig]; again {
		return false
	}
	if m.used == nil {
		m.used = map[signature]time.Time{}
	}
	m.used[sig] = now
	m.order.push(use{now, sig})
	return true
}

// forget makes sig free again.
func (m *signatures) forget(sig signature) { delete(m.used, sig) }
