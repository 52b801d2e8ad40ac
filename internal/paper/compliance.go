package paper

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// complianceForm names the form of a compliance record; another form has another name.
const complianceForm = "creditmsg compliance 1"

// Compliance is how a message was checked before it was accepted, and when it was handed
// over: what a site shows to who asks whether it was allowed to send it. Its JSON is the
// paper itself.
type Compliance struct {
	Form            string            `json:"form"` // complianceForm
	Site            string            `json:"site"`
	Message         string            `json:"message_id"`
	MadeAt          time.Time         `json:"made_at"`
	Final           bool              `json:"final"` // nothing of the message can change any more
	Status          string            `json:"status"`
	Strategy        string            `json:"strategy"`
	AcceptedAt      time.Time         `json:"accepted_at"`
	ScheduledAt     *time.Time        `json:"scheduled_at"`
	DoneAt          *time.Time        `json:"done_at"`
	SentBy          string            `json:"sent_by,omitempty"` // the token, or the series
	Rules           *Rules            `json:"rules"`             // null: it was sent before they were kept
	Recipients      Recipients        `json:"recipients"`
	Text            *SentText         `json:"text"`
	Alimtalk        *SentAlimtalk     `json:"alimtalk"`
	Advertising     *Advertising      `json:"advertising"` // null: it is none
	OptOuts         *message.OptOuts  `json:"opt_outs"`    // null: nobody had opted out of anything
	BlockedWords    *BlockedWords     `json:"blocked_words"`
	DuplicateWindow int64             `json:"duplicate_window"` // seconds
	Outcomes        []Outcome         `json:"outcomes"`
	Policy          *message.Policied `json:"policy,omitempty"`  // the site's own strategy, as it stood
	Tempo           *message.Tempo    `json:"tempo,omitempty"`   // in which hours and how fast it went; left out: as fast as it could
	Review          *Review           `json:"review,omitempty"`  // left out: nobody else had to look at it
	Test            bool              `json:"test,omitempty"`    // it was sent to try it out
	Resends         string            `json:"resends,omitempty"` // the message whose failures it was sent to again
	To              string            `json:"to,omitempty"`      // whose People these are
	People          []Person          `json:"people,omitempty"`
	Keys            []PublicKey       `json:"keys"`
	KeyID           string            `json:"key_id"`
	Signature       []byte            `json:"signature,omitempty"`
}

// Review is the look of a second person.
type Review struct {
	State     string     `json:"state"` // wanted, approved or rejected
	AskedBy   string     `json:"asked_by"`
	AskedAt   time.Time  `json:"asked_at"`
	DecidedBy string     `json:"decided_by,omitempty"`
	DecidedAt *time.Time `json:"decided_at"`
	Reason    string     `json:"reason,omitempty"`
}

// Rules are what each recipient was checked by.
type Rules struct {
	Version string    `json:"version"`
	ReadAt  time.Time `json:"read_at"`          // when senders, templates, prices and lists were read, of which none changed before the accept
	Checks  []string  `json:"checks,omitempty"` // in their order, by the codes of their rejections; left out of a version that is not this program's
}

// Recipients is how many were given, and what became of them at the accept.
type Recipients struct {
	Total          int64            `json:"total"`
	Accepted       int64            `json:"accepted"`
	Duplicates     int64            `json:"duplicates"`
	Rejected       int64            `json:"rejected"`
	RejectedByCode map[string]int64 `json:"rejected_by_code"`
}

// SentText is the text as it was frozen, with the mark and the way to opt out in it.
type SentText struct {
	From            string     `json:"from"`
	FromState       string     `json:"from_state"`                    // of the number at the accept
	RegisteredSince *time.Time `json:"registered_since"`              // null: it was sent before that was kept
	Subject         string     `json:"subject,omitempty"`             // variables not filled in
	Body            string     `json:"body"`                          // variables not filled in
	Pictures        []string   `json:"pictures,omitempty"`            // of an MMS, by their ids
	Replaced        bool       `json:"replace_unsupported,omitempty"` // characters that cannot be sent
}

// SentAlimtalk is the template as it was frozen.
type SentAlimtalk struct {
	Template string `json:"template"`
	State    string `json:"state"` // of the template at the accept
	Channel  string `json:"channel"`
	Body     string `json:"body"`
}

