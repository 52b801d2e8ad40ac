package message

import (
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

// about is what figures of the statistics are about.
type about struct {
	site     string
	channel  provider.Channel
	strategy Strategy
	provider string
}

// figures is what the changes of one transaction add to the statistics.
type figures struct {
	sums map[about]stat.Figures
	cost Cost
}

// Cost tells what the vendor of an account charges for a delivered message over a channel,
// if that is known. It is what the operator pays, not what a site does.
type Cost func(account string, ch provider.Channel) (money.Amount, bool)

func (f figures) add(m *Message, ch provider.Channel, account string, n stat.Figures) (err error) {
	a := about{m.Site, ch, m.Strategy, account}
	f.sums[a], err = f.sums[a].Plus(n)
	return err
}

// change adds what a recipient is after a change and takes off what he was before. What
// he is follows from his row alone: so the sums are those of the rows, whatever came in
// which order, and a leg that turns out to be delivered after all takes back its failure.
func (f figures) change(m *Message, c Change) error {
	if err := f.count(m, &c.From, -1); err != nil {
		return err
	}
	return f.count(m, &c.To, 1)
}

// count adds n times what a recipient is: a failed leg for each step that another one took
// over from, and his end. The step that he ended at is no failed one, although it
// may have been taken for one before; a leg that was only silent did not certainly fail.
func (f figures) count(m *Message, r *Recipient, n int64) error {
	for i := range r.History {
		l := &r.History[i]
		if l.What != LegFailed || l.Step == r.Step || l.Reason == provider.Expired {
			continue
		}
		if err := f.add(m, r.Steps[l.Step-1].Channel, carriedBy(l.Attempt != "", l.Provider), stat.Figures{Failed: n, FellBack: n}); err != nil {
			return err
		}
	}
	var end stat.Figures
	switch r.State {
	case Delivered:
		end = stat.Figures{Delivered: n, Cost: r.Cost() * money.Amount(n)}
		if f.cost != nil {
			if cost, known := f.cost(r.Provider, r.Channel()); known {
				end.Upstream, end.Priced = cost*money.Amount(n), n
			}
		}
	case Failed:
		end.Failed = n
	case Expired:
		end.Expired = n
	case Cancelled:
		end.Cancelled = n
	case Pending, Sent, Unknown:
		return nil
	}
	return f.add(m, r.Channel(), carriedBy(!r.Attempt.IsZero(), r.Provider), end)
}

// carriedBy is the account that carried a leg; who is in no call has at most the name of
// an account that he was taken back from.
func carriedBy(called bool, account string) string {
	if !called {
		return ""
	}
	return account
}

// end adds people who ended without a row, before their first step.
func (f figures) end(m *Message, b BatchEnd) error {
	for class, n := range b.Counts {
		end := stat.Figures{Expired: n}
		if b.State == BatchCancelled {
			end = stat.Figures{Cancelled: n}
		}
		if err := f.add(m, m.Classes[class].Steps[0].Channel, "", end); err != nil {
			return err
		}
	}
	return nil
}

func (f figures) deltas() []stat.Delta {
	list := make([]stat.Delta, 0, len(f.sums))
	for a, sum := range f.sums {
		list = append(list, stat.Delta{Site: a.site, Channel: a.channel, Strategy: string(a.strategy), Provider: a.provider, Figures: sum})
	}
	return list
}

// StrategyOf finds by which strategy a message was sent. NotFound.
func StrategyOf(tx *db.Tx, siteID string, message id.ID) (string, error) {
	m, err := Find(tx, Key{siteID, message})
	if err != nil {
		return "", err
	}
	return string(m.Strategy), nil
}
