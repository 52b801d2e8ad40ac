package signal

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

const (
	seenEvery  = 30 * time.Second
	lostAfter  = 90 * time.Second // three times nothing
	shownFor   = time.Hour        // after a process was last seen
	leaveSoon  = 2 * time.Second  // what the last word of a process may take
	mostMarked = 100              // characters of what a process says of itself
)

// Process is one that runs, or did when it was last seen.
type Process struct {
	ID        id.ID
	Host      string // its machine calls itself so
	PID       int    // there
	Roles     []string
	Version   string        // of the program
	Ahead     time.Duration // the database's clock of its own
	StartedAt db.Time
	SeenAt    db.Time
}

// Lost reports whether a process was not seen for too long: it was killed, hangs or does not
// reach the database. One that ends in order is not there any more.
func (p Process) Lost(now db.Time) bool { return now.Sub(p.SeenAt) > lostAfter }

// Presence is one process's word that it runs: a small row every half minute.
type Presence struct {
	d    *db.DB
	self Process
	log  *slog.Logger
}

// NewPresence makes the word of a process. Nothing is written before Run.
func NewPresence(d *db.DB, self Process, log *slog.Logger) *Presence {
	if self.ID.IsZero() {
		self.ID = id.New()
	}
	self.Host, self.Version = short(self.Host), short(self.Version)
	if log == nil {
		log = slog.Default()
	}
	return &Presence{d: d, self: self, log: log}
}

func short(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	return string(runes[:min(len(runes), mostMarked)])
}

// ID names the process.
func (p *Presence) ID() id.ID { return p.self.ID }

// Run tells that the process is there until ctx ends, and that it is gone then. Trouble with the
// database is logged once, until it is over, and ends nothing.
func (p *Presence) Run(ctx context.Context) error {
	tick := time.NewTicker(seenEvery)
	defer tick.Stop()
	troubled := false
	for {
		err := p.Beat(ctx)
		if err != nil && !troubled && ctx.Err() == nil {
			p.log.WarnContext(ctx, "other processes do not see this one", slog.Any("error", err))
		}
		troubled = err != nil
		select {
		case <-ctx.Done():
			p.leave(ctx)
			return nil
		case <-tick.C:
		}
	}
}

// Beat tells once that the process is there, and forgets those that were long not seen.
func (p *Presence) Beat(ctx context.Context) error {
	err := p.d.Update(ctx, "signal_beat", func(tx *db.Tx) error {
		ahead := p.d.ClockOffset().Microseconds()
		n, err := tx.Exec(`UPDATE signal_process SET seen_at = ?, ahead = ? WHERE id = ?`, tx.Now, ahead, p.self.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			if p.self.StartedAt == 0 {
				p.self.StartedAt = tx.Now
			}
			err := tx.InsertMany("signal_process", db.Col("id", []id.ID{p.self.ID}), db.Col("host", []string{p.self.Host}), db.Col("pid", []int{p.self.PID}),
				db.Col("roles", []string{strings.Join(p.self.Roles, " ")}), db.Col("version", []string{p.self.Version}), db.Col("ahead", []int64{ahead}),
				db.Col("started_at", []db.Time{p.self.StartedAt}), db.Col("seen_at", []db.Time{tx.Now}))
			if err != nil {
				return err
			}
		}
		_, err = tx.Exec(`DELETE FROM signal_process WHERE seen_at < ?`, tx.Now.Add(-shownFor))
		return err
	})
	if err != nil {
		return fmt.Errorf("tell that the process runs: %w", err)
	}
	return nil
}

// leave tells that the process is gone. Where that fails it looks lost for an hour.
func (p *Presence) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveSoon)
	defer cancel()
	err := p.d.Update(ctx, "signal_leave", func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM signal_process WHERE id = ?`, p.self.ID)
		return err
	})
	if err != nil {
		p.log.WarnContext(ctx, "the end of this process not told", slog.Any("error", err))
	}
}

// Processes gives those that run and those that were lost within the last hour, by their age.
func Processes(tx *db.Tx) ([]Process, error) {
	rows, err := tx.Query(`SELECT id, host, pid, roles, version, ahead, started_at, seen_at FROM signal_process ORDER BY started_at, id`)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (p Process, err error) {
		var roles string
		var ahead int64
		err = r.Scan(&p.ID, &p.Host, &p.PID, &roles, &p.Version, &ahead, &p.StartedAt, &p.SeenAt)
		p.Roles, p.Ahead = strings.Fields(roles), time.Duration(ahead)*time.Microsecond
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	return list, nil
}
