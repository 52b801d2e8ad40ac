package aligo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// Where the vendor serves texts and Kakao.
const (
	DefaultSMS   = "https://apis.aligo.in"
	DefaultKakao = "https://kakaoapi.aligo.in"
)

const (
	maxLegs     = 500 // recipients of one request, by the vendor
	maxPictures = 3   // of one MMS
	maxReply    = 8 << 20
)

// carried is what the adapter can send.
var carried = []provider.Channel{provider.Alimtalk, provider.SMS, provider.LMS, provider.MMS}

// The settings that this kind of account has.
const (
	settingSender  = "sender"  // the number of Alimtalk without a text
	settingSuccess = "success" // the codes of Alimtalk that mean a delivery
)

// account is one Aligo account. It is immutable and safe for concurrent use.
type account struct {
	client     *upstream.Client
	sms, kakao string // addresses, without a trailing slash
	user, key  string
	channels   []provider.Channel
	sender     string
	success    []string
}

// New makes the provider of a configured account: api_key is the user's id, api_secret the
// key. A URL, when given, serves both products.
func New(a provider.Account) (provider.Provider, error) {
	base, err := upstream.Base(a.URL)
	if err != nil {
		return nil, fmt.Errorf("configure provider %q: url %w", a.Name, err)
	}
	channels := a.Uses(carried)
	if len(channels) == 0 {
		return nil, fmt.Errorf("configure provider %q: aligo carries none of its channels, only alimtalk, sms, lms and mms", a.Name)
	}
	if err := check(a); err != nil {
		return nil, fmt.Errorf("configure provider %q: %w", a.Name, err)
	}
	success := []string{"0", "0000"}
	if text := a.Settings[settingSuccess]; text != "" {
		success = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	}
	return &account{client: upstream.NewClient(a.Timeout), sms: cmp.Or(base, DefaultSMS), kakao: cmp.Or(base, DefaultKakao),
		user: a.APIKey, key: a.APISecret, channels: channels, sender: a.Settings[settingSender], success: success}, nil
}

func check(a provider.Account) error {
	for name, value := range a.Settings {
		switch name {
		case settingSuccess:
		case settingSender:
			if _, err := korea.ParseSender(value); err != nil {
				return fmt.Errorf("%s: %w", settingSender, err)
			}
		default:
			return fmt.Errorf("%s is not known; there are %s and %s", name, settingSender, settingSuccess)
		}
	}
	if a.APIKey == "" || a.APISecret == "" {
		return errors.New("api_key (the user's id) and api_secret (the key) are wanted")
	}
	return nil
}

// Capabilities says what calls the account takes.
func (a *account) Capabilities() provider.Capabilities {
	return provider.Capabilities{Channels: slices.Clone(a.channels), MaxLegs: maxLegs, Pictures: maxPictures, DistinctPhones: true,
		Lookup: provider.LookupNone, Together: together}
}

// together is what the vendor takes once for all recipients of a request.
func together(l *provider.Leg) string {
	parts := []string{l.Channel.String(), string(l.From)}
	switch {
	case l.Channel == provider.Alimtalk && l.Alimtalk != nil:
		parts = append(parts, l.Alimtalk.ChannelID, l.Alimtalk.TemplateID)
	case l.Channel == provider.LMS, l.Channel == provider.MMS:
		parts = append(parts, title(l), provider.PictureNames(l))
	}
	return strings.Join(parts, "\x00")
}

// title is the one of an LMS or MMS, which the vendor wants.
func title(l *provider.Leg) string { return cmp.Or(l.Subject, korea.FirstLine(l.Text)) }

// Lookup learns nothing; see the package comment.
func (a *account) Lookup(context.Context, provider.Enquiry) (provider.Lookup, error) {
	return provider.Lookup{}, nil
}

// Authentic is never true: the vendor does not report.
func (a *account) Authentic(http.Header, []byte) bool { return false }

// post makes one request of a product, which is told by its channel, with pictures if there
// are any.
func (a *account) post(ctx context.Context, c provider.Channel, path string, form url.Values, pictures ...provider.Picture) upstream.Reply {
	base := a.sms
	if c == provider.Alimtalk {
		base = a.kakao
		form.Set("apikey", a.key)
		form.Set("userid", a.user)
	} else {
		form.Set("key", a.key)
		form.Set("user_id", a.user)
	}
	body, media := form.Encode(), "application/x-www-form-urlencoded; charset=utf-8"
	if len(pictures) > 0 {
		var err error
		if body, media, err = parts(form, pictures); err != nil {
			return upstream.Reply{Err: fmt.Errorf("write request: %w", err)}
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, strings.NewReader(body))
	if err != nil {
		return upstream.Reply{Err: errors.New("make request: the address cannot be read")}
	}
	req.Header.Set("Content-Type", media)
	return a.client.Do(ctx, req, maxReply)
}
