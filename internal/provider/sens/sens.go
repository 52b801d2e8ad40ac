package sens

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// DefaultURL is where the vendor serves.
const DefaultURL = "https://sens.apigw.ntruss.com"

const (
	maxLegs     = 100 // recipients of one request, by the vendor
	maxPictures = 1   // of one MMS
	maxReply    = 8 << 20
)

// carried is what the adapter can send.
var carried = []provider.Channel{provider.Alimtalk, provider.SMS, provider.LMS, provider.MMS}

// The settings that this kind of account has: the ids of its services, such as
// ncp:sms:kr:123456789012:project.
const (
	settingSMS      = "sms_service"
	settingAlimtalk = "alimtalk_service"
)

// account is one SENS project. It is immutable and safe for concurrent use.
type account struct {
	client        *upstream.Client
	base          string // without a trailing slash
	key           string
	secret        []byte
	sms, alimtalk string // paths of the services; empty = not used
	channels      []provider.Channel
	now           func() time.Time // of signatures; the vendor allows five minutes
}

// New makes the provider of a configured account: api_key is the access key's id, api_secret
// the secret key, and the settings name the services.
func New(a provider.Account) (provider.Provider, error) {
	made, err := read(a)
	if err != nil {
		return nil, fmt.Errorf("configure provider %q: %w", a.Name, err)
	}
	return made, nil
}

func read(a provider.Account) (*account, error) {
	base, err := upstream.Base(a.URL)
	if err != nil {
		return nil, fmt.Errorf("url %w", err)
	}
	for name, value := range a.Settings {
		if name != settingSMS && name != settingAlimtalk {
			return nil, fmt.Errorf("%s is not known; there are %s and %s", name, settingSMS, settingAlimtalk)
		}
		if !serviceForm(value) {
			return nil, fmt.Errorf("%s is not of the form ncp:sms:kr:123456789012:project", name)
		}
	}
	if a.APIKey == "" || a.APISecret == "" || strings.ContainsAny(a.APIKey, " \r\n") {
		return nil, errors.New("api_key (the access key) and api_secret (the secret key) are wanted")
	}
	p := &account{client: upstream.NewClient(a.Timeout), base: cmp.Or(base, DefaultURL), key: a.APIKey, secret: []byte(a.APISecret), now: time.Now}
	if id := a.Settings[settingSMS]; id != "" {
		p.sms = "/sms/v2/services/" + id
	}
	if id := a.Settings[settingAlimtalk]; id != "" {
		p.alimtalk = "/alimtalk/v2/services/" + id
	}
	p.channels = slices.DeleteFunc(a.Uses(carried), func(c provider.Channel) bool { return p.service(c) == "" })
	if len(p.channels) == 0 {
		return nil, fmt.Errorf("sens carries none of its channels: %s is for sms, lms and mms, %s for alimtalk", settingSMS, settingAlimtalk)
	}
	return p, nil
}

// serviceForm keeps anything but an id out of request paths.
func serviceForm(id string) bool {
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune(":_-", rune(c)) {
			return false
		}
	}
	return id != "" && len(id) <= 100
}

// service is the path of the service that carries a channel.
func (a *account) service(c provider.Channel) string {
	if c == provider.Alimtalk {
		return a.alimtalk
	}
	return a.sms
}

// Capabilities says what calls the account takes.
func (a *account) Capabilities() provider.Capabilities {
	return provider.Capabilities{
		Channels:       slices.Clone(a.channels),
		MaxLegs:        maxLegs,
		Pictures:       maxPictures,
		DistinctPhones: true,
		Lookup:         provider.LookupNone,
		Together:       together,
	}
}

// together is what the vendor takes once for all recipients of a request.
func together(l *provider.Leg) string {
	if l.Channel == provider.Alimtalk && l.Alimtalk != nil {
		return strings.Join([]string{l.Channel.String(), l.Alimtalk.ChannelID, l.Alimtalk.TemplateID}, "\x00")
	}
	return strings.Join([]string{l.Channel.String(), l.Sort(), string(l.From), provider.PictureNames(l)}, "\x00")
}

// Lookup learns nothing; see the package comment.
func (a *account) Lookup(context.Context, provider.Enquiry) (provider.Lookup, error) {
	return provider.Lookup{}, nil
}

// Authentic is never true: the vendor does not report.
func (a *account) Authentic(http.Header, []byte) bool { return false }

// call makes one signed request; path begins with a slash and holds the query.
func (a *account) call(ctx context.Context, method, path string, body []byte) upstream.Reply {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return upstream.Reply{Err: errors.New("make request: the address cannot be read")}
	}
	at := strconv.FormatInt(a.now().UnixMilli(), 10)
	req.Header.Set("x-ncp-apigw-timestamp", at)
	req.Header.Set("x-ncp-iam-access-key", a.key)
	req.Header.Set("x-ncp-apigw-signature-v2", sign(a.secret, method, req.URL.RequestURI(), at, a.key))
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return a.client.Do(ctx, req, maxReply)
}

// sign is the vendor's signature: HMAC-SHA256 over method, path with query, time and key.
func sign(secret []byte, method, path, at, key string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(method + " " + path + "\n" + at + "\n" + key))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
