package message

import (
	"context"
	"fmt"
	"maps"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/optout"
)

// This file holds what a draft asks the database about its recipients. Most sites have
// nothing to be asked for; then nobody is kept waiting, and nothing is asked. Otherwise a
// thousand recipients are asked for at a time, before they are decided on. A small message
// that goes by what is known is accepted as if nobody had opted out, and the accepting
// transaction asks, on the way of another question: hardly anybody did.

// OptedOut is the code of a rejection: the recipient wants no such message.
const OptedOut = "opted_out"

// optedOutOf says what a recipient wants no more.
func optedOutOf(s optout.Scope) string {
	if s == optout.Advertising {
		return because("the recipient opted out of advertising")
	}
	return because("the recipient opted out of all messages")
}

// candidate is a recipient on whom the draft has not decided.
type candidate struct {
	Candidate
	index    int64
	mobile   uint32
	wrong    bool         // it is no mobile number
	optedOut optout.Scope // "" = he did not, as far as it matters here
	offKakao bool         // he was reported not to be a Kakao user lately, where that matters

	judged       bool
	code, detail string // why it cannot be sent to; "" = it can
	values       []string
	steps        []Step
	claimed      bool   // its words were, in this draft
	recent       string // who was sent the same words, and when; "" = nobody
}

// asking is what a draft asks about its recipients.
type asking struct {
	optOuts bool        // some of them may have opted out
	kakao   bool        // it matters who was reported not to be a Kakao user
	first   bool        // it asks before it decides on them
	late    bool        // it asks while it is accepted
	waiting []candidate // who are not decided on
	unasked []optout.Name
	windowed
}

// begin notes what has to be asked.
func (d *Draft) begin(f facts) {
	if f.site.Rules.OptOuts.Matter(d.advert != nil) {
		d.optOuts, d.first, d.late = true, d.known == nil, d.known != nil
	}
	if d.rule.mindsKakao(d.prices) {
		d.kakao, d.first = true, true
	}
	if !d.request.Test {
		d.window = f.site.Rules.DuplicateWindow
	}
	if d.window > 0 {
		d.first, d.owner = true, d.Message.ID
		if d.request.Repeats != "" {
			sum := d.key.MAC([]byte("repeats " + d.request.Repeats))
			d.owner = id.ID(sum[:16])
		}
	}
}

// keep lets a candidate wait until enough of them are there to be asked for together.
func (d *Draft) keep(ctx context.Context, c candidate) error {
	c.Variables = maps.Clone(c.Variables) // the caller's map may be used again
	if d.waiting = append(d.waiting, c); len(d.waiting) < BatchSize {
		return nil
	}
	return d.settle(ctx)
}

// settle asks about those who wait, and decides on them in their order.
func (d *Draft) settle(ctx context.Context) error {
	if len(d.waiting) == 0 {
		return nil
	}
	if d.optOuts || d.kakao {
		if err := d.askRecipients(ctx); err != nil {
			return err
		}
	}
	if d.window > 0 {
		if err := d.claimWaiting(ctx); err != nil {
			return err
		}
	}
	for i := range d.waiting {
		if err := d.decide(ctx, &d.waiting[i]); err != nil {
			return err
		}
	}
	d.waiting = d.waiting[:0]
	return nil
}

// askRecipients asks who of those who wait opted out, and who was reported not to be a Kakao user.
func (d *Draft) askRecipients(ctx context.Context) error {
	names := make([]optout.Name, 0, len(d.waiting))
	for i := range d.waiting {
		if c := &d.waiting[i]; !c.wrong {
			names = append(names, d.name(c.mobile))
		}
	}
	var q inquiry
	if d.optOuts {
		q.optOuts = names
	}
	if d.kakao {
		q.kakao = names
	}
	a, err := d.s.asked.Join(ctx, q)
	if err != nil {
		return fmt.Errorf("ask about recipients of site %s: %w", d.Message.Site, err)
	}
	for i := range d.waiting {
		c := &d.waiting[i]
		if c.wrong {
			continue
		}
		name := d.name(c.mobile)
		if scope := a.optedOut[name]; d.optOuts && scope.Covers(d.advert != nil) {
			c.optedOut = scope
		}
		seen, there := a.offKakao[name]
		c.offKakao = d.kakao && there && seen > d.now.Add(-offKakaoFor)
	}
	return nil
}

func (d *Draft) name(mobile uint32) optout.Name {
	return optout.Name{Site: d.Message.Site, Alias: d.key.Alias(mobile)}
}

// noteUnasked remembers an accepted recipient who has to be asked for by the accepting
// transaction.
func (d *Draft) noteUnasked(mobile uint32) {
	if d.late {
		d.unasked = append(d.unasked, d.name(mobile))
	}
}

// askUnasked gives the question about the recipients of drafts that were accepted without
// asking, and voids the holds of those somebody of whom opted out.
func askUnasked(in []joining, fresh []int, holds []credit.Hold) []db.Question {
	var names []optout.Name
	for _, i := range fresh {
		names = append(names, in[i].draft.unasked...)
	}
	if len(names) == 0 {
		return nil
	}
	q, found := optout.Ask(names)
	for n, i := range fresh {
		d := in[i].draft
		if len(d.unasked) == 0 {
			continue
		}
		holds[n].Void = func() bool {
			for _, name := range d.unasked {
				if found[name].Covers(d.advert != nil) {
					return true
				}
			}
			return false
		}
	}
	return []db.Question{q}
}

// inquiry is what a draft asks about some recipients, and answers what it gets. Drafts that
// ask at the same moment ask together.
type (
	inquiry struct{ optOuts, kakao []optout.Name }
	answers struct {
		optedOut map[optout.Name]optout.Scope
		offKakao map[optout.Name]db.Time
	}
)

func readAnswers(tx *db.Tx, in []inquiry) ([]answers, error) {
	var optOuts, kakao []optout.Name
	for _, q := range in {
		optOuts, kakao = append(optOuts, q.optOuts...), append(kakao, q.kakao...)
	}
	var a answers
	var first, second db.Question
	first, a.optedOut = optout.Ask(optOuts)
	second, a.offKakao = askOffKakao(kakao)
	if err := tx.Ask(first, second); err != nil {
		return nil, err
	}
	out := make([]answers, len(in))
	for i := range out {
		out[i] = a // it is only read
	}
	return out, nil
}
