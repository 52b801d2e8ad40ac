package message

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// This file holds what the law wants of an advertisement (정보통신망법 제50조): what it shows,
// that its recipients consented, and that it reaches nobody at night who did not consent to
// that too. An Alimtalk is informational by Kakao's rules, so no advertisement is one.

// NightRule says what becomes of recipients of an advertisement who may not be reached at
// the hour of their hand-over.
type NightRule string

// The rules; "" is NightHold.
const (
	NightHold   NightRule = "hold"   // they wait until the night is over
	NightRefuse NightRule = "refuse" // they end as failed, with the reason outside_hours
)

// NoConsent is the code of a rejection: there is no consent to advertising.
const NoConsent = "no_consent"

// maxEvidence bounds the words in which a site says where its consents are kept.
const maxEvidence = 500

// Advert is what makes a text an advertisement, as it was frozen at accept.
type Advert struct {
	OptOut   korea.Number `json:"opt_out"`                   // the 080 number at its end
	Marked   bool         `json:"mark_added,omitempty"`      // (광고) was put in front; otherwise the site had written it
	Told     bool         `json:"opt_out_added,omitempty"`   // and so the way to opt out
	Evidence string       `json:"evidence,omitempty"`        // where everyone's consent is kept, as the site attests; "" = each recipient bears a date
	Refuse   bool         `json:"refuse_at_night,omitempty"` // NightRefuse
	Nightly  int64        `json:"night_consents,omitempty"`  // accepted recipients who may be reached at night
	Dated    int64        `json:"dated_consents,omitempty"`  // and whose consents bear a date
	Oldest   db.Time      `json:"oldest_consent,omitempty"`
	Newest   db.Time      `json:"newest_consent,omitempty"`
}

// Consent is what a recipient of an advertisement agreed to.
type Consent struct {
	At    db.Time // when to advertising; 0 = the site attests it for the whole message
	Night bool    // to advertising at night as well
}

// Candidate is somebody that a draft may send to.
type Candidate struct {
	To           string
	Variables    map[string]string
	ConsentAt    time.Time // when he agreed to advertising; zero = not said
	NightConsent bool      // he agreed to advertising at night as well
}

// checkAdvert refuses what cannot be right of any advertisement, and what belongs to one
// where there is none.
func checkAdvert(r Request) error {
	if r.Text == nil || !r.Text.Advertising {
		return checkPlain(r)
	}
	switch {
	case r.TemplateCode != "" && r.Strategy != SMSOnly:
		return fault.Check("/text/advertising", "an Alimtalk is for information only; send advertising as sms_only")
	case strings.TrimSpace(r.Text.Body) == "":
		return fault.Check("/text/body", "the text is empty")
	case r.Night != "" && r.Night != NightHold && r.Night != NightRefuse:
		return fault.Check("/night", "want hold or refuse")
	case r.Text.Evidence != "" && strings.TrimSpace(r.Text.Evidence) == "":
		return fault.Check("/text/consent_evidence", "say where the consents of these recipients are kept")
	case len([]rune(r.Text.Evidence)) > maxEvidence:
		return fault.Check("/text/consent_evidence", "want at most %d characters", maxEvidence)
	}
	return nil
}

func checkPlain(r Request) error {
	const only = "it is of advertising alone: set text.advertising, or leave it out"
	switch {
	case r.Night != "":
		return fault.Check("/night", only)
	case r.Text != nil && r.Text.OptOut != "":
		return fault.Check("/text/opt_out_number", only)
	case r.Text != nil && r.Text.Evidence != "":
		return fault.Check("/text/consent_evidence", only)
	}
	return nil
}

