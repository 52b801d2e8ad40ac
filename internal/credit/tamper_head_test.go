package credit

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// signedTables are the tables beside those of every book: they are tried in a small book of
// their own, since each trial proves the whole book.
var signedTables = []provenTable{
	{"credit_head", []string{"site_id", "kst_day"}, []stored{
		{"site_id", word}, {"kst_day", word}, {"seq", number}, {"hash", blob}, {"available", number}, {"held", number},
		{"spent", number}, {"signer", word}, {"signature", blob},
	}},
	{"credit_carry", []string{"site_id", "kst_month", "message_id", "channel"}, []stored{
		{"site_id", word}, {"kst_month", word}, {"message_id", uid}, {"channel", word}, {"quantity", number}, {"seq", number},
	}},
}

// lastSigned is the newest day that signedBook has a head of.
const lastSigned = "2026-12-01"

// signedBook has a message that goes on over the end of two months, and signed heads of all
// days but the last.
func signedBook(t *testing.T, d *db.DB) *world {
	w := newWorld(t, d)
	for _, name := range []string{"demo", "other"} {
		w.now = noon
		w.site(name)
		w.add(TopUp{Site: name, Kind: Payment, Amount: 1000 * won})
		m := w.hold(name, 81*won)
		for _, more := range []time.Duration{0, 8 * day, 40 * day} {
			w.now = noon.Add(more) + 2000
			w.settle(Settlement{Site: name, Message: m, Delivered: []Delivered{delivered(provider.Alimtalk, 1, 9*won), delivered(provider.SMS, 1, 18*won)}})
		}
	}
	w.now = noon
	w.signThrough(lastSigned)
	w.proven()
	return w
}

func TestEveryChangedByteOfHeadsAndCarriesIsNamed(t *testing.T) {
	changeEveryByte(t, signedBook, signedTables)
}

func TestEveryRemovedHeadAndCarryIsNamed(t *testing.T) { removeEveryRow(t, signedBook, signedTables) }

func TestEveryInsertedHeadAndCarryIsNamed(t *testing.T) { insertRows(t, signedBook, signedTables) }

// TestACarryOfAnUnknownMessageIsNamed: no proof of a message comes to it.
func TestACarryOfAnUnknownMessageIsNamed(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		c := &carry{site: s, month: "2026-12", message: id.New(), channel: provider.SMS, quantity: 1, seq: 1}
		var broken []Broken
		err := w.undone(func(tx *db.Tx) (err error) {
			if err := insertCarries(tx, []*carry{c}); err != nil {
				return err
			}
			broken, err = w.proveIn(tx, 10)
			return err
		})
		if err != nil || len(broken) != 1 || broken[0].Row != carryRow(c) {
			t.Errorf("got %v, %v; want the carry named", broken, err)
		}
	})
}
