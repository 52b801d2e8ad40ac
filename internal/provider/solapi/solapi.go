package solapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// DefaultURL is where the vendor serves.
const DefaultURL = "https://api.solapi.com"

const (
	maxLegs     = 10_000   // messages in one request, by the vendor
	maxReply    = 32 << 20 // of any reply; 10,000 results take about 4 MB
	deleteFor   = 5 * time.Second
	maxGroupID  = 64
	maxPictures = 1 // of one MMS
	groupsPath  = "/messages/v4/groups"
	filesPath   = "/storage/v1/files"
	jsonContent = "application/json"
)

// carried is what the adapter can send.
var carried = []provider.Channel{provider.Alimtalk, provider.SMS, provider.LMS, provider.MMS}

// account is one Solapi account. It is immutable and safe for concurrent use.
type account struct {
	client   *upstream.Client
	base     string // without a trailing slash
	key      string
	secret   []byte
	channels []provider.Channel
	proofs   [][]byte         // values of X-Solapi-Secret in reports; nil = none is authentic
	now      func() time.Time // of signatures; the vendor allows 15 minutes
	salt     func() string
}

// New makes the provider of a configured account. The account needs a key and a
// secret; its URL, when given, an http or https address without a query. It is
// used for those of its Channels that Solapi carries; none of them is an error.
func New(a provider.Account) (provider.Provider, error) {
	if a.APIKey == "" || strings.ContainsAny(a.APIKey, " ,=\r\n") {
		return nil, fmt.Errorf("configure provider %q: api_key is missing or has characters that no key has", a.Name)
	}
	if a.APISecret == "" {
		return nil, fmt.Errorf("configure provider %q: api_secret is missing", a.Name)
	}
	base, err := upstream.Base(a.URL)
	if err != nil {
		return nil, fmt.Errorf("configure provider %q: url %w", a.Name, err)
	}
	channels := a.Uses(carried)
	if len(channels) == 0 {
		return nil, fmt.Errorf("configure provider %q: solapi carries none of its channels, only alimtalk, sms, lms and mms", a.Name)
	}
	return &account{
		client:   upstream.NewClient(a.Timeout),
		base:     cmp.Or(base, DefaultURL),
		key:      a.APIKey,
		secret:   []byte(a.APISecret),
		channels: channels,
		proofs:   webhookHeaders(a.Webhook),
		now:      time.Now,
		salt:     rand.Text,
	}, nil
}

// webhookHeaders are the header values that prove a report to be the vendor's: fixed
// values, not signatures of the body.
func webhookHeaders(w provider.Webhook) [][]byte {
	return w.Proofs(func(secret string) string {
		if w.Plain {
			return secret
		}
		sum := sha1.Sum([]byte(secret))
		return hex.EncodeToString(sum[:])
	})
}

// Capabilities says what calls the account takes.
func (a *account) Capabilities() provider.Capabilities {
	return provider.Capabilities{
		Channels:       slices.Clone(a.channels),
		MaxLegs:        maxLegs,
		Pictures:       maxPictures,
		DistinctPhones: true,
		Lookup:         provider.LookupAuthoritative,
	}
}

// call makes one signed request; path begins with a slash.
func (a *account) call(ctx context.Context, method, path string, body []byte) upstream.Reply {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return upstream.Reply{Err: fmt.Errorf("make request: %w", err)}
	}
	req.Header.Set("Authorization", a.authorization())
	req.Header.Set("Content-Type", jsonContent)
	req.Header.Set("Accept", jsonContent)
	return a.client.Do(ctx, req, maxReply)
}

// authorization signs one request: the date and a salt that is never used again.
func (a *account) authorization() string {
	date, salt := a.now().UTC().Format(time.RFC3339), a.salt()
	return "HMAC-SHA256 apiKey=" + a.key + ", date=" + date + ", salt=" + salt + ", signature=" + sign(a.secret, date, salt)
}

// sign is the vendor's signature: HMAC-SHA256 over date and salt, lower-case hex.
func sign(secret []byte, date, salt string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(date))
	mac.Write([]byte(salt))
	return hex.EncodeToString(mac.Sum(nil))
}

// groupPath is the path of a group; the id was checked by upstream.PlainID.
func groupPath(id, rest string) string { return groupsPath + "/" + id + rest }
