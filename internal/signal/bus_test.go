package signal

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// pair is two processes on one database whose time a test moves.
type pair struct {
	t     *testing.T
	now   atomic.Int64
	d     *db.DB
	buses [2]*Bus
	heard [2][]string
}

func pairs(t *testing.T, test func(p *pair)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			p := &pair{t: t}
			p.now.Store(time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC).UnixMicro())
			p.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(p.now.Load()) }})
			for i := range p.buses {
				p.buses[i] = New(p.d, Options{})
				p.buses[i].Subscribe("weather", func(body []byte) { p.heard[i] = append(p.heard[i], string(body)) })
			}
			test(p)
		})
	}
}

// beat lets time pass and both processes beat.
func (p *pair) beat(d time.Duration) {
	p.t.Helper()
	p.now.Add(d.Microseconds())
	for _, b := range p.buses {
		if err := b.Beat(context.Background()); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *pair) want(first, second []string) {
	p.t.Helper()
	for i, want := range [][]string{first, second} {
		if got := slices.Sorted(slices.Values(p.heard[i])); !slices.Equal(got, want) {
			p.t.Errorf("process %d heard %q, want %q", i, got, want)
		}
	}
}

func (p *pair) rows() (n int) {
	p.t.Helper()
	err := p.d.View(context.Background(), "test", func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM signal_news`).Scan(&n) })
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func TestNewsReachTheOthersOnce(t *testing.T) {
	pairs(t, func(p *pair) {
		p.buses[0].Publish("weather", []byte("rain"))
		p.buses[0].Publish("weather", []byte("snow"))
		p.buses[0].Publish("traffic", []byte("jam"))
		p.beat(time.Second)
		p.buses[1].Publish("weather", []byte("sun"))
		for range 5 {
			p.beat(time.Second)
		}
		p.want([]string{"sun"}, []string{"rain", "snow"})
	})
}

// TestNewsThatAreCommittedLateAreHeard has a row appear behind the time of later ones.
func TestNewsThatAreCommittedLateAreHeard(t *testing.T) {
	pairs(t, func(p *pair) {
		p.buses[0].Publish("weather", []byte("on time"))
		p.beat(time.Second)
		p.now.Add(-(3 * time.Second).Microseconds())
		p.buses[0].Publish("weather", []byte("late"))
		if err := p.buses[0].Beat(context.Background()); err != nil {
			t.Fatal(err)
		}
		p.beat(4 * time.Second)
		p.want(nil, []string{"late", "on time"})
	})
}

func TestOldNewsAreSweptAndAnIdleBusWritesNothing(t *testing.T) {
	pairs(t, func(p *pair) {
		for i := range 10 {
			p.buses[0].Publish("weather", fmt.Append(nil, i))
		}
		p.beat(time.Second)
		if n := p.rows(); n != 10 {
			t.Fatalf("%d rows, want 10", n)
		}
		for range 10 {
			p.beat(30 * time.Second)
		}
		if n := p.rows(); n != 0 {
			t.Errorf("%d rows are left after five minutes", n)
		}
		marks := func() (n int) {
			err := p.d.View(context.Background(), "test", func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM db_mark`).Scan(&n) })
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := marks()
		for range 10 {
			p.beat(2 * time.Minute)
		}
		if after := marks(); after != before {
			t.Errorf("%d write transactions of a bus without news", after-before)
		}
		if n := len(p.buses[1].seen); n != 0 {
			t.Errorf("%d news are remembered, want none", n)
		}
	})
}

func TestTooMuchNewsIsDroppedFromTheFront(t *testing.T) {
	b := New(nil, Options{})
	for i := range maxOut + 5 {
		b.Publish("weather", fmt.Append(nil, i))
	}
	if n := len(b.out); n != maxOut || string(b.out[0].body) != "5" {
		t.Errorf("%d wait, the first is %q; want %d from the sixth on", n, b.out[0].body, maxOut)
	}
}

// TestADatabaseThatIsAwayIsToldOnce runs a bus over a closed database.
func TestADatabaseThatIsAwayIsToldOnce(t *testing.T) {
	d, err := db.Open(t.Context(), dbtest.Migrated(t, "sqlite"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	b := New(d, Options{Beat: time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	if err := b.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	if n := bytes.Count(log.Bytes(), []byte("level=WARN")); n != 1 {
		t.Errorf("%d warnings, want one: %s", n, log.String())
	}
}
