package delivery

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// letter is one body of delivery reports on its way into the inbox.
type letter struct {
	id      id.ID
	account string
	body    []byte // raw
	reports int
	at      db.Time // when it was stored; of one that was read back
}

func (l letter) size() (rows, bytes int) { return 1, len(l.body) }

// inboxState is where a letter stands.
type inboxState string

const (
	inboxNew        inboxState = "new"        // stored, not applied
	inboxApplied    inboxState = "applied"    // every report of it had its effect
	inboxWaiting    inboxState = "waiting"    // some of its recipients have no row yet, or its account is not configured; a report job comes back
	inboxUnreadable inboxState = "unreadable" // the adapter could not read it, or its account was not there for as long as it mattered
)

// file commits a body and has its reports applied soon.
func (s *Service) file(ctx context.Context, k *carrier, body []byte) ([]provider.Report, error) {
	account := k.Account.Name
	reports, unreadable := k.Adapter.Parse(body)
	l := letter{id: id.New(), account: account, body: body, reports: len(reports)}
	if unreadable != nil {
		l.reports = -1
		s.o.Log.WarnContext(ctx, "delivery report not readable", slog.String("provider", account), slog.String("inbox", l.id.String()), slog.Any("error", unreadable))
	}
	if _, err := s.receive.Join(ctx, l); err != nil {
		return nil, fmt.Errorf("store reports of %s: %w", account, err)
	}
	told := reports
	if k.poller != nil {
		told = slices.Clone(reports) // who applies them writes names into them meanwhile
	}
	if unreadable == nil {
		s.applySoon(delivery{inbox: l.id, account: account, reports: reports})
	}
	return told, nil
}

// store is the receive group's transaction: raw bodies, and nothing else.
func (s *Service) store(tx *db.Tx, letters []letter) ([]struct{}, error) {
	key, err := s.keys.Installation(tx, inboxKey)
	if err != nil {
		return nil, err
	}
	n := len(letters)
	state := func(l letter) string {
		if l.reports < 0 {
			return string(inboxUnreadable)
		}
		return string(inboxNew)
	}
	err = tx.InsertMany("inbox",
		db.Col("id", pick(letters, func(l letter) id.ID { return l.id })),
		db.Col("provider", pick(letters, func(l letter) string { return l.account })),
		db.Col("state", pick(letters, state)),
		db.Same("received_at", tx.Now, n), db.Same("applied_at", db.Time(0), n),
		db.Col("reports", pick(letters, func(l letter) int64 { return int64(max(l.reports, 0)) })),
		db.Col("body", pick(letters, func(l letter) []byte { return key.Seal(inboxContext(l.id), l.body) })))
	if err != nil {
		return nil, fmt.Errorf("store reports: %w", err)
	}
	return make([]struct{}, n), nil
}

// inboxKey names the installation's key for raw bodies. One body holds reports
// of many sites, so no site's key can seal it.
const inboxKey = "inbox"

func inboxContext(letter id.ID) string { return "inbox " + letter.String() }

// applyAtOnce bounds the letters whose reports are in memory at a time. More stand in
// line, without their content, and are read back from their rows one after another. What
// does not even fit into the line is found by the next look through the inbox.
const (
	applyAtOnce = 64
	inLine      = 10_000
)

// applySoon applies a stored letter: at once when there is room.
func (s *Service) applySoon(d delivery) {
	if !s.line.enter(d.inbox) {
		return
	}
	// The provider has its answer: its connection's end must not stop this.
	ctx := context.Background()
	s.apply.Go(func() {
		s.contained(d.inbox, func() { s.applyOne(ctx, d) })
		for next, ok := s.line.leave(); ok; next, ok = s.line.leave() {
			s.contained(next, func() { s.applyStored(ctx, next) })
		}
	})
}

