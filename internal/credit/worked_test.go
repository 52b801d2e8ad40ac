package credit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"

	"github.com/google/go-cmp/cmp"
)

// move4 is one entry as a person reads it.
type move4 struct {
	Kind          Kind
	Amount        string
	Debit, Credit Name
}

func movesOf(es []Entry) (out []move4) {
	for _, e := range es {
		out = append(out, move4{e.Kind, e.Amount.String(), e.Debit, e.Credit})
	}
	return out
}

func TestTheWorkedExampleComesToItsSums(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		s := w.site("demo")
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		m := w.hold(s, 180*won)
		if a := w.account(s); a.Available != 820*won || a.Held != 180*won {
			t.Errorf("after accept: available %s held %s, want 820.00 and 180.00", a.Available, a.Held)
		}
		w.settle(
			Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.Alimtalk, 3, 9*won)}, Released: 3 * 9 * won},
			Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 5, 18*won)}},
			Settlement{Site: s, Message: m, Released: 2 * 18 * won},
		)
		a := w.account(s)
		if a.Available != 883*won || a.Held != 0 || a.Spent != 117*won {
			t.Errorf("after settlement: available %s held %s spent %s, want 883.00, 0.00, 117.00", a.Available, a.Held, a.Spent)
		}
		want := []move4{
			{Payment, "1000.00", Cash, Available},
			{Reserve, "180.00", Available, Held},
			{Settle, "117.00", Held, Spent},
			{Release, "63.00", Held, Available},
		}
		if diff := cmp.Diff(want, movesOf(w.entries(s))); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		var got []string
		for _, u := range w.usages(s, m) {
			got = append(got, fmt.Sprintf("%s %d × %s = %s", u.Channel, u.Quantity, u.UnitCost, u.TotalCost))
		}
		if diff := cmp.Diff([]string{"alimtalk 3 × 9.00 = 27.00", "sms 5 × 18.00 = 90.00"}, got); diff != "" {
			t.Errorf("usages (-want +got):\n%s", diff)
		}
		w.proven()
	})
}

// TestHashesAreWhatAnIndependentReaderComputes hashes two entries from nothing
// but the public texts, as a tenant does who checks a statement.
func TestHashesAreWhatAnIndependentReaderComputes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.now = noon
		s := w.site("demo")
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1500*won + 84_125, Ref: "pay_1", Key: "k-1"})
		m := id.ID{1: 7, 15: 9}
		w.reserve(Hold{Site: s, Message: m, Amount: 18*won + 5, Classes: []byte("sms 18.0005\nx")})

		opens := func(text string) string {
			sum := sha256.Sum256([]byte(text))
			return hex.EncodeToString(sum[:])
		}
		at := fmt.Sprint(int64(noon))
		first := []string{"1", "payment", "1508.4125", "cash", "available", "1508.4125", "0.0000",
			"pay_1", "k-1", at, "", opens("lot\npaid\n1508.4125\n")}
		msg := "msg_" + m.String()
		second := []string{"2", "reserve", "18.0005", "available", "held", "1490.4120", "18.0005",
			msg, "", at, "", opens("reservation\n" + msg + "\n18.0005\n1:18.0005\nsms 18.0005\nx")}
		prev := make([]byte, 32)
		for i, fields := range [][]string{first, second} {
			sum := sha256.Sum256(append(prev, strings.Join(fields, "\n")...))
			got := w.entries(s)[i]
			if got.Hash != hex.EncodeToString(sum[:]) || got.PrevHash != hex.EncodeToString(prev) {
				t.Errorf("entry %d: hash %s after %s, want %x after %x", i+1, got.Hash, got.PrevHash, sum, prev)
			}
			prev = sum[:]
		}
		// The same bytes on every engine and every day.
		const head = "55820b5b35352ae6fc18acda928cdc4ff780639018620f307cde9dc7092e8367"
		if got := hex.EncodeToString(prev); got != head {
			t.Errorf("hash of entry 2: got %s, want %s", got, head)
		}
	})
}

func TestExactTextsAreThoseOfMoney(t *testing.T) {
	for _, amount := range []money.Amount{0, 1, -1, 9_999, 10_000, 84_125, -84_125, most, math.MinInt64, math.MaxInt64} {
		if got := string(appendExact(nil, amount)); got != amount.Exact() {
			t.Errorf("appendExact(%d) = %s, want %s", int64(amount), got, amount.Exact())
		}
	}
}

func TestSumsOfDigestsDoNotDependOnTheirOrder(t *testing.T) {
	a, b, c := sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b")), [32]byte{}
	for i := range c {
		c[i] = 0xff
	}
	sum := func(ds ...[32]byte) (s [32]byte) {
		for _, d := range ds {
			addDigest(&s, &d)
		}
		return s
	}
	if sum(a, b, c) != sum(c, a, b) {
		t.Errorf("sums differ by order")
	}
	one := [32]byte{}
	binary.BigEndian.PutUint64(one[24:], 1)
	if sum(c, one) != [32]byte{} { // 2^256 - 1 + 1
		t.Errorf("the sum does not carry over: %x", sum(c, one))
	}
}
