package audit

import (
	"crypto/ed25519"
	"strings"
	"sync"
	"testing"

	"creditmsg/internal/db"
)

// threeDays notes changes of two sites and of the installation on three days, the last of
// which is not over.
func threeDays(w *world) {
	for range 3 {
		w.note(ann, Change{Site: "shop", Action: "template.updated", Ref: "A", Before: Fields{"name": "x"}, After: Fields{"name": "y"}},
			Change{Site: "shop", Action: "sender.added"}, Change{Site: "other", Action: "site.created"}, Change{Action: "plan.created"})
		w.now = w.now.AddDate(0, 0, 1)
	}
	w.now = start.AddDate(0, 0, 2)
}

func TestDaysThatAreOverAreSealedOnceAndThenProven(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		if got := w.seal(); got != "2026-11-30" {
			t.Errorf("an empty log is sealed through %s", got)
		}
		threeDays(w)
		var wait sync.WaitGroup
		for range 3 { // as several processes do
			wait.Go(func() {
				if got := w.seal(); got != "2026-12-02" {
					t.Errorf("sealed through %s, want 2026-12-02", got)
				}
			})
		}
		wait.Wait()
		p := w.verify(nil)
		if p.Sites != 3 || p.Entries != 12 || p.Seals != 6 || len(p.Wrong) != 0 {
			t.Errorf("got %+v, want 12 entries of 3, 6 seals and nothing wrong", p)
		}
		w.now = w.now.AddDate(0, 0, 5)
		w.note(ann, Change{Site: "shop", Action: "a.b"})
		if p := w.verify(nil); len(p.Wrong) != 3 || p.Wrong[0].Day != "2026-12-03" {
			t.Errorf("got %+v, want the third day without its seals", p.Wrong)
		}
		unsealed := func() (day string) {
			w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) (err error) { day, err = Unsealed(tx); return err }))
			return day
		}
		if got := unsealed(); got != "2026-12-03" {
			t.Errorf("the first day that lacks its seals is %q", got)
		}
		if w.seal(); unsealed() != "" {
			t.Errorf("after the sealing %s lacks its seals", unsealed())
		}
		if len(w.verify(nil).Wrong) != 0 {
			t.Errorf("got %+v after the sealing", w.verify(nil).Wrong)
		}
	})
}

func TestASealSaysWhatWasSigned(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		threeDays(w)
		w.seal()
		w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) error {
			list, err := Seals(tx, "shop", "2026-12-01", "2026-12-01")
			if err != nil || len(list) != 1 {
				t.Fatalf("got %v, %v", list, err)
			}
			s := list[0]
			if want := "creditmsg audit 1\nshop\n2026-12-01\n2\n" + s.Digest + "\nkey"; string(s.Text()) != want || !ed25519.Verify(key.Public().(ed25519.PublicKey), s.Text(), s.Signature) {
				t.Errorf("got %q, want %q, signed", s.Text(), want)
			}
			return nil
		}))
	})
}

func TestWhateverIsChangedBehindTheLogsBackIsFound(t *testing.T) {
	columns := strings.Fields("actor_kind actor_id actor_name address request operation action ref asked_by approved_by was became")
	acts := map[string]string{
		"a time":            `UPDATE audit SET at = at + 1 WHERE action = 'template.updated'`,
		"a site":            `UPDATE audit SET site_id = 'third' WHERE action = 'template.updated'`,
		"an entry gone":     `DELETE FROM audit WHERE action = 'sender.added'`,
		"a site's log gone": `DELETE FROM audit WHERE site_id = 'other'`,
		"a seal's count":    `UPDATE audit_seal SET entries = 3 WHERE site_id = 'shop'`,
		"a seal's day":      `UPDATE audit_seal SET kst_day = '2026-11-01' WHERE kst_day = '2026-12-01'`,
		"a seal gone":       `DELETE FROM audit_seal WHERE site_id = 'shop' AND kst_day = '2026-12-02'`,
		"a site's seals":    `DELETE FROM audit_seal WHERE site_id = 'other'`,
		"its own seals":     `DELETE FROM audit_seal WHERE site_id = '' AND kst_day = '2026-12-01'`,
		"another signer":    `UPDATE audit_seal SET signer = 'other'`,
	}
	for _, c := range columns {
		acts[c] = `UPDATE audit SET ` + c + ` = 'x' WHERE site_id = 'shop' AND action = 'template.updated'`
	}
	onEvery(t, func(t *testing.T, w *world) {
		threeDays(w)
		w.seal()
		for name, act := range acts {
			err := w.d.Update(t.Context(), "test", func(tx *db.Tx) error {
				if n, err := tx.Exec(act); err != nil || n == 0 {
					t.Fatalf("%s: %d rows, %v", name, n, err)
				}
				v := verifier{keys: map[string]ed25519.PublicKey{"key": key.Public().(ed25519.PublicKey)}, over: "2026-12-03"}
				for _, site := range []string{"", "shop", "other"} {
					if err := v.verify(tx, site); err != nil {
						t.Fatal(err)
					}
				}
				if len(v.proof.Wrong) == 0 {
					t.Errorf("%s was not noticed", name)
				}
				return errUndone
			})
			if err != errUndone {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if p := w.verify(nil); len(p.Wrong) != 0 {
			t.Errorf("got %+v after everything was undone", p.Wrong)
		}
	})
}

func TestASiteIsVerifiedAlone(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		threeDays(w)
		w.seal()
		w.exec(`UPDATE audit SET ref = 'B' WHERE site_id = 'shop' AND ref = 'A'`)
		shop, other := "shop", "other"
		if p := w.verify(&shop); len(p.Wrong) != 2 || p.Entries != 6 {
			t.Errorf("got %+v, want both sealed days of the site", p)
		}
		if p := w.verify(&other); len(p.Wrong) != 0 || p.Entries != 3 {
			t.Errorf("got %+v, want nothing wrong", p)
		}
	})
}

