package korea

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"creditmsg/internal/money"
)

// exactly is an amount as the oracle has it.
func exactly(a money.Amount) decimal.Decimal { return decimal.New(int64(a), -4) }

func TestTaxIsThatOfExactDecimals(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := money.Amount(rapid.Int64Range(-1_000_000_000, 1_000_000_000).Draw(rt, "units")) * money.Amount(rapid.SampledFrom([]int64{1, 7, 5000, 10_000}).Draw(rt, "step"))
		// Round is half away from zero.
		if want := exactly(a).Div(decimal.NewFromInt(10)).Round(0); !exactly(VAT(a)).Equal(want) {
			rt.Fatalf("tax on %s: got %s, want %s", a, VAT(a), want)
		}
		// A quotient by eleven has no end, so the oracle compares its double with half a won.
		eleven := decimal.NewFromInt(11)
		want, rest := exactly(max(a, -a)).QuoRem(eleven, 0)
		if rest.Mul(decimal.NewFromInt(2)).GreaterThanOrEqual(eleven) {
			want = want.Add(decimal.NewFromInt(1))
		}
		if a < 0 {
			want = want.Neg()
		}
		if !exactly(VATWithin(a)).Equal(want) {
			rt.Fatalf("tax within %s: got %s, want %s", a, VATWithin(a), want)
		}
	})
}

func TestTheTaxOfKnownBills(t *testing.T) {
	for total, want := range map[money.Amount]money.Amount{30_000: 2_727, 15_000: 1_364, 37_400: 3_400} {
		if got := VATWithin(total * money.Won); got != want*money.Won {
			t.Errorf("tax within %d: got %s, want %d", total, got, want)
		}
	}
	for supply, want := range map[money.Amount]money.Amount{1_000: 100, 1_005: 101, 1_004: 100, 100_000: 10_000} {
		if got := VAT(supply * money.Won); got != want*money.Won {
			t.Errorf("tax on %d: got %s, want %d", supply, got, want)
		}
	}
}

func TestABusinessNumberChecksItself(t *testing.T) {
	for _, good := range []string{"124-81-00998", "1248100998", " 220-81-62517 ", "120-81-47521"} {
		n, err := ParseBusinessNumber(good)
		if err != nil || n.Dashed() != strings.TrimSpace(n.Dashed()) || len(n) != 10 || len(n.Dashed()) != 12 {
			t.Errorf("%q: got %q (%s), %v", good, n, n.Dashed(), err)
		}
	}
	for _, bad := range []string{"", "124-81-0099", "124-81-009980", "124-81-00999", "12a-81-00998", "１２４-81-00998"} {
		if n, err := ParseBusinessNumber(bad); err == nil {
			t.Errorf("%q was read as %q, want an error", bad, n)
		}
	}
}

// FuzzBusinessNumber: whatever is read is read again from its written form, and with another
// last digit it is no number.
func FuzzBusinessNumber(f *testing.F) {
	f.Add("124-81-00998")
	f.Add("0000000000")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseBusinessNumber(text)
		if err != nil {
			return
		}
		if again, err := ParseBusinessNumber(n.Dashed()); err != nil || again != n {
			t.Errorf("%q: its written form %q is read as %q, %v", text, n.Dashed(), again, err)
		}
		wrong := []byte(n)
		wrong[9] = '0' + (wrong[9]-'0'+1)%10
		if _, err := ParseBusinessNumber(string(wrong)); err == nil {
			t.Errorf("%s is a number, and %s too", n, wrong)
		}
	})
}
