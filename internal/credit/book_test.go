package credit

import (
	"bytes"
	"encoding/json"
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
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
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
		// Once the site's key is erased the notes are gone and the chain still stands.
		w.do(func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE site_key SET stored = NULL WHERE site_id = ?`, s)
			return err
		})
		w.keys = site.NewKeys(w.d, nil)
		w.l = NewLedger(w.keys)
		es := w.entries(s)
		if es[0].Note != "" || es[0].Hash != a.Hash {
			t.Errorf("after erasure: got note %q, hash %s; want none and %s", es[0].Note, es[0].Hash, a.Hash)
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
		var errs []error
		w.do(func(tx *db.Tx) error {
			if tries++; tries == 1 { // as if the row had been read before somebody else's commit
				if _, err := tx.Exec(`UPDATE account SET seq = 0 WHERE site_id = ?`, s); err != nil {
					return err
				}
			}
			_, err := w.l.Reserve(tx, []Hold{{Site: s, Message: id.New(), Amount: won}})
			errs = append(errs, err)
			return err
		})
		if tries != 2 || !errors.Is(errs[0], db.ErrStale) {
			t.Errorf("%d tries with %v, want a stale one and a good one", tries, errs)
		}
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

func TestTheNearestPriceWinsAndHistoryIsKept(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		set := func(owner string, p map[provider.Channel]money.Amount) {
			w.do(func(tx *db.Tx) error { return SetPrices(tx, owner, p) })
		}
		at := func(now db.Time, siteID string) (p Prices) {
			w.do(func(tx *db.Tx) (err error) { tx.Now = now; p, err = PricesOf(tx, siteID); return err })
			return p
		}
		want := func(why string, got, want Prices) {
			t.Helper()
			if got != want {
				t.Errorf("%s: got %v, want %v", why, got, want)
			}
		}
		want("nothing set", at(noon, s), Prices{9 * won, 18 * won, 45 * won, 120 * won})
		set("", map[provider.Channel]money.Amount{provider.Alimtalk: 8 * won, provider.MMS: 100 * won})
		set(s, map[provider.Channel]money.Amount{provider.Alimtalk: 7*won + 5000, provider.SMS: 0})
		want("site over installation over default", at(noon, s), Prices{7*won + 5000, 0, 45 * won, 100 * won})
		want("another site", at(noon, "other"), Prices{8 * won, 18 * won, 45 * won, 100 * won})
		w.now = noon.Add(time.Hour)
		set(s, map[provider.Channel]money.Amount{provider.SMS: 20 * won})
		want("from then on", at(w.now, s), Prices{7*won + 5000, 20 * won, 45 * won, 100 * won})
		want("before", at(w.now-1, s), Prices{7*won + 5000, 0, 45 * won, 100 * won})
		set(s, map[provider.Channel]money.Amount{provider.SMS: 21 * won})
		want("the last of one instant", at(w.now, s), Prices{7*won + 5000, 21 * won, 45 * won, 100 * won})
		set(s, nil)
		err := w.try(func(tx *db.Tx) error {
			return SetPrices(tx, s, map[provider.Channel]money.Amount{provider.SMS: -1})
		})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a negative price: got %v, want invalid", err)
		}
	})
}

func TestPricesAreAnObjectByChannel(t *testing.T) {
	text, err := json.Marshal(Default)
	if want := `{"alimtalk":"9.00","lms":"45.00","mms":"120.00","sms":"18.00"}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v; want %s", text, err, want)
	}
	got := Default
	if err := json.Unmarshal([]byte(`{"sms":"17.5"}`), &got); err != nil || got != (Prices{9 * won, 17*won + 5000, 45 * won, 120 * won}) {
		t.Errorf("got %v, %v; want only sms changed", got, err)
	}
	for _, bad := range []string{`{"fax":"1"}`, `{"sms":"-1"}`, `{"sms":"1e3"}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was read as %v, want an error", bad, got)
		}
	}
}

func TestUnitPricesAreFrozenSoThatSettlementNeverLooksAtTodays(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		m := w.hold(s, 18*won)
		w.do(func(tx *db.Tx) error {
			return SetPrices(tx, s, map[provider.Channel]money.Amount{provider.SMS: 50 * won})
		})
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, 18*won)}})
		if us := w.usages(s, m); us[0].UnitCost != 18*won {
			t.Errorf("unit cost: got %s, want the frozen 18.00", us[0].UnitCost)
		}
	})
}

// TestOutcomesProveWhatNoEntryTells: laws 2 and 3 with the recipients' side.
func TestOutcomesProveWhatNoEntryTells(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		m, free := w.hold(s, 36*won), w.hold(s, 0)
		w.settle(
			Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.Alimtalk, 1, 9*won)}, Released: 9 * won},
			Settlement{Site: s, Message: free, Delivered: []Delivered{delivered(provider.Alimtalk, 4, 0)}})
		truth := func() map[id.ID]Outcome {
			a, b := Outcome{Message: m, Open: 18 * won}, Outcome{Message: free}
			a.Settled[provider.Alimtalk], a.Count[provider.Alimtalk] = 9*won, 1
			b.Count[provider.Alimtalk] = 4
			return map[id.ID]Outcome{m: a, free: b}
		}
		prove := func(o map[id.ID]Outcome) (rows []string) {
			proof, err := w.l.Prove(t.Context(), w.d, []string{s}, func(_ *db.Tx, siteID string, messages []id.ID) (map[id.ID]Outcome, error) {
				if siteID != s || len(messages) != 2 {
					t.Errorf("asked for %d messages of %s, want 2 of %s", len(messages), siteID, s)
				}
				return o, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range proof.Broken {
				rows = append(rows, fmt.Sprintf("%d %s", b.Law, b.Row))
			}
			return rows
		}
		us := w.usages(s, id.ID{})
		of := func(m id.ID) string {
			i := slices.IndexFunc(us, func(u Usage) bool { return u.Message == m })
			return "3 usage " + us[i].ID.Text(id.Usage)
		}
		if got := prove(truth()); got != nil {
			t.Errorf("the truth: got %v, want no broken row", got)
		}
		for why, c := range map[string]struct {
			lie  func(map[id.ID]Outcome)
			want []string
		}{
			"another open sum": {func(o map[id.ID]Outcome) { x := o[m]; x.Open++; o[m] = x }, []string{"2 " + reservationRow(m)}},
			"another channel": {func(o map[id.ID]Outcome) {
				x := o[m]
				x.Count = [4]int64{0, 1}
				x.Settled = [4]money.Amount{0, 9 * won}
				o[m] = x
			}, []string{of(m), "3 usage of " + m.Text(id.Message) + " by sms"}},
			"another price":          {func(o map[id.ID]Outcome) { x := o[m]; x.Settled[0] = 8 * won; o[m] = x }, []string{"2 " + reservationRow(m), of(m)}},
			"another free recipient": {func(o map[id.ID]Outcome) { x := o[free]; x.Count[0]++; o[free] = x }, []string{of(free)}},
			"an unknown message":     {func(o map[id.ID]Outcome) { delete(o, free) }, []string{"2 " + reservationRow(free)}},
		} {
			lie := truth()
			c.lie(lie)
			if diff := cmp.Diff(c.want, prove(lie)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", why, diff)
			}
		}
		broken := errors.New("broken")
		_, err := w.l.Prove(t.Context(), w.d, nil, func(*db.Tx, string, []id.ID) (map[id.ID]Outcome, error) { return nil, broken })
		if !errors.Is(err, broken) {
			t.Errorf("outcomes that fail: got %v, want their error", err)
		}
	})
}

// TestAProofInChunksSeesEveryReservation: none is lost where two chunks meet.
func TestAProofInChunksSeesEveryReservation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := richBook(t, d)
		w.do(func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE reservation SET released = released + 1 WHERE site_id = 'demo'`)
			return err
		})
		rowsIn := func(chunk int) (rows []string) {
			w.view(func(tx *db.Tx) error {
				broken, err := w.proveIn(tx, chunk)
				for _, b := range broken {
					rows = append(rows, b.Site+" "+b.Row)
				}
				return err
			})
			return rows
		}
		whole := rowsIn(proveChunk)
		named := slices.DeleteFunc(slices.Clone(whole), func(r string) bool { return !strings.HasPrefix(r, "demo reservation") })
		slices.Sort(named)
		if n := len(slices.Compact(named)); n != 5 {
			t.Errorf("%d of 5 changed reservations are named: %v", n, whole)
		}
		for chunk := range 7 {
			if diff := cmp.Diff(whole, rowsIn(chunk+1)); diff != "" {
				t.Errorf("chunks of %d (-whole +got):\n%s", chunk+1, diff)
			}
		}
	})
}

func TestAProofCountsSitesAndEntriesAndNamesASiteWithoutAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for _, s := range []string{"aa", "a-b", "ab"} {
			w.site(s)
			w.add(TopUp{Site: s, Kind: Payment, Amount: won})
		}
		proof, err := w.l.Prove(t.Context(), d, nil, nil)
		if err != nil || proof.Sites != 3 || proof.Entries != 3 || len(proof.Broken) != 0 {
			t.Errorf("got %+v, %v; want 3 sites, 3 entries, nothing broken", proof, err)
		}
		w.do(func(tx *db.Tx) error {
			_, err := site.Create(tx, w.keys, "bare", "bare")
			return err
		})
		proof, err = w.l.Prove(t.Context(), d, nil, nil)
		if err != nil || len(proof.Broken) != 1 || proof.Broken[0].Site != "bare" || proof.Broken[0].Row != "account" {
			t.Errorf("a site without account: got %+v, %v; want it named", proof, err)
		}
	})
}