// TestNobodyIsBlindedByAnEntryThatSaysThatOthersWereSwept has entries that somebody wrote into the
// table himself: nothing that is signed says what they say.
func TestNobodyIsBlindedByAnEntryThatSaysThatOthersWereSwept(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		threeDays(w)
		w.now = start.AddDate(0, 6, 0)
		w.seal()
		w.must(Sweep(t.Context(), w.d, signers, w.now.Sub(start.AddDate(0, -1, 0)))) // nothing is that old
		w.exec(`UPDATE audit SET ref = 'B' WHERE site_id = 'shop' AND ref = 'A'`)
		whole := len(w.verify(nil).Wrong)
		if whole == 0 {
			t.Fatal("what was changed is not noticed")
		}
		_, other, err := ed25519.GenerateKey(nil)
		w.must(err)
		forgers := map[string]Fields{
			"without a signature":   {"since": "2027-06-01"},
			"of a made-up key":      sweep{Since: "2027-06-01"}.signed(Signer{ID: "made-up", Sign: func(text []byte) []byte { return ed25519.Sign(other, text) }}),
			"in the name of ours":   sweep{Since: "2027-06-01"}.signed(Signer{ID: "key", Sign: func(text []byte) []byte { return ed25519.Sign(other, text) }}),
			"of an earlier time":    {"since": "2027-06-01", "signer": "key", "signature": sweep{Since: "2026-01-01"}.signed(ours)["signature"]},
			"with words for others": {"since": map[string]int{"a": 1}, "signer": 7},
		}
		for name, after := range forgers {
			w.note(ann, Change{Action: sweptAction, After: after})
			p := w.verify(nil)
			if p.Since != "" || len(p.Wrong) != whole+1 || !strings.Contains(p.Wrong[0].Detail, "swept") || p.Wrong[0].Day != "2027-06-01" {
				t.Errorf("%s: got %+v, since %q; want what was there and the forged entry", name, p.Wrong, p.Since)
			}
			shop := "shop"
			if p := w.verify(&shop); p.Since != "" || len(p.Wrong) == 0 {
				t.Errorf("%s: of the site alone got %+v, since %q", name, p.Wrong, p.Since)
			}
			w.exec(`DELETE FROM audit WHERE action = 'audit.swept'`)
		}
	})
}

func TestAVerificationThatIsRunAgainCountsOnce(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		threeDays(w)
		w.seal()
		w.exec(`UPDATE audit SET ref = 'B' WHERE site_id = 'shop' AND ref = 'A'`)
		w.note(ann, Change{Action: sweptAction, After: Fields{"since": "2027-06-01"}})
		v, of := &verifier{}, Proof{}
		w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) error {
			for range 2 {
				if err := v.begin(tx, signers); err != nil {
					return err
				}
				if err := v.look("shop", &of)(tx); err != nil {
					return err
				}
			}
			return nil
		}))
		if len(v.proof.Wrong) != 1 || of.Sites != 1 || of.Entries != 6 || of.Seals != 2 || len(of.Wrong) != 2 {
			t.Errorf("got %+v of all and %+v of the site", v.proof, of)
		}
	})
}

func TestOldMonthsGoWhenTheyWereKeptLongEnoughAndTheLogSaysSo(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		var many []Change
		for range sweepChunk + 1 {
			many = append(many, Change{Site: "shop", Action: "a.b"})
		}
		w.note(ann, many...)
		w.now = start.AddDate(0, 1, 0)
		w.note(ann, Change{Site: "shop", Action: "c.d"})
		w.now = start.AddDate(1, 1, 0) // the second of the months is just as old as entries are kept
		w.seal()
		for range 2 {
			w.must(Sweep(t.Context(), w.d, signers, w.now.Sub(start.AddDate(0, 1, 0))))
		}
		if list := w.list(Filter{Site: "shop"}); len(list) != 1 || list[0].Action != "c.d" {
			t.Errorf("got %d entries, want the younger one", len(list))
		}
		own := w.list(Filter{})
		if len(own) != 1 || own[0].Action != "audit.swept" || w.object(own[0].After)["since"] != "2027-01-01" {
			t.Errorf("got %+v, want one entry of the sweep", own)
		}
		if p := w.verify(nil); len(p.Wrong) != 0 || p.Since != "2027-01-01" || p.Seals != 4 {
			t.Errorf("got %+v, want nothing wrong, and all seals kept", p)
		}
	})
}
