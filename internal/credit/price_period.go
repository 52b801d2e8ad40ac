package credit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Layer is whose price list a price comes from.
type Layer string

// The layers, the nearest last.
const (
	OfDefault      Layer = "default"
	OfInstallation Layer = "installation"
	OfPlan         Layer = "plan"
	OfSite         Layer = "site"
)

// PricePeriod is a time in which a channel costs the same by the same list.
type PricePeriod struct {
	Channel     provider.Channel
	Cost        money.Amount
	From, Until db.Time // 0 = since ever; 0 = nothing else is planned
	Layer       Layer
	Plan        string // of OfPlan
}

// When says how a period lies to a moment: past, now or planned.
func (p PricePeriod) When(now db.Time) string {
	switch {
	case p.From > now:
		return Planned
	case p.Until != 0 && p.Until <= now:
		return Past
	}
	return Now
}

// What When says.
const (
	Past    = "past"
	Now     = "now"
	Planned = "planned"
)

// SitePrices gives what a site pays, paid and will pay by what is known now, and by whose
// list, in the order of time. Each channel has a price at every time.
func SitePrices(tx *db.Tx, siteID string) ([]PricePeriod, error) {
	plans, err := SitePlans(tx, siteID)
	if err != nil {
		return nil, err
	}
	q, lists := AskPrices(tx, []string{siteID})
	if err := tx.Ask(q); err != nil {
		return nil, fmt.Errorf("read prices of %s: %w", siteID, err)
	}
	times := map[db.Time]bool{0: true}
	for _, m := range plans {
		times[m.Since] = true
	}
	for _, list := range lists.byOwner {
		for _, p := range list {
			times[p.since] = true
		}
	}
	return periods(times, func(at db.Time) (out [provider.Channels]PricePeriod) {
		for ch, cost := range Default {
			out[ch] = PricePeriod{Cost: cost, Layer: OfDefault}
		}
		for i, owner := range layersOf(siteID) {
			for ch, cost := range lists.byOwner[owner].at(at) {
				if cost != none {
					out[ch] = PricePeriod{Cost: cost, Layer: []Layer{OfInstallation, OfPlan, OfSite}[i]}
				}
				if cost != none && owner == layerOwner(siteID) {
					out[ch].Plan = plans.At(at)
				}
			}
		}
		return out
	}), nil
}

// ownPeriods gives what a plan itself names; where it says nothing there is no period.
func ownPeriods(plan string, t tariff) []PricePeriod {
	times := map[db.Time]bool{}
	for _, p := range t {
		times[p.since] = true
	}
	return periods(times, func(at db.Time) (out [provider.Channels]PricePeriod) {
		for ch, cost := range t.at(at) {
			if cost != none {
				out[ch] = PricePeriod{Cost: cost, Layer: OfPlan, Plan: plan}
			}
		}
		return out
	})
}

// periods gives the times in which what counts stays as it is, of all times at which it may
// change. A period without a layer is none.
func periods(times map[db.Time]bool, counts func(at db.Time) [provider.Channels]PricePeriod) (out []PricePeriod) {
	var open [provider.Channels]*PricePeriod
	end := func(ch int, at db.Time) {
		if p := open[ch]; p != nil {
			p.Until = at
			out = append(out, *p)
		}
		open[ch] = nil
	}
	for _, at := range slices.Sorted(maps.Keys(times)) {
		for ch, p := range counts(at) {
			if was := open[ch]; was != nil && was.Cost == p.Cost && was.Layer == p.Layer && was.Plan == p.Plan {
				continue
			}
			end(ch, at)
			if p.Layer != "" {
				p.Channel, p.From = provider.Channel(ch), at
				open[ch] = &p
			}
		}
	}
	for ch := range open {
		end(ch, 0)
	}
	slices.SortFunc(out, func(a, b PricePeriod) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Channel, b.Channel))
	})
	return out
}
