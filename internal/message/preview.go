package message

import (
	"context"

	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// This file shows a message before it is sent, as one recipient's phone would, and says what could
// be better about its texts. It uses the draft, the routes and the wording that sending uses, so it
// cannot show something else than what is sent.

// Preview is what one recipient of a message would see.
type Preview struct {
	Variables []PreviewValue // all that the message uses, in the order of their first use
	Code      string         // why this recipient would not be accepted, as a rejection has it; "" = he would be
	Detail    string
	Steps     []PreviewStep // that he may be reached by, in their order; also where Code says that he is not
}

// PreviewValue is a variable and what stood in its place.
type PreviewValue struct {
	Name, Value string
	Sample      bool // no value was given: its own name was shown
}

// PreviewStep is one leg. Either Alimtalk or Text is there.
type PreviewStep struct {
	Step
	Alimtalk *PreviewAlimtalk
	Text     *PreviewText
}

// PreviewAlimtalk is an Alimtalk as Kakao shows it, from above.
type PreviewAlimtalk struct {
	Code, Name, Channel string
	Title, Subtitle     string             // emphasised
	Items               *provider.ItemList // the table, with its header and highlight
	Body, Extra         string
	Buttons             []provider.Button
	QuickReplies        []provider.Button
	Secure              bool
	Characters, Limit   int // of the body, in UTF-16 units
}

// PreviewText is a text as a phone shows it.
type PreviewText struct {
	From          korea.Number
	Subject, Body string // as they are sent: with the marks of advertising
	Advertising   bool
	Attachments   []string // ids as they were given
	Bytes, Limit  int      // of the body in CP949, and of its kind
	SubjectBytes  int
	Coaching      Coaching
}

// Coaching is what could be better about a text.
type Coaching struct {
	Body, Subject []korea.Unsendable // of the texts as they are written, also where they are replaced when they are sent
	Over          *Over              // what is more than fits into the kind below; nil = nothing
	Shorter       *Shorter           // nil = no safe change makes it cheaper, or possible
}

// Over is what of a text is more than a limit: by it an SMS is an LMS, or a long text too long.
type Over struct {
	Limit, Bytes int    // that are too many
	FromByte     int    // bytes before the first character that does not fit
	At           int    // characters before it
	Rest         string // from there on, its beginning
}

// Shorter is another wording of the text as it was asked for, and what becomes of it.
type Shorter struct {
	Body    string // with its variables, to be put in the place of the text's own
	Steps   []korea.ShortenStep
	Bytes   int // as it is sent to this recipient
	Channel provider.Channel
	Saved   money.Amount // per recipient; 0 where the text as it is cannot be sent
}

// restShown bounds what Over shows, in bytes.
const restShown = 200

// Preview shows what a recipient with these variables would see of a message; variables that are
// lacking or empty show their names as #{name}. What refuses a message for everybody is a fault, as
// of Draft; what refuses this recipient stands in the preview. It changes nothing.
func (s *Service) Preview(ctx context.Context, siteID string, r Request, variables map[string]string) (Preview, error) {
	r.Looked = true
	d, err := s.Estimate(ctx, siteID, r)
	if err != nil {
		return Preview{}, err
	}
	var p Preview
	values := make([]string, len(d.names.list))
	for i, name := range d.names.list {
		if values[i] = korea.Normalise(variables[name]); values[i] == "" {
			values[i] = "#{" + name + "}"
		}
		p.Variables = append(p.Variables, PreviewValue{name, values[i], variables[name] == ""})
	}
	var steps []Step
	if steps, p.Code, p.Detail = d.rule.route(values, false, &d.names, d.prices, &d.bytes); p.Code == "" {
		if why := d.blocked.why(values, steps); why != "" {
			p.Code, p.Detail = BlockedWord, why
		}
	} else {
		steps = d.rule.strategy.Steps(d.rule.way(d.kindOf(d.rule.filled(d.rule.text, values)), d.prices, false))
	}
	words := NewWording(d.content)
	for _, step := range steps {
		leg := words.Leg(step.Channel, Person{Values: values}, "")
		one := PreviewStep{Step: step}
		if step.kakao() {
			one.Alimtalk = previewAlimtalk(d.template, leg)
		} else {
			one.Text = d.previewText(r.Text, leg, values)
		}
		p.Steps = append(p.Steps, one)
	}
	return p, nil
}

// previewAlimtalk adds what is fixed in a template to what a leg of it holds.
func previewAlimtalk(t *Template, leg provider.Leg) *PreviewAlimtalk {
	a := &PreviewAlimtalk{Code: t.Code, Name: t.Name, Channel: t.Channel, Title: leg.Alimtalk.Title, Items: leg.Alimtalk.Items, Body: leg.Text, Extra: t.Extra,
		Buttons: leg.Alimtalk.Buttons, QuickReplies: leg.Alimtalk.QuickReplies, Secure: t.Secure, Characters: utf16Length(leg.Text)}
	if t.Emphasis != nil {
		a.Subtitle = t.Emphasis.Subtitle
	}
	a.Limit, _ = t.bodyLimit()
	return a
}

// kindOf is the kind of text that a filled text takes.
func (d *Draft) kindOf(text string) provider.Channel {
	switch n, _ := korea.Bytes(text); {
	case !d.rule.hasText:
		return 0
	case d.rule.pictured:
		return provider.MMS
	case n > korea.SMSBytes:
		return provider.LMS
	}
	return provider.SMS
}

func (d *Draft) previewText(asked *TextRequest, leg provider.Leg, values []string) *PreviewText {
	t := &PreviewText{From: leg.From, Subject: leg.Subject, Body: leg.Text, Advertising: leg.Advertising, Attachments: asked.Attachments, Limit: korea.LMSBytes}
	if leg.Channel == provider.SMS {
		t.Limit = korea.SMSBytes
	}
	var bad []rune
	t.Bytes, bad = korea.Bytes(leg.Text)
	t.SubjectBytes, _ = korea.Bytes(leg.Subject)
	t.Coaching = Coaching{Body: korea.FindUnsendable(d.rule.text.fill(values)), Subject: korea.FindUnsendable(d.rule.subject.fill(values))}
	switch {
	case t.Bytes > korea.LMSBytes:
		t.Coaching.Over = over(leg.Text, korea.LMSBytes)
	case leg.Channel == provider.LMS:
		t.Coaching.Over = over(leg.Text, korea.SMSBytes)
	}
	t.Coaching.Shorter = d.shorter(asked.Body, leg.Channel, t.Bytes <= t.Limit && len(bad) == 0, values)
	return t
}

// over finds what of a text is beyond a limit.
func over(text string, limit int) *Over {
	fits := korea.Cut(text, limit)
	o := &Over{Limit: limit, At: len([]rune(fits)), Rest: korea.Cut(text[len(fits):], restShown)}
	o.FromByte, _ = korea.Bytes(fits)
	all, _ := korea.Bytes(text)
	o.Bytes = all - limit
	return o
}

// shorter looks for a wording of the body that can be sent by a cheaper kind of text, or at all
// where the body as it is cannot.
func (d *Draft) shorter(body string, now provider.Channel, sendable bool, values []string) *Shorter {
	for _, to := range []provider.Channel{provider.SMS, now} {
		limit := korea.LMSBytes
		if to == provider.SMS {
			limit = korea.SMSBytes
		}
		cheaper := to != now && d.prices[to] < d.prices[now] || !sendable
		if !cheaper || d.rule.pictured && to == provider.SMS {
			continue
		}
		short, ok := korea.Shorten(body, func(text string) bool { return korea.Fits(d.asSent(text, values), limit) })
		if sent := d.asSent(short.Text, values); ok && korea.Fits(sent, limit) {
			out := &Shorter{Body: short.Text, Steps: short.Steps, Channel: to}
			out.Bytes, _ = korea.Bytes(sent)
			if sendable {
				out.Saved = d.prices[now] - d.prices[to]
			}
			return out
		}
	}
	return nil
}

// asSent is another body as this recipient would be sent it.
func (d *Draft) asSent(body string, values []string) string {
	if d.advert != nil {
		ad, err := korea.Advertise(body, d.advert.OptOut)
		if err != nil {
			return "" // which is no text that fits better
		}
		body = ad.Body
	}
	n := names{list: d.names.list[:len(d.names.list):len(d.names.list)]}
	p := compile(body, &n)
	if len(n.list) > len(values) {
		return "" // a variable that the text did not have
	}
	return d.rule.filled(p, values)
}
