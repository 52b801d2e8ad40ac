package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// Strategy is how a message finds its way to a phone.
type Strategy string

// The strategies of the API.
const (
	AlimtalkFirst Strategy = "alimtalk_first" // Alimtalk, then text when that fails and a text is given
	SMSOnly       Strategy = "sms_only"       // text
	CostOptimized Strategy = "cost_optimized" // whichever way is cheapest
	ByPolicy      Strategy = "policy"         // a strategy of the site's own, Draft.Policy
)

// Limits of one request. More recipients than JSONRecipients go with SendStream.
const (
	JSONRecipients   = 100_000
	JSONBytes        = 32 << 20
	StreamRecipients = 1_000_000
)

// Draft is a message to be sent.
type Draft struct {
	Title           string            `json:"title,omitempty"`
	Strategy        Strategy          `json:"strategy"`
	Policy          string            `json:"policy,omitempty"` // of ByPolicy: its name
	Alimtalk        *Alimtalk         `json:"alimtalk,omitempty"`
	Text            *Text             `json:"text,omitempty"`
	Recipients      []Recipient       `json:"recipients,omitempty"`
	Groups          []string          `json:"groups,omitempty"`     // of the address book: who is in them when it is accepted
	List            *ListRef          `json:"list,omitempty"`       // a list that is kept, to whose rows it goes besides
	SavedText       string            `json:"saved_text,omitempty"` // that it was made of, which counts as used
	AllowDuplicates bool              `json:"allow_duplicates,omitempty"`
	ScheduledAt     time.Time         `json:"scheduled_at,omitzero"`       // zero = now
	ValidFor        int               `json:"valid_for,omitempty"`         // seconds; 0 = the server's default
	SendWindow      *Hours            `json:"send_window,omitempty"`       // in which it is handed over, in Korea; nil = at any hour
	PerMinute       int               `json:"per_minute,omitempty"`        // recipients that are let go; 0 = as they come
	WaitForRecharge *int              `json:"wait_for_recharge,omitempty"` // seconds that it waits for an automatic recharge where the credit is short; nil = the server's default
	Metadata        map[string]string `json:"metadata,omitempty"`
	Night           string            `json:"night,omitempty"`          // of advertising: hold or refuse; "" = hold
	NotifyOnDone    *bool             `json:"notify_on_done,omitempty"` // whether the site's contacts are told; nil = as the site has it

	// Key is the Idempotency-Key; "" means a random one per call. With a key of your
	// own, sending the same Draft again gives the first reply again (Message.Replayed).
	Key string `json:"-"`
}

// Alimtalk names the approved template.
type Alimtalk struct {
	TemplateCode string   `json:"template_code"`
	Buttons      []Button `json:"buttons,omitempty"` // that you believe the template to have: others refuse the message
	QuickReplies []Button `json:"quick_replies,omitempty"`
}

// Text is the text message, alone or as the fallback of Alimtalk.
type Text struct {
	From               string   `json:"from,omitempty"` // "" = the site's default sender number
	Subject            string   `json:"subject,omitempty"`
	Body               string   `json:"body"`                  // with #{name} variables
	Attachments        []string `json:"attachments,omitempty"` // ids of pictures: the text is an MMS then
	MaxChannel         string   `json:"max_channel,omitempty"` // sms, lms or mms; "" = mms
	ReplaceUnsupported bool     `json:"replace_unsupported,omitempty"`

	// Advertising says that the text is an advertisement. The server puts (광고) and the
	// way to opt out there where the text lacks them.
	Advertising     bool   `json:"advertising,omitempty"`
	OptOutNumber    string `json:"opt_out_number,omitempty"`   // of advertising; "" = the site's
	ConsentEvidence string `json:"consent_evidence,omitempty"` // where the consents of all recipients are kept; "" = each recipient bears his own
}

// Recipient is one phone and its variables.
type Recipient struct {
	To        string            `json:"to"`
	Variables map[string]string `json:"variables,omitempty"`

	ConsentAt    time.Time `json:"consent_at,omitzero"`     // when he consented to advertising
	NightConsent bool      `json:"night_consent,omitempty"` // and to advertising at night
}

// Send accepts a message for sending. Recipients that cannot be sent are listed in the
// reply's Rejections and do not fail the call.
func (c *Client) Send(ctx context.Context, d Draft) (Message, error) {
	return c.message(ctx, call{method: http.MethodPost, path: []string{"v1", "messages"}, in: d, key: d.Key})
}

// SendStream is Send for up to a million recipients, which are read from rows while
// they are sent. rows is walked from its beginning once for each try and must give the
// same recipients each time. An error that rows yields ends the call: nothing is
// accepted, and the error returned wraps it. d.Recipients must be empty.
func (c *Client) SendStream(ctx context.Context, d Draft, rows iter.Seq2[Recipient, error]) (Message, error) {
	return c.message(ctx, call{method: http.MethodPost, path: []string{"v1", "messages"},
		stream: func() *ndjson { return newNDJSON(d, rows) }, key: d.Key})
}

// Estimate says what a message would cost; it holds nothing.
type Estimate struct {
	EstimatedCost  Amount                     `json:"estimated_cost"` // first steps
	ExpectedCost   Amount                     `json:"expected_cost"`  // with the fallbacks that are likely
	WorstCase      Amount                     `json:"worst_case"`     // what a Send would hold
	ByChannel      map[string]ChannelEstimate `json:"by_channel"`
	Bytes          ByteRange                  `json:"bytes"`
	Recipients     int64                      `json:"recipients"` // that would be sent: neither rejected nor a duplicate
	RejectedByCode map[string]int64           `json:"rejected_by_code,omitempty"`
	Available      Amount                     `json:"available"`
	Sufficient     bool                       `json:"sufficient"` // Available covers WorstCase

	// Raw is the reply as it came.
	Raw json.RawMessage `json:"-"`
}

// ChannelEstimate is the part of one channel.
type ChannelEstimate struct {
	Count     int64  `json:"count"`
	UnitPrice Amount `json:"unit_price"`
	Cost      Amount `json:"cost"`
}

// ByteRange is the shortest and the longest text, in bytes as carriers count them.
type ByteRange struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Estimate asks what d would cost.
func (c *Client) Estimate(ctx context.Context, d Draft) (Estimate, error) {
	return c.estimate(ctx, call{in: d})
}

// EstimateCount asks what d would cost for a number of recipients that are not known yet.
func (c *Client) EstimateCount(ctx context.Context, d Draft, recipients int) (Estimate, error) {
	return c.estimate(ctx, call{in: struct {
		Draft
		RecipientCount int `json:"recipient_count"`
	}{d, recipients}})
}

// EstimateStream is Estimate for as many recipients as SendStream takes.
func (c *Client) EstimateStream(ctx context.Context, d Draft, rows iter.Seq2[Recipient, error]) (Estimate, error) {
	return c.estimate(ctx, call{stream: func() *ndjson { return newNDJSON(d, rows) }})
}

func (c *Client) estimate(ctx context.Context, in call) (Estimate, error) {
	var e Estimate
	in.method, in.path, in.out = http.MethodPost, []string{"v1", "messages", "estimate"}, &e
	in.raw = func(reply []byte) { e.Raw = reply }
	err := c.do(ctx, in)
	return e, err
}
