package server

import (
	"context"
	"sync"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

const (
	readyWithin = 2 * time.Second // a readiness probe does not wait longer
	schemaEvery = time.Minute     // between two looks at the schema
)

// readiness remembers the last look at the schema, which is too much work for
// every probe.
type readiness struct {
	mu      sync.Mutex
	checked time.Time // guarded by mu
	err     error     // guarded by mu
}

// ready says whether requests can be served: the process is not stopping, the
// database answers and its schema is ours.
func (p *Program) ready(ctx context.Context) error {
	if p.stopping.Load() {
		return fault.New(fault.Unavailable, fault.CodeUnavailable, "the process is stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := p.d.Ping(ctx); err != nil {
		return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the database does not answer")
	}
	return p.schema.look(func() ([]db.Migration, error) {
		missing, _, err := pending(ctx, p.d)
		return missing, err
	})
}

// look says whether the schema is ours. A read that fails says nothing of the schema, and
// is not remembered: a probe that was cut off, or a slow moment, would hold for a minute.
func (r *readiness) look(missing func() ([]db.Migration, error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.checked) < schemaEvery {
		return r.err
	}
	steps, err := missing()
	if err != nil {
		return err
	}
	if r.checked, r.err = time.Now(), nil; len(steps) > 0 {
		r.err = behind(steps)
	}
	return r.err
}

// pending gives the steps of the schema that are not applied, and whether none is.
func pending(ctx context.Context, d *db.DB) (missing []db.Migration, empty bool, err error) {
	all, err := d.Migrations(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, m := range all {
		if !m.Applied {
			missing = append(missing, m)
		}
	}
	return missing, len(missing) == len(all), nil
}

// behind is the fault of a schema that lacks steps.
func behind(missing []db.Migration) error {
	return fault.New(fault.Unavailable, fault.CodeUnavailable,
		"the database's schema is behind this program by %d steps, from %s on; run: creditmsg migrate up", len(missing), missing[0].Name)
}
