package credit

import (
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// Ledger is the only writer of balances. It keeps nothing in memory: every act
// locks the account, reads, decides and writes inside its caller's transaction.
// It is safe for concurrent use, by several processes too.
type Ledger struct {
	keys  *site.Keys
	queue *queue.Queue
	daily int64 // recipients a day of sites for which nothing else is set; 0 = any number
}

// NewLedger makes a ledger that seals notes with the sites' keys, and leaves in q what is
// to be done of its own accord later. Works is what the queue then asks for.
func NewLedger(keys *site.Keys, q *queue.Queue) *Ledger { return &Ledger{keys: keys, queue: q} }

// Hold asks for the worst case of one message.
type Hold struct {
	Site       string
	Message    id.ID
	Amount     money.Amount // ≥ 0
	Recipients int64        // that it is for; what caps count
	Classes    []byte       // steps and prices as the caller froze them; kept and proven, not read

	// Day is where it is noted how the day stands after the hold, if it has a cap of
	// recipients; nil = nobody asks.
	Day *DayStanding

	// Void tells, once the questions beside the hold are answered, that the caller does not
	// want it after all; nil = he does.
	Void func() bool
}

// Refusal says why a hold was not taken: too little is available, the site owes, or its
// caller did not want it any more.
type Refusal struct {
	Needed, Available, Owed money.Amount
	Void                    bool
	Cap                     *CapRefusal // the credit would do, but a cap does not; nil = no cap is in the way
}

// Reserve takes the holds that their sites can afford, in the order given, and
// answers each: nil for a hold that was taken, what was missing for one that
// was not. A refusal leaves no row and disturbs no other hold. A hold of
// nothing is always affordable; it has a reservation and no entry. A site that
// owes is refused every hold. More questions are answered in the look that locks the
// accounts, before anything is decided.
//
// A message that has a reservation already is an Internal fault, a site without
// an account NotFound; then nothing may be committed.
func (l *Ledger) Reserve(tx *db.Tx, holds []Hold, more ...db.Question) ([]*Refusal, error) {
	if len(holds) == 0 {
		return nil, nil
	}
	bySite := map[string][]int{}
	for i, h := range holds {
		if h.Amount < 0 || h.Message.IsZero() {
			return nil, fault.New(fault.Internal, fault.CodeInternal,
				"reserve %s for message %s: it needs a message and no negative amount", h.Amount, h.Message.Text(id.Message))
		}
		bySite[h.Site] = append(bySite[h.Site], i)
	}
	books, err := lock(tx, slices.Sorted(maps.Keys(bySite)), more...)
	if err != nil {
		return nil, fmt.Errorf("reserve: %w", err)
	}
	if err := l.readQuota(tx, books); err != nil {
		return nil, fmt.Errorf("reserve: %w", err)
	}
	refusals := make([]*Refusal, len(holds))
	taken := make([]reservation, 0, len(holds))
	for _, b := range books {
		usable := b.usable()
		for _, i := range bySite[b.Site] {
			if holds[i].Void != nil && holds[i].Void() {
				refusals[i] = &Refusal{Void: true}
				continue
			}
			r, refused := b.hold(holds[i], &usable)
			if holds[i].Day != nil {
				*holds[i].Day = b.standing()
			}
			if refused != nil {
				refusals[i] = refused
				continue
			}
			taken = append(taken, r)
		}
	}
	if err := tx.Later(wrongReservation, func() error { return insertReservations(tx, taken) }); err != nil {
		return nil, err
	}
	return refusals, l.write(tx, books)
}

func wrongReservation(err error) error {
	if duplicate(err) {
		return fault.Wrap(err, fault.Internal, fault.CodeInternal, "reserve: a message has a reservation already")
	}
	return fmt.Errorf("reserve: %w", err)
}

// lock locks the accounts of the sites, which are sorted, then reads their live lots, and
// then, in the same look, other rows of theirs. All other rows of a site's ledger change
// under its account's lock only, so they need none of their own.
func lock(tx *db.Tx, sites []string, others ...db.Question) ([]*book, error) {
	var accounts []account
	var lots []*lot
	err := tx.Ask(append([]db.Question{
		{Table: "account", Cols: accountColumns, Lock: true, Key: []db.Column{db.Col("site_id", sites)}, Row: db.Gather(&accounts, scanAccount)},
		{Table: "lot", Cols: lotColumns, Key: []db.Column{db.Col("site_id", sites), db.Same("live", true, len(sites))},
			Row: db.Gather(&lots, scanLot)}}, others...)...)
	if err != nil {
		return nil, fmt.Errorf("lock accounts: %w", err)
	}
	books := make([]*book, len(accounts))
	bySite := make(map[string]*book, len(accounts))
	for i, a := range accounts {
		if a.flaw != nil {
			return nil, fault.New(fault.Internal, fault.CodeInternal, "the account of site %s is damaged: %s; run ledger verify", a.Site, a.flaw)
		}
		books[i] = &book{account: a, at: max(tx.Now, a.at)}
		bySite[a.Site] = books[i]
	}
	for _, s := range sites {
		if bySite[s] == nil {
			return nil, fault.Missing("credit account of site", s)
		}
	}
	for _, l := range lots {
		bySite[l.site].lots = append(bySite[l.site].lots, l)
	}
	for _, b := range books {
		slices.SortFunc(b.lots, consumption)
	}
	return books, nil
}

// write stores what the books have become. The entries' key (site, seq) is the
// last guard: a head that was not the newest finds its place taken, and the
// transaction is run again.
func (l *Ledger) write(tx *db.Tx, books []*book) error {
	var lines []line
	var lots []*lot
	var heads []*book
	var told []event.Event
	var jobs []queue.Job
	for _, b := range books {
		lines = append(lines, b.lines...)
		told = append(told, b.told...)
		lots = append(lots, b.lots...)
		if b.touched {
			heads = append(heads, b)
			jobs = append(jobs, b.leaving()...)
		}
	}
	if len(heads) == 0 {
		return nil
	}
	if err := tx.Later(wrongEntry, func() error { return insertLines(tx, lines) }); err != nil {
		return err
	}
	err := tx.Later(nil, func() error {
		if err := writeLots(tx, lots); err != nil {
			return fmt.Errorf("write lots: %w", err)
		}
		if err := updateAccounts(tx, heads); err != nil {
			return fmt.Errorf("write accounts: %w", err)
		}
		return writeUses(tx, heads)
	})
	if err != nil {
		return err
	}
	if jobs = append(jobs, lotJobs(lots, tx.Now)...); len(jobs) > 0 {
		if err := l.queue.Put(tx, jobs...); err != nil {
			return fmt.Errorf("look after lots and levels: %w", err)
		}
	}
	return Announce(tx, l.queue, told...)
}

func wrongEntry(err error) error {
	if duplicate(err) {
		return fmt.Errorf("append entries: %w: %w", db.ErrStale, err)
	}
	return fmt.Errorf("append entries: %w", err)
}

func updateAccounts(tx *db.Tx, books []*book) error {
	amounts := func(name string, of func(*book) money.Amount) db.Column {
		return db.Col(name, each(books, func(b **book) money.Amount { return of(*b) }))
	}
	return tx.UpdateMany("account", []string{"site_id"},
		db.Col("site_id", each(books, func(b **book) string { return (*b).Site })),
		amounts("available", func(b *book) money.Amount { return b.Available }),
		amounts("held", func(b *book) money.Amount { return b.Held }),
		amounts("spent", func(b *book) money.Amount { return b.Spent }),
		amounts("owed", func(b *book) money.Amount { return b.Owed }),
		amounts("watch_below", func(b *book) money.Amount { return b.watch.Below }),
		amounts("watch_from", func(b *book) money.Amount { return b.watch.From }),
		db.Col("seq", each(books, func(b **book) int64 { return (*b).Seq })),
		db.Col("at", each(books, func(b **book) db.Time { return (*b).account.at })),
		db.Col("hash", each(books, func(b **book) []byte { return (*b).Hash[:] })),
		db.Col("frees", each(books, func(b **book) int64 { return (*b).frees })),
		db.Col("free_sum", each(books, func(b **book) []byte { return (*b).free[:] })))
}
