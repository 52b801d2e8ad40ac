package audit

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// world is a log at a time that the test sets.
type world struct {
	t   *testing.T
	d   *db.DB
	now time.Time
}

// start is a noon in Korea.
var start = time.Date(2026, 12, 1, 12, 0, 0, 123_456_000, korea.Seoul)

func onEvery(t *testing.T, test func(t *testing.T, w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := &world{t: t, now: start}
			w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return w.now }})
			test(t, w)
		})
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// note notes changes as somebody.
func (w *world) note(who Actor, changes ...Change) {
	w.t.Helper()
	w.must(w.d.Update(By(w.t.Context(), who), "test_change", func(tx *db.Tx) error { return Note(tx, changes...) }))
}

func (w *world) list(f Filter) (list []Entry) {
	w.t.Helper()
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) (err error) {
		list, err = List(tx, f, id.ID{}, 100)
		return err
	}))
	return list
}

// exec changes rows behind the log's back.
func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.must(w.d.Update(w.t.Context(), "test", func(tx *db.Tx) error {
		n, err := tx.Exec(query, args...)
		if err == nil && n == 0 {
			w.t.Fatalf("%s met no row", query)
		}
		return err
	}))
}

// key is the installation's signing key, from a fixed seed.
var key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

var ours = Signer{ID: "key", Public: key.Public().(ed25519.PublicKey), Sign: func(text []byte) []byte { return ed25519.Sign(key, text) }}

func signers(*db.Tx) ([]Signer, error) { return []Signer{ours}, nil }

func (w *world) seal() (through string) {
	w.t.Helper()
	through, err := SealDays(w.t.Context(), w.d, signers, "")
	w.must(err)
	return through
}

func (w *world) verify(site *string) Proof {
	w.t.Helper()
	p, err := Verify(w.t.Context(), w.d, signers, site)
	w.must(err)
	return p
}

// object reads a side of an entry.
func (w *world) object(text json.RawMessage) (out map[string]any) {
	w.t.Helper()
	w.must(json.Unmarshal(text, &out))
	return out
}

// errUndone ends a transaction whose changes are not meant to stay.
var errUndone = errors.New("undone")
