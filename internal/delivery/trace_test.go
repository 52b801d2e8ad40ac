package delivery

import (
	"context"
	"slices"
	"sync"
	"testing"

	"creditmsg/internal/db/dbtest"
)

// TestATraceTellsOfMoneyTogetherWithWhyItMoved looks at recipients while their reports come.
func TestATraceTellsOfMoneyTogetherWithWhyItMoved(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, _ := desk(t, engine)
			for range 40 {
				key := w.sent("shop", textOnly("a"), "01012345678")
				w.drain()
				var looks sync.WaitGroup
				looks.Go(func() {
					for settled := false; !settled && !t.Failed(); {
						lines, err := w.delivery.Trace(context.Background(), key, "01012345678")
						if err != nil {
							t.Errorf("trace: %v", err)
						}
						has := func(what string) bool {
							return slices.ContainsFunc(lines, func(l TraceLine) bool { return l.What == what })
						}
						if settled = has("entry:settle"); settled && !has("delivered") {
							t.Errorf("an entry settles what was not delivered: %+v", lines)
						}
					}
				})
				w.come(upstream, body(refOf(key, 0, 1, 1), "4000"))
				looks.Wait()
			}
		})
	}
}
