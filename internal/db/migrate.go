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
	"github.com/pressly/goose/v3/database"
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
	return d.withGoose(ctx, func(p *goose.Provider) error {
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
	err = d.withGoose(ctx, func(p *goose.Provider) error {
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

// withGoose lends goose in this process's turn. Its own locks would not do: it
// makes and asks its table of versions before it takes them.
func (d *DB) withGoose(ctx context.Context, do func(*goose.Provider) error) (err error) {
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
	end, err := d.turn(ctx, pool)
	if err != nil {
		return fmt.Errorf("take the migration lock: %w", err)
	}
	return errors.Join(do(p), end())
}

func (d *DB) provider(pool *sql.DB, files fs.FS) (*goose.Provider, error) {
	// Each package has its own range of numbers, so steps are not always appended.
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true)}
	switch d.eng.name {
	case "postgres":
		return goose.NewProvider(goose.DialectPostgres, pool, files, options...)
	case "mysql":
		plain, err := database.NewStore(goose.DialectMySQL, goose.DefaultTablename)
		if err != nil {
			return nil, err
		}
		return goose.NewProvider(goose.DialectCustom, pool, files, append(options, goose.WithStore(versions{plain}))...)
	}
	return goose.NewProvider(goose.DialectSQLite3, pool, files, options...)
}

// versions is goose's table of versions where the making of a table commits by
// itself: a process that died before the table's first row left it without, and
// goose would never take it as it is.
type versions struct{ database.Store }

// CreateVersionTable is content with a table that is there.
func (v versions) CreateVersionTable(ctx context.Context, conn database.DBTxConn) error {
	err := v.Store.CreateVersionTable(ctx, conn)
	if err == nil {
		return nil
	}
	if _, unreadable := v.ListMigrations(ctx, conn); unreadable != nil {
		return err
	}
	return nil
}

// turn waits for this process's turn to migrate; end gives it on. The lock
// belongs to a connection or to an open file, so it ends with the process however
// that ends. goose's table locks outlive a crash by their lease.
func (d *DB) turn(ctx context.Context, pool *sql.DB) (end func() error, err error) {
	switch d.eng.name {
	case "postgres":
		return sessionLock(ctx, pool, "SELECT pg_advisory_lock(7305802)")
	case "mysql":
		// Names of locks belong to the whole server there.
		return sessionLock(ctx, pool, "SELECT GET_LOCK(CONCAT('creditmsg.', MD5(DATABASE())), 600) = 1")
	}
	return fileLock(ctx, d.eng.place+"-migrate")
}

// sessionLock takes a lock of the server. It is given back when the pool, which
// is this turn's own, closes the connection.
func sessionLock(ctx context.Context, pool *sql.DB, take string) (end func() error, err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got sql.NullString // PostgreSQL's function returns nothing, MySQL's whether it was in time
	if err = conn.QueryRowContext(ctx, take).Scan(&got); err == nil && got.String == "0" {
		err = errors.New("another process has been migrating for ten minutes")
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn.Close, nil
}

// fileLock takes a file beside SQLite's. It asks again and again, because a
// waiting flock could not be interrupted. The file stays: removing it would let
// two processes lock two files of one name.
func fileLock(ctx context.Context, name string) (end func() error, err error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || pause(ctx, try) != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
		}
	}
}

var (
	typeMark  = regexp.MustCompile(`\{[a-z]+\}`)
	tableMark = regexp.MustCompile(`\{\{table(: [a-z0-9=, ]+)?\}\}`)
)

// absentMark makes ADD COLUMN and CREATE INDEX repeatable, where an engine can and has to.
const absentMark = "{{absent}}"

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
	text = bytes.ReplaceAll(text, []byte(absentMark), []byte(e.unlessThere))
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
