package paper

import (
	"strings"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// Unissued says in words which paper a site is still to get for what it paid, and what is to be
// done about it; nil = none. A site that asked for no paper gets none, but what went back of an
// invoice that was issued is corrected for everybody.
func (p *Papers) Unissued(tx *db.Tx, siteID string) (*fault.Phrase, error) {
	sales, err := p.billing.Sales(tx, siteID, tx.Now+1)
	if err != nil || len(sales) == 0 {
		return nil, err
	}
	known, err := taxItems(tx, siteID)
	if err != nil {
		return nil, err
	}
	_, why, lacking, err := p.buyer(tx, siteID)
	if err != nil {
		return nil, err
	}
	for _, s := range sales {
		name := s.Payment.Text(id.Payment)
		_, stands := known[taxKey{s.Payment, s.Time}]
		switch back := uncorrected(s, known); {
		case stands && back != nil:
			return fault.Say("the tax invoice of payment %s is to be corrected by what went back of it; issue the tax invoices of %s first", name, korea.Month(back.At.Time())), nil
		case stands || s.Slip || kept(s) == 0:
		case s.Receipt:
			return fault.Say("the cash receipt of payment %s is not issued yet", name), nil
		case why == whyIncomplete:
			return fault.Say("payment %s is in no tax invoice, and the billing profile lacks %s; complete it, and issue the tax invoices of %s first",
				name, strings.Join(lacking, ", "), korea.Month(s.At.Time())), nil
		case why == "":
			return fault.Say("payment %s is in no tax invoice; issue the tax invoices of %s first, which can be done once the month has ended", name, korea.Month(s.At.Time())), nil
		}
	}
	return nil, nil
}

// uncorrected gives the first of what went back of a sale that stands in no invoice; nil = none.
func uncorrected(s billing.Sale, known map[taxKey]taxItem) *billing.Back {
	for i, b := range s.Backs {
		if _, is := known[taxKey{b.Cancel, 0}]; !is {
			return &s.Backs[i]
		}
	}
	return nil
}

// kept is what of a sale did not go back.
func kept(s billing.Sale) money.Amount {
	rest := s.Supply + s.VAT
	for _, b := range s.Backs {
		rest -= b.Supply + b.VAT
	}
	return rest
}
