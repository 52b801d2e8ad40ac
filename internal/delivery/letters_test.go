package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// desk is a world of its own with some letters in its inbox: what is listed is counted.
func desk(t *testing.T, engine string, also ...string) (*world, message.Key) {
	w := still(t, engine, worldOptions{also: also})
	w.site("shop", 10_000)
	key := w.sent("shop", textOnly("a"), "01012345678", "01012345679")
	w.drain()
	return w, key
}

func (w *world) come(account, body string) {
	w.t.Helper()
	w.clock.forward(time.Second)
	s := &shop{world: w}
	w.must(s.post(posted{account: account, secret: w.secret, body: body}))
}

// walked lists all letters by pages of a size.
func (w *world) walked(f LetterFilter, list func(*db.Tx, LetterFilter, Spot) ([]Letter, Spot, bool, error)) (out []Letter) {
	w.t.Helper()
	for at, more := (Spot{}), true; more; {
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			page, next, goesOn, err := list(tx, f, at)
			out, at, more = append(out, page...), next, goesOn
			return err
		}))
		if len(out) > 1000 {
			w.t.Fatal("the pages have no end")
		}
	}
	return out
}

func TestLettersAreListedInBothOrdersWhateverTheirState(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, key := desk(t, engine, "other")
			for i := range 12 {
				switch {
				case i%4 == 0:
					w.come(upstream, fmt.Sprintf("<html>%d", i))
				case i%4 == 1:
					w.come("other", body(refOf(key, i, 1, 1), "3000"))
				default:
					w.come(upstream, body(refOf(key, i, 1, 1), "3000"))
				}
			}
			middle := db.At(w.clock.read().Add(-5500 * time.Millisecond))
			for name, c := range map[string]struct {
				f    LetterFilter
				want int
			}{
				"all": {LetterFilter{}, 12}, "of one account": {LetterFilter{Account: "other"}, 3}, "unreadable": {LetterFilter{States: []string{"unreadable"}}, 3},
				"applied, of one account": {LetterFilter{Account: upstream, States: []string{"applied"}}, 6}, "none of it": {LetterFilter{States: []string{"new", "waiting"}}, 0},
				"from then on": {LetterFilter{From: middle}, 6}, "before": {LetterFilter{Until: middle}, 6}, "a moment": {LetterFilter{From: middle, Until: middle + 1}, 0},
			} {
				var whole []Letter
				for _, size := range []int{1, 5, 100} {
					c.f.Limit = size
					down, up := w.walked(c.f, LettersBefore), w.walked(c.f, LettersAfter)
					slices.Reverse(up)
					if len(down) != c.want || !slices.Equal(down, up) {
						t.Errorf("%s, by %d: %d down and %d up, want %d alike", name, size, len(down), len(up), c.want)
					}
					if whole == nil {
						whole = down
					}
					if !slices.Equal(whole, down) || !slices.IsSortedFunc(down, func(a, b Letter) int { return b.Spot().compare(a.Spot()) }) {
						t.Errorf("%s, by %d: another list than by 1, or out of order", name, size)
					}
				}
			}
		})
	}
}

// TestALetterIsListedOnceWhateverItsStateBecomesMeanwhile has one go from a state to another and
// back while letters are listed.
func TestALetterIsListedOnceWhateverItsStateBecomesMeanwhile(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, key := desk(t, engine)
			w.come(upstream, body(refOf(key, 0, 1, 1), "3000"))
			var moves atomic.Int64
			var mover sync.WaitGroup
			mover.Go(func() {
				for range 50 {
					err := w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
						_, err := tx.Exec(`UPDATE inbox SET state = CASE state WHEN 'applied' THEN 'unreadable' ELSE 'applied' END`)
						return err
					})
					if err != nil {
						t.Errorf("move the letter: %v", err)
					}
					moves.Add(1)
				}
			})
			for moves.Load() < 50 {
				for name, list := range map[string]func(*db.Tx, LetterFilter, Spot) ([]Letter, Spot, bool, error){"down": LettersBefore, "up": LettersAfter} {
					if got := w.walked(LetterFilter{Limit: 10}, list); len(got) != 1 {
						t.Errorf("%s: %d letters are listed, want the one", name, len(got))
					}
				}
			}
			mover.Wait()
		})
	}
}

