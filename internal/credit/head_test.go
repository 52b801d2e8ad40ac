package credit

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/site"

	"github.com/google/go-cmp/cmp"
)

// heads gives all heads of a site.
func (w *world) heads(siteID string) (hs []Head) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { hs, err = w.l.Heads(tx, siteID, "0000-00-00", "9999-99-99"); return err })
	return hs
}

func (w *world) signers() (out []site.Signer) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { out, err = w.keys.Signers(tx); return err })
	return out
}

// daysOfWork puts entries on three days, of which the last is today, and gives the days.
func daysOfWork(w *world, s string) (days []string) {
	now := time.Now()
	for _, back := range []int{5, 2, 0} {
		w.now = db.At(now.AddDate(0, 0, -back))
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		m := w.hold(s, 36*won)
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(1, 1, 18*won)}, Released: 18 * won})
		days = append(days, korea.Day(w.now.Time()))
	}
	return days
}

func TestADayThatIsOverIsSignedOnceAndSoAreTheDaysThatWereMissed(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.site("idle")
		days := daysOfWork(w, s)
		var wait sync.WaitGroup
		for range 3 { // as several processes do
			wait.Go(func() {
				l := NewLedger(w.keys, w.q)
				through, err := l.SignHeads(t.Context(), w.d, "")
				if err != nil || through < days[1] || through >= days[2] {
					t.Errorf("signed through %s, %v; want up to a day before %s", through, err, days[2])
				}
			})
		}
		wait.Wait()
		heads, key := w.heads(s), w.signers()[0]
		if len(heads) != 2 || len(w.heads("idle")) != 0 {
			t.Fatalf("got %d heads and %d of a site without entries; want 2 and none", len(heads), len(w.heads("idle")))
		}
		entries := w.entries(s)
		for i, h := range heads {
			last := entries[4*i+3]
			want := Head{Site: s, Day: days[i], Seq: last.Seq, Hash: last.Hash, Available: last.AvailableAfter, Held: last.HeldAfter,
				Spent: 18 * won * money.Amount(i+1), KeyID: key.ID, Signature: h.Signature}
			if diff := cmp.Diff(want, h); diff != "" || !h.SignedBy(key.Public) {
				t.Errorf("head %d, signed rightly: %v (-want +got):\n%s", i, h.SignedBy(key.Public), diff)
			}
		}
		w.toldOf(s, heads, key.Public)
		w.proven()
	})
}

// toldOf wants one event for each head, which carries all that proves it.
func (w *world) toldOf(s string, heads []Head, public ed25519.PublicKey) {
	w.t.Helper()
	var told []event.Stored
	w.view(func(tx *db.Tx) (err error) { told, err = event.List(tx, s, id.ID{}, 100); return err })
	told = slices.DeleteFunc(told, func(e event.Stored) bool { return e.Type != "credit.head" })
	if len(told) != len(heads) {
		w.t.Fatalf("%d events of %d heads", len(told), len(heads))
	}
	for i, e := range told {
		var data struct {
			Day, Hash              string
			Seq                    int64
			Available, Held, Spent money.Amount
			KeyID                  string `json:"key_id"`
			PublicKey              []byte `json:"public_key"`
			Signature              []byte
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			w.t.Fatal(err)
		}
		h := Head{Site: s, Day: data.Day, Seq: data.Seq, Hash: data.Hash, Available: data.Available, Held: data.Held, Spent: data.Spent,
			KeyID: data.KeyID, Signature: data.Signature}
		if diff := cmp.Diff(heads[i], h); diff != "" || !h.SignedBy(data.PublicKey) || !public.Equal(ed25519.PublicKey(data.PublicKey)) {
			w.t.Errorf("event %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestWhatIsSignedThroughADayIsNotLookedAtAgain(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		through, err := w.l.SignHeads(t.Context(), w.d, "")
		if err != nil {
			t.Fatal(err)
		}
		daysOfWork(w, s)
		again, err := w.l.SignHeads(t.Context(), w.d, through)
		if err != nil || again != through || len(w.heads(s)) != 0 {
			t.Errorf("got %s, %v and %d heads; want %s and none", again, err, len(w.heads(s)), through)
		}
	})
}

func TestADayIsSignedFiveMinutesAfterItsMidnight(t *testing.T) {
	midnight := time.Date(2026, 12, 1, 0, 0, 0, 0, korea.Seoul)
	for after, want := range map[time.Duration]string{
		-time.Second: "2026-11-29", 0: "2026-11-29", 5*time.Minute - time.Microsecond: "2026-11-29", 5 * time.Minute: "2026-11-30", 24 * time.Hour: "2026-11-30",
	} {
		if got := LastDay(db.At(midnight.Add(after))); got != want {
			t.Errorf("%s after midnight: %s, want %s", after, got, want)
		}
	}
}

func TestHeadsOfOldKeysStayGoodAndNewOnesAreSignedByTheNewKey(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		days := daysOfWork(w, s)
		w.signThrough(days[0])
		w.do(func(tx *db.Tx) error { _, err := w.keys.NewSigner(tx); return err })
		w.signThrough(days[1])
		keys, heads := w.signers(), w.heads(s)
		if len(heads) != 2 || !heads[0].SignedBy(keys[0].Public) || !heads[1].SignedBy(keys[1].Public) || heads[1].SignedBy(keys[0].Public) {
			t.Errorf("got heads %+v of keys %+v", heads, keys)
		}
		w.proven()
	})
}

