package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/blob"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/site"
)

// Health is what the doctor found.
type Health struct {
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
}

// Check is one thing that the doctor looked at.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"` // ok, note (worth knowing) or wrong
	Detail string `json:"detail"`
}

// What a check can find.
const (
	CheckOK    = "ok"
	CheckNote  = "note"
	CheckWrong = "wrong"
)

const (
	overdueAfter = 2 * time.Minute  // processes mend within seconds
	lateAfter    = 5 * time.Minute  // a job that is due and not begun
	clockDrift   = 30 * time.Second // providers refuse signatures from a clock that is far off
	clockNote    = time.Second
	storeWithin  = 10 * time.Second // that the place of pictures may take to answer
	newestSome   = 3                // pictures that are looked at
)

// Doctor looks at everything that can be wrong with an installation from its database
// and configuration. An error means that it could not look.
func (p *Operator) Doctor(ctx context.Context) (Health, error) {
	schema, err := p.checkSchema(ctx)
	if err != nil {
		return Health{}, err
	}
	checks := []Check{schema, p.checkClock(ctx), p.checkProviders()}
	if schema.Status == CheckOK {
		err := p.d.Snapshot(ctx, "operator_doctor", func(tx *db.Tx) error {
			checks = checks[:3]
			for _, look := range []func(*db.Tx) (Check, error){p.checkKeys, p.checkLedger, p.checkHeads, checkAudit, checkCalls, p.checkQueue, p.checkBuried, p.checkPlans, p.checkBalances, p.checkSenders} {
				c, err := look(tx)
				if err != nil {
					return err
				}
				checks = append(checks, c)
			}
			more, err := p.checkPayments(tx)
			checks = append(checks, more...)
			return err
		})
		if err != nil {
			return Health{}, err
		}
		checks = append(append(checks, p.checkPictures(ctx)), p.checkRedis(ctx)...)
	}
	h := Health{OK: true, Checks: checks}
	for _, c := range checks {
		h.OK = h.OK && c.Status != CheckWrong
	}
	return h, nil
}

// found makes a check: wrong or note when its condition holds.
func found(name, status string, holds bool, format string, args ...any) Check {
	c := Check{Name: name, Status: CheckOK, Detail: fmt.Sprintf(format, args...)}
	if holds {
		c.Status = status
	}
	return c
}

func (p *Operator) checkSchema(ctx context.Context) (Check, error) {
	s, err := p.Schema(ctx)
	if err != nil {
		return Check{}, err
	}
	advice := ""
	if s.Pending > 0 {
		advice = "; run: creditmsg migrate up"
	}
	return found("schema", CheckWrong, s.Pending > 0, "%d of %d steps applied on %s%s", len(s.Steps)-s.Pending, len(s.Steps), s.Engine, advice), nil
}

// checkClock compares our clock with the database's, as it was measured on opening.
func (p *Operator) checkClock(ctx context.Context) Check {
	var theirs db.Time
	// A View that reads nothing tells the time of its transaction.
	if err := p.d.View(ctx, "operator_clock", func(tx *db.Tx) error { theirs = tx.Now; return nil }); err != nil {
		return Check{"clock", CheckWrong, "it cannot be measured: the database does not answer"}
	}
	offset := theirs.Sub(db.At(time.Now())).Round(time.Millisecond)
	switch {
	case !p.d.ClockOK():
		return Check{"clock", CheckWrong, "the database's clock or ours has just jumped; look again"}
	case offset.Abs() > clockDrift:
		return Check{"clock", CheckWrong, fmt.Sprintf("the database's clock is %s ahead of ours; set both by NTP, since providers refuse requests signed with a wrong time", offset)}
	}
	return found("clock", CheckNote, offset.Abs() > clockNote, "the database's clock is %s ahead of ours", offset)
}

func (p *Operator) checkProviders() Check {
	list := p.config.Providers
	if len(list) == 0 {
		return Check{"providers", CheckNote, "none is configured here; serve --demo brings its own, any other process could send nothing"}
	}
	var names, deaf []string
	for _, one := range list {
		names = append(names, one.Name)
		if one.Webhook.Secret == "" {
			deaf = append(deaf, one.Name)
		}
	}
	if len(deaf) > 0 {
		return Check{"providers", CheckWrong, fmt.Sprintf("%s: without webhook.secret every delivery report is refused", strings.Join(deaf, ", "))}
	}
	return Check{"providers", CheckOK, strings.Join(names, ", ")}
}