// Advertising is what the law wants of an advertisement.
type Advertising struct {
	Mark         string   `json:"mark"`
	MarkAdded    bool     `json:"mark_added"` // otherwise the site had written it
	OptOutNumber string   `json:"opt_out_number"`
	OptOutAdded  bool     `json:"opt_out_added"`
	Consents     Consents `json:"consents"`
	Night        Night    `json:"night"`
}

// Consents add up those of the accepted recipients.
type Consents struct {
	Evidence string     `json:"evidence,omitempty"` // where they are kept, as the site attested
	Dated    int64      `json:"dated"`
	Oldest   *time.Time `json:"oldest"`
	Newest   *time.Time `json:"newest"`
	Night    int64      `json:"night"` // of advertising at night as well
}

// Night is when people were not reached who had not consented to that.
type Night struct {
	Hours string `json:"hours"` // in Korea, as they were at the accept
	Rule  string `json:"rule"`  // hold or refuse
}

// BlockedWords are the lists that texts were looked through for, by their digests.
type BlockedWords struct {
	Installation string `json:"installation,omitempty"`
	Site         string `json:"site,omitempty"`
}

// Outcome is recipients with the same lot. Hours is when they were handed over: day, or night
// as the installation has it now; it is empty for those who never were.
type Outcome struct {
	Channel string     `json:"channel"`
	Status  string     `json:"status"`
	Reason  string     `json:"reason,omitempty"`
	Hours   string     `json:"hours,omitempty"`
	Count   int64      `json:"count"`
	First   *time.Time `json:"first"`
	Last    *time.Time `json:"last"`
}

// Person is somebody with a number, what he had agreed to, and what went to him.
type Person struct {
	Status       string     `json:"status"`
	Reason       string     `json:"reason,omitempty"`
	ConsentAt    *time.Time `json:"consent_at"` // null: none of an advertisement, or it is attested for all
	NightConsent bool       `json:"night_consent"`
	Shows        []Shows    `json:"shows"`
	HandOvers    []HandOver `json:"hand_overs"`
}

// Shows is what a step shows, variables filled in.
type Shows struct {
	Channel string `json:"channel"`
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
}

// HandOver is one leg that was handed to a provider.
type HandOver struct {
	At       time.Time `json:"at"`
	Hours    string    `json:"hours"` // day or night
	Channel  string    `json:"channel"`
	Provider string    `json:"provider"`
	Step     int       `json:"step"`
	Try      int       `json:"try"`
	Status   string    `json:"status"` // of the leg; again = it reached nobody, and was tried once more
	Reason   string    `json:"reason,omitempty"`
}

// Compliance makes the record of a message, of a moment that the transaction sees as one. to
// adds those with this number; "" = nobody. Faults: NotFound for the message, and for a number
// that none of its accepted recipients has.
func (p *Papers) Compliance(tx *db.Tx, of *message.Service, key message.Key, to korea.Number) (*Compliance, error) {
	m, err := message.Find(tx, key)
	if err != nil {
		return nil, err
	}
	content, err := of.Content(tx, m)
	if err != nil {
		return nil, err
	}
	c := &Compliance{
		Form: complianceForm, Site: key.Site, Message: key.ID.Text(id.Message), MadeAt: tx.Now.Time(), Final: m.State.Final(),
		Status: string(m.State), Strategy: string(m.Strategy), AcceptedAt: m.CreatedAt.Time(), ScheduledAt: moment(m.ScheduledAt), DoneAt: moment(m.DoneAt),
		Recipients: Recipients{m.Total, m.Accepted, m.Duplicate, m.Rejected, m.RejectedBy},
	}
	c.freeze(&content)
	if content.Reviewed {
		if err := c.review(tx, key); err != nil {
			return nil, err
		}
	}
	outcomes, err := message.Outcomes(tx, m, of.Night())
	if err != nil {
		return nil, err
	}
	c.Outcomes = make([]Outcome, len(outcomes))
	for i, o := range outcomes {
		c.Outcomes[i] = Outcome{o.Channel.String(), string(o.State), string(o.Reason), "", o.Count, moment(o.First), moment(o.Last)}
		if o.Handed {
			c.Outcomes[i].Hours = hours(o.Night)
		}
	}
	if to != "" {
		if err := c.tell(tx, of, m, to); err != nil {
			return nil, err
		}
	}
	return c, p.signCompliance(tx, c)
}

