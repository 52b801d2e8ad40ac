package api

import (
	"net/http"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// capsView is how the caps of a site stand.
type capsView struct {
	Recipients   countCaps    `json:"recipients" doc:"Of accepted recipients."`
	Won          moneyCaps    `json:"won" doc:"Of what messages cost: their worst case when they are accepted, less what is released later."`
	CountedSince maybeInstant `json:"counted_since" doc:"Messages of before do not count; null = the site has no caps, and nothing is counted."`
}

// setting is the caps without what was used of them.
func (v capsView) setting() any {
	var out []any
	for _, c := range []countCap{v.Recipients.Day, v.Recipients.Month} {
		out = append(out, c.Limit, c.Bound)
	}
	for _, c := range []moneyCap{v.Won.Day, v.Won.Month} {
		out = append(out, c.Limit, c.Bound)
	}
	return out
}

type countCaps struct {
	Day   countCap `json:"day"`
	Month countCap `json:"month"`
}

type moneyCaps struct {
	Day   moneyCap `json:"day"`
	Month moneyCap `json:"month"`
}

// countCap is a cap of recipients.
type countCap struct {
	Limit    *int64  `json:"limit" doc:"The site's own; null = none."`
	Bound    *int64  `json:"bound" doc:"What the operator allows at most; the tighter one counts."`
	Used     int64   `json:"used"`
	Left     *int64  `json:"left" doc:"null = there is no cap."`
	ResetsAt instant `json:"resets_at" doc:"Days and months are Korean."`
}

// moneyCap is a cap of won.
type moneyCap struct {
	Limit    *money.Amount `json:"limit" doc:"The site's own; null = none."`
	Bound    *money.Amount `json:"bound" doc:"What the operator allows at most; the tighter one counts."`
	Used     money.Amount  `json:"used"`
	Left     *money.Amount `json:"left" doc:"null = there is no cap."`
	ResetsAt instant       `json:"resets_at" doc:"Days and months are Korean."`
}

// some gives nil for none.
func some[T ~int64](n int64) *T {
	if n == 0 {
		return nil
	}
	v := T(n)
	return &v
}

// left is what a cap leaves; nil = there is no cap.
func left[T ~int64](s credit.CapState) *T {
	if s.Limit() == 0 {
		return nil
	}
	v := T(max(s.Limit()-s.Used, 0))
	return &v
}

func showCaps(c credit.Caps) capsView {
	count := func(s credit.CapState) countCap {
		return countCap{some[int64](s.Own), some[int64](s.Allowed()), s.Used, left[int64](s), instant(s.Ends)}
	}
	won := func(s credit.CapState) moneyCap {
		return moneyCap{some[money.Amount](s.Own), some[money.Amount](s.Allowed()), money.Amount(s.Used), left[money.Amount](s), instant(s.Ends)}
	}
	s := c.States // in the order of credit.AllCaps
	return capsView{Recipients: countCaps{count(s[0]), count(s[1])}, Won: moneyCaps{won(s[2]), won(s[3])}, CountedSince: maybeInstant(c.Since)}
}

type capsSet struct {
	Body struct {
		Recipients struct {
			Day   *int64 `json:"day,omitempty" nullable:"true" minimum:"1"`
			Month *int64 `json:"month,omitempty" nullable:"true" minimum:"1"`
		} `json:"recipients,omitempty"`
		Won struct {
			Day   *money.Amount `json:"day,omitempty" nullable:"true"`
			Month *money.Amount `json:"month,omitempty" nullable:"true"`
		} `json:"won,omitempty"`
	} `nameHint:"CapsBody"`
}

func (in *capsSet) amounts() credit.Amounts {
	b := in.Body
	return credit.Amounts{value(b.Recipients.Day), value(b.Recipients.Month), int64(value(b.Won.Day)), int64(value(b.Won.Month))}
}

// caps declares the routes about how much a site may send.
func caps(a *api) {
	read(a, operation{
		id: "getCaps", method: http.MethodGet, path: "/v1/credit/caps", tag: "Credit", ability: "credit:read", status: http.StatusOK,
		summary: "Get how much the site may send in a day and a month, and what is left of it",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (capsView, error) {
		c, err := a.Ledger.CapsOf(tx, x.site)
		return showCaps(c), err
	})
	set := operation{
		id: "setCaps", secondFactor: true, method: http.MethodPut, path: "/v1/credit/caps", tag: "Credit", ability: "credit:write", status: http.StatusOK,
		summary: "Set how much the site may send in a day and a month",
		about: "All caps at once: what is absent or null is no cap. A message that would go over one is refused with rate_limited and what is left, " +
			"one that is larger than a cap by itself with state_conflict. At 70, 90 and 100 % of a cap an event (credit.cap_reached) and the topic caps of the alerts tell, once a period.",
	}
	write(a, set, func(tx *db.Tx, x *exchange, in *capsSet) (capsView, error) {
		c, err := a.Ledger.SetCaps(tx, x.site, in.amounts())
		return showCaps(c), err
	})
	set.id, set.path, set.ability = "setCapBounds", "/v1/credit/caps/bounds", site.Operator
	set.of = "/v1/credit/caps"
	set.summary, set.about = "Set how much the operator allows a site to send", "All bounds at once: what is absent or null is no bound. The site's own caps stay, and the tighter one counts."
	write(a, set, func(tx *db.Tx, x *exchange, in *capsSet) (capsView, error) {
		c, err := a.Ledger.SetCapBounds(tx, x.site, in.amounts())
		return showCaps(c), err
	})
}