// checkPictures looks whether pictures can be kept and read. In a folder it stores nothing: it
// may run as another user than the server, whose folder that would not be any more.
func (p *Operator) checkPictures(ctx context.Context) Check {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	if blob.Shared(p.config.Blob.options()) {
		if err := blob.Try(ctx, p.place); err != nil {
			return Check{"pictures", CheckWrong, fmt.Sprintf("nothing can be kept at %s: %v; see blob in the configuration", p.config.Blob.URL, err)}
		}
	}
	n, err := p.pictures.Readable(ctx, newestSome)
	if err != nil {
		return Check{"pictures", CheckWrong, fmt.Sprintf("%v; is blob.url what the processes of this installation have, and blob.shared or s3 where they are on several machines?", err)}
	}
	return Check{"pictures", CheckOK, fmt.Sprintf("the newest ones (%d) can be read", n)}
}

func (p *Operator) checkKeys(tx *db.Tx) (Check, error) {
	bare, err := p.keys.Bare(tx)
	if err != nil {
		return Check{}, err
	}
	sites, wrong := 0, ""
	err = eachSite(tx, func(s site.Site) error {
		if s.State == site.Erased {
			return nil
		}
		sites++
		if _, err := p.keys.Site(tx, s.ID); err != nil && wrong == "" {
			wrong = s.ID
		}
		return nil
	})
	if wrong != "" {
		return Check{"keys", CheckWrong, fmt.Sprintf("the key of site %s cannot be opened: keys.master is missing or another one", wrong)}, err
	}
	if bare > 0 {
		return Check{"keys", CheckNote, fmt.Sprintf("%d keys are stored as they are; keys.master would wrap them", bare)}, err
	}
	return Check{"keys", CheckOK, fmt.Sprintf("the keys of the sites (%d) open", sites)}, err
}

// checkLedger compares each account with its newest entry, which is quick; ledger
// verify proves everything.
func (p *Operator) checkLedger(tx *db.Tx) (Check, error) {
	sites, wrong := 0, ""
	err := eachSite(tx, func(s site.Site) error {
		if _, err := p.keys.Site(tx, s.ID); err != nil {
			return nil // checkKeys has said so
		}
		sites++
		a, err := p.ledger.Account(tx, s.ID)
		if err != nil {
			return err
		}
		last, err := p.ledger.Entries(tx, s.ID, max(a.Seq-1, 0), 2)
		if err != nil {
			return err
		}
		right := a.Seq == 0 && len(last) == 0 || len(last) == 1 && last[0].Seq == a.Seq &&
			last[0].Hash == fmt.Sprintf("%x", a.Hash) && last[0].AvailableAfter == a.Available && last[0].HeldAfter == a.Held
		if !right && wrong == "" {
			wrong = s.ID
		}
		return nil
	})
	if wrong != "" {
		return Check{"ledger", CheckWrong, fmt.Sprintf("the account of site %s does not agree with its newest entry; run: creditmsg ledger verify --site %s", wrong, wrong)}, err
	}
	return Check{"ledger", CheckOK, fmt.Sprintf("the accounts of the sites (%d) agree with their newest entries", sites)}, err
}

func checkCalls(tx *db.Tx) (Check, error) {
	b, err := delivery.Overdue(tx, tx.Now.Add(-overdueAfter))
	stuck := b.Calls+b.Letters > 0
	if !stuck || err != nil {
		return Check{"calls", CheckOK, "no provider call and no delivery report is left behind"}, err
	}
	return Check{"calls", CheckWrong, fmt.Sprintf("%d provider calls and %d delivery reports wait for a worker, the oldest for %s; is one running?",
		b.Calls, b.Letters, tx.Now.Sub(b.Oldest).Round(time.Second))}, nil
}

func (p *Operator) checkQueue(tx *db.Tx) (Check, error) {
	stats, err := p.queue.Stats(tx)
	var due int64
	var late []string
	for _, s := range stats {
		due += s.Due
		if age := tx.Now.Sub(s.Oldest); s.Oldest != 0 && age > lateAfter {
			late = append(late, fmt.Sprintf("%s (%d, for %s)", s.Kind, s.Due, age.Round(time.Second)))
		}
	}
	if len(late) > 0 {
		return Check{"queue", CheckWrong, "jobs are due and not begun: " + strings.Join(late, ", ") + "; no worker runs, or they cannot keep up"}, err
	}
	return Check{"queue", CheckOK, fmt.Sprintf("%d jobs are due, none for long", due)}, err
}

func (p *Operator) checkBuried(tx *db.Tx) (Check, error) {
	stats, err := p.queue.Stats(tx)
	var buried []string
	for _, s := range stats {
		if s.Buried > 0 {
			buried = append(buried, fmt.Sprintf("%s (%d)", s.Kind, s.Buried))
		}
	}
	if len(buried) > 0 {
		return Check{"stuck", CheckWrong, "jobs failed too often and are not tried any more: " + strings.Join(buried, ", ") + "; the log says why"}, err
	}
	return Check{"stuck", CheckOK, "no job failed too often"}, err
}
