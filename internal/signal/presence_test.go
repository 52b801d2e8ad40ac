package signal

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// present are the processes that a test's database knows.
func (p *pair) present() (list []Process, now db.Time) {
	p.t.Helper()
	err := p.d.View(context.Background(), "test", func(tx *db.Tx) (err error) {
		now = tx.Now
		list, err = Processes(tx)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return list, now
}

func (p *pair) process(host string, roles ...string) *Presence {
	return NewPresence(p.d, Process{Host: host, PID: 7, Roles: roles, Version: "v1"}, slog.New(slog.DiscardHandler))
}

func (p *pair) seen(all ...*Presence) {
	p.t.Helper()
	for _, one := range all {
		if err := one.Beat(context.Background()); err != nil {
			p.t.Fatal(err)
		}
	}
}

func TestProcessesTellThatTheyRunSinceWhenAndAsWhat(t *testing.T) {
	pairs(t, func(p *pair) {
		web, work := p.process("web", "api"), p.process("work", "worker", "simulator")
		p.seen(web)
		p.now.Add(time.Minute.Microseconds())
		p.seen(work, web)
		list, now := p.present()
		want := []Process{
			{ID: web.ID(), Host: "web", PID: 7, Roles: []string{"api"}, Version: "v1", StartedAt: now.Add(-time.Minute), SeenAt: now},
			{ID: work.ID(), Host: "work", PID: 7, Roles: []string{"worker", "simulator"}, Version: "v1", StartedAt: now, SeenAt: now},
		}
		if diff := cmp.Diff(want, list); diff != "" {
			p.t.Error(diff)
		}
	})
}

func TestAProcessThatIsNotSeenIsLostAndForgottenAfterAnHour(t *testing.T) {
	pairs(t, func(p *pair) {
		dies, lives := p.process("dies"), p.process("lives")
		p.seen(dies, lives)
		p.now.Add((2 * time.Minute).Microseconds())
		p.seen(lives)
		list, now := p.present()
		lost := map[string]bool{}
		for _, one := range list {
			lost[one.Host] = one.Lost(now)
		}
		if !cmp.Equal(lost, map[string]bool{"dies": true, "lives": false}) {
			p.t.Errorf("lost: got %v", lost)
		}
		p.now.Add(time.Hour.Microseconds())
		p.seen(lives)
		if list, _ := p.present(); len(list) != 1 || list[0].Host != "lives" {
			p.t.Errorf("got %+v, want the one that lives", list)
		}
		p.now.Add((2 * time.Hour).Microseconds()) // it slept, and others forgot it
		p.seen(p.process("other"), lives)
		list, now = p.present()
		if i := slices.IndexFunc(list, func(one Process) bool { return one.ID == lives.ID() }); i != 0 || list[i].StartedAt > now.Add(-3*time.Hour) {
			p.t.Errorf("got %+v, want the one that lives, since when it did", list)
		}
	})
}

func TestAProcessThatEndsInOrderIsGone(t *testing.T) {
	pairs(t, func(p *pair) {
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- p.process("short").Run(ctx) }()
		for list, _ := p.present(); len(list) == 0; list, _ = p.present() { // it beats at once
			continue
		}
		stop()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
		if list, _ := p.present(); len(list) != 0 {
			p.t.Errorf("got %+v, want none", list)
		}
	})
}

func TestAPresenceWithoutADatabaseIsToldOnceAndEnds(t *testing.T) {
	d, err := db.Open(t.Context(), dbtest.Migrated(t, "sqlite"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := NewPresence(d, Process{Host: strings.Repeat("긴", 300)}, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
		defer stop()
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), "do not see this one"); n != 1 || len([]rune(p.self.Host)) != mostMarked {
			t.Errorf("%d warnings, want one: %s", n, &log)
		}
	})
}
