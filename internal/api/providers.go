package api

import (
	"context"
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
	"creditmsg/internal/vendor"
)

// providerView is a provider account: how it does, and what was last heard of what it has.
type providerView struct {
	delivery.Standing
	Balance *providerBalance `json:"balance" doc:"null where the vendor does not tell it."`
	Senders *providerSenders `json:"senders" doc:"The vendor's list of sender numbers; null where it has none."`
}

type providerBalance struct {
	Left      *money.Amount `json:"left" doc:"null until it was heard."`
	Unit      string        `json:"unit,omitempty" enum:"won,credit,sms" doc:"What left counts: won, the vendor's own credits, or SMS that the rest would pay."`
	Threshold *money.Amount `json:"threshold" doc:"Below which the operator is told; null = never."`
	Low       bool          `json:"low"`
	At        maybeInstant  `json:"at" doc:"When it was heard."`
	Problem   string        `json:"problem,omitempty" doc:"Why the last question had no answer."`
}

type providerSenders struct {
	At      maybeInstant `json:"at"`
	Problem string       `json:"problem,omitempty"`
}

func (a *api) showProvider(v vendor.View) providerView {
	out := providerView{Standing: delivery.Standing{Name: v.Name, Kind: v.Kind}}
	for _, s := range a.Delivery.Standings() {
		if s.Name == v.Name {
			out.Standing = s
		}
	}
	if v.TellsBalance {
		b := providerBalance{Low: v.Low(), At: maybeInstant(v.BalanceAt), Problem: v.BalanceWrong}
		if v.BalanceAt != 0 {
			b.Left, b.Unit = &v.Balance.Left, string(v.Balance.Unit)
		}
		if v.LowBalance > 0 {
			b.Threshold = &v.LowBalance
		}
		out.Balance = &b
	}
	if v.ListsSenders {
		out.Senders = &providerSenders{maybeInstant(v.SendersAt), v.SendersWrong}
	}
	return out
}

type providerNamed struct {
	Name string `path:"name" example:"solapi"`
}

// providers declares the routes about provider accounts. They are about the installation, so
// only the operator's tokens reach them.
func providers(a *api) {
	read(a, operation{
		id: "listProviders", method: http.MethodGet, path: "/v1/providers", tag: "Providers", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "List the provider accounts, how they do, and what is left there",
		about:   "How they do is as this process sees it; what others learnt reaches it within seconds.",
	}, func(tx *db.Tx, _ *exchange, _ *struct{}) (listOf[providerView], error) {
		all, err := a.Vendors.Views(tx)
		out := listOf[providerView]{Data: []providerView{}}
		for _, v := range all {
			if v.Kind == "" {
				continue // it is not configured any more
			}
			out.Data = append(out.Data, a.showProvider(v))
		}
		return out, err
	})
	register[providerNamed, providerView](a, operation{
		id: "askProvider", method: http.MethodPost, path: "/v1/providers/{name}/ask", tag: "Providers", ability: site.Operator, house: true, status: http.StatusOK, unkeyed: true,
		summary: "Ask a provider account for its balance and sender numbers now",
		about:   "They are asked for by themselves every ten minutes and every six hours. What the vendor does not answer stands under `problem`.",
	}, func(ctx context.Context, _ *exchange, in *providerNamed) (*reply, error) {
		v, err := a.Vendors.Ask(ctx, in.Name)
		if err != nil {
			return nil, err
		}
		return rendered(http.StatusOK, a.showProvider(v))
	})
}

// senderStanding is where a number stands at one provider account.
type senderStanding struct {
	State     string  `json:"state" enum:"registered,waiting,rejected,blocked,missing" doc:"missing: the vendor does not list it, and would refuse messages from it."`
	CheckedAt instant `json:"checked_at"`
}

// showSenders gives what shows numbers with where they stand.
func (a *api) showSenders(tx *db.Tx, list ...site.Sender) (func(site.Sender) (senderView, error), error) {
	numbers := make([]korea.Number, len(list))
	for i, s := range list {
		numbers[i] = s.Number
	}
	standing, err := a.Vendors.StandingOf(tx, numbers)
	if err != nil {
		return nil, err
	}
	return func(s site.Sender) (senderView, error) {
		v := senderView{Site: s.Site, Number: string(s.Number), State: s.State, Default: s.Default, Reason: s.Reason, CreatedAt: instant(s.CreatedAt), Providers: map[string]senderStanding{}}
		for _, at := range standing[s.Number] {
			v.Providers[at.Account] = senderStanding{string(at.State), instant(at.CheckedAt)}
		}
		return v, nil
	}, nil
}

// showSender shows one number.
func (a *api) showSender(tx *db.Tx, s site.Sender) (senderView, error) {
	show, err := a.showSenders(tx, s)
	if err != nil {
		return senderView{}, err
	}
	return show(s)
}