// rewrite is the most careful forger: it changes the ref of the first entry and makes every
// hash after it right again, also the account's.
func (w *world) rewrite(tx *db.Tx, s string) error {
	rows, err := tx.Query(`SELECT `+lineColumns+` FROM entry WHERE site_id = ? ORDER BY site_id, seq`, s)
	lines, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return err
	}
	hash := make([]byte, 32)
	for i := range lines {
		l := &lines[i]
		if i == 0 {
			l.ref = "somebody else's"
		}
		sum, _ := l.chained(hash, nil)
		hash = sum[:]
		if _, err := tx.Exec(`UPDATE entry SET ref = ?, hash = ? WHERE site_id = ? AND seq = ?`, db.Null[string]{V: l.ref, Valid: l.ref != ""}, hash, s, l.seq); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`UPDATE account SET hash = ? WHERE site_id = ?`, hash, s)
	return err
}

func TestAChainThatWasRewrittenAsAWholeIsSeenByItsSignedHeads(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		days := daysOfWork(w, s)
		w.signThrough(days[1])
		prove := func(more ...string) (rows []string) {
			err := w.undone(func(tx *db.Tx) error {
				if err := w.rewrite(tx, s); err != nil {
					return err
				}
				for _, statement := range more {
					if _, err := tx.Exec(statement, s); err != nil {
						return err
					}
				}
				broken, err := w.proveIn(tx, 10)
				for _, b := range broken {
					rows = append(rows, b.Row)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		if diff := cmp.Diff([]string{headRow(days[0]), headRow(days[1])}, prove()); diff != "" {
			t.Errorf("a rewritten chain (-want +got):\n%s", diff)
		}
		// Whoever takes the heads away leaves no trace here: that is what tenants keep them for.
		if got := prove(`DELETE FROM credit_head WHERE site_id = ?`); got != nil {
			t.Errorf("the forger was not careful enough: %v", got)
		}
		if got := prove(`DELETE FROM credit_head WHERE site_id = ? AND seq < 5`); !slices.Contains(got, headRow(days[0])) {
			t.Errorf("a head that was taken away is not named: %v", got)
		}
		// The chain goes on from what was signed, or not at all.
		err := w.undone(func(tx *db.Tx) error {
			if err := w.rewrite(tx, s); err != nil {
				return err
			}
			behind, _, err := standings(tx, "")
			if err != nil {
				return err
			}
			heads, err := behind[0].due(tx, "9999-12-31", 10)
			if err == nil || len(heads) > 0 || !strings.Contains(err.Error(), "not the entry that was signed") {
				t.Errorf("a rewritten chain is signed on: %v, %v", heads, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAChainThatWasCutIsSeenByItsSignedHeads(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.now = noon
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		before := w.entries(s)[0]
		w.now = noon.Add(day)
		w.add(TopUp{Site: s, Kind: Payment, Amount: 500 * won})
		w.signThrough("2026-11-30")
		hash, _ := hex.DecodeString(before.Hash)
		var broken []Broken
		err := w.undone(func(tx *db.Tx) (err error) {
			for _, statement := range []string{`DELETE FROM entry WHERE site_id = ? AND seq = 2`, `DELETE FROM lot WHERE site_id = ? AND seq = 2`} {
				if _, err := tx.Exec(statement, s); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(`UPDATE account SET available = ?, seq = 1, at = ?, hash = ? WHERE site_id = ?`, 1000*won, noon, hash, s); err != nil {
				return err
			}
			broken, err = w.proveIn(tx, 10)
			return err
		})
		if err != nil || len(broken) != 1 || broken[0].Row != "head 2026-11-24" || broken[0].Law != 4 {
			t.Errorf("got %v, %v; want the head of the 24th named", broken, err)
		}
	})
}

func TestABrokenChainIsNotSignedAndHoldsUpNobody(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.site("zz")
		daysOfWork(w, s)
		daysOfWork(w, "zz")
		change := func(by int) {
			w.do(func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE entry SET amount = amount + ? WHERE site_id = ? AND seq = 2`, by, s)
				return err
			})
		}
		change(1)
		defer change(-1)
		through, err := w.l.SignHeads(t.Context(), w.d, "")
		if err == nil || !strings.Contains(err.Error(), s) || !strings.Contains(err.Error(), "entry 2") || through != "" {
			t.Errorf("got %s, %v; want the site and its entry named, and nothing taken for done", through, err)
		}
		if len(w.heads(s)) != 0 || len(w.heads("zz")) != 2 {
			t.Errorf("%d heads of the broken chain, %d of the other; want none and 2", len(w.heads(s)), len(w.heads("zz")))
		}
	})
}

func TestACheckTellsOfALateOrFalseHead(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		check := func(change ...string) (wrong string) {
			t.Helper()
			err := w.undone(func(tx *db.Tx) error {
				tx.Now = db.At(time.Now())
				for _, statement := range change {
					if _, err := tx.Exec(statement); err != nil {
						return err
					}
				}
				var err error
				wrong, err = w.l.CheckHead(tx, s)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return wrong
		}
		if got := check(); got != "" {
			t.Errorf("a site without entries: %q", got)
		}
		days := daysOfWork(w, s)
		w.signThrough(days[0])
		if got := check(); !strings.Contains(got, days[1]+" is not signed") {
			t.Errorf("a day that was missed: %q", got)
		}
		w.signThrough(days[1])
		if got := check(); got != "" {
			t.Errorf("all is signed: %q", got)
		}
		for _, c := range []struct{ change, want string }{
			{`UPDATE credit_head SET spent = spent + 1 WHERE seq = 8`, "signature"},
			{`UPDATE entry SET available_after = available_after + 1 WHERE seq = 8`, "not the one that was signed on " + days[1]},
			{`DELETE FROM entry WHERE seq = 8`, "not the one that was signed on " + days[1]},
		} {
			if got := check(c.change); !strings.Contains(got, c.want) {
				t.Errorf("%s: %q, want %q", c.change, got, c.want)
			}
		}
	})
}