// TestLettersOfSomebodyAreFoundAmongManyOthers has his between so many others that one reading
// does not open them all.
func TestLettersOfSomebodyAreFoundAmongManyOthers(t *testing.T) {
	w, key := desk(t, "sqlite")
	w.come(upstream, body(refOf(key, 0, 1, 1), "3000"))
	for i := range openBudget + 10 {
		w.come(upstream, body(refOf(message.Key{Site: "shop", ID: id.New()}, i, 1, 1), "4000"))
	}
	w.come(upstream, body(refOf(key, 1, 1, 1), "4000"))
	w.come(upstream, body(refOf(key, 0, 1, 1), "4000"))
	find := func(who Wanted) func(*db.Tx, LetterFilter, Spot) ([]Letter, Spot, bool, error) {
		return func(tx *db.Tx, f LetterFilter, before Spot) ([]Letter, Spot, bool, error) {
			return w.delivery.FindLetters(tx, f, who, before)
		}
	}
	for name, c := range map[string]struct {
		who  Wanted
		f    LetterFilter
		want int
	}{
		"a message":               {Wanted{Site: "shop", Message: key.ID}, LetterFilter{}, 3},
		"a number":                {Wanted{Site: "shop", To: "01012345678"}, LetterFilter{}, 2},
		"another number":          {Wanted{Site: "shop", To: "01012345679"}, LetterFilter{}, 1},
		"a number of a message":   {Wanted{Site: "shop", Message: key.ID, To: "01012345679"}, LetterFilter{}, 1},
		"of another account":      {Wanted{Site: "shop", Message: key.ID}, LetterFilter{Account: "nobody"}, 0},
		"in a time without any":   {Wanted{Site: "shop", Message: key.ID}, LetterFilter{Until: db.At(w.clock.read().Add(-24 * time.Hour))}, 0},
		"in the last two seconds": {Wanted{Site: "shop", Message: key.ID}, LetterFilter{From: db.At(w.clock.read().Add(-1500 * time.Millisecond))}, 2},
	} {
		c.f.Limit = 2
		if got := w.walked(c.f, find(c.who)); len(got) != c.want {
			t.Errorf("%s: %d letters, want %d", name, len(got), c.want)
		}
	}
	err := w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		page, _, more, err := w.delivery.FindLetters(tx, LetterFilter{Limit: 10}, Wanted{Site: "shop", Message: key.ID}, Spot{})
		if len(page) != 2 || !more {
			t.Errorf("one reading gave %d letters, more %v; want the two new ones and more to look for", len(page), more)
		}
		if err != nil {
			return err
		}
		_, _, _, err = w.delivery.FindLetters(tx, LetterFilter{Limit: 10}, Wanted{Site: "shop", To: "01099999999"}, Spot{})
		return err
	})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("a number of nobody: got %v", err)
	}
}

func TestLettersGoWhenTheyWereKeptLongEnoughAndTheRestStands(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, key := desk(t, engine)
			w.come(upstream, body(refOf(key, 0, 1, 1), "4000"))
			w.come(upstream, body(refOf(key, 1, 1, 1), "3000"))
			w.come(upstream, "<html>")
			for i := range retainRows + 5 {
				w.come(upstream, body(fmt.Sprint(i), "4000"))
			}
			trace := func() string {
				lines, err := w.delivery.Trace(context.Background(), key, "01012345678")
				w.must(err)
				return fmt.Sprint(len(lines)) + strings.Join(pick(lines, func(l TraceLine) string { return l.What }), " ")
			}
			before, had := trace(), w.account("shop")
			w.must(w.delivery.SweepReports(context.Background()))
			if n := total(w.letters()); n != retainRows+8 {
				t.Errorf("%d letters are there, want all", n)
			}
			w.clock.forward(180 * 24 * time.Hour)
			w.come(upstream, "<html>again")
			w.must(w.delivery.SweepReports(context.Background()))
			if n := total(w.letters()); n != 1 {
				t.Errorf("%d letters are there, want the new one", n)
			}
			if after := trace(); after != before {
				t.Errorf("the story is %s, was %s", after, before)
			}
			if now := w.account("shop"); now.Available != had.Available || now.Held != had.Held {
				t.Errorf("the site has %+v, had %+v", now, had)
			}
			w.prove()
		})
	}
}
