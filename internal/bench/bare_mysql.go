package bench

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"creditmsg/internal/fault"
)

// mysqlServer makes scratch databases on a MySQL or MariaDB server.
type mysqlServer struct {
	base  *url.URL
	admin *sql.DB
	text  string // its version
	pid   int    // 0 = not on this machine
}

func newMySQL(ctx context.Context, text string) (engine, error) {
	base, err := url.Parse(text)
	if err != nil {
		return nil, fault.Check("--database", "the URL cannot be read") // its text may hold a password
	}
	s := &mysqlServer{base: base}
	if s.admin, err = s.open(""); err != nil {
		return nil, err
	}
	var file string
	if err := s.admin.QueryRowContext(ctx, "SELECT VERSION(), @@pid_file").Scan(&s.text, &file); err != nil {
		s.close()
		return nil, fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the MySQL server at %s cannot be used", base.Host)
	}
	if text, err := os.ReadFile(file); err == nil {
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		if isProcess(pid, "mariadbd", "mysqld") {
			s.pid = pid
		}
	}
	return s, nil
}

// open gives a pool of a database whose sessions have the product's isolation and
// prepare their statements on the server.
func (s *mysqlServer) open(name string) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr, cfg.DBName = s.base.User.Username(), "tcp", s.base.Host, name
	cfg.Passwd, _ = s.base.User.Password()
	if s.base.Port() == "" {
		cfg.Addr = s.base.Hostname() + ":3306"
	}
	if socket := s.base.Query().Get("socket"); socket != "" {
		cfg.Net, cfg.Addr = "unix", socket
	}
	cfg.ClientFoundRows = true
	cfg.Params = map[string]string{"transaction_isolation": "'READ-COMMITTED'", "time_zone": "'+00:00'"}
	if strings.Contains(s.text, "MariaDB") || s.text == "" {
		cfg.Params = map[string]string{"tx_isolation": "'READ-COMMITTED'", "time_zone": "'+00:00'"}
	}
	if s.text == "" {
		cfg.Params = nil // the server is still to say which of the two it is
	}
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fault.Check("--database", "the URL cannot be used")
	}
	return sql.OpenDB(c), nil
}

func (s *mysqlServer) name() string { return "mysql" }

func (s *mysqlServer) version() string {
	number, rest, _ := strings.Cut(s.text, "-")
	if strings.Contains(rest, "MariaDB") {
		return "MariaDB " + number
	}
	return "MySQL " + number
}

func (s *mysqlServer) words() words {
	return words{begin: "START TRANSACTION", lock: " FOR UPDATE", pools: []int{8, 64}, analyze: "ANALYZE TABLE "}
}

// bulk joins with a derived table, whose first row names the columns.
func (s *mysqlServer) bulk(pattern *row) bulk {
	return listBulk{pattern, func(n int) string {
		return "UPDATE bare_recipient AS t JOIN (SELECT ? AS at, ? AS seq" + strings.Repeat(" UNION ALL SELECT ?, ?", n-1) +
			") AS k ON t.seq = k.seq SET t.state = 'delivered', t.reported_at = k.at WHERE t.site_id = ? AND t.message_id = ?"
	}}
}

func (s *mysqlServer) processes() []int {
	if s.pid == 0 {
		return nil
	}
	return []int{s.pid}
}

func (s *mysqlServer) close() { _ = s.admin.Close() }

func (s *mysqlServer) create(ctx context.Context) (string, func() error, error) {
	name := scratchName()
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	place := *s.base
	place.Path = "/" + name
	return place.String(), func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropWithin)
		defer cancel()
		if _, err := s.admin.ExecContext(ctx, "DROP DATABASE "+name); err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
		return nil
	}, nil
}

// size is what the tables' files take, which the engine makes larger in steps.
func (s *mysqlServer) size(ctx context.Context, place string) (bytes int64, err error) {
	return bytes, s.admin.QueryRowContext(ctx, "SELECT COALESCE(SUM(file_size), 0) FROM information_schema.innodb_sys_tablespaces WHERE name LIKE ?",
		databaseOf(place)+"/%").Scan(&bytes)
}

func (s *mysqlServer) connect(ctx context.Context, place string) (session, error) {
	pool, err := s.open(databaseOf(place))
	if err != nil {
		return nil, err
	}
	return newSQLSession(ctx, pool, func(ctx context.Context, s *sqlSession, from, to string) error {
		return s.plain(ctx, "CREATE TABLE "+to+" LIKE "+from)
	})
}
