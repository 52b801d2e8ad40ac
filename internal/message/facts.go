package message

import (
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/optout"
	"creditmsg/internal/site"
)

// question is what a draft asks about its site before it takes a recipient. Drafts
// that begin at the same moment ask together, and equal questions are read once.
type question struct {
	site     string
	template string // "" = none
	policy   string // "" = none
	text     bool   // a sender number is wanted
	from     string // the one wanted; "" = the default
}

// question gives what the draft has to know.
func (d *Draft) question() question {
	q := question{site: d.Message.Site, policy: d.request.Policy}
	if d.request.Strategy != SMSOnly {
		q.template = d.request.TemplateCode
	}
	if d.request.Text != nil {
		q.text, q.from = true, d.request.Text.From
	}
	return q
}

// facts answer a question as one moment saw them. Drafts share them: they are only read.
type facts struct {
	now      db.Time
	site     site.Site
	key      *site.Key
	prices   credit.Prices
	until    db.Time     // when the prices change; 0 = nothing is planned
	template *Template   // nil = there is none of this code
	policy   *Policy     // nil = there is none of this name
	sender   site.Sender // without a number there is none that may be used
	optOuts  optout.Standing
	words    []*korea.Words
	err      error // why there is no answer
}

// readFacts answers the questions of one moment, all in one look.
func readFacts(keys *site.Keys) func(tx *db.Tx, in []question) ([]facts, error) {
	return func(tx *db.Tx, in []question) ([]facts, error) {
		l := look(tx, keys, in)
		if err := tx.Ask(l.asks...); err != nil {
			return nil, err
		}
		known := map[question]facts{}
		out := make([]facts, len(in))
		for i, q := range in {
			f, ok := known[q]
			if !ok {
				f.now = tx.Now
				f.err = f.read(tx, keys, l, q)
				known[q] = f
			}
			out[i] = f
		}
		return out, nil
	}
}

// readWhole is readFacts with what only few sites have: blocked words that are not
// remembered, and people who opted out.
func (s *Service) readWhole(tx *db.Tx, in []question) ([]facts, error) {
	out, err := readFacts(s.keys)(tx, in)
	if err != nil {
		return nil, err
	}
	words, fill := s.vocabulary.ask(out)
	var some []string
	for i := range out {
		if out[i].site.Rules.OptOuts != site.NoOptOuts {
			some = append(some, out[i].site.ID)
		}
	}
	lists, standings := optout.AskStandings(some)
	if err := tx.Ask(words, lists); err != nil {
		return nil, fmt.Errorf("read blocked words and opt-outs: %w", err)
	}
	fill()
	for i := range out {
		out[i].optOuts = standings[out[i].site.ID]
	}
	return out, nil
}

// looked is what questions have answers in.
type looked struct {
	asks      []db.Question
	sites     map[string]site.Site
	prices    *credit.Lists
	templates map[TemplateName]*Template
	policies  map[policyOf]*Policy
	senders   map[site.SenderName]site.Sender // those that are named
	sendersOf map[string][]site.Sender        // where none is
}

func look(tx *db.Tx, keys *site.Keys, in []question) *looked {
	l := &looked{}
	var ids, unnamed []string
	var codes []TemplateName
	var policies []policyOf
	var named []site.SenderName
	for _, q := range in {
		ids = append(ids, q.site)
		if q.template != "" {
			codes = append(codes, TemplateName{q.site, q.template})
		}
		if q.policy != "" {
			policies = append(policies, policyOf{q.site, q.policy})
		}
		if number, wrong := korea.ParseSender(q.from); wrong == nil {
			named = append(named, site.SenderName{Site: q.site, Number: number})
		} else if q.text && q.from == "" {
			unnamed = append(unnamed, q.site)
		}
	}
	l.asks, l.sites = site.Ask(ids) // and thereby the Revs before all else
	var prices, templates, ways, senders, sendersOf db.Question
	prices, l.prices = credit.AskPrices(tx, ids)
	templates, l.templates = askTemplates(codes)
	ways, l.policies = askPolicies(policies)
	senders, l.senders = site.AskSenders(named)
	sendersOf, l.sendersOf = site.AskSendersOf(unnamed)
	l.asks = append(l.asks, keys.Ask(tx, ids), prices, templates, ways, senders, sendersOf)
	return l
}

func (f *facts) read(tx *db.Tx, keys *site.Keys, l *looked, q question) (err error) {
	var there bool
	if f.site, there = l.sites[q.site]; !there {
		return fault.Missing("site", q.site)
	}
	if f.key, err = keys.Site(tx, q.site); err != nil {
		return err
	}
	f.prices, f.until, f.template = l.prices.Of(q.site), l.prices.Until(q.site), l.templates[TemplateName{q.site, q.template}]
	f.policy = l.policies[policyOf{q.site, q.policy}]
	if q.text {
		f.sender = l.usableSender(q)
	}
	return nil
}

// usableSender gives the sender number that is named, if it is registered and approved,
// or the site's default; without a number there is none.
func (l *looked) usableSender(q question) site.Sender {
	if q.from == "" {
		s, _ := site.DefaultSender(l.sendersOf[q.site])
		return s
	}
	number, wrong := korea.ParseSender(q.from)
	s := l.senders[site.SenderName{Site: q.site, Number: number}]
	if wrong != nil || s.State != site.Approved {
		return site.Sender{}
	}
	return s
}
