package db_test

import (
	"database/sql"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

func TestOpenMakesAPrivateFileAndItsFolder(t *testing.T) {
	for _, name := range []string{"plain.db", "한글 이름 100%#1.db"} {
		path := filepath.Join(t.TempDir(), "new", "folder", name)
		d := dbtest.Connect(t, "sqlite:"+path, db.Options{})
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{path, path + "-wal"} {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != 0o600 {
				t.Errorf("%s: got mode %o, want 600", file, got)
			}
		}
	}
}

func TestSQLiteKeepsItsDurableSettings(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	write, read := db.Pools(d)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "3000"} {
		var got string
		if err := write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", pragma, got, err, want)
		}
		if err := read.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s of readers: got %q (%v), want %q", pragma, got, err, want)
		}
	}
}

func TestServersKeepTheirSessionSettings(t *testing.T) {
	type settings map[string]string
	both := map[string]settings{
		"postgres": {"SHOW enable_seqscan": "off", "SHOW enable_hashjoin": "off", "SHOW max_parallel_workers_per_gather": "0", "SHOW TimeZone": "UTC", "SHOW default_transaction_isolation": "read committed"},
		"mysql": {"SELECT @@tx_isolation": "READ-COMMITTED", "SELECT @@time_zone": "+00:00", "SELECT @@collation_connection": "utf8mb4_bin",
			"SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%'": "1"},
	}
	writing := map[string]settings{
		"postgres": {"SHOW plan_cache_mode": "force_generic_plan", "SHOW lock_timeout": "3s"},
		"mysql":    {"SELECT @@innodb_lock_wait_timeout": "3"},
	}
	for _, engine := range dbtest.Engines() {
		if engine == "sqlite" {
			continue
		}
		d := dbtest.Open(t, engine)
		write, read := db.Pools(d)
		for _, part := range []struct {
			pool *sql.DB
			want settings
		}{{write, both[engine]}, {write, writing[engine]}, {read, both[engine]}} {
			for query, want := range part.want {
				var got string
				if err := part.pool.QueryRow(query).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s gives %q (%v), want %q", engine, query, got, err, want)
				}
			}
		}
	}
}

func TestAServerThatIsNotThereIsOneClearLine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	for _, link := range []string{"postgres://me:geheim@" + closed + "/x", "mysql://me:geheim@" + closed + "/x"} {
		start := time.Now()
		_, err := db.Open(t.Context(), link, db.Options{ConnectFor: 300 * time.Millisecond})
		if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want Unavailable in one line without the password", err)
		}
		if public := fault.Of(err).Public; !strings.Contains(public, closed) || !strings.Contains(public, "connection refused") ||
			strings.Contains(public, "geheim") || strings.Contains(public, "\n") {
			t.Errorf("got %q, want where and why in one line without the password", public)
		}
		if took := time.Since(start); took < 250*time.Millisecond || took > 10*time.Second {
			t.Errorf("%s: gave up after %v, want about 300ms", link, took)
		}
	}
}

func TestOpenWaitsForAServerThatComesUp(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == "sqlite" {
			continue
		}
		p, link := through(t, dbtest.URL(t, engine))
		p.refuse.Store(3)
		d := dbtest.Connect(t, link, db.Options{})
		if err := d.Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
	}
}

func TestAWrongPasswordIsNotTriedAgain(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		if engine == "sqlite" {
			continue
		}
		u, err := url.Parse(dbtest.URL(t, engine))
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword("nobody_here", "geheim")
		start := time.Now()
		_, err = db.Open(t.Context(), u.String(), db.Options{})
		if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: got %v, want Unavailable without the password", engine, err)
		}
		if public := fault.Of(err).Public; !strings.Contains(public, "nobody_here") || strings.Contains(public, "geheim") {
			t.Errorf("%s: got %q, want the server's own reason", engine, public)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: tried for %v", engine, took)
		}
	}
}

func TestAURLThatIsNotOneIsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, link := range []string{
		"", "geheim", "oracle://geheim@x/y", "sqlite:", "sqlite::memory:", "sqlite:x.db?geheim=1", "postgres://a:geheim@[::1/x",
		"mysql://a:geheim@[::1/x", "mysql://a:geheim@host/", "mysql://a:geheim@host/x?unknown=1", "mysql://a:geheim@host/x?tls=unheard",
	} {
		_, err := db.Open(t.Context(), link, db.Options{ConnectFor: time.Millisecond})
		if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: got %v, want Invalid without its text", link, err)
		}
	}
}

func TestAFullDiskIsSaidPlainly(t *testing.T) {
	d := openWith(t, "sqlite")
	write, _ := db.Pools(d)
	if _, err := write.Exec("PRAGMA max_page_count = 1"); err != nil { // never below the present size
		t.Fatal(err)
	}
	big := some(1)
	big[0].Body = make([]byte, 1<<20)
	err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return tx.InsertMany("thing", columns(big)...) })
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Of(err).Public, "disk is full") {
		t.Errorf("got %v, want Unavailable that says the disk is full", err)
	}
}

func TestMetricsCountEachTransactionByName(t *testing.T) {
	reg := prometheus.NewRegistry()
	link := dbtest.Migrated(t, "sqlite")
	d := dbtest.Connect(t, link, db.Options{Registerer: reg})
	shard := dbtest.Connect(t, dbtest.Migrated(t, "sqlite"), db.Options{Registerer: reg})
	for _, d := range []*db.DB{d, d, shard} {
		first := true
		if err := d.Update(t.Context(), "test.update", func(*db.Tx) error {
			if first {
				first = false
				return db.ErrStale
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()] += float64(m.GetHistogram().GetSampleCount()) + m.GetCounter().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"creditmsg_db_seconds": 3, "creditmsg_db_sqlite_write_seconds": 3, "creditmsg_db_reruns_total": 3,
	} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
}

func TestTimesSurviveTheirStoredForm(t *testing.T) {
	at := time.Date(2026, 11, 22, 5, 59, 18, 123456789, time.FixedZone("KST", 9*3600))
	stored := db.At(at)
	if got, want := stored.Time(), at.UTC().Truncate(time.Microsecond); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := stored.Add(time.Hour).Sub(stored); got != time.Hour {
		t.Errorf("got %v, want an hour", got)
	}
	if !db.At(time.Time{}).IsZero() || !db.Time(0).Time().IsZero() {
		t.Error("the zero time is not absent")
	}
}
