package rerun

import (
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
)

// State is where a run stands.
type State string

// The states.
const (
	Comparing State = "comparing" // letters are read and compared
	Compared  State = "compared"  // all of it is known; nothing moved
	Applying  State = "applying"
	Done      State = "applied"
	Cancelled State = "cancelled" // what was applied until then stays
)

// Run is letters of a time that are read again.
type Run struct {
	ID             id.ID        `json:"-"`
	Name           string       `json:"id"`
	Provider       string       `json:"provider,omitempty" doc:"Name of the account; left out for all."`
	From           time.Time    `json:"from" doc:"Letters that came at or after,"`
	Until          time.Time    `json:"until" doc:"and before."`
	States         []string     `json:"states" doc:"Of the letters that are read."`
	State          State        `json:"state" enum:"comparing,compared,applying,applied,cancelled"`
	Letters        int64        `json:"letters" doc:"Read so far."`
	Reports        int64        `json:"reports" doc:"In them."`
	Unreadable     int64        `json:"unreadable" doc:"Letters that the present parser cannot read either."`
	Strange        int64        `json:"strange" doc:"Reports that name no leg of ours."`
	Unborn         int64        `json:"unborn" doc:"Reports about somebody whose hand-over has no outcome yet: they are applied by themselves."`
	Reached        *time.Time   `json:"reached" doc:"When the last letter that was read had come; null = none was."`
	Differences    int64        `json:"differences"`
	Applied        int64        `json:"applied" doc:"Differences that were applied,"`
	Skipped        int64        `json:"skipped" doc:"that would be others by now and were left out,"`
	ReturnedBefore int64        `json:"returned_before" doc:"and whose legs had been given back already."`
	Refunds        int64        `json:"refunds" doc:"Refunds made: one for the legs of one message and channel that are posted together."`
	GivenBack      money.Amount `json:"given_back"`
	Short          money.Amount `json:"short" doc:"Not left to be refunded: somebody gave it back by hand."`
	CreatedAt      time.Time    `json:"created_at"`
	ComparedAt     *time.Time   `json:"compared_at"`
	AppliedAt      *time.Time   `json:"applied_at"`

	cursor     delivery.Spot
	heard      delivery.Spot // how far the second reading came; the zero spot: it has not begun
	hearUntil  db.Time       // letters that came before are heard in it; 0 = none need be
	moved      int64         // number of the last difference that was gone through for those who move
	refunded   int64         // the same for refunds
	from, til  db.Time
	comparedAt db.Time
	appliedAt  db.Time
}

// Options are the settings; zero values are useful.
type Options struct {
	// ByInvoices gives those of the legs, by their keys, that invoices gave back before that was
	// noted with the legs. nil = none.
	ByInvoices func(tx *db.Tx, legs []id.ID) (map[id.ID]bool, error)
	Keep       time.Duration // the differences of a run are kept so long; 0 = 180 days
	Log        *slog.Logger
}

// Service reads letters again. It is safe for concurrent use, by several processes too.
type Service struct {
	d        *db.DB
	delivery *delivery.Service
	messages *message.Service
	ledger   *credit.Ledger
	queue    *queue.Queue
	o        Options
}

// New makes the service.
func New(d *db.DB, deliver *delivery.Service, messages *message.Service, ledger *credit.Ledger, q *queue.Queue, o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Keep <= 0 {
		o.Keep = 180 * 24 * time.Hour
	}
	if o.ByInvoices == nil {
		o.ByInvoices = func(*db.Tx, []id.ID) (map[id.ID]bool, error) { return nil, nil }
	}
	return &Service{d: d, delivery: deliver, messages: messages, ledger: ledger, queue: q, o: o}
}

// Request says which letters are read again.
type Request struct {
	Provider    string // name of an account; "" = all
	From, Until time.Time
	States      []string // nil = those that had their effect, and those that could not be read
}

// usualStates are the letters that nobody works on any more.
var usualStates = []string{"applied", "unreadable"}

func (r *Request) check(now db.Time) error {
	if r.From.IsZero() || r.Until.IsZero() || !r.From.Before(r.Until) {
		return fault.Check("/until", "want a time from which and a later one until which letters came")
	}
	if !r.From.Before(now.Time()) {
		return fault.Check("/from", "no letter can have come from then on: it is not past")
	}
	if len(r.States) == 0 {
		r.States = usualStates
	}
	r.States = slices.Compact(slices.Sorted(slices.Values(r.States)))
	for _, s := range r.States {
		if !slices.Contains(delivery.LetterStates, s) {
			return fault.Check("/states", "%.40q is no state of a letter: use %v", s, delivery.LetterStates)
		}
	}
	return nil
}

