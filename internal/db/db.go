package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/fault"
)

// Options tune Open. The zero value is right for two cores.
type Options struct {
	Readers    int                   // connections for View and Snapshot; 0 = 4
	Writers    int                   // connections for Update on servers; 0 = 6. SQLite always has one
	Registerer prometheus.Registerer // nil = no metrics
	ConnectFor time.Duration         // how long Open tries to reach a server; 0 = 15 s
	Now        func() time.Time      // the clock of a world in virtual time, taken as it is; nil = time.Now, corrected to the database's
}

// DB is one database: the home shard or another one. It is safe for use by many
// goroutines.
type DB struct {
	eng   engine
	write *sql.DB
	read  *sql.DB
	turns turns // to write's connections
	meter *meter
	clock clock
	bound sync.Map // query with ? → query with $n
	keys  sync.Map // table → its indexes, where the engine must be told which to use
	limit int      // bytes that one statement may have; 0 = no limit
}

// Open connects to the database that url names:
//
//	sqlite:data/creditmsg.db
//	postgres://user:password@host:5432/database?sslmode=disable
//	mysql://user:password@host:3306/database
//	mysql://user:password@/database?socket=/run/mysqld/mysqld.sock
//
// It creates the folder and the file of SQLite, and waits for a server that is
// not there yet. An error names the place but never the password.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	o.Readers, o.Writers = cmpOr(o.Readers, 4), cmpOr(o.Writers, 6)
	if o.ConnectFor == 0 {
		o.ConnectFor = 15 * time.Second
	}
	eng, err := engineOf(url)
	if err != nil {
		return nil, err
	}
	m, err := newMeter(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("register database metrics: %w", err)
	}
	d := &DB{eng: eng, meter: m}
	d.clock.local, d.clock.virtual = time.Now, o.Now != nil
	if o.Now != nil {
		d.clock.local = o.Now
	}
	if d.write, d.read, err = eng.open(ctx, o); err != nil {
		return nil, fmt.Errorf("open the %s database %s: %w", eng.name, eng.place, err)
	}
	d.turns.free = d.write.Stats().MaxOpenConnections
	if err := d.reach(ctx, o.ConnectFor); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func cmpOr(n, def int) int {
	if n > 0 {
		return n
	}
	return def
}

// engineOf reads the scheme of a database URL.
func engineOf(url string) (engine, error) {
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return sqliteEngine(url)
	case "postgres", "postgresql":
		return postgresEngine(url)
	case "mysql", "mariadb":
		return mysqlEngine(url)
	}
	return engine{}, errURL(fault.Word(""))
}

// errURL refuses a database URL without repeating it, since it may hold a password.
func errURL(detail *fault.Phrase) error {
	return fault.New(fault.Invalid, fault.CodeValidation,
		"the database URL is not valid%s: want sqlite:PATH, postgres://user:password@host:port/database or mysql://user:password@host:port/database", detail)
}

// reach waits until the first connection stands and its clock is measured.
func (d *DB) reach(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var why error // the last answer that says more than that the time is over
	for try := 0; ; try++ {
		err := d.greet(ctx)
		if err == nil {
			return nil
		}
		if why == nil || ctx.Err() == nil {
			why = err
		}
		switch c := d.classify(err); {
		case c == lost && pause(ctx, try) == nil:
			continue
		case c == full:
			return surface(oneLine{err}, full)
		default:
			return fault.Wrap(&trouble{oneLine{err}}, fault.Unavailable, fault.CodeUnavailable,
				"the %s database %s cannot be used (%s); check that it runs and that database.url is right", d.eng.name, d.eng.place, oneLine{why})
		}
	}
}

func (d *DB) greet(ctx context.Context) error {
	if err := d.Ping(ctx); err != nil {
		return err
	}
	if d.eng.name == "mysql" {
		if err := d.read.QueryRowContext(ctx, "SELECT @@max_allowed_packet").Scan(&d.limit); err != nil {
			return err
		}
	}
	return d.Clock(ctx)
}

// pause waits before try number try+1, longer each time and never twice the
// same, so that transactions which met once do not meet again.
func pause(ctx context.Context, try int) error {
	most := min(time.Millisecond<<min(try, 10), 250*time.Millisecond)
	t := time.NewTimer(most/4 + rand.N(most))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends all connections. Transactions that still run fail.
func (d *DB) Close() error {
	err := d.read.Close()
	return errors.Join(err, d.write.Close())
}

// Engine is "sqlite", "postgres" or "mysql": for tests, the doctor and metrics,
// never for branching outside this package.
func (d *DB) Engine() string { return d.eng.name }

// Ping asks for a sign of life of both pools.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.write.PingContext(ctx); err != nil {
		return fmt.Errorf("ping the %s database: %w", d.eng.name, err)
	}
	if err := d.read.PingContext(ctx); err != nil {
		return fmt.Errorf("ping the %s database: %w", d.eng.name, err)
	}
	return nil
}
