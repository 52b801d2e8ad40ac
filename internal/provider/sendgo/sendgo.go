package sendgo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// DefaultURL is where the vendor serves.
const DefaultURL = "https://sendgo.io"

const (
	maxLegs     = 1_000
	maxPictures = 3 // of one MMS
	maxReply    = 8 << 20
	api         = "/api/v2"
)

// carried is what the adapter can send.
var carried = []provider.Channel{provider.Alimtalk, provider.SMS, provider.LMS, provider.MMS}

// account is one SendGo application. It is safe for concurrent use.
type account struct {
	client      *upstream.Client
	base        string // without a trailing slash
	key, secret string
	channels    []provider.Channel
	now         func() time.Time
	rest        func(context.Context, time.Duration) error // waits, unless ctx ends before
	kept        kept
}

// New makes the provider of a configured account: api_key is the access key, api_secret the
// secret key.
func New(a provider.Account) (provider.Provider, error) {
	base, err := upstream.Base(a.URL)
	if err != nil {
		return nil, fmt.Errorf("configure provider %q: url %w", a.Name, err)
	}
	channels := a.Uses(carried)
	switch {
	case len(channels) == 0:
		return nil, fmt.Errorf("configure provider %q: sendgo carries none of its channels, only alimtalk, sms, lms and mms", a.Name)
	case a.APIKey == "" || a.APISecret == "" || strings.Contains(a.APIKey, ":"):
		return nil, fmt.Errorf("configure provider %q: api_key (the access key) and api_secret (the secret key) are wanted", a.Name)
	}
	for name := range a.Settings {
		return nil, fmt.Errorf("configure provider %q: %s is not known; this kind has no settings", a.Name, name)
	}
	return &account{client: upstream.NewClient(a.Timeout), base: cmp.Or(base, DefaultURL), key: a.APIKey, secret: a.APISecret, channels: channels, now: time.Now, rest: rest,
		kept: kept{turn: make(chan struct{}, 1)}}, nil
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Capabilities says what calls the account takes.
func (a *account) Capabilities() provider.Capabilities {
	return provider.Capabilities{Channels: slices.Clone(a.channels), MaxLegs: maxLegs, Pictures: maxPictures, DistinctPhones: true,
		Lookup: provider.LookupNone, Together: together}
}

// together is what the vendor takes once for all contacts of a campaign.
func together(l *provider.Leg) string {
	if l.Channel == provider.Alimtalk && l.Alimtalk != nil {
		return strings.Join([]string{l.Channel.String(), l.Alimtalk.ChannelID, l.Alimtalk.TemplateID}, "\x00")
	}
	return strings.Join([]string{l.Channel.String(), l.Sort(), string(l.From), l.Subject, l.Text, provider.PictureNames(l)}, "\x00")
}

// Lookup learns nothing; see the package comment.
func (a *account) Lookup(context.Context, provider.Enquiry) (provider.Lookup, error) {
	return provider.Lookup{}, nil
}

// Authentic is never true: results are asked for.
func (a *account) Authentic(http.Header, []byte) bool { return false }

// call makes one request with an Authorization header; path begins with a slash.
func (a *account) call(ctx context.Context, method, path, authorization string, body []byte) upstream.Reply {
	req, err := http.NewRequestWithContext(ctx, method, a.base+api+path, bytes.NewReader(body))
	if err != nil {
		return upstream.Reply{Err: errors.New("make request: the address cannot be read")}
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	return a.client.Do(ctx, req, maxReply)
}