// freezeAdvert makes the text of an advertisement what it has to be, before anything of it
// is counted.
func (d *Draft) freezeAdvert(rules site.Rules) error {
	asked := d.request.Text
	if asked == nil || !asked.Advertising {
		return nil
	}
	number := rules.OptOutNumber
	if asked.OptOut != "" {
		var err error
		if number, err = korea.ParseOptOut(asked.OptOut); err != nil {
			return fault.Check("/text/opt_out_number", "%s", err)
		}
	}
	ad, err := korea.Advertise(asked.Body, number)
	if errors.Is(err, korea.ErrNoOptOut) {
		return fault.Check("/text/opt_out_number", "%s: name it here, or set the site's own with PUT /v1/sending-rules", err)
	}
	if err != nil {
		return fault.Check("/text/body", "%s", err)
	}
	d.named = ad.OptOut != rules.OptOutNumber
	text := *asked
	text.Body = ad.Body
	if text.Subject, err = korea.AdvertiseSubject(asked.Subject); err != nil {
		return fault.Check("/text/subject", "%s", err)
	}
	d.request.Text = &text
	d.advert = &Advert{OptOut: ad.OptOut, Marked: ad.Marked, Told: ad.Told, Evidence: strings.TrimSpace(asked.Evidence), Refuse: d.request.Night == NightRefuse}
	return nil
}

// noteNumber has the number by which one opts out of the advertisement remembered, where it is
// not the site's, before anybody can see it.
func (d *Draft) noteNumber(ctx context.Context) error {
	if !d.named {
		return nil
	}
	return d.s.d.Update(ctx, "message_opt_out_number", func(tx *db.Tx) error {
		return site.NoteOptOutNumbers(tx, d.Message.Site, d.advert.OptOut)
	})
}

// noConsent says why a candidate may not be sent an advertisement; "" = he may.
func (d *Draft) noConsent(c *Candidate) string {
	switch {
	case d.advert == nil:
		return ""
	case !c.ConsentAt.IsZero() && db.At(c.ConsentAt) > d.now.Add(clockSkew):
		return because("the consent to advertising is dated in the future")
	case c.ConsentAt.IsZero() && d.advert.Evidence == "":
		return because("there is no consent to advertising: give its time as consent_at, or text.consent_evidence for all")
	}
	return ""
}

// consented counts an accepted recipient and gives what his batch keeps of him: one value
// more for an advertisement, behind those of the variables.
func (d *Draft) consented(c *Candidate, values []string) []string {
	if d.advert == nil {
		return values
	}
	d.advert.count(Consent{db.At(c.ConsentAt), c.NightConsent})
	return append(values, Consent{db.At(c.ConsentAt), c.NightConsent}.String())
}

// count counts the consent of an accepted recipient.
func (a *Advert) count(c Consent) {
	if c.Night {
		a.Nightly++
	}
	if c.At == 0 {
		return
	}
	if a.Dated++; a.Oldest == 0 || c.At < a.Oldest {
		a.Oldest = c.At
	}
	a.Newest = max(a.Newest, c.At)
}

// String is the consent as a batch keeps it: its second since 1970, or nothing, and n for
// the night.
func (c Consent) String() string {
	var text string
	if c.At != 0 {
		text = strconv.FormatInt(c.At.Time().Unix(), 10)
	}
	if c.Night {
		text += "n"
	}
	return text
}

// values is how many values each recipient of a message has.
func (c *Content) values() int {
	if c.Text != nil && c.Text.Advert != nil {
		return len(c.Variables) + 1
	}
	return len(c.Variables)
}

// Consent gives what a recipient of an advertisement agreed to.
func (c *Content) Consent(of Person) Consent {
	if len(of.Values) <= len(c.Variables) {
		return Consent{}
	}
	text, night := strings.CutSuffix(of.Values[len(c.Variables)], "n")
	out := Consent{Night: night}
	if second, err := strconv.ParseInt(text, 10, 64); err == nil {
		out.At = db.At(time.Unix(second, 0))
	}
	return out
}

// Advert gives what makes the message an advertisement; nil = it is none.
func (c *Content) Advert() *Advert {
	if c.Text == nil {
		return nil
	}
	return c.Text.Advert
}

// Night is the part of the day in which advertising needs a consent of its own.
func (s *Service) Night() korea.Night { return s.o.Night }

// carried marks the leg of an advertisement, since vendors want to be told.
func (w *Wording) carried(leg *provider.Leg) {
	leg.Advertising = w.Content.Advert() != nil && leg.Channel != provider.Alimtalk
}
