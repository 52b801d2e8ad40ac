package api

import (
	"net/http"
	"strconv"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
	"creditmsg/internal/stat"
)

// overview is what an operator looks at first.
type overview struct {
	At        instant           `json:"at"`
	Sites     sitesCounted      `json:"sites"`
	Credit    creditCounted     `json:"credit" doc:"Of all sites."`
	Today     dayCounted        `json:"today"`
	Yesterday dayCounted        `json:"yesterday"`
	Waiting   waitingCounted    `json:"waiting" doc:"What waits for a person."`
	Jobs      jobsCounted       `json:"jobs"`
	Avoided   []providerAvoided `json:"avoided_providers" doc:"Accounts that get none or less than half of their usual traffic, as this process sees it."`
	Ledger    ledgerProof       `json:"ledger"`
}

type sitesCounted struct {
	Active    int64 `json:"active"`
	Suspended int64 `json:"suspended"`
	Erased    int64 `json:"erased"`
}

type creditCounted struct {
	Available money.Amount `json:"available"`
	Held      money.Amount `json:"held" doc:"For messages that are under way."`
	Owed      money.Amount `json:"owed" doc:"What sites owe after money was taken back from us."`
}

// dayCounted is a Korean day.
type dayCounted struct {
	Day        string       `json:"day" doc:"Korean time."`
	Recipients int64        `json:"recipients" doc:"About whom all became known on this day, those who were taken back among them."`
	Delivered  int64        `json:"delivered" doc:"Messages that arrived."`
	Failed     int64        `json:"failed" doc:"Messages that certainly did not, those that another step took over from among them."`
	Expired    int64        `json:"expired" doc:"Recipients of whom nothing was heard in time."`
	Revenue    money.Amount `json:"revenue" doc:"What was charged less what was refunded."`
	Upstream   money.Amount `json:"upstream_cost" doc:"What the vendors charge for what was delivered."`
	Margin     money.Amount `json:"margin" doc:"revenue - upstream_cost."`
	Unpriced   int64        `json:"unpriced" doc:"Delivered messages whose cost at the vendor is not configured: upstream_cost lacks them."`
}

type waitingCounted struct {
	Reviews     int64        `json:"reviews" doc:"Messages that a second person of their site has to approve."`
	ReviewSince maybeInstant `json:"oldest_review_at"`
	Senders     int64        `json:"senders" doc:"Sender numbers that wait for your decision."`
	Withdrawals int64        `json:"withdrawals" doc:"That wait for your decision."`
	Payments    int64        `json:"payments" doc:"By transfer to your account: say when they have arrived."`
	GiveBacks   int64        `json:"cancellations" doc:"That you have to transfer."`
}

type jobsCounted struct {
	Due         int64        `json:"due"`
	Buried      int64        `json:"buried"`
	OldestDueAt maybeInstant `json:"oldest_due_at"`
	WaitsFor    int64        `json:"oldest_waits_seconds"`
}

type providerAvoided struct {
	Name    string `json:"name"`
	Breaker string `json:"breaker" enum:"closed,half_open,open" doc:"Open: its calls fail, so none goes to it for a while."`
	Hanging bool   `json:"hanging" doc:"It does not answer a call."`
	Share   string `json:"share" doc:"The part of its usual traffic that its worst channel gets, from 0.00 to 1.00."`
}

// littleTraffic is the share below which an account is said to be avoided.
const littleTraffic = 0.5

// overviews declares the one route of the first page. What it costs does not grow with messages:
// it adds up a row or a few of each site, which is some tens of milliseconds for ten thousand of
// them (BenchmarkOverviewOfManySites), and looks the rest up in indexes of what waits.
func overviews(a *api) {
	read(a, operation{
		id: "getOverview", method: http.MethodGet, path: "/v1/overview", tag: "System", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "Get what an operator looks at first", about: "Of all sites together, but for test sites. Days are Korean.",
	}, func(tx *db.Tx, _ *exchange, _ *struct{}) (v overview, err error) {
		v.At = instant(tx.Now)
		for _, part := range []func(*db.Tx, *overview) error{countSites, a.countDays, countWaiting, a.countJobs} {
			if err := part(tx, &v); err != nil {
				return v, err
			}
		}
		v.Avoided = avoided(a.Delivery.Standings())
		p, err := a.Ledger.Proven(tx)
		v.Ledger = showProven(p)
		return v, err
	})
}

func countSites(tx *db.Tx, v *overview) error {
	sites, err := site.CountByState(tx)
	if err != nil {
		return err
	}
	v.Sites = sitesCounted{sites[site.Active], sites[site.Suspended], sites[site.Erased]}
	all, err := credit.TotalsOf(tx, site.TestPattern)
	v.Credit = creditCounted{all.Available, all.Held, all.Owed}
	return err
}

func (a *api) countDays(tx *db.Tx, v *overview) error {
	now := tx.Now.Time()
	v.Today.Day, v.Yesterday.Day = korea.Day(now), korea.Day(now.AddDate(0, 0, -1))
	q := stat.Query{From: v.Yesterday.Day, Until: v.Today.Day, By: stat.ByDay}
	rows, err := stat.ReadAll(tx, q, site.TestPattern)
	if err != nil {
		return err
	}
	margin, err := stat.TellMargin(q, rows)
	if err != nil {
		return err
	}
	for i, r := range rows {
		into := &v.Today
		if r.Day == v.Yesterday.Day {
			into = &v.Yesterday
		}
		m := margin.Data[i]
		*into = dayCounted{Day: r.Day, Recipients: r.Final, Delivered: r.Delivered, Failed: r.Failed, Expired: r.Expired,
			Revenue: m.Revenue, Upstream: m.Upstream, Margin: m.Margin, Unpriced: m.Unpriced}
	}
	return nil
}

func countWaiting(tx *db.Tx, v *overview) error {
	reviews, since, err := message.ReviewsWaiting(tx, site.TestPattern)
	if err != nil {
		return err
	}
	senders, err := site.SendersWaiting(tx)
	if err != nil {
		return err
	}
	w, err := billing.WaitingFor(tx)
	v.Waiting = waitingCounted{reviews, maybeInstant(since), senders, w.Withdrawals, w.Transfers, w.GiveBacks}
	return err
}

func (a *api) countJobs(tx *db.Tx, v *overview) error {
	stats, err := a.Queue.Stats(tx)
	var oldest db.Time
	for _, s := range stats {
		v.Jobs.Due += s.Due
		v.Jobs.Buried += s.Buried
		if s.Oldest != 0 && (oldest == 0 || s.Oldest < oldest) {
			oldest = s.Oldest
		}
	}
	if oldest != 0 {
		v.Jobs.OldestDueAt, v.Jobs.WaitsFor = maybeInstant(oldest), int64(tx.Now.Sub(oldest)/time.Second)
	}
	return err
}

// avoided gives the accounts that get little or nothing, but for those of test sites.
func avoided(all []delivery.Standing) []providerAvoided {
	out := []providerAvoided{}
	for _, s := range all {
		share := "1.00"
		for _, c := range s.Channels {
			share = min(share, c.Share) // of the same form, so they compare as numbers do
		}
		least, _ := strconv.ParseFloat(share, 64) // it was written so
		if !s.Test && (s.Breaker != "closed" || s.Hanging || least < littleTraffic) {
			out = append(out, providerAvoided{s.Name, s.Breaker, s.Hanging, share})
		}
	}
	return out
}
