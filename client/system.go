package client

import (
	"context"
	"io"
	"net/http"
	"time"
)

// What is here needs a token of the operator: it is about the installation and no site.

// Ran is what became of jobs in some time. The times are in milliseconds, nil where nothing ran.
type Ran struct {
	Done        int64  `json:"done"`
	PutBack     int64  `json:"put_back"` // without having failed: there is more to do, or it is too early
	Failed      int64  `json:"failed"`
	Buried      int64  `json:"buried"`       // those of Failed that were the last try
	WaitMean    *int64 `json:"wait_mean_ms"` // from when a job was due until a worker had it
	WaitLongest *int64 `json:"wait_longest_ms"`
	RunMean     *int64 `json:"run_mean_ms"` // from then until it ended or was put back
	RunLongest  *int64 `json:"run_longest_ms"`
}

// RanMinute is what became of jobs in a minute.
type RanMinute struct {
	At time.Time `json:"at"`
	Ran
}

// Queue is the jobs of one kind.
type Queue struct {
	Lane        string      `json:"lane"`
	Kind        string      `json:"kind"`
	Due         int64       `json:"due"`
	Running     int64       `json:"running"`
	Later       int64       `json:"later"`
	Buried      int64       `json:"buried"`        // not tried any more
	OldestDueAt *time.Time  `json:"oldest_due_at"` // nil = none is due
	WaitsFor    int64       `json:"oldest_waits_seconds"`
	LastHour    Ran         `json:"last_hour"`
	Minutes     []RanMinute `json:"minutes"` // those in which something was done, oldest first
}

// Job is one job.
type Job struct {
	Lane    string     `json:"lane"`
	Kind    string     `json:"kind"`
	Key     string     `json:"key"`
	Site    string     `json:"site"`  // "" = the installation's own
	State   string     `json:"state"` // due, running, later or buried
	Tries   int        `json:"failed_tries"`
	Why     string     `json:"why"` // it failed or was put back the last time
	Since   *time.Time `json:"since"`
	NextAt  *time.Time `json:"next_at"`     // nil = not by itself
	LeaseTo *time.Time `json:"lease_until"` // nil = no worker has it
}

// JobFilter narrows the list of jobs.
type JobFilter struct {
	State string // due, running, later or buried; "" = buried
	Kind  string // "" = all
	Paging
}

// Retried is how many jobs were woken.
type Retried struct {
	Retried int   `json:"retried"`
	Left    int64 `json:"left"` // buried ones of the kind
}

// Queues lists the kinds of jobs, how they stand and what was done in the last hour.
func (c *Client) Queues(ctx context.Context) ([]Queue, error) {
	p, err := get[Page[Queue]](ctx, c, nil, "v1", "queues")
	return p.Data, err
}

// Jobs lists jobs that are due, with a worker, for later or buried.
func (c *Client) Jobs(ctx context.Context, f JobFilter) (Page[Job], error) {
	return get[Page[Job]](ctx, c, f.query("state", f.State, "kind", f.Kind), "v1", "queues", "jobs")
}

// RetryJobs has a buried job tried again, or with key "" all of a kind: some hundred of them, and
// Left says how many are left.
func (c *Client) RetryJobs(ctx context.Context, kind, key string) (Retried, error) {
	in := struct {
		Kind string `json:"kind"`
		Key  string `json:"key,omitempty"`
	}{kind, key}
	return write[Retried](ctx, c, http.MethodPost, in, "v1", "queues", "jobs", "retry")
}

// System is how the installation stands.
type System struct {
	Version string `json:"version"`
	Engine  string `json:"engine"` // sqlite, postgres or mysql
	Process struct {
		ID        string    `json:"id"`
		Roles     []string  `json:"roles"`
		StartedAt time.Time `json:"started_at"`
		Uptime    int64     `json:"uptime_seconds"`
	} `json:"process"` // that answered
	Schema struct {
		Applied int      `json:"applied"`
		Steps   int      `json:"steps"`
		Pending []string `json:"pending"`
	} `json:"schema"`
	Clock struct {
		Offset int64 `json:"offset_ms"` // of the database's clock, ahead of the process's
		Sure   bool  `json:"sure"`
	} `json:"clock"`
	Processes []Process   `json:"processes"`
	OK        bool        `json:"ok"` // no check is wrong
	Checks    []Check     `json:"checks"`
	CheckedAt time.Time   `json:"checked_at"`
	Ledger    LedgerProof `json:"ledger"`
}

// Process is one of the installation.
type Process struct {
	ID        string    `json:"id"`
	Host      string    `json:"host"`
	PID       int       `json:"pid"`
	Roles     []string  `json:"roles"`
	Version   string    `json:"version"`
	Offset    int64     `json:"clock_offset_ms"`
	StartedAt time.Time `json:"started_at"`
	SeenAt    time.Time `json:"seen_at"`
	Lost      bool      `json:"lost"` // it was not seen for too long
}

