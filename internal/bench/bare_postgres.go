package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"creditmsg/internal/fault"
)

// scratchName is the name of a database that nobody else has.
func scratchName() string {
	var b [8]byte
	rand.Read(b[:]) // never fails, by its documentation
	return "creditmsg_bench_" + hex.EncodeToString(b[:])
}

// dropWithin bounds the dropping of a scratch database; it happens also when the run
// itself was stopped.
const dropWithin = time.Minute

// postgresServer makes scratch databases on a PostgreSQL server.
type postgresServer struct {
	base       *url.URL
	admin      *pgx.Conn
	text       string // its version
	postmaster int    // 0 = not on this machine
}

func newPostgres(ctx context.Context, text string) (engine, error) {
	base, err := url.Parse(text)
	if err != nil {
		return nil, fault.Check("--database", "the URL cannot be read") // its text may hold a password
	}
	admin, err := pgx.Connect(ctx, text)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the PostgreSQL server at %s cannot be used", base.Host)
	}
	s := &postgresServer{base: base, admin: admin}
	var backend int
	err = admin.QueryRow(ctx, "SELECT current_setting('server_version'), pg_backend_pid()").Scan(&s.text, &backend)
	if err != nil {
		s.close()
		return nil, fmt.Errorf("ask PostgreSQL who it is: %w", err)
	}
	s.text, _, _ = strings.Cut(s.text, " ")
	if p, ok := readProcess(backend); ok && isProcess(backend, "postgres", "postmaster") {
		s.postmaster = p.parent
	}
	return s, nil
}

func (s *postgresServer) name() string    { return "postgres" }
func (s *postgresServer) version() string { return "PostgreSQL " + s.text }

func (s *postgresServer) words() words {
	return words{begin: "BEGIN", lock: " FOR UPDATE", pools: []int{8, 64}, analyze: "ANALYZE ", settle: "CHECKPOINT"}
}

func (s *postgresServer) bulk(pattern *row) bulk { return arrayBulk{pattern} }

// processes are all of the server: what else it does meanwhile is metered too.
func (s *postgresServer) processes() []int {
	if s.postmaster == 0 {
		return nil
	}
	return family(s.postmaster)
}

func (s *postgresServer) close() { _ = s.admin.Close(context.Background()) }

func (s *postgresServer) create(ctx context.Context) (string, func() error, error) {
	name := scratchName()
	if _, err := s.admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	place := *s.base
	place.Path = "/" + name
	return place.String(), func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropWithin)
		defer cancel()
		if s.admin.IsClosed() { // a stop in the middle of a statement takes the connection
			again, err := pgx.Connect(ctx, s.base.String())
			if err != nil {
				return fmt.Errorf("drop %s: %w", name, err)
			}
			s.admin = again
		}
		if _, err := s.admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
		return nil
	}, nil
}

// databaseOf is the name of the database in a URL.
func databaseOf(place string) string {
	u, err := url.Parse(place)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}

func (s *postgresServer) size(ctx context.Context, place string) (bytes int64, err error) {
	return bytes, s.admin.QueryRow(ctx, "SELECT pg_database_size($1)", databaseOf(place)).Scan(&bytes)
}

// barePostgres gives a baseline the product's own settings of a connection: without
// them a plan made while a table is empty would scan it for ever.
const barePostgres = "SET jit = off; SET enable_seqscan = off"

func (s *postgresServer) connect(ctx context.Context, place string) (session, error) {
	conn, err := pgx.Connect(ctx, place)
	if err != nil {
		return nil, err
	}
	out := &pgxSession{conn: conn, kept: map[string]string{}}
	if err := out.plain(ctx, barePostgres); err != nil {
		return nil, errors.Join(err, out.close())
	}
	return out, nil
}

// pgxSession speaks to the driver itself.
type pgxSession struct {
	conn *pgx.Conn
	kept map[string]string // the names of prepared statements
}

func (s *pgxSession) prepared(ctx context.Context, text string) (string, error) {
	if name, ok := s.kept[text]; ok {
		return name, nil
	}
	name := "s" + strconv.Itoa(len(s.kept))
	numbered := text
	for i := 1; strings.Contains(numbered, "?"); i++ {
		numbered = strings.Replace(numbered, "?", "$"+strconv.Itoa(i), 1)
	}
	if _, err := s.conn.Prepare(ctx, name, numbered); err != nil {
		return "", fmt.Errorf("prepare %q: %w", text, err)
	}
	s.kept[text] = name
	return name, nil
}

func (s *pgxSession) do(ctx context.Context, text string, args ...any) (int64, error) {
	name, err := s.prepared(ctx, text)
	if err != nil {
		return 0, err
	}
	tag, err := s.conn.Exec(ctx, name, args...)
	if err != nil {
		return 0, fmt.Errorf("%.40q: %w", text, err)
	}
	return tag.RowsAffected(), nil
}

func (s *pgxSession) row(ctx context.Context, text string, args []any, into ...any) error {
	name, err := s.prepared(ctx, text)
	if err != nil {
		return err
	}
	if err := s.conn.QueryRow(ctx, name, args...).Scan(into...); err != nil {
		return fmt.Errorf("%.40q: %w", text, err)
	}
	return nil
}

func (s *pgxSession) first(ctx context.Context, text string) (names []string, values []any, err error) {
	rows, err := s.conn.Query(ctx, text)
	if err != nil {
		return nil, nil, fmt.Errorf("%.40q: %w", text, err)
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, nil, errors.Join(rows.Err(), fmt.Errorf("%.40q: %w", text, pgx.ErrNoRows))
	}
	for _, f := range rows.FieldDescriptions() {
		names = append(names, f.Name)
	}
	values, err = rows.Values()
	return names, values, err
}

func (s *pgxSession) plain(ctx context.Context, text string) error {
	if _, err := s.conn.PgConn().Exec(ctx, text).ReadAll(); err != nil {
		return fmt.Errorf("%.40q: %w", text, err)
	}
	return nil
}

// copyTable copies columns, keys and indexes, and the fillfactor, which LIKE leaves out.
func (s *pgxSession) copyTable(ctx context.Context, from, to string) error {
	if err := s.plain(ctx, "CREATE TABLE "+to+" (LIKE "+from+" INCLUDING ALL)"); err != nil {
		return err
	}
	var options []string
	if err := s.conn.QueryRow(ctx, "SELECT coalesce(reloptions, '{}') FROM pg_class WHERE oid = $1::regclass", from).Scan(&options); err != nil {
		return fmt.Errorf("read the options of %s: %w", from, err)
	}
	if len(options) == 0 {
		return nil
	}
	return s.plain(ctx, "ALTER TABLE "+to+" SET ("+strings.Join(options, ", ")+")")
}

func (s *pgxSession) close() error { return s.conn.Close(context.Background()) }
