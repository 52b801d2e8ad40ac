package credit

import (
	"fmt"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// groupOf is as many holds as one accept group takes.
const groupOf = 256

// BenchmarkReserve commits groups of 256 holds, all of one hot site or each of
// its own; one round is one group.
func BenchmarkReserve(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		for _, sites := range []int{1, groupOf} {
			b.Run(fmt.Sprintf("%s/%d-sites", engine, sites), func(b *testing.B) {
				w := newWorld(b, dbtest.Open(b, engine))
				names := w.rich(sites)
				for b.Loop() {
					holds := make([]Hold, groupOf)
					for i := range holds {
						holds[i] = Hold{Site: names[i%sites], Message: id.New(), Amount: 18 * won, Classes: []byte(`[{"steps":["sms"],"price":"18.00"}]`)}
					}
					w.reserve(holds...)
				}
			})
		}
	}
}

// BenchmarkSettle settles 256 messages of one site in one round.
func BenchmarkSettle(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		b.Run(engine, func(b *testing.B) {
			w := newWorld(b, dbtest.Open(b, engine))
			s := w.rich(1)[0]
			for b.Loop() {
				b.StopTimer()
				holds, all := make([]Hold, groupOf), make([]Settlement, groupOf)
				for i := range holds {
					holds[i] = Hold{Site: s, Message: id.New(), Amount: 18 * won}
					all[i] = Settlement{Site: s, Message: holds[i].Message, Released: 9 * won, Delivered: []Delivered{delivered(provider.Alimtalk, 1, 9*won)}}
				}
				w.reserve(holds...)
				b.StartTimer()
				w.settle(all...)
			}
		})
	}
}

// BenchmarkProve proves a site with 10,000 settled messages.
func BenchmarkProve(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		b.Run(engine, func(b *testing.B) {
			w := newWorld(b, dbtest.Open(b, engine))
			s := w.rich(1)[0]
			for range 10_000 / groupOf {
				holds, all := make([]Hold, groupOf), make([]Settlement, groupOf)
				for i := range holds {
					holds[i] = Hold{Site: s, Message: id.New(), Amount: 18 * won}
					all[i] = Settlement{Site: s, Message: holds[i].Message, Released: 9 * won, Delivered: []Delivered{delivered(provider.Alimtalk, 1, 9*won)}}
				}
				w.reserve(holds...)
				w.settle(all...)
			}
			for b.Loop() {
				w.proven()
			}
		})
	}
}

// rich makes sites with more credit than a benchmark spends.
func (w *world) rich(n int) (names []string) {
	for i := range n {
		names = append(names, w.site(fmt.Sprintf("site-%d", i)))
	}
	w.do(func(tx *db.Tx) error {
		for _, s := range names {
			if _, err := w.l.Add(tx, TopUp{Site: s, Kind: Payment, Amount: most / 2}); err != nil {
				return err
			}
		}
		return nil
	})
	return names
}
