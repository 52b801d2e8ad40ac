package rerun

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// TestALetterIsReadWhateverItsStateBecomesMeanwhile has letters that could not be read be filed
// as applied, one after the other, while runs are compared that read both.
func TestALetterIsReadWhateverItsStateBecomesMeanwhile(t *testing.T) {
	const letters = 60
	eachEngine(t, func(t *testing.T, w *world) {
		w.site("shop")
		key := w.send("shop", message.SMSOnly, letters)
		w.carriers["carrier-a"].broken.Store(true)
		for i := range letters {
			w.comes("carrier-a", line("4000", key, i, 1))
		}
		w.carriers["carrier-a"].broken.Store(false)
		var list []delivery.Letter
		w.view(func(tx *db.Tx) (err error) {
			list, _, _, err = delivery.LettersAfter(tx, delivery.LetterFilter{Limit: letters}, delivery.Spot{})
			return err
		})
		var left atomic.Int64
		left.Store(letters)
		var mover sync.WaitGroup
		mover.Go(func() {
			for _, l := range list {
				if err := w.d.Update(context.Background(), "test", func(tx *db.Tx) error { return delivery.MarkApplied(tx, []id.ID{l.ID}) }); err != nil {
					t.Errorf("file %s: %v", l.ID, err)
				}
				left.Add(-1)
			}
		})
		for left.Load() > 0 {
			if v := w.compared(Request{}); v.Letters != letters || v.Differences != letters {
				t.Errorf("%d letters were read and %d differences found, want %d of each", v.Letters, v.Differences, letters)
			}
		}
		mover.Wait()
	})
}