// review adds what a second person said.
func (c *Compliance) review(tx *db.Tx, key message.Key) error {
	r, wanted, err := message.ReviewOf(tx, key)
	if err != nil || !wanted {
		return err
	}
	c.Review = &Review{string(r.State), r.AskedBy, r.AskedAt.Time(), r.DecidedBy, moment(r.DecidedAt), r.Reason}
	return nil
}

// moment gives nil for never.
func moment(at db.Time) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}

func hours(night bool) string {
	if night {
		return "night"
	}
	return "day"
}

// freeze takes what was frozen at the accept.
func (c *Compliance) freeze(from *message.Content) {
	checked := from.Checked
	c.Policy, c.Tempo, c.Test, c.Resends = from.Policy, from.Tempo, from.Test, from.Resends
	if checked != nil {
		c.SentBy, c.OptOuts, c.DuplicateWindow = checked.By, checked.OptOuts, checked.Window
		c.Rules = &Rules{Version: checked.Rules, ReadAt: checked.At.Time()}
		if checked.Rules == message.RulesVersion {
			c.Rules.Checks = message.Checks
		}
		if checked.Words != (site.Words{}) {
			c.BlockedWords = &BlockedWords{digest(checked.Words.All), digest(checked.Words.Own)}
		}
	}
	if t := from.Text; t != nil {
		c.Text = &SentText{From: t.From, FromState: site.Approved, Subject: t.Subject, Body: t.Body, Replaced: t.Replace}
		for _, picture := range t.Attachments {
			if of, err := id.ParseBare(picture); err == nil {
				c.Text.Pictures = append(c.Text.Pictures, of.Text(id.Attachment))
			}
		}
		if checked != nil {
			c.Text.RegisteredSince = moment(checked.SenderSince)
		}
	}
	if a := from.Alimtalk; a != nil {
		c.Alimtalk = &SentAlimtalk{a.Code, string(message.TemplateApproved), a.Channel, a.Body}
	}
	if ad := from.Advert(); ad != nil {
		c.Advertising = &Advertising{
			Mark: korea.AdMark, MarkAdded: ad.Marked, OptOutNumber: string(ad.OptOut), OptOutAdded: ad.Told,
			Consents: Consents{ad.Evidence, ad.Dated, moment(ad.Oldest), moment(ad.Newest), ad.Nightly}, Night: Night{Rule: string(message.NightHold)},
		}
		if ad.Refuse {
			c.Advertising.Night.Rule = string(message.NightRefuse)
		}
		if checked != nil {
			c.Advertising.Night.Hours = checked.Night
		}
	}
}

func digest(d site.WordDigest) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", int64(d))
}

// tell adds those with a number.
func (c *Compliance) tell(tx *db.Tx, of *message.Service, m *message.Message, to korea.Number) error {
	people, err := of.Told(tx, m, to)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return fault.New(fault.NotFound, fault.CodeNotFound, "message %s has no accepted recipient with this number", c.Message)
	}
	c.To = string(to)
	for _, one := range people {
		p := Person{Status: string(one.State), Reason: string(one.Reason), ConsentAt: moment(one.Consent.At), NightConsent: one.Consent.Night, HandOvers: []HandOver{}}
		for _, leg := range one.Legs {
			p.Shows = append(p.Shows, Shows{leg.Channel.String(), leg.Subject, leg.Text})
		}
		add := func(at db.Time, provider string, step, try int, status, reason string) {
			if at == 0 || step < 1 || step > len(one.Steps) {
				return
			}
			p.HandOvers = append(p.HandOvers, HandOver{at.Time(), hours(of.Night().Covers(at.Time())), one.Steps[step-1].Channel.String(), provider, step, try, status, reason})
		}
		for _, leg := range one.History {
			if leg.What == message.LegFailed || leg.What == message.LegAgain { // the others are later news of such a leg
				add(leg.HandedAt, leg.Provider, leg.Step, leg.Try, leg.What, string(leg.Reason))
			}
		}
		if one.Born() {
			add(one.HandedAt, one.Provider, one.Step, one.Try, string(one.State), string(one.Reason))
		}
		c.People = append(c.People, p)
	}
	return nil
}