// Begin makes a run, whose comparison begins soon. Invalid: an account that is not configured,
// a time that is none.
func (s *Service) Begin(tx *db.Tx, r Request) (Run, error) {
	if r.Provider != "" && !s.delivery.Expects(r.Provider) {
		return Run{}, fault.Check("/provider", "there is no account %.40q", r.Provider)
	}
	if err := r.check(tx.Now); err != nil {
		return Run{}, err
	}
	d := id.New()
	none := func(names ...string) (out []db.Column) {
		for _, name := range names {
			out = append(out, db.Same(name, 0, 1))
		}
		return out
	}
	cols := append(none("letters", "reports", "unreadable", "strange", "unborn", "differences", "cursor_at", "moved_n", "refunded_n",
		"applied", "skipped", "returned_before", "refunds", "given_back", "short", "compared_at", "applied_at"),
		db.Col("id", []id.ID{d}), db.Same("provider", r.Provider, 1), db.Same("from_at", db.At(r.From), 1), db.Same("until_at", min(db.At(r.Until), tx.Now+1), 1),
		db.Same("states", strings.Join(r.States, ","), 1), db.Same("state", string(Comparing), 1), db.Same("created_at", tx.Now, 1))
	if err := tx.InsertMany("rerun", cols...); err != nil {
		return Run{}, fmt.Errorf("begin a run: %w", err)
	}
	if err := s.queue.Put(tx, job(d)); err != nil {
		return Run{}, err
	}
	v, err := find(tx, d)
	if err != nil {
		return v, err
	}
	return v, audit.Note(tx, audit.Change{Action: "rerun.begun", Ref: v.Name,
		After: audit.Fields{"provider": v.Provider, "from": v.From, "until": v.Until, "states": strings.Join(v.States, ",")}})
}

// Apply has a run applied that was compared. One that is being applied, or was, stays as it is.
// Conflict: it is not compared to its end, or was cancelled.
func (s *Service) Apply(tx *db.Tx, name string) (Run, error) {
	v, err := lock(tx, name)
	if err != nil || v.State == Applying || v.State == Done {
		return v, err
	}
	if v.CreatedAt.Before(tx.Now.Add(-s.o.Keep).Time()) {
		return v, fault.New(fault.Conflict, fault.CodeStateConflict, "the comparison is too old, and what it found is not kept any more; make a new run")
	}
	if v.State != Compared {
		return v, fault.New(fault.Conflict, fault.CodeStateConflict, "the run is %s; only one that is compared to its end can be applied", v.State)
	}
	if v.heard.At.IsZero() {
		kinds, err := ByKind(tx, v.ID)
		if err != nil {
			return v, err
		}
		if slices.ContainsFunc(kinds, func(k Sum) bool { return k.Kind.disputable() }) {
			return v, fault.New(fault.Conflict, fault.CodeStateConflict, "the comparison was made by an earlier version, which did not look at what other reports say; make a new run")
		}
	}
	return s.become(tx, v, Applying, "rerun.applied")
}

// Cancel ends a run before its end. Conflict: it was applied.
func (s *Service) Cancel(tx *db.Tx, name string) (Run, error) {
	v, err := lock(tx, name)
	if err != nil || v.State == Cancelled {
		return v, err
	}
	if v.State == Done {
		return v, fault.New(fault.Conflict, fault.CodeStateConflict, "the run was applied to its end")
	}
	return s.become(tx, v, Cancelled, "rerun.cancelled")
}

func (s *Service) become(tx *db.Tx, v Run, next State, act string) (Run, error) {
	was := v.State
	v.State = next
	if err := v.store(tx); err != nil {
		return v, err
	}
	if err := s.queue.Put(tx, job(v.ID)); err != nil {
		return v, err
	}
	return v, audit.Note(tx, audit.Change{Action: act, Ref: v.Name, Before: audit.Fields{"state": string(was)}, After: audit.Fields{"state": string(next)}})
}

const runColumns = `id, provider, from_at, until_at, states, state, letters, reports, unreadable, strange, unborn, differences, cursor_at, cursor_id,
	moved_n, refunded_n, applied, skipped, returned_before, refunds, given_back, short, created_at, compared_at, applied_at, heard_at, heard_id, hear_until`

