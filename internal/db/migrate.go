package db

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"syscall"
	"testing/fstest"

	"github.com/pressly/goose/v3"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string // the file
	Applied bool
}

// Migrate brings the schema to what this program needs. Any number of processes
// may do it at once: one works, the others wait and find nothing left to do.
// Every step is one statement that can be repeated, so a crash in the middle is
// healed by the next start.
func (d *DB) Migrate(ctx context.Context) error {
	return d.withGoose(func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		if err != nil {
			return fmt.Errorf("migrate the %s database %s: %w", d.eng.name, d.eng.place, err)
		}
		d.keys.Clear()
		return nil
	})
}

// Migrations lists all steps in their order.
func (d *DB) Migrations(ctx context.Context) (out []Migration, err error) {
	err = d.withGoose(func(p *goose.Provider) error {
		steps, err := p.Status(ctx)
		if err != nil {
			return fmt.Errorf("read the migrations of the %s database %s: %w", d.eng.name, d.eng.place, err)
		}
		for _, s := range steps {
			out = append(out, Migration{s.Source.Version, path.Base(s.Source.Path), s.State == goose.StateApplied})
		}
		return nil
	})
	return out, err
}

func (d *DB) withGoose(do func(*goose.Provider) error) (err error) {
	pool := d.write
	if d.eng.admin != nil {
		if pool, err = d.eng.admin(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, pool.Close()) }()
	}
	files, err := d.eng.expand(migrations)
	if err != nil {
		return err
	}
	p, err := d.provider(pool, files)
	if err != nil {
		return fmt.Errorf("read the migration files: %w", err)
	}
	return do(p)
}

func (d *DB) provider(pool *sql.DB, files fs.FS) (*goose.Provider, error) {
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		// Each package has its own range of numbers, so steps are not always appended.
		goose.WithAllowOutofOrder(true),
	}
	switch d.eng.name {
	case "postgres":
		turn := sessionLock{take: "SELECT pg_advisory_lock(7305802)", give: "SELECT pg_advisory_unlock(7305802)"}
		return goose.NewProvider(goose.DialectPostgres, pool, files, append(options, goose.WithSessionLocker(turn))...)
	case "mysql":
		// Names of locks belong to the whole server there.
		const name = "CONCAT('creditmsg.', MD5(DATABASE()))"
		turn := sessionLock{take: "SELECT GET_LOCK(" + name + ", 600) = 1", give: "SELECT RELEASE_LOCK(" + name + ")"}
		return goose.NewProvider(goose.DialectMySQL, pool, files, append(options, goose.WithSessionLocker(turn))...)
	}
	turn := &fileLock{path: d.eng.place + "-migrate"}
	return goose.NewProvider(goose.DialectSQLite3, pool, files, append(options, goose.WithLocker(turn))...)
}

// sessionLock makes processes take turns with a lock of the server that belongs
// to a connection, so it ends with the process however that ends. goose's own
// table locks outlive a crash by their lease.
type sessionLock struct{ take, give string }

// SessionLock waits for the turn.
func (l sessionLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	var got sql.NullString // PostgreSQL's function returns nothing, MySQL's whether it was in time
	if err := conn.QueryRowContext(ctx, l.take).Scan(&got); err != nil {
		return fmt.Errorf("take the migration lock: %w", err)
	}
	if got.String == "0" {
		return errors.New("take the migration lock: another process has been migrating for ten minutes")
	}
	return nil
}

// SessionUnlock ends the turn.
func (l sessionLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, l.give)
	return err
}

// fileLock makes processes take turns with a file beside SQLite's. The lock is
// the open file's, so it ends with the process however that ends.
type fileLock struct {
	path string
	file *os.File
}

// Lock waits for the turn. It asks again and again, because a waiting flock
// could not be interrupted.
func (l *fileLock) Lock(ctx context.Context, _ *sql.DB) (err error) {
	if l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("open the migration lock: %w", err)
	}
	for try := 0; ; try++ {
		err := syscall.Flock(int(l.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || pause(ctx, try) != nil {
			return errors.Join(fmt.Errorf("take the migration lock %s: %w", l.path, err), l.file.Close())
		}
	}
}

// Unlock ends the turn. The file stays: removing it would let two processes
// lock two files of one name.
func (l *fileLock) Unlock(context.Context, *sql.DB) error { return l.file.Close() }

var (
	typeMark  = regexp.MustCompile(`\{[a-z]+\}`)
	tableMark = regexp.MustCompile(`\{\{table(: [a-z0-9=, ]+)?\}\}`)
)

// expand writes every migration file in the engine's words.
func (e engine) expand(files fs.FS) (fs.FS, error) {
	out := fstest.MapFS{}
	found, err := fs.Glob(files, "migration/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range found {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		text, err = e.expandText(text)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", path.Base(name), err)
		}
		out[path.Base(name)] = &fstest.MapFile{Data: text, Mode: 0o444}
	}
	return out, nil
}

// expandText replaces the marks of one file; what it does not know is an error.
func (e engine) expandText(text []byte) ([]byte, error) {
	var unknown error
	text = tableMark.ReplaceAllFunc(text, func(m []byte) []byte {
		options := map[string]string{}
		for _, o := range strings.FieldsFunc(string(m[len("{{table"):len(m)-2]), func(r rune) bool { return strings.ContainsRune(":, ", r) }) {
			name, value, _ := strings.Cut(o, "=")
			if options[name] = value; name != "fillfactor" && name != "narrow" {
				unknown = fmt.Errorf("unknown table option %q", name)
			}
		}
		return []byte(e.tableSuffix(options))
	})
	text = typeMark.ReplaceAllFunc(text, func(m []byte) []byte {
		known, ok := e.types[string(m[1:len(m)-1])]
		if !ok {
			unknown = fmt.Errorf("unknown mark %s", m)
		}
		return []byte(known)
	})
	if unknown == nil && bytes.ContainsAny(text, "{}") {
		unknown = errors.New("a bracket that is no mark is left")
	}
	return text, unknown
}

// WriteMigrations writes all migration files to w: what a test's template
// database is known by.
func WriteMigrations(w io.Writer) error {
	found, err := fs.Glob(migrations, "migration/*.sql")
	if err != nil {
		return err
	}
	for _, name := range found {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n%s\n", name, text); err != nil {
			return err
		}
	}
	return nil
}
