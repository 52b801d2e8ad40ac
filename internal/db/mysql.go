package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"

	"creditmsg/internal/fault"
)

// mysqlEngine serves MySQL 8.0 and MariaDB 10.6 or later. Values are written
// into the statement by the driver, which saves a round trip and has no limit of
// placeholders; statements are cut below max_allowed_packet instead.
func mysqlEngine(text string) (engine, error) {
	cfg, err := mysqlConfig(text)
	if err != nil {
		return engine{}, err
	}
	return engine{
		name:       "mysql",
		place:      cfg.Addr + "/" + cfg.DBName,
		begin:      []string{"START TRANSACTION"},
		snapshot:   []string{"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"},
		forUpdate:  " FOR UPDATE",
		skipLocked: " FOR UPDATE SKIP LOCKED",
		clock:      "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
		types:      mysqlTypes,
		classify:   mysqlClass,
		commit:     plainCommit,
		insertMany: mysqlInsert,
		absent:     mysqlAbsent,
		updateMany: mysqlUpdate,
		lookup:     mysqlLookup,
		deleteMany: mysqlDelete,
		// MySQL itself has no such words and reads a comment there.
		unlessThere: "/*M! IF NOT EXISTS */",
		tableSuffix: func(map[string]string) string {
			return "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
		},
		open: func(_ context.Context, o Options) (write, read *sql.DB, err error) {
			if write, err = mysqlPool(cfg, o.Writers, mysqlIsolation); err != nil {
				return nil, nil, err
			}
			read, err = mysqlPool(cfg, o.Readers, mysqlIsolation, "SET SESSION TRANSACTION READ ONLY")
			return write, read, err
		},
		admin: func() (*sql.DB, error) {
			own := cfg.Clone()
			own.ParseTime = true // goose reads the times of its own table
			return mysqlPool(own, 4)
		},
	}, nil
}

const mysqlIsolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"

// mysqlConfig reads mysql://user:password@host:port/database, with ?socket=path
// instead of a host, and ?tls=true|skip-verify|preferred.
func mysqlConfig(text string) (*mysql.Config, error) {
	u, err := url.Parse(text)
	if err != nil || len(strings.Trim(u.Path, "/")) == 0 {
		return nil, errURL(fault.Word(""))
	}
	cfg := mysql.NewConfig()
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.DBName = strings.Trim(u.Path, "/")
	cfg.Net, cfg.Addr = "tcp", u.Host
	if u.Port() == "" {
		cfg.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	for name, v := range u.Query() {
		switch name {
		case "socket":
			cfg.Net, cfg.Addr = "unix", v[0]
		case "tls":
			cfg.TLSConfig = v[0]
		default:
			return nil, errURL(fault.Say(" (unknown parameter %q)", name))
		}
	}
	cfg.Collation = "utf8mb4_bin"
	cfg.InterpolateParams = true
	cfg.ClientFoundRows = true
	cfg.MaxAllowedPacket = 0 // the server's own
	cfg.Logger = &mysql.NopLogger{}
	cfg.Params = map[string]string{
		"time_zone":                "'+00:00'",
		"sql_mode":                 "'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'",
		"innodb_lock_wait_timeout": fmt.Sprint(int(busyWait.Seconds())),
	}
	return cfg, nil
}

func mysqlPool(cfg *mysql.Config, size int, setup ...string) (*sql.DB, error) {
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, errURL(fault.Word(""))
	}
	pool := sql.OpenDB(greeting{c, setup})
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

// greeting runs statements on each new connection.
type greeting struct {
	driver.Connector
	setup []string
}

// Connect implements driver.Connector.
func (g greeting) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := g.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range g.setup {
		if _, err := c.(driver.ExecerContext).ExecContext(ctx, s, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

var mysqlTypes = map[string]string{
	"id": "BINARY(16)", "time": "BIGINT", "amount": "BIGINT", "int": "BIGINT", "bool": "BOOLEAN",
	// Words are bytes: a character column would take 'a' and 'a ' for one key, and
	// would not use its index when compared with text of another character set.
	"word": "VARBINARY(64)", "text": "LONGTEXT", "bytes": "LONGBLOB",
}

func mysqlClass(err error) class {
	if errors.Is(err, mysql.ErrInvalidConn) {
		return lost
	}
	e, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return other
	}
	switch e.Number {
	case 1062: // duplicate entry
		return duplicate
	case 1205, 1213, 1020: // lock wait, deadlock, changed since read
		return again
	case 1021, 1114: // disk full, table full
		return full
	case 1044, 1045, 1049, 1698: // not allowed, password, no such database
		return refused
	case 1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1927: // too many, shutdown, aborted, network, killed
		return lost
	}
	return other
}
