package delivery

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

func TestCallsAreThoseThatWereHandedOverInATime(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := still(t, engine, worldOptions{})
			start := db.At(time.Now())
			w.clock.now.Store(int64(start)) // ids bear the real time
			w.site("shop", 1000)
			want := map[string]bool{}
			send := func(n int, counts bool) {
				key := w.sent("shop", request(message.SMSOnly), mobile(10_000_000+n), mobile(20_000_000+n))
				for seq := range 2 {
					if ref := refOf(key, seq, 1, 1); counts {
						want[ref] = true
					}
				}
				w.drain()
			}
			send(1, false)
			w.clock.forward(time.Hour)
			for n := range 3 {
				send(n, true)
			}
			w.trouble.Store(&trouble{path: "/send", status: 402, body: `{"errorCode":"NotEnoughBalance","errorMessage":"-"}`})
			send(5, false) // certainly not taken
			w.clock.forward(time.Hour)
			f := CallFilter{Account: upstream, From: start.Add(time.Minute), Until: start.Add(90 * time.Minute), Limit: 2}
			got := map[string]bool{}
			for {
				var list []Handed
				var next id.ID
				w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) (err error) {
					list, next, err = Calls(tx, f)
					return err
				}))
				for _, h := range list {
					if h.UpstreamID == "" || h.At != start.Add(time.Hour) {
						t.Errorf("got the call %+v, want one of the second hour with the provider's id", h)
					}
					for _, ref := range h.Legs {
						got[ref.String()] = true
					}
				}
				if f.After = next; next.IsZero() {
					break
				}
			}
			if len(got) != len(want) {
				t.Errorf("got %d legs, want %d", len(got), len(want))
			}
			for ref := range want {
				if !got[ref] {
					t.Errorf("the leg %s is missing", ref)
				}
			}
		})
	}
}
