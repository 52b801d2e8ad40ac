package delivery

import (
	"crypto/sha1"
	"encoding/hex"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

func secretDigest(secret string) string {
	sum := sha1.Sum([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// TestTheWorkedExampleSettlesToTheWon is the example of the money page: three
// delivered by Alimtalk, five not on Kakao and delivered by SMS, two failed.
func TestTheWorkedExampleSettlesToTheWon(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, worldOptions{reports: true})
		w.site("shop", 1000)
		w.work()
		var to []string
		for i := range 10 {
			switch {
			case i < 3:
				to = append(to, mobile(10_000_000+i))
			case i < 8:
				to = append(to, mobile(10_000+i))
			default:
				to = append(to, mobile(20_000+i))
			}
		}
		receipt, err := w.send("shop", request(message.AlimtalkFirst), to...)
		w.must(err)
		if got, want := receipt.Tally.Held, 180*money.Won; got != want {
			t.Fatalf("held %s, want %s", got, want)
		}
		m := w.done(receipt.Message)
		if m.Counts.Delivered != 8 || m.Counts.Failed != 2 || m.By[provider.Alimtalk] != 3 || m.By[provider.SMS] != 5 {
			t.Errorf("outcome %+v by %v, want 8 delivered (3 Alimtalk, 5 SMS), 2 failed", m.Counts, m.By)
		}
		a := w.account("shop")
		if a.Spent != 117*money.Won || a.Held != 0 || a.Available != (1000-117)*money.Won {
			t.Errorf("account %+v, want spent 117, held 0, available 883", a)
		}
		u := w.usages("shop", receipt.Message.ID)
		if u[provider.Alimtalk].TotalCost != 27*money.Won || u[provider.SMS].TotalCost != 90*money.Won {
			t.Errorf("usages %+v, want alimtalk 27, sms 90", u)
		}
		w.prove()
	})
}