func scanRun(r *sql.Rows) (v Run, err error) {
	var states string
	var created db.Time
	err = r.Scan(&v.ID, &v.Provider, &v.from, &v.til, &states, &v.State, &v.Letters, &v.Reports, &v.Unreadable, &v.Strange, &v.Unborn, &v.Differences,
		&v.cursor.At, &v.cursor.ID, &v.moved, &v.refunded, &v.Applied, &v.Skipped, &v.ReturnedBefore, &v.Refunds, &v.GivenBack, &v.Short,
		&created, &v.comparedAt, &v.appliedAt, &v.heard.At, &v.heard.ID, &v.hearUntil)
	v.States, v.CreatedAt = strings.Split(states, ","), created.Time()
	v.show()
	return v, err
}

// show fills in what people read of what rows hold.
func (v *Run) show() {
	v.Name = v.ID.Text(id.Rerun)
	v.From, v.Until = v.from.Time(), v.til.Time()
	v.Reached, v.ComparedAt, v.AppliedAt = maybe(v.cursor.At), maybe(v.comparedAt), maybe(v.appliedAt)
}

func maybe(at db.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	t := at.Time()
	return &t
}

// store writes a run that is locked.
func (v *Run) store(tx *db.Tx) error {
	v.show()
	n := func(name string, value int64) db.Column { return db.Same(name, value, 1) }
	err := tx.UpdateMany("rerun", []string{"id"}, db.Col("id", []id.ID{v.ID}), db.Same("state", string(v.State), 1),
		n("letters", v.Letters), n("reports", v.Reports), n("unreadable", v.Unreadable), n("strange", v.Strange), n("unborn", v.Unborn), n("differences", v.Differences),
		db.Same("cursor_at", v.cursor.At, 1), db.Opt("cursor_id", []id.ID{v.cursor.ID}), n("moved_n", v.moved), n("refunded_n", v.refunded),
		n("applied", v.Applied), n("skipped", v.Skipped), n("returned_before", v.ReturnedBefore), n("refunds", v.Refunds),
		db.Same("given_back", v.GivenBack, 1), db.Same("short", v.Short, 1), db.Same("compared_at", v.comparedAt, 1), db.Same("applied_at", v.appliedAt, 1),
		db.Same("heard_at", v.heard.At, 1), db.Opt("heard_id", []id.ID{v.heard.ID}), db.Same("hear_until", v.hearUntil, 1))
	if err != nil {
		return fmt.Errorf("write run %s: %w", v.Name, err)
	}
	return nil
}

func find(tx *db.Tx, d id.ID) (Run, error) {
	rows, err := tx.Query(`SELECT `+runColumns+` FROM rerun WHERE id = ?`, d)
	return only(d, rows, err)
}

func only(d id.ID, rows *sql.Rows, err error) (Run, error) {
	list, err := db.Collect(rows, err, scanRun)
	if err != nil {
		return Run{}, fmt.Errorf("read run %s: %w", d, err)
	}
	if len(list) == 0 {
		return Run{}, fault.Missing("run", d.Text(id.Rerun))
	}
	return list[0], nil
}

func parse(name string) (id.ID, error) {
	d, err := id.Parse(id.Rerun, name)
	if err != nil {
		return d, fault.Missing("run", fmt.Sprintf("%.60s", name))
	}
	return d, nil
}

// Find reads a run by its public id.
func Find(tx *db.Tx, name string) (Run, error) {
	d, err := parse(name)
	if err != nil {
		return Run{}, err
	}
	return find(tx, d)
}

func lock(tx *db.Tx, name string) (Run, error) {
	d, err := parse(name)
	if err != nil {
		return Run{}, err
	}
	rows, err := tx.ForUpdate(`SELECT `+runColumns+` FROM rerun WHERE id = ? ORDER BY id`, d)
	return only(d, rows, err)
}

// List gives runs, the newest first, those before one; the zero id = from the newest.
func List(tx *db.Tx, before id.ID, limit int) ([]Run, error) {
	query, args := `SELECT `+runColumns+` FROM rerun`, []any{}
	if !before.IsZero() {
		query, args = query+` WHERE id < ?`, append(args, before)
	}
	rows, err := tx.Query(query+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
	list, err := db.Collect(rows, err, scanRun)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return list, nil
}
