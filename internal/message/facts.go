package message

import (
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// question is what a draft asks about its site before it takes a recipient. Drafts
// that begin at the same moment ask together, and equal questions are read once.
type question struct {
	site     string
	template string // "" = none
	text     bool   // a sender number is wanted
	from     string // the one wanted; "" = the default
}

// question gives what the draft has to know.
func (d *Draft) question() question {
	q := question{site: d.Message.Site}
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
	template *Template    // nil = there is none of this code
	sender   korea.Number // "" = there is none that may be used
	err      error        // why there is no answer
}

func readFacts(keys *site.Keys) func(tx *db.Tx, in []question) ([]facts, error) {
	return func(tx *db.Tx, in []question) ([]facts, error) {
		known := map[question]facts{}
		out := make([]facts, len(in))
		for i, q := range in {
			f, ok := known[q]
			if !ok {
				f.now = tx.Now
				f.err = f.read(tx, keys, q)
				known[q] = f
			}
			out[i] = f
		}
		return out, nil
	}
}

func (f *facts) read(tx *db.Tx, keys *site.Keys, q question) (err error) {
	if f.site, err = site.Find(tx, q.site); err != nil {
		return err
	}
	if f.key, err = keys.Site(tx, q.site); err != nil {
		return err
	}
	if f.prices, err = credit.PricesOf(tx, q.site); err != nil {
		return err
	}
	if q.template != "" {
		t, err := FindTemplate(tx, q.site, q.template)
		if err == nil {
			f.template = &t
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if q.text {
		f.sender, err = usableSender(tx, q.site, q.from)
	}
	return err
}

// usableSender gives the sender number that is named, if it is registered and approved,
// or the site's default; "" when there is none.
func usableSender(tx *db.Tx, siteID, named string) (korea.Number, error) {
	if named == "" {
		s, _, err := site.DefaultSender(tx, siteID)
		return s.Number, err
	}
	number, wrong := korea.ParseSender(named)
	if wrong != nil {
		return "", nil
	}
	s, err := site.FindSender(tx, siteID, number)
	if fault.Is(err, fault.NotFound) || err == nil && s.State != site.Approved {
		return "", nil
	}
	return s.Number, err
}
