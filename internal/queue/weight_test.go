package queue

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
)

func TestAClaimTakesNoMoreThanItCanCarry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		for i, j := range []Job{{Key: "a", Weight: 4}, {Key: "b", Weight: 4}, {Key: "heavy", Weight: 30}, {Key: "c", Weight: 9}, {Key: "d"}, {Key: "e"}} {
			j.Lane, j.Kind, j.Rank = Send, "send", w.now.Add(time.Duration(i)*time.Second)
			w.put(j)
		}
		take := func() (out []Claimed) {
			w.must(func(tx *db.Tx) (err error) {
				out, err = w.q.claim(tx, id.New(), Send, []string{"send"}, 5, 10, alsoLater)
				return err
			})
			return out
		}
		same(t, "those that fit together", keys(take()), []string{"a", "b"})
		same(t, "one that is too heavy goes alone", keys(take()), []string{"heavy"})
		got := take()
		same(t, "a job without a weight weighs 1", keys(got), []string{"c", "d"})
		if got[0].Weight != 9 || got[1].Weight != 1 {
			t.Errorf("the claimed weigh %d and %d, want 9 and 1", got[0].Weight, got[1].Weight)
		}
		same(t, "the last", keys(take()), []string{"e"})
	})
}

func TestAJobThatIsPutAgainHasItsNewWeight(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{})
		light, heavy := send("x"), send("x")
		heavy.Weight = 7
		w.put(light)
		w.put(heavy)
		if got := w.one().Weight; got != 7 {
			t.Errorf("it weighs %d, want 7", got)
		}
	})
}
