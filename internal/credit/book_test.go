package credit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"

	"github.com/google/go-cmp/cmp"
)

func TestARepeatedKeyGivesTheFirstEntryAndWritesNothing(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won})
		for _, up := range []TopUp{
			{Site: s, Kind: Payment, Amount: 5 * won, Ref: "pay_1", Key: "op 1", Note: "메모"},
			{Site: s, Kind: Adjustment, Amount: -2 * won, Key: strings.Repeat("k", 255)},
		} {
			first := w.add(up)
			w.add(TopUp{Site: s, Kind: Payment, Amount: won})
			w.now++
			again := w.add(up)
			if diff := cmp.Diff(first, again); diff != "" {
				t.Errorf("the same top-up again (-first +again):\n%s", diff)
			}
			for why, change := range map[string]func(*TopUp){
				"amount": func(u *TopUp) { u.Amount++ },
				"kind":   func(u *TopUp) { u.Kind, u.Amount = Bonus, max(u.Amount, -u.Amount) },
				"ref":    func(u *TopUp) { u.Ref = "pay_2" },
			} {
				other := up
				change(&other)
				err := w.addErr(other)
				if f := fault.Of(err); f == nil || f.Code != fault.CodeIdempotencyMismatch {
					t.Errorf("another %s under the key: got %v, want idempotency_mismatch", why, err)
				}
			}
		}
		if a := w.account(s); a.Available != 15*won || a.Seq != 5 {
			t.Errorf("got %s after %d entries, want 15.00 after 5", a.Available, a.Seq)
		}
		// Keys are a site's own.
		other := w.site("other")
		w.add(TopUp{Site: other, Kind: Payment, Amount: 7 * won, Key: "op 1"})
	})
}

func TestOneKeyUsedManyTimesAtOnceAddsOnce(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		seqs := make([]int64, 12)
		var wg sync.WaitGroup
		for i := range seqs {
			wg.Go(func() {
				err := w.try(func(tx *db.Tx) error {
					e, err := w.l.Add(tx, TopUp{Site: s, Kind: Payment, Amount: won, Key: "once"})
					seqs[i] = e.Seq
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if a := w.account(s); a.Available != won || slices.Max(seqs) != 1 || slices.Min(seqs) != 1 {
			t.Errorf("%s available, entries %v; want 1.00 and always entry 1", a.Available, seqs)
		}
	})
}

// TestAGroupOfManySitesIsAnsweredSiteBySite: 256 holds of 256 sites, every
// third of which has nothing.
func TestAGroupOfManySitesIsAnsweredSiteBySite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		holds := make([]Hold, 256)
		w.do(func(tx *db.Tx) error {
			for i := range holds {
				name := fmt.Sprintf("site-%d", i)
				holds[i] = Hold{Site: name, Message: id.New(), Amount: 18 * won}
				if _, err := site.Create(tx, w.keys, name, name); err != nil {
					return err
				}
				if err := w.l.Open(tx, name); err != nil {
					return err
				}
				if i%3 == 0 {
					continue
				}
				if _, err := w.l.Add(tx, TopUp{Site: name, Kind: Payment, Amount: 18 * won}); err != nil {
					return err
				}
			}
			return nil
		})
		for i, refused := range w.reserve(holds...) {
			if (refused != nil) != (i%3 == 0) {
				t.Errorf("hold %d: got refusal %v", i, refused)
			}
		}
		var all []Settlement
		for i, h := range holds {
			if i%3 != 0 {
				all = append(all, Settlement{Site: h.Site, Message: h.Message, Released: h.Amount})
			}
		}
		w.settle(all...)
		w.proven()
	})
}

func TestANoteIsSealedAndItsDigestTellsNothing(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		const text = "김하나님 요청으로 충전"
		a := w.add(TopUp{Site: s, Kind: Bonus, Amount: won, Note: text})
		b := w.add(TopUp{Site: s, Kind: Bonus, Amount: won, Note: text})
		if a.Note != text || len(a.NoteDigest) != 64 || a.NoteDigest == b.NoteDigest {
			t.Errorf("notes: got %q with digests %s and %s, want the text and two different digests", a.Note, a.NoteDigest, b.NoteDigest)
		}
		w.view(func(tx *db.Tx) error {
			var stored []byte
			err := tx.QueryRow(`SELECT note FROM entry WHERE site_id = ? AND seq = 1`, s).Scan(&stored)
			if bytes.Contains(stored, []byte("충전")) {
				t.Errorf("the note is stored readable")
			}
			return err
		})
		// Where there is no key, as after its erasure, notes are empty and the chain
		// still stands.
		w.do(func(tx *db.Tx) error {
			var errs []error
			for _, table := range []string{"account", "entry", "lot"} {
				_, err := tx.Exec(`UPDATE `+table+` SET site_id = 'keyless' WHERE site_id = ?`, s)
				errs = append(errs, err)
			}
			return errors.Join(append(errs, w.l.Open(tx, s))...)
		})
		es := w.entries("keyless")
		if es[0].Note != "" || es[0].Hash != a.Hash || es[0].NoteDigest != a.NoteDigest {
			t.Errorf("without the key: got note %q, hash %s; want none and %s", es[0].Note, es[0].Hash, a.Hash)
		}
	})
}

