package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

	"creditmsg/internal/fault"
)

// sqliteServer makes scratch files in a folder beside the file that was named, so that
// they are on the same disk.
type sqliteServer struct {
	beside string // the folder
	made   bool   // it was not there before
	text   string // the version
}

func newSQLite(text string) (engine, error) {
	path := strings.TrimPrefix(strings.TrimPrefix(text, "sqlite:"), "//")
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, fault.Check("--database", "sqlite needs the path of a file")
	}
	s := &sqliteServer{beside: filepath.Dir(path)}
	if _, err := os.Stat(s.beside); os.IsNotExist(err) {
		s.made = true
	}
	if err := os.MkdirAll(s.beside, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for scratch files: %w", err)
	}
	pool, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("ask SQLite who it is: %w", err)
	}
	defer pool.Close()
	if err := pool.QueryRow("SELECT sqlite_version()").Scan(&s.text); err != nil {
		return nil, fmt.Errorf("ask SQLite who it is: %w", err)
	}
	return s, nil
}

func (s *sqliteServer) name() string     { return "sqlite" }
func (s *sqliteServer) version() string  { return "SQLite " + s.text }
func (s *sqliteServer) processes() []int { return nil } // it is part of this one

// words: one connection is what a program that knows SQLite has for writing.
func (s *sqliteServer) words() words {
	return words{begin: "BEGIN IMMEDIATE", pools: []int{1, 8}, analyze: "ANALYZE "}
}

func (s *sqliteServer) bulk(pattern *row) bulk {
	return listBulk{pattern, func(n int) string {
		return "UPDATE bare_recipient AS t SET state = 'delivered', reported_at = k.column1 FROM (VALUES (?, ?)" + strings.Repeat(", (?, ?)", n-1) +
			") AS k WHERE t.seq = k.column2 AND t.site_id = ? AND t.message_id = ?"
	}}
}

func (s *sqliteServer) close() {
	if s.made {
		_ = os.Remove(s.beside) // unless somebody put something there meanwhile
	}
}

func (s *sqliteServer) create(context.Context) (string, func() error, error) {
	dir, err := os.MkdirTemp(s.beside, "creditmsg-bench-")
	if err != nil {
		return "", nil, err
	}
	return "sqlite:" + filepath.Join(dir, "bench.db"), func() error { return os.RemoveAll(dir) }, nil
}

// size is that of the pages that hold something. Those of the file, and of its write-ahead log, are
// used again and say nothing of a small growth.
func (s *sqliteServer) size(ctx context.Context, place string) (bytes int64, err error) {
	c, err := sqlite.NewConnector("file:" + (&url.URL{Path: strings.TrimPrefix(place, "sqlite:")}).EscapedPath())
	if err != nil {
		return 0, err
	}
	d := sql.OpenDB(c)
	defer func() { err = errors.Join(err, d.Close()) }()
	return bytes, d.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`).Scan(&bytes)
}

// connect opens the file with the product's durability.
func (s *sqliteServer) connect(ctx context.Context, place string) (session, error) {
	q := url.Values{"_pragma": []string{"busy_timeout(15000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-32000)", "temp_store(MEMORY)"}}
	c, err := sqlite.NewConnector("file:" + (&url.URL{Path: strings.TrimPrefix(place, "sqlite:")}).EscapedPath() + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	return newSQLSession(ctx, sql.OpenDB(c), copySQLite)
}

// copySQLite makes the table anew from its own statement.
func copySQLite(ctx context.Context, s *sqlSession, from, to string) error {
	var made string
	if err := s.row(ctx, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", []any{from}, &made); err != nil {
		return err
	}
	_, columns, _ := strings.Cut(made, "(")
	return s.plain(ctx, "CREATE TABLE "+to+" ("+columns)
}
