package invoice

import (
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Difference is one thing that an invoice, our charge and their report do not agree on.
type Difference struct {
	N            int64        `json:"n" doc:"Its number within the invoice, from 1."`
	Kind         Kind         `json:"kind"`
	Korean       string       `json:"text_ko"`
	English      string       `json:"text_en"`
	Line         int          `json:"line" doc:"Line of the file; 0 = the invoice has none."`
	Twin         int          `json:"twin_line,omitempty" doc:"Of billed_twice: the line that bills it first."`
	TwinInvoice  string       `json:"twin_invoice,omitempty" doc:"Of billed_twice: the earlier invoice that the line is on; left out for this one."`
	Reference    string       `json:"reference,omitempty" doc:"Ours: site.message.seq.step.try."`
	UpstreamID   string       `json:"upstream_id,omitempty" doc:"What the carrier calls the message."`
	Ours         End          `json:"ours,omitempty" doc:"charged, failed, late, released or open; left out for what is unknown to us."`
	Channel      string       `json:"channel,omitempty" doc:"That we sent it by."`
	Theirs       Outcome      `json:"theirs,omitempty" doc:"delivered or failed; left out where the line does not say."`
	TheirChannel string       `json:"their_channel,omitempty"`
	Code         string       `json:"code,omitempty"`
	Charged      money.Amount `json:"charged" doc:"What the site paid for the leg."`
	Billed       money.Amount `json:"billed" doc:"What the line bills, without VAT."`
	Agreed       money.Amount `json:"agreed" doc:"The agreed unit price; 0.00 = none was stated."`
	Refund       money.Amount `json:"refund" doc:"What is proposed to be given back to the site."`
	Claim        money.Amount `json:"claim" doc:"What can be claimed from the carrier."`
	Posted       bool         `json:"posted" doc:"The refund was made, or was found made already."`

	site    string
	message id.ID
	leg     id.ID
	twinID  id.ID
	sent    db.Time
}

// terms are what the lines of one invoice are held against.
type terms struct {
	account     string
	from, until db.Time // the month
	agreed      map[string]money.Amount
	priced      bool // the file has prices
}

// twins say where else a leg is billed.
type twins struct {
	decides int // the line of this invoice that speaks for the leg
	earlier twin
}

// twin is a line of an earlier invoice.
type twin struct {
	invoice id.ID
	line    int
}

// bill is what a line costs: its price, or the agreed one in a file without prices.
func (t terms) bill(l line) money.Amount {
	if t.priced || !l.Billed {
		return l.Price
	}
	return t.agreed[l.Channel]
}

// comparison collects the differences of one line.
type comparison struct {
	terms
	line  line
	known *leg // nil: unknown to us
	out   []Difference
}

// compare says how a line differs from what we know of its leg, nil for none. It is pure.
// Of several lines about one leg the one that decides is compared; another that bills is
// billed twice, whatever else it says.
func compare(t terms, l line, known *leg, w twins) []Difference {
	if known != nil && known.Account != "" && known.Account != t.account {
		known = nil
	}
	c := &comparison{terms: t, line: l, known: known}
	switch {
	case known == nil:
		if l.Billed {
			c.add(UnknownToUs, 0, t.bill(l))
		}
	case l.No != w.decides:
		if l.Billed {
			c.twice(twin{line: w.decides})
		}
	case l.Billed && w.earlier.line > 0:
		c.twice(w.earlier)
	default:
		c.matched()
	}
	if l.Billed && l.Sent != 0 && (l.Sent < t.from || l.Sent >= t.until) {
		c.add(OutsidePeriod, 0, 0)
	}
	return c.out
}

func (c *comparison) twice(other twin) {
	d := c.add(BilledTwice, 0, c.bill(c.line))
	d.Twin, d.twinID = other.line, other.invoice
}

// matched compares the line that speaks for a leg.
func (c *comparison) matched() {
	l, claimed := c.line, false
	claim := func(k Kind) {
		c.add(k, 0, c.bill(l))
		claimed = true
	}
	switch {
	case l.Outcome == Failed && l.Billed:
		claim(BilledThoughFailed)
	case l.Billed && c.known.End == ReportedNo:
		claim(BilledAsDelivered)
	case l.Billed && (c.known.End == Late || c.known.End == Released):
		c.add(DeliveredLate, 0, 0)
	case l.Billed && c.known.End == Open:
		c.add(NotFinal, 0, 0)
	case !l.Billed && l.Outcome != Failed && c.known.Arrived():
		c.add(NotBilled, 0, 0)
	}
	if l.Outcome == Failed && c.known.End == Charged {
		c.add(ChargedButFailed, c.known.Charge, 0)
	}
	if l.Billed {
		c.compareTerms(claimed)
	}
}

// compareTerms compares channel and price. What is claimed as a whole is not claimed again
// in part.
func (c *comparison) compareTerms(claimed bool) {
	l, ours := c.line, c.known.Channel.String()
	over := func(channel string) money.Amount {
		agreed, stated := c.agreed[channel]
		if claimed || !stated || !c.priced {
			return 0
		}
		return max(l.Price-agreed, 0)
	}
	channel := l.Channel
	if channel == "" {
		channel = ours
	}
	if channel != ours {
		c.add(OtherChannel, 0, over(ours))
		claimed = claimed || over(ours) > 0
	}
	if agreed, stated := c.agreed[channel]; stated && c.priced && l.Price != agreed {
		c.add(OtherPrice, 0, over(channel))
	}
}

func (c *comparison) add(k Kind, refund, claim money.Amount) *Difference {
	l := c.line
	d := Difference{Kind: k, Line: l.No, UpstreamID: l.Upstream, Theirs: l.Outcome, TheirChannel: l.Channel, Code: l.Code,
		Billed: c.bill(l), Reference: l.Ref, Refund: refund, Claim: claim, sent: l.Sent}
	channel := l.Channel
	if c.known != nil {
		d.about(*c.known)
		if channel == "" {
			channel = d.Channel
		}
	}
	d.Agreed = c.agreed[channel]
	c.out = append(c.out, d)
	return &c.out[len(c.out)-1]
}

// about fills in what we know of the leg.
func (d *Difference) about(l leg) {
	d.Reference, d.leg = l.String(), legKey(l.String())
	d.site, d.message = l.Site, l.ID
	d.Ours, d.Channel, d.Charged = l.End, l.Channel.String(), l.Charge
	if d.sent == 0 {
		d.sent = l.Sent
	}
}

// missing is the difference of a delivered leg that the invoice does not bill.
func (t terms) missing(l leg) Difference {
	d := Difference{Kind: NotBilled, Agreed: t.agreed[l.Channel.String()]}
	d.about(l)
	return d
}

// channelNames are the names by which prices are agreed.
func channelNames() []string {
	var out []string
	for c := range provider.Channel(provider.Channels) {
		out = append(out, c.String())
	}
	return out
}
