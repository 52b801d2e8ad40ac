package credit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"

	"github.com/google/go-cmp/cmp"
)

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
