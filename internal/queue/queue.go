package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Lane keeps sorts of work apart, so that a flood in one never delays another.
type Lane string

// The lanes.
const (
	Default  Lane = "default"          // upkeep: expiry, recovery, sweeping
	Send     Lane = "credit-messaging" // scheduled and bulk sending
	Webhooks Lane = "webhooks"         // reports to run again, webhooks to tenants
)

// Job says that something is to be done for a thing. Kind and Key name it: at
// most one job of a kind and key exists.
type Job struct {
	Lane Lane
	Kind string  // what is to be done: a short ASCII word
	Key  string  // for which thing: at most 64 printable ASCII characters
	Site string  // whose it is; empty for the installation's own
	Due  db.Time // not before this; 0 = now
	Rank db.Time // place among the jobs that are due, lowest first; 0, and anything before Due, = Due

	Weight int // how much work it is, in the unit of Work.Weight; 0 = 1

	// New says that nobody can have put this job before, since what its key names is made
	// in this very transaction. It is then not looked for; had it been there all the same,
	// the transaction would fail.
	New bool
}

// Claimed is a job in somebody's hands until Until, or longer when renewed.
type Claimed struct {
	Job
	Lease id.ID   // shared by the jobs of one claim
	Rev   int64   // the revision that was claimed
	Tries int     // failed tries so far
	At    db.Time // when it was claimed
	Until db.Time // when the lease runs out
}

// ErrLost says that a job is no longer held under its lease: it ran out and the
// job may be with somebody else. The transaction that meets it must not commit.
var ErrLost = errors.New("the lease of the job was lost")

// Options are the settings of a queue; zero values are useful.
type Options struct {
	Lease      time.Duration         // how long a claim holds unless renewed; 0 = 60 s
	Idle       time.Duration         // how often a runner looks when nothing is due; 0 = 1 s
	Grace      time.Duration         // how long running handlers may take to end after the stop; 0 = 30 s
	BuryAfter  int                   // failed tries until a job is buried; 0 = 20
	Registerer prometheus.Registerer // nil = no metrics
}

// Queue is the jobs of one database. It is safe for concurrent use.
type Queue struct {
	d      *db.DB
	o      Options
	oldest *prometheus.GaugeVec // by lane; nil without a registerer
	tally  *tally
	known  []line

	mu    sync.Mutex
	bells map[line][]chan struct{} // guarded by mu: who waits for work of which line
}

// line is one waiting line: claims and wake-ups go by lane and kind.
type line struct {
	lane Lane
	kind string
}

// New makes the queue of a database. Nothing runs before Run.
func New(d *db.DB, o Options) *Queue {
	if o.Lease <= 0 {
		o.Lease = time.Minute
	}
	if o.Idle <= 0 {
		o.Idle = time.Second
	}
	if o.Grace <= 0 {
		o.Grace = 30 * time.Second
	}
	if o.BuryAfter <= 0 {
		o.BuryAfter = 20
	}
	return &Queue{d: d, o: o, oldest: newOldest(o.Registerer), tally: newTally(), bells: map[line][]chan struct{}{}}
}

// Handler works on claimed jobs of one kind. It opens its own transactions and
// calls Done or Again for each job inside them. When it returns an error, or
// panics, the jobs that it still holds are failed; when the error is
// fault.Unavailable they are put back without counting a try. A job that a
// handler neither finishes nor puts back is claimed again when its lease ends.
// The context ends only when the grace after a stop is over.
type Handler func(ctx context.Context, jobs []Claimed) error

// Work is one kind of job that a process works on.
type Work struct {
	Lane    Lane
	Kind    string
	Max     int  // jobs handed to one call of Handle; 0 = 1
	Weight  int  // their weights together, unless a single one is heavier; 0 = any
	Workers int  // calls of Handle at once; 0 = 1
	Urgent  bool // small jobs that somebody waits for; see db.Urgent
	Apart   bool // up to Max jobs are claimed together, and each is a call of Handle and a worker's work
	Handle  Handler
}

// listen gives a channel that gets a token whenever work of the line was
// committed by this process, and a function that ends that.
func (q *Queue) listen(l line) (bell chan struct{}, end func()) {
	bell = make(chan struct{}, 1)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bells[l] = append(q.bells[l], bell)
	return bell, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		for i, b := range q.bells[l] {
			if b == bell {
				q.bells[l] = append(q.bells[l][:i], q.bells[l][i+1:]...)
				return
			}
		}
	}
}

// ring wakes the runners of the rows' lines once tx has committed. A job that is
// due later than the next look would find it is left to that look.
func (q *Queue) ring(tx *db.Tx, rows []*row) {
	lines := map[line]bool{}
	for _, r := range rows {
		if r.lease.IsZero() && r.due <= tx.Now.Add(q.o.Idle) {
			lines[line{r.lane, r.kind}] = true
		}
	}
	if len(lines) == 0 {
		return
	}
	tx.OnCommit(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		for l := range lines {
			for _, bell := range q.bells[l] {
				select {
				case bell <- struct{}{}:
				default: // a token is waiting already, and one is enough
				}
			}
		}
	})
}