// contained applies a letter: one that cannot be stays stored, and holds up no other.
func (s *Service) contained(which id.ID, apply func()) {
	err := fault.Contain("applying a letter", func() error { apply(); return nil })
	if err != nil {
		s.o.Log.Error("delivery reports put off", slog.String("inbox", which.String()), slog.Any("error", err))
	}
}

func (s *Service) applyOne(ctx context.Context, d delivery) {
	if len(d.reports) > 1 {
		s.calm.wait(ctx)
	}
	err := s.named(ctx, d)
	if err == nil {
		_, err = s.intake.Join(ctx, d)
	}
	if err != nil {
		s.o.Log.Warn("delivery reports put off", slog.String("provider", d.account), slog.String("inbox", d.inbox.String()), slog.Any("error", err))
	}
}

// applyStored applies a letter from its row.
func (s *Service) applyStored(ctx context.Context, which id.ID) {
	var letters []delivery
	err := s.d.View(ctx, "inbox_stored", func(tx *db.Tx) error {
		o, err := s.open(tx, []id.ID{which})
		letters = o.letters
		return err
	})
	if err != nil {
		s.o.Log.Warn("delivery reports put off", slog.String("inbox", which.String()), slog.Any("error", err))
	}
	for _, d := range letters {
		s.applyOne(ctx, d)
	}
}

// line counts the letters that are being applied and remembers those that wait for it.
type line struct {
	mu      sync.Mutex
	busy    int
	waiting []id.ID
}

// enter reports whether a letter may be applied now; otherwise it stands in line.
func (l *line) enter(letter id.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy < applyAtOnce {
		l.busy++
		return true
	}
	if len(l.waiting) < inLine {
		l.waiting = append(l.waiting, letter)
	}
	return false
}

// leave gives who comes next to the one that is done with its letter; without any its
// room is free again.
func (l *line) leave() (next id.ID, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.busy--
		return next, false
	}
	next, l.waiting = l.waiting[0], l.waiting[1:]
	return next, true
}

// opened is what was read back of letters.
type opened struct {
	letters []delivery
	unread  []id.ID  // the adapter cannot read these any more
	strays  []letter // of accounts that are not configured here: another process may know them, or this one again later
}

// open reads letters back from their rows.
func (s *Service) open(tx *db.Tx, ids []id.ID) (o opened, err error) {
	key, err := s.keys.Installation(tx, inboxKey)
	if err != nil || len(ids) == 0 {
		return o, err
	}
	rows, err := tx.Lookup("inbox", []string{"id", "provider", "received_at", "body"}, db.Col("id", ids))
	sealed, err := db.Collect(rows, err, func(r *sql.Rows) (l letter, err error) { return l, r.Scan(&l.id, &l.account, &l.at, &l.body) })
	if err != nil {
		return o, fmt.Errorf("read the inbox: %w", err)
	}
	for _, l := range sealed {
		reports, err := s.read(key, l)
		if err == nil {
			o.letters = append(o.letters, delivery{inbox: l.id, account: l.account, reports: reports})
			continue
		}
		s.o.Log.Warn("letter not readable", slog.String("provider", l.account), slog.String("inbox", l.id.String()), slog.Any("error", err))
		if errors.Is(err, errNoAccount) {
			o.strays = append(o.strays, l)
		} else {
			o.unread = append(o.unread, l.id)
		}
	}
	return o, s.nameLegs(tx, o.letters)
}

// named fills in the references of a letter whose reports name their legs by number.
func (s *Service) named(ctx context.Context, d delivery) error {
	if !d.unnamed() {
		return nil
	}
	return s.d.View(ctx, "inbox_names", func(tx *db.Tx) error { return s.nameLegs(tx, []delivery{d}) })
}

var errNoAccount = errors.New("no account of this name is configured")

func (s *Service) read(key *site.Key, l letter) ([]provider.Report, error) {
	k, ok := s.carriers.byName[l.account]
	if !ok {
		return nil, errNoAccount
	}
	body, err := key.Open(inboxContext(l.id), l.body)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return k.Adapter.Parse(body)
}
