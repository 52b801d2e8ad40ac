package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of the administrating connection

	"creditmsg/internal/db"
)

// server is a database server that tests may create databases on. One
// connection administrates it, since session locks belong to a connection.
type server struct {
	engine string
	base   *url.URL
	admin  *sql.DB

	once     sync.Once
	template string // name of the migrated database
	schema   string // MySQL: the statements that make it again
	err      error
}

var servers sync.Map // engine → func() (*server, error)

func serverOf(t testing.TB, engine string) *server {
	t.Helper()
	connect := sync.OnceValues(func() (*server, error) { return newServer(engine) })
	known, _ := servers.LoadOrStore(engine, connect)
	s, err := known.(func() (*server, error))()
	if err != nil {
		t.Fatalf("reach the %s test server: %v", engine, err)
	}
	return s
}

func newServer(engine string) (*server, error) {
	name := map[string]string{"postgres": "CREDITMSG_TEST_POSTGRES", "mysql": "CREDITMSG_TEST_MYSQL"}[engine]
	text := os.Getenv(name)
	if text == "" {
		return nil, fmt.Errorf("%s is not set; set it, or CREDITMSG_TEST_ENGINES=sqlite to test SQLite alone", name)
	}
	base, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", name)
	}
	driver, dsn := "pgx", text
	if engine == "mysql" {
		cfg := mysql.NewConfig()
		cfg.User, cfg.Net, cfg.Addr = base.User.Username(), "tcp", base.Host
		cfg.Passwd, _ = base.User.Password()
		if socket := base.Query().Get("socket"); socket != "" {
			cfg.Net, cfg.Addr = "unix", socket
		}
		cfg.MultiStatements = true
		driver, dsn = "mysql", cfg.FormatDSN()
	}
	admin, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	return &server{engine: engine, base: base, admin: admin}, admin.Ping()
}

// url names a database of the server.
func (s *server) url(name string) string {
	u := *s.base
	u.Path = "/" + name
	return u.String()
}

func (s *server) create(t testing.TB) string {
	t.Helper()
	return s.make(t, fresh(), "")
}

// make creates a database that is dropped when the test ends.
func (s *server) make(t testing.TB, name, like string) string {
	t.Helper()
	if _, err := s.admin.Exec("CREATE DATABASE " + name + like); err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		force := ""
		if s.engine == "postgres" {
			force = " WITH (FORCE)"
		}
		if _, err := s.admin.Exec("DROP DATABASE " + name + force); err != nil {
			t.Errorf("drop a test database: %v", err)
		}
	})
	return s.url(name)
}

func (s *server) clone(t testing.TB) string {
	t.Helper()
	s.once.Do(func() { s.err = s.prepare() })
	if s.err != nil {
		t.Fatalf("make the %s template: %v", s.engine, s.err)
	}
	if s.engine == "postgres" {
		return s.make(t, fresh(), " TEMPLATE "+s.template)
	}
	name := fresh()
	made := s.make(t, name, "")
	if _, err := s.admin.Exec("USE " + name + "; " + s.schema); err != nil {
		t.Fatalf("fill a test database: %v", err)
	}
	return made
}

// prepare finds or makes the template of the present schema. Test binaries run
// side by side, so making it is done under the server's lock, in a database of
// another name that gets its final one, or its final mark, when it is whole.
func (s *server) prepare() error {
	ctx := context.Background()
	hash, err := schemaHash()
	if err != nil {
		return err
	}
	s.template = "creditmsg_template_" + hash
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if s.engine == "postgres" {
		return s.preparePostgres(ctx, conn)
	}
	if err := s.prepareMySQL(ctx, conn); err != nil {
		return err
	}
	s.schema, err = s.dump(ctx, conn)
	return err
}

func (s *server) preparePostgres(ctx context.Context, conn *sql.Conn) (err error) {
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(7305801)"); err != nil {
		return err
	}
	defer conn.ExecContext(ctx, "SELECT pg_advisory_unlock(7305801)")
	var there bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", s.template).Scan(&there); err != nil || there {
		return err
	}
	building := fresh()
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+building); err != nil {
		return err
	}
	if err := migrate(s.url(building)); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+building+" RENAME TO "+s.template)
	return err
}

func (s *server) prepareMySQL(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, "SELECT GET_LOCK(?, 120)", s.template); err != nil {
		return err
	}
	defer conn.ExecContext(ctx, "SELECT RELEASE_LOCK(?)", s.template)
	var whole int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = 'template_is_whole'",
		s.template).Scan(&whole); err != nil || whole == 1 {
		return err
	}
	// One that a killed run left half made is made again.
	if _, err := conn.ExecContext(ctx, "DROP DATABASE IF EXISTS "+s.template+"; CREATE DATABASE "+s.template); err != nil {
		return err
	}
	if err := migrate(s.url(s.template)); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, "CREATE TABLE "+s.template+".template_is_whole (yes INT)")
	return err
}

// dump writes the template's tables, and the versions that migrating noted, as
// statements to run in one go.
func (s *server) dump(ctx context.Context, conn *sql.Conn) (string, error) {
	rows, err := conn.QueryContext(ctx,
		"SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name <> 'template_is_whole' ORDER BY table_name", s.template)
	tables, err := db.Collect(rows, err, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range tables {
		var create string
		if err := conn.QueryRowContext(ctx, "SHOW CREATE TABLE "+s.template+"."+name).Scan(&name, &create); err != nil {
			return "", err
		}
		b.WriteString(create + ";\n")
	}
	b.WriteString("INSERT INTO goose_db_version SELECT * FROM " + s.template + ".goose_db_version")
	return b.String(), nil
}

// schemaHash names the present schema: a hash of its migration files.
var schemaHash = sync.OnceValues(func() (string, error) {
	h := sha256.New()
	if err := db.WriteMigrations(h); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
})
