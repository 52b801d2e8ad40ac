package kakao

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// Account is one configured provider account with the adapter that speaks to it.
type Account struct {
	Name    string
	Adapter provider.Provider
}

// keeper is the account as it keeps templates; nil = it does not.
func (a *Account) keeper() provider.TemplateKeeper {
	if a == nil {
		return nil
	}
	k, _ := a.Adapter.(provider.TemplateKeeper)
	return k
}

// acts are what its vendor takes about templates.
func (a *Account) acts() provider.TemplateActs {
	if k := a.keeper(); k != nil {
		return k.TemplateActs()
	}
	return 0
}

// Options are the settings; zero values are useful.
type Options struct {
	// Accounts names those that carry Alimtalk for a site. nil = all.
	Accounts       func(site string) []string
	RequestTimeout time.Duration // of one request, whatever its adapter allows; 0 = 90 s
	Log            *slog.Logger  // nil = nothing is logged
}

// Service is the use cases over one database. It is safe for concurrent use, by several
// processes too.
type Service struct {
	d        *db.DB
	keys     *site.Keys
	queue    *queue.Queue
	accounts []Account // as configured
	o        Options
}

// New makes the service.
func New(d *db.DB, keys *site.Keys, q *queue.Queue, accounts []Account, o Options) *Service {
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = 90 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{d: d, keys: keys, queue: q, accounts: accounts, o: o}
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

// of gives the accounts that a site may use, in the order of the configuration.
func (s *Service) of(siteID string) (out []*Account) {
	for i := range s.accounts {
		if s.o.Accounts == nil || slices.Contains(s.o.Accounts(siteID), s.accounts[i].Name) {
			out = append(out, &s.accounts[i])
		}
	}
	return out
}

// The kinds of jobs: one for each row with a wish, by its id, and one for each account.
const (
	kindAct  = "kakao_act"
	kindLook = "kakao_look"
)

// Works are the jobs of the package.
func (s *Service) Works() []queue.Work {
	return []queue.Work{
		{Lane: queue.Default, Kind: kindAct, Max: 1, Workers: 2, Handle: s.acting},
		{Lane: queue.Default, Kind: kindLook, Max: 1, Workers: 2, Handle: s.looking},
	}
}

// Plan has the templates of every account looked at, and from then on at intervals. A process
// that works on jobs calls it when it starts.
func (s *Service) Plan(ctx context.Context) error {
	var jobs []queue.Job
	for i := range s.accounts {
		if s.accounts[i].keeper() != nil {
			jobs = append(jobs, lookJob(s.accounts[i].Name, 0))
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	return s.d.Update(ctx, "kakao_plan", func(tx *db.Tx) error { return s.put(tx, jobs...) })
}

func lookJob(account string, due db.Time) queue.Job {
	return queue.Job{Lane: queue.Default, Kind: kindLook, Key: account, Due: due}
}

func actJob(r *row, due db.Time) queue.Job {
	return queue.Job{Lane: queue.Default, Kind: kindAct, Key: r.id.String(), Site: r.site, Due: due}
}

func (s *Service) put(tx *db.Tx, jobs ...queue.Job) error {
	if err := s.queue.Put(tx, jobs...); err != nil {
		return fmt.Errorf("have vendors asked about templates: %w", err)
	}
	return nil
}
