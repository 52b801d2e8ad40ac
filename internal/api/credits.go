package api

import (
	"bytes"
	"net/http"
	"slices"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// creditView is a site's purse.
type creditView struct {
	Balance      money.Amount  `json:"balance" doc:"available + held."`
	Available    money.Amount  `json:"available"`
	Held         money.Amount  `json:"held" doc:"Set aside for messages that are under way."`
	Prices       pricesView    `json:"prices" doc:"What one delivered message costs, without VAT; /v1/credit/prices tells why."`
	AutoRecharge *rechargeView `json:"auto_recharge"`
}

type pricesView struct {
	Alimtalk money.Amount `json:"alimtalk"`
	SMS      money.Amount `json:"sms"`
	LMS      money.Amount `json:"lms"`
	MMS      money.Amount `json:"mms"`
}

func showPrices(p credit.Prices) pricesView {
	return pricesView{p[provider.Alimtalk], p[provider.SMS], p[provider.LMS], p[provider.MMS]}
}

// entryView is one line of the ledger.
type entryView struct {
	Seq            int64        `json:"seq"`
	Kind           string       `json:"kind" enum:"payment,bonus,adjustment,reserve,settle,release,refund,payment_cancel,expire,receivable"`
	Amount         money.Amount `json:"amount"`
	Debit          string       `json:"debit"`
	Credit         string       `json:"credit"`
	AvailableAfter money.Amount `json:"available_after"`
	HeldAfter      money.Amount `json:"held_after"`
	Ref            string       `json:"ref"`
	Key            string       `json:"key"`
	Note           string       `json:"note"`
	At             instant      `json:"at"`
	NoteDigest     string       `json:"note_digest"`
	OpensDigest    string       `json:"opens_digest"`
	PrevHash       string       `json:"prev_hash"`
	Hash           string       `json:"hash" doc:"SHA-256 over prev_hash and the other members; see ledger verify."`
}

func showEntry(e credit.Entry) (entryView, error) {
	return entryView{e.Seq, string(e.Kind), e.Amount, string(e.Debit), string(e.Credit), e.AvailableAfter, e.HeldAfter,
		e.Ref, e.Key, e.Note, instant(e.At), e.NoteDigest, e.OpensDigest, e.PrevHash, e.Hash}, nil
}

// usageView is what one message spent on one channel.
type usageView struct {
	ID           string       `json:"id"`
	MessageID    string       `json:"message_id"`
	Channel      string       `json:"channel" enum:"alimtalk,sms,lms,mms"`
	Quantity     int64        `json:"quantity" doc:"Recipients delivered."`
	CostPerUnit  money.Amount `json:"cost_per_unit"`
	TotalCost    money.Amount `json:"total_cost"`
	RefundAmount money.Amount `json:"refund_amount"`
	Refunds      []refundView `json:"refunds"`
	CreatedAt    instant      `json:"created_at"`
}

// refundView is one refund of a usage.
type refundView struct {
	ID     string       `json:"id"`
	Amount money.Amount `json:"amount"`
	At     instant      `json:"at"`
}

// showUsage shows a usage with those of the refunds that are its own.
func showUsage(refunds []credit.Refunded) func(credit.Usage) (usageView, error) {
	return func(u credit.Usage) (usageView, error) {
		own := []refundView{}
		for _, r := range refunds {
			if r.Message == u.Message && r.Channel == u.Channel {
				own = append(own, refundView{r.ID.Text(id.Refund), r.Amount, instant(r.At)})
			}
		}
		return usageView{u.ID.Text(id.Usage), u.Message.Text(id.Message), u.Channel.String(), u.Quantity,
			u.UnitCost, u.TotalCost, u.RefundAmount, own, instant(u.CreatedAt)}, nil
	}
}

// newest is the order of a list that is otherwise told oldest first.
const newest = "newest"

type entriesInput struct {
	Paging
	Order string `query:"order" enum:"oldest,newest" default:"oldest" doc:"Which comes first."`
}

type usagesInput struct {
	Paging
	Order   string `query:"order" enum:"oldest,newest" default:"oldest" doc:"Which comes first."`
	Message string `query:"message" doc:"msg_…"`
}

// credits declares the routes about money.
func credits(a *api) {
	read(a, operation{
		id: "getCredit", method: http.MethodGet, path: "/v1/credit", tag: "Credit", ability: "credit:read", status: http.StatusOK,
		summary: "Get the purse and the prices",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (creditView, error) {
		account, err := a.Ledger.Account(tx, x.site)
		if err != nil {
			return creditView{}, err
		}
		p, err := credit.PricesOf(tx, x.site)
		if err != nil {
			return creditView{}, err
		}
		recharge, err := a.rechargeOf(tx, x.site)
		if err != nil {
			return creditView{}, err
		}
		balance, err := account.Available.Plus(account.Held)
		return creditView{
			Balance: balance, Available: account.Available, Held: account.Held,
			Prices: showPrices(p), AutoRecharge: recharge,
		}, err
	})
	forecasts(a)
	read(a, operation{
		id: "listEntries", method: http.MethodGet, path: "/v1/credit/entries", tag: "Credit", ability: "credit:read", status: http.StatusOK,
		summary: "List the ledger, oldest or newest first", about: "Each line carries the hash of the one before it, so that no line can change unseen.",
	}, a.listEntries)
	read(a, operation{
		id: "listUsages", method: http.MethodGet, path: "/v1/credit/usages", tag: "Credit", ability: "credit:read", status: http.StatusOK,
		summary: "List what messages spent, by channel, oldest or newest first",
	}, a.listUsages)
	write(a, operation{
		id: "refundUsage", secondFactor: true, method: http.MethodPost, path: "/v1/credit/usages/{id}/refund", tag: "Credit", ability: "credit:refund", status: http.StatusCreated,
		summary: "Give back what a usage cost, all or a part", codes: []string{fault.CodeRefundExceeds},
		about: "The credit is available at once, in the kinds that it was spent from. More than the usage still has is refused with `refundable`, what it has.",
	}, a.refund)
}

func (a *api) listEntries(tx *db.Tx, x *exchange, in *entriesInput) (out listOf[entryView], err error) {
	l, err := a.list(tx, x, inOrder("entries", in.Order))
	if err != nil {
		return out, err
	}
	var at int64
	if err := l.after(in.Cursor, &at); err != nil {
		return out, err
	}
	page := a.Ledger.Entries
	if in.Order == newest {
		page = a.Ledger.LatestEntries
	}
	rows, err := page(tx, x.site, at, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showEntry, func(e credit.Entry) any { return e.Seq })
}

// inOrder is what a list is called in its cursors: one that is told newest first is another one.
func inOrder(name, order string) string {
	if order == newest {
		return name + " newest first"
	}
	return name
}

func (a *api) listUsages(tx *db.Tx, x *exchange, in *usagesInput) (out listOf[usageView], err error) {
	l, err := a.list(tx, x, inOrder("usages", in.Order), in.Message)
	if err != nil {
		return out, err
	}
	var of, after id.ID
	if in.Message != "" {
		if of, err = id.Parse(id.Message, in.Message); err != nil {
			return out, fault.Check("/message", "want the id of a message: msg_…")
		}
	}
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	page := a.Ledger.Usages
	if in.Order == newest {
		page = a.Ledger.LatestUsages
	}
	rows, err := page(tx, x.site, of, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	messages := make([]id.ID, len(rows))
	for i, u := range rows {
		messages[i] = u.Message
	}
	slices.SortFunc(messages, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	refunds, err := a.Ledger.Refunds(tx, x.site, slices.Compact(messages)...)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showUsage(refunds), func(u credit.Usage) any { return u.ID })
}

type refundAsked struct {
	ID   string `path:"id" doc:"usg_…"`
	Body struct {
		Amount money.Amount `json:"amount" pattern:"^[0-9]{1,14}([.][0-9]{1,4})?$" patternDescription:"won with at most four decimals, such as 1500.00" doc:"Won, more than nothing and at most what the usage still has."`
		Reason string       `json:"reason" minLength:"1" maxLength:"1000" doc:"Why, for whoever reads the ledger later."`
	}
}

// refundMade is the reply to a refund.
type refundMade struct {
	ID         string       `json:"id"`
	UsageID    string       `json:"usage_id"`
	Amount     money.Amount `json:"amount"`
	Refundable money.Amount `json:"refundable" doc:"What can still be refunded of the usage."`
}

func (a *api) refund(tx *db.Tx, x *exchange, in *refundAsked) (refundMade, error) {
	usage, err := named(id.Usage, "usage", in.ID)
	if err != nil {
		return refundMade{}, err
	}
	made, left, err := a.Ledger.Refund(tx, credit.RefundRequest{Site: x.site, Usage: usage, Amount: in.Body.Amount, Reason: in.Body.Reason, Strategy: message.StrategyOf})
	return refundMade{made.ID.Text(id.Refund), in.ID, made.Amount, left}, err
}
