package vendor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// Account is one configured provider account with the adapter that speaks to it.
type Account struct {
	Name, Kind string
	Adapter    provider.Provider
	LowBalance money.Amount // below which the operator is told, in the vendor's unit; 0 = never
}

// holds is the account's adapter as it tells something; nil = its vendor does not.
func (a *Account) holds(what provider.Holdings) provider.Holder {
	if h, ok := a.Adapter.(provider.Holder); ok && h.Holds().Has(what) {
		return h
	}
	return nil
}

// Options are the settings; zero values are useful.
type Options struct {
	RequestTimeout time.Duration // of one question, whatever its adapter allows; 0 = 90 s
	Log            *slog.Logger  // nil = nothing is logged
}

// Service is the use cases over one database. It is safe for concurrent use, by several
// processes too.
type Service struct {
	d        *db.DB
	queue    *queue.Queue
	accounts []Account // as configured
	o        Options
}

// New makes the service.
func New(d *db.DB, q *queue.Queue, accounts []Account, o Options) *Service {
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = 90 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{d: d, queue: q, accounts: accounts, o: o}
}

// account finds one by its name; nil = it is not configured (any more).
func (s *Service) account(name string) *Account {
	for i := range s.accounts {
		if s.accounts[i].Name == name {
			return &s.accounts[i]
		}
	}
	return nil
}

// The kinds of jobs; their keys are accounts.
const (
	kindBalance = "vendor_balance"
	kindSenders = "vendor_senders"
)

// How often is asked.
const (
	balanceEvery = 10 * time.Minute
	sendersEvery = 6 * time.Hour
	againAfter   = 10 * time.Minute // a list that could not be read
)

// Works are the jobs of the package.
func (s *Service) Works() []queue.Work {
	return []queue.Work{
		{Lane: queue.Default, Kind: kindBalance, Max: 1, Workers: 2, Handle: s.asking(s.askBalance)},
		{Lane: queue.Default, Kind: kindSenders, Max: 1, Workers: 2, Handle: s.asking(s.askSenders)},
	}
}

// Plan has every account asked, and from then on at intervals. A process that works on jobs
// calls it when it starts.
func (s *Service) Plan(ctx context.Context) error {
	return s.d.Update(ctx, "vendor_plan", func(tx *db.Tx) error { return s.AskSoon(tx) })
}

// AskSoon has every account asked by a worker, at once.
func (s *Service) AskSoon(tx *db.Tx) error {
	var jobs []queue.Job
	for i := range s.accounts {
		a := &s.accounts[i]
		if a.holds(provider.HoldsBalance) != nil {
			jobs = append(jobs, queue.Job{Lane: queue.Default, Kind: kindBalance, Key: a.Name})
		}
		if a.holds(provider.HoldsSenders) != nil {
			jobs = append(jobs, queue.Job{Lane: queue.Default, Kind: kindSenders, Key: a.Name})
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	if err := s.queue.Put(tx, jobs...); err != nil {
		return fmt.Errorf("have the provider accounts asked: %w", err)
	}
	return nil
}

// question asks an account something and gives what writes the answer down, and when to ask
// next; nil = the account has nothing of the kind.
type question func(ctx context.Context, a *Account) (keep func(*db.Tx) error, next time.Duration)

// asking handles the job of one account.
func (s *Service) asking(q question) queue.Handler {
	return func(ctx context.Context, jobs []queue.Claimed) error {
		for _, j := range jobs {
			keep, next := func(*db.Tx) error { return nil }, time.Duration(0)
			if a := s.account(j.Key); a != nil {
				if k, n := q(ctx, a); k != nil {
					keep, next = k, n
				}
			}
			err := s.d.Update(ctx, "vendor_keep", func(tx *db.Tx) error {
				if next == 0 { // nobody is asked any more
					return s.queue.Done(tx, j)
				}
				if err := keep(tx); err != nil {
					return err
				}
				return s.queue.Again(tx, tx.Now.Add(next), "", j)
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// Ask asks one account at once, and gives what is known then. NotFound. What the vendor does
// not answer is no error: it stands in the view.
func (s *Service) Ask(ctx context.Context, account string) (View, error) {
	a := s.account(account)
	if a == nil {
		return View{}, fault.Missing("provider account", account)
	}
	for _, q := range []question{s.askBalance, s.askSenders} {
		keep, _ := q(ctx, a)
		if keep == nil {
			continue
		}
		if err := s.d.Update(ctx, "vendor_ask", keep); err != nil {
			return View{}, err
		}
	}
	var v View
	err := s.d.View(ctx, "vendor_asked", func(tx *db.Tx) error {
		all, err := s.Views(tx)
		if at := slices.IndexFunc(all, func(v View) bool { return v.Name == account }); err == nil && at >= 0 {
			v = all[at]
		}
		return err
	})
	return v, err
}

// words shorten what went wrong to what a row holds.
func words(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if len(text) > 300 {
		text = text[:300]
	}
	return string([]rune(text)) // no half letter at the end
}
