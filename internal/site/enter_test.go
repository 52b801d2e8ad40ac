package site

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

func TestWhoEntersASiteStandsInItsLogOnceAnHour(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		update(t, d, func(tx *db.Tx) error {
			_, err := Create(tx, keys, "shop", "shop")
			return err
		})
		base := db.At(time.Now().Truncate(time.Hour))
		enter := func(who, reason string, after time.Duration) (e Entered) {
			t.Helper()
			ctx := audit.By(context.Background(), audit.Actor{Kind: audit.Person, ID: who})
			err := d.Update(ctx, "test", func(tx *db.Tx) (err error) {
				tx.Now = base.Add(after)
				e, err = Enter(tx, "shop", reason)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		first := enter("usr_ann", " 문의 #12, 010-1234-5678 ", time.Minute)
		if first.Reason != "문의 #12, 010****5678" || first.At != base.Add(time.Minute) || first.Until != base.Add(time.Hour) {
			t.Errorf("got %+v", first)
		}
		if again := enter("usr_ann", "다른 이유", 59*time.Minute); again != first {
			t.Errorf("in the same hour: got %+v, want the first word %+v", again, first)
		}
		enter("usr_ben", "요금 확인", 2*time.Minute)
		enter("usr_ann", "다음 시간", 61*time.Minute)
		var noted []string
		err := audit.Each(t.Context(), d, audit.Filter{Site: "shop", Action: "site.entered"}, func(e audit.Entry) error {
			noted = append(noted, e.Actor.ID+" "+string(e.After))
			return nil
		})
		want := `usr_ann {"reason":"다음 시간"}, usr_ben {"reason":"요금 확인"}, usr_ann {"reason":"문의 #12, 010****5678"}`
		if got := strings.Join(noted, ", "); err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
		for _, reason := range []string{"", "  ", strings.Repeat("가", MostEnterReason+1), "a\nb"} {
			refused(t, d, "the reason "+reason, fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error { _, err := Enter(tx, "shop", reason); return err })
		}
		refused(t, d, "no site", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { _, err := Enter(tx, "none", "x"); return err })
	})
}

func TestSitesAndWaitingNumbersAreCountedWithoutTestSites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		update(t, d, func(tx *db.Tx) error {
			for _, name := range []string{"one", "two", "three"} {
				if _, err := Create(tx, keys, name, name); err != nil {
					return err
				}
			}
			if _, err := CreateTest(tx, keys, "one"); err != nil {
				return err
			}
			if err := SetState(tx, "two", Suspended); err != nil {
				return err
			}
			for site, state := range map[string]string{"one": Requested, "two": Requested, "three": Approved, "one.test": Requested} {
				if _, err := AddSender(tx, site, "0261234567", state); err != nil {
					return err
				}
			}
			sites, err := CountByState(tx)
			if err != nil {
				return err
			}
			waiting, err := SendersWaiting(tx)
			if len(sites) != 2 || sites[Active] != 2 || sites[Suspended] != 1 || waiting != 2 {
				t.Errorf("got %v and %d numbers, want two active, one suspended and two numbers", sites, waiting)
			}
			return err
		})
	})
}

func TestManyRequestsOfOnePersonAreOneEntry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		update(t, d, func(tx *db.Tx) error {
			_, err := Create(tx, keys, "shop", "shop")
			return err
		})
		now := db.At(time.Now())
		ctx := audit.By(t.Context(), audit.Actor{Kind: audit.Person, ID: "usr_ann"})
		said := make(chan Entered, 8)
		var crowd sync.WaitGroup
		for range cap(said) {
			crowd.Go(func() {
				err := d.Update(ctx, "test", func(tx *db.Tx) error {
					tx.Now = now
					e, err := Enter(tx, "shop", "문의")
					if err == nil {
						tx.OnCommit(func() { said <- e })
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		crowd.Wait()
		close(said)
		first := <-said
		for e := range said {
			if e != first {
				t.Errorf("got %+v and %+v", first, e)
			}
		}
	})
}
