package payment

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"creditmsg/internal/money"
)

func TestAnOrderIDHasOneForm(t *testing.T) {
	for id, want := range map[string]bool{
		"order-1": true, "pay_01k0": true, "ABC123": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "order": false, "": false,
		"order 1": false, "../../x": false, "주문번호일이": false, "order\n1": false,
	} {
		if got := ValidOrderID(id); got != want {
			t.Errorf("%q: got %v, want %v", id, got, want)
		}
	}
}

func TestWholeWonAreWhatADecimalSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount(rapid.OneOf(rapid.Int64(), rapid.Map(rapid.Int64Range(-1000, 1000), func(n int64) int64 { return n * int64(money.Won) })).Draw(t, "amount"))
		exact := decimal.New(int64(a), -4)
		n, ok := WholeWon(a)
		if want := exact.IsPositive() && exact.IsInteger(); ok != want || ok && !exact.Equal(decimal.NewFromInt(n)) {
			t.Errorf("%s: got %d, %v, want %v", exact, n, ok, want)
		}
	})
}