func TestEntriesAreReadPageByPageWithTheirPreviousHash(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		for range 5 {
			w.add(TopUp{Site: s, Kind: Payment, Amount: won})
		}
		all := w.entries(s)
		prev := strings.Repeat("0", 64)
		for i, e := range all {
			if e.Seq != int64(i+1) || e.PrevHash != prev {
				t.Errorf("entry %d: seq %d after %s, want %d after %s", i, e.Seq, e.PrevHash, i+1, prev)
			}
			prev = e.Hash
		}
		if a := w.account(s); fmt.Sprintf("%x", a.Hash) != prev {
			t.Errorf("head: got %x, want %s", a.Hash, prev)
		}
		w.view(func(tx *db.Tx) error {
			page, err := w.l.Entries(tx, s, 2, 2)
			if diff := cmp.Diff(all[2:4], page); diff != "" {
				t.Errorf("entries after 2 (-want +got):\n%s", diff)
			}
			none, err2 := w.l.Entries(tx, s, 5, 2)
			if len(none) != 0 {
				t.Errorf("entries after the last: got %v", none)
			}
			return errors.Join(err, err2)
		})
	})
}

func TestTheLatestEntriesAreTheSameFromTheEndOn(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		for range 5 {
			w.add(TopUp{Site: s, Kind: Payment, Amount: won})
		}
		want := w.entries(s)
		slices.Reverse(want)
		var got []Entry
		for before := int64(0); len(got) < 10; before = got[len(got)-1].Seq {
			var page []Entry
			w.view(func(tx *db.Tx) (err error) { page, err = w.l.LatestEntries(tx, s, before, 2); return err })
			if got = append(got, page...); len(page) < 2 {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the latest entries (-want +got):\n%s", diff)
		}
	})
}

func TestTheTimeOfEntriesNeverFalls(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: won})
		w.now = noon.Add(-time.Hour)
		e := w.add(TopUp{Site: s, Kind: Payment, Amount: won})
		if e.At != noon {
			t.Errorf("after the clock went back: got %s, want %s", e.At.Time(), noon.Time())
		}
	})
}

func TestAHeadThatIsNotTheNewestIsTriedAgain(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won})
		tries := 0
		w.do(func(tx *db.Tx) error {
			if tries++; tries == 1 { // as if the row had been read before somebody else's commit
				if _, err := tx.Exec(`UPDATE account SET seq = 0 WHERE site_id = ?`, s); err != nil {
					return err
				}
			}
			_, err := w.l.Reserve(tx, []Hold{{Site: s, Message: id.New(), Amount: won}})
			return err
		})
		if tries != 2 {
			t.Errorf("%d tries, want a stale one and a good one", tries)
		}
		w.proven()
	})
}

func TestDamagedBooksAreNotWrittenOn(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won})
		m := w.hold(s, 5*won)
		for _, damage := range []string{
			`UPDATE lot SET held = 1`,
			`DELETE FROM lot`,
			`UPDATE reservation SET takes = 'x'`,
			`UPDATE reservation SET takes = '9:5.0000'`,
		} {
			err := w.try(func(tx *db.Tx) error {
				if _, err := tx.Exec(damage + ` WHERE site_id = 'demo'`); err != nil {
					t.Fatal(err)
				}
				return w.l.Settle(tx, []Settlement{{Site: s, Message: m, Released: 5 * won}})
			})
			if err == nil {
				t.Errorf("settle after %q: it was taken, want an error", damage)
			}
		}
	})
}

func TestAnAccountIsOpenedOnce(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		err := w.try(func(tx *db.Tx) error { return w.l.Open(tx, s) })
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("open again: got %v, want a conflict", err)
		}
		w.view(func(tx *db.Tx) error {
			if _, err := w.l.Account(tx, "nobody"); !fault.Is(err, fault.NotFound) {
				t.Errorf("account of no site: got %v, want not found", err)
			}
			return nil
		})
	})
}
