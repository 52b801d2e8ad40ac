package nhncloud

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// Where the vendor serves.
const (
	DefaultSMS      = "https://sms.api.nhncloudservice.com"
	DefaultAlimtalk = "https://kakaotalk-bizmessage.api.nhncloudservice.com"
)

const (
	maxLegs     = 1_000 // recipients of one request, by the vendor
	maxKey      = 100   // bytes of a grouping key
	maxPictures = 3     // of one MMS
	maxReply    = 8 << 20
)

// carried is what the adapter can send.
var carried = []provider.Channel{provider.Alimtalk, provider.SMS, provider.LMS, provider.MMS}

// The settings that this kind of account has.
const (
	settingKey    = "alimtalk_key"
	settingSecret = "alimtalk_secret"
	settingOrigin = "origin_code" // the reseller's identification code, nine digits at most
)

// product is one of the vendor's two products with the account's keys of it.
type product struct {
	base   string // with the app key, without a trailing slash
	secret string
}

// account is one NHN Cloud account. It is immutable and safe for concurrent use.
type account struct {
	client        *upstream.Client
	sms, alimtalk product
	channels      []provider.Channel
	origin        string
	proofs        [][]byte // values of X-Toast-Webhook-Signature; nil = no report is authentic
}

// New makes the provider of a configured account: an app key, its secret key, and the same
// of Alimtalk where it is used for both. A URL, when given, serves both products.
func New(a provider.Account) (provider.Provider, error) {
	channels := a.Uses(carried)
	if len(channels) == 0 {
		return nil, fmt.Errorf("configure provider %q: nhncloud carries none of its channels, only alimtalk, sms, lms and mms", a.Name)
	}
	if err := check(a); err != nil {
		return nil, fmt.Errorf("configure provider %q: %w", a.Name, err)
	}
	base, err := upstream.Base(a.URL)
	if err != nil {
		return nil, fmt.Errorf("configure provider %q: url %w", a.Name, err)
	}
	kakao := [2]string{a.APIKey, a.APISecret}
	if a.Settings[settingKey] != "" {
		kakao = [2]string{a.Settings[settingKey], a.Settings[settingSecret]}
	}
	return &account{
		client:   upstream.NewClient(a.Timeout),
		sms:      product{cmp.Or(base, DefaultSMS) + "/sms/v3.0/appKeys/" + url.PathEscape(a.APIKey), a.APISecret},
		alimtalk: product{cmp.Or(base, DefaultAlimtalk) + "/alimtalk/v2.3/appkeys/" + url.PathEscape(kakao[0]), kakao[1]},
		channels: channels,
		origin:   a.Settings[settingOrigin],
		proofs:   a.Webhook.Proofs(func(secret string) string { return secret }),
	}, nil
}

// check finds what is wrong with the settings of an account.
func check(a provider.Account) error {
	for name, value := range a.Settings {
		if !slices.Contains([]string{settingKey, settingSecret, settingOrigin}, name) {
			return fmt.Errorf("%s is not known; there are %s, %s and %s", name, settingKey, settingSecret, settingOrigin)
		}
		if name == settingOrigin && (len(value) > 9 || strings.Trim(value, "0123456789") != "") {
			return fmt.Errorf("%s must have at most nine digits", settingOrigin)
		}
	}
	switch {
	case a.APIKey == "" || a.APISecret == "":
		return errors.New("api_key (the app key) and api_secret (the secret key) are wanted")
	case (a.Settings[settingKey] == "") != (a.Settings[settingSecret] == ""):
		return fmt.Errorf("%s and %s come together", settingKey, settingSecret)
	}
	return nil
}

// Capabilities says what calls the account takes.
func (a *account) Capabilities() provider.Capabilities {
	return provider.Capabilities{
		Channels: slices.Clone(a.channels),
		MaxLegs:  maxLegs,
		Pictures: maxPictures,
		Lookup:   provider.LookupPositive,
		Together: together,
	}
}

// together is what the vendor takes once for all recipients of a request.
func together(l *provider.Leg) string {
	if l.Channel == provider.Alimtalk {
		if l.Alimtalk == nil {
			return l.Channel.String()
		}
		return strings.Join([]string{l.Channel.String(), l.Alimtalk.ChannelID, l.Alimtalk.TemplateID}, "\x00")
	}
	return strings.Join([]string{l.Channel.String(), l.Sort(), string(l.From), l.Subject, l.Text, provider.PictureNames(l)}, "\x00")
}

// product is the one that carries a channel.
func (a *account) product(c provider.Channel) product {
	if c == provider.Alimtalk {
		return a.alimtalk
	}
	return a.sms
}

// call makes one request; path begins with a slash.
func (a *account) call(ctx context.Context, p product, method, path, idempotency string, body []byte) upstream.Reply {
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, bytes.NewReader(body))
	if err != nil {
		return upstream.Reply{Err: errors.New("make request: the address cannot be read")}
	}
	req.Header.Set("X-Secret-Key", p.secret)
	req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	if idempotency != "" {
		req.Header.Set("X-NC-API-IDEMPOTENCY-KEY", idempotency)
	}
	return a.client.Do(ctx, req, maxReply)
}
