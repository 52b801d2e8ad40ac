package client

import (
	"context"
	"net/http"
)

// Preview is what one recipient of a message would see, leg by leg.
type Preview struct {
	Strategy  Strategy `json:"strategy"`
	Variables []struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Sample bool   `json:"sample"` // no value was given: it shows its own name
	} `json:"variables"`
	Rejection *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"rejection"` // why this recipient would not be accepted; nil = he would be
	Steps          []PreviewStep `json:"steps"`
	RecipientCount int           `json:"recipient_count,omitempty"` // as it was asked
}

// PreviewStep is one leg; either Alimtalk or Text is there.
type PreviewStep struct {
	Channel  string           `json:"channel"`
	Price    Amount           `json:"price"`
	Alimtalk *PreviewAlimtalk `json:"alimtalk,omitempty"`
	Text     *PreviewText     `json:"text,omitempty"`
}

// PreviewAlimtalk is an Alimtalk as Kakao shows it, from above.
type PreviewAlimtalk struct {
	TemplateCode string    `json:"template_code"`
	TemplateName string    `json:"template_name"`
	Channel      string    `json:"channel"`
	Title        string    `json:"title,omitempty"`
	Subtitle     string    `json:"subtitle,omitempty"`
	ItemList     *ItemList `json:"item_list,omitempty"`
	Body         string    `json:"body"`
	Extra        string    `json:"extra,omitempty"`
	Buttons      []Button  `json:"buttons"`
	QuickReplies []Button  `json:"quick_replies"`
	Secure       bool      `json:"secure,omitempty"`
	Characters   int       `json:"characters"`
	Limit        int       `json:"limit"`
}

// PreviewText is a text as a phone shows it, and what could be better about it.
type PreviewText struct {
	From         string   `json:"from"`
	Subject      string   `json:"subject,omitempty"`
	Body         string   `json:"body"` // with the marks of advertising
	Advertising  bool     `json:"advertising,omitempty"`
	Attachments  []string `json:"attachments"`
	Bytes        int      `json:"bytes"` // of the body, as carriers count them
	Limit        int      `json:"limit"`
	SubjectBytes int      `json:"subject_bytes"`
	SubjectLimit int      `json:"subject_limit"`
	Coaching     Coaching `json:"coaching"`
}

// Coaching is what could be better about a text.
type Coaching struct {
	Unsupported []struct {
		Part       string  `json:"part"` // body or subject
		Character  string  `json:"character"`
		CodePoint  string  `json:"code_point"`
		Places     []int   `json:"places"` // in characters from 0; the first hundred
		Count      int     `json:"count"`
		Substitute *string `json:"substitute"` // nil = there is none
	} `json:"unsupported"`
	Over *struct {
		Limit         int    `json:"limit"`
		BytesOver     int    `json:"bytes_over"`
		FromByte      int    `json:"from_byte"`
		FromCharacter int    `json:"from_character"`
		Rest          string `json:"rest"`
	} `json:"over"` // what is too much for an SMS, or for any text; nil = nothing
	Shorter *ShorterText `json:"shorter"` // nil = no wording that says the same is cheaper
}

// ShorterText is another wording that says the same.
type ShorterText struct {
	Body    string `json:"body"` // to be put in the place of Text.Body
	Bytes   int    `json:"bytes"`
	Channel string `json:"channel"`
	Changes []struct {
		Kind       string `json:"kind"`
		TextKo     string `json:"text_ko"`
		TextEn     string `json:"text_en"`
		Count      int    `json:"count"`
		BytesSaved int    `json:"bytes_saved"`
		Examples   []struct {
			From string `json:"from"`
			To   string `json:"to"`
		} `json:"examples"`
	} `json:"changes"`
	SavedPerRecipient Amount `json:"saved_per_recipient"`
	SavedInAll        Amount `json:"saved_in_all,omitempty"` // for the number of recipients that was given
}

// Preview shows what a phone would show of d to a recipient with these variables; those that are
// lacking show their names. Without variables it is shown to the first recipient of d. recipients is
// for how many people it is told what could be saved; 0 = it is not told. It changes nothing.
func (c *Client) Preview(ctx context.Context, d Draft, variables map[string]string, recipients int) (Preview, error) {
	var p Preview
	d.Recipients = d.Recipients[:min(len(d.Recipients), 1)]
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "messages", "preview"}, out: &p, in: struct {
		Draft
		Variables      map[string]string `json:"variables,omitempty"`
		RecipientCount int               `json:"recipient_count,omitempty"`
	}{d, variables, recipients}})
	return p, err
}
