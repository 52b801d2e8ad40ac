package rerun

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/message"
)

// TestWhatIsShownIsWhatMoves sends letters of random codes, which a parser with random mistakes
// reads, and holds what a run shows against what its application moves. Each leg is told of
// several times, in letters that a run reads on several pages.
func TestWhatIsShownIsWhatMoves(t *testing.T) {
	codes := []string{"4000", "4001", "2000", "3001", "3104", "1030"}
	for _, engine := range dbtest.Engines() {
		for seed := range uint64(10) {
			w := newWorld(t, engine)
			random := rand.New(rand.NewPCG(seed, 6))
			name := fmt.Sprintf("shop-%d", seed)
			w.site(name)
			wrong := map[string]meaning{}
			for _, c := range codes {
				if random.IntN(2) == 0 {
					wrong[c] = meant[codes[random.IntN(len(codes))]]
				}
			}
			w.misread(wrong)
			var keys []message.Key
			for range 3 {
				keys = append(keys, w.send(name, []message.Strategy{message.AlimtalkFirst, message.SMSOnly}[random.IntN(2)], 5))
			}
			for range 25 {
				var lines []string
				for range 1 + random.IntN(4) {
					lines = append(lines, line(codes[random.IntN(len(codes))], keys[random.IntN(len(keys))], random.IntN(5), 1+random.IntN(2)))
				}
				w.comes([]string{"carrier-a", "carrier-a", "carrier-b"}[random.IntN(3)], lines...)
				w.pass(3e6)
				if random.IntN(3) == 0 {
					w.drain() // fallbacks are handed over
				}
			}
			w.drain()
			w.misread(nil)
			v := w.compared(Request{})
			var shown Sums
			var before, after credit.Account
			w.view(func(tx *db.Tx) (err error) {
				kinds, err := ByKind(tx, v.ID)
				shown = Sums{}
				for _, k := range kinds {
					shown = shown.plus(k.Sums, 1)
				}
				if err == nil {
					before, err = w.ledger.Account(tx, name)
				}
				return err
			})
			w.update(func(tx *db.Tx) error {
				_, err := w.service.Apply(tx, v.Name)
				return err
			})
			done := w.through(v.Name)
			w.view(func(tx *db.Tx) (err error) {
				after, err = w.ledger.Account(tx, name)
				return err
			})
			if done.Skipped+done.ReturnedBefore != 0 || done.GivenBack != shown.Refund || done.Short != 0 {
				t.Errorf("seed %d: nothing changed meanwhile, but got %+v:\n%s", seed, done, w.told(v))
			}
			if free, held := after.Available-before.Available, before.Held-after.Held; free != shown.Freed+shown.Refund || held != shown.Freed+shown.Spend {
				t.Errorf("seed %d: %s more are available and %s less held; shown was %+v:\n%s", seed, free, held, shown, w.told(v))
			}
			w.prove()
			w.drain()
			if again := w.compared(Request{}); again.Differences > 0 {
				w.view(func(tx *db.Tx) error {
					kinds, err := ByKind(tx, again.ID)
					for _, k := range kinds {
						if k.Refund != 0 {
							t.Errorf("seed %d: a second run would give %s back again", seed, k.Refund)
						}
					}
					return err
				})
			}
		}
	}
}