// Check is one thing that the doctor looked at.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"` // ok, note or wrong
	Detail string `json:"detail"`
}

// LedgerProof is what is known of the proofs of the whole ledger.
type LedgerProof struct {
	OK       *bool       `json:"ok"` // nil before the first one
	BegunAt  *time.Time  `json:"begun_at"`
	ProvenAt *time.Time  `json:"proven_at"`
	Took     *int64      `json:"took_ms"`
	Sites    int         `json:"sites"`
	Entries  int64       `json:"entries"`
	Broken   int64       `json:"broken"` // rows that break a law
	First    []BrokenRow `json:"first_broken"`

	RunningSince *time.Time `json:"running_since"` // of the one that is under way; nil = none is
	NextAt       *time.Time `json:"next_at"`
	Problem      string     `json:"problem"` // why the last tries failed
}

// BrokenRow is a row of the ledger that breaks a law.
type BrokenRow struct {
	Site     string `json:"site"`
	Law      int    `json:"law"`
	EntrySeq int64  `json:"entry_seq"` // 0 = no entry is to blame
	Detail   string `json:"detail"`
}

// System tells how the installation stands.
func (c *Client) System(ctx context.Context) (System, error) {
	return get[System](ctx, c, nil, "v1", "system")
}

// ProveLedger has the whole ledger proven, and does not wait for that: System tells what is found.
func (c *Client) ProveLedger(ctx context.Context) (LedgerProof, error) {
	return write[LedgerProof](ctx, c, http.MethodPost, nil, "v1", "system", "prove")
}

// Configuration writes the configuration in force as YAML, without its secrets.
func (c *Client) Configuration(ctx context.Context, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "system", "configuration"}, to: w})
}

// OverviewDay is what became known on a Korean day.
type OverviewDay struct {
	Day        string `json:"day"`
	Recipients int64  `json:"recipients"`
	Delivered  int64  `json:"delivered"`
	Failed     int64  `json:"failed"`
	Expired    int64  `json:"expired"`
	Revenue    Amount `json:"revenue"`
	Upstream   Amount `json:"upstream_cost"`
	Margin     Amount `json:"margin"`
	Unpriced   int64  `json:"unpriced"`
}

// Overview is what an operator looks at first, of all sites together.
type Overview struct {
	At    time.Time `json:"at"`
	Sites struct {
		Active    int64 `json:"active"`
		Suspended int64 `json:"suspended"`
		Erased    int64 `json:"erased"`
	} `json:"sites"`
	Credit struct {
		Available Amount `json:"available"`
		Held      Amount `json:"held"`
		Owed      Amount `json:"owed"`
	} `json:"credit"`
	Today     OverviewDay `json:"today"`
	Yesterday OverviewDay `json:"yesterday"`
	Waiting   struct {
		Reviews     int64      `json:"reviews"`
		ReviewSince *time.Time `json:"oldest_review_at"`
		Senders     int64      `json:"senders"`
		Withdrawals int64      `json:"withdrawals"`
		Payments    int64      `json:"payments"`      // by transfer, to be booked by hand
		GiveBacks   int64      `json:"cancellations"` // to be transferred by hand
	} `json:"waiting"` // for a person
	Jobs struct {
		Due         int64      `json:"due"`
		Buried      int64      `json:"buried"`
		OldestDueAt *time.Time `json:"oldest_due_at"`
		WaitsFor    int64      `json:"oldest_waits_seconds"`
	} `json:"jobs"`
	Avoided []AvoidedProvider `json:"avoided_providers"`
	Ledger  LedgerProof       `json:"ledger"`
}

// AvoidedProvider is an account that gets none or little of its usual traffic.
type AvoidedProvider struct {
	Name    string `json:"name"`
	Breaker string `json:"breaker"` // closed, half_open or open
	Hanging bool   `json:"hanging"`
	Share   string `json:"share"` // of its usual traffic
}

// Overview gets what an operator looks at first.
func (c *Client) Overview(ctx context.Context) (Overview, error) {
	return get[Overview](ctx, c, nil, "v1", "overview")
}

// EnteredSite is the word of somebody of the installation that he looks at a site.
type EnteredSite struct {
	Site   string    `json:"site"`
	Entry  string    `json:"entry"` // of the site's audit log
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"` // until then it need not be said again
	Reason string    `json:"reason"`
}

// EnterSite says that the caller looks at a site, or acts for it, from now on. The people of the
// site see it in their audit log.
func (c *Client) EnterSite(ctx context.Context, site, reason string) (EnteredSite, error) {
	return write[EnteredSite](ctx, c, http.MethodPost, map[string]string{"reason": reason}, "v1", "sites", site, "enter")
}
