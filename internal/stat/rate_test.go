package stat

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestARateOfNothingSaysSo(t *testing.T) {
	for _, r := range []Rate{{}, {Part: 1}, {Part: 1, Whole: -1}, {Part: math.MaxInt64, Whole: 1}, {Part: math.MinInt64, Whole: 1}} {
		if n, ok := r.PerTenThousand(); ok || n != 0 {
			t.Errorf("%+v: got %d, %t; want none", r, n, ok)
		}
	}
}

func TestARateIsExactAndCutOff(t *testing.T) {
	for r, want := range map[Rate]int64{
		{0, 1}: 0, {1, 1}: 10_000, {99_999, 100_000}: 9_999, {2, 3}: 6_666, {-2, 3}: -6_666, {3, 2}: 15_000,
		{math.MaxInt64, math.MaxInt64}: 10_000,
	} {
		if n, ok := r.PerTenThousand(); !ok || n != want {
			t.Errorf("%+v: got %d, %t; want %d", r, n, ok, want)
		}
	}
}

func TestRatesAreThoseOfExactArithmetic(t *testing.T) {
	numbers := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-10, 100_000), rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64}))
	rapid.Check(t, func(t *rapid.T) {
		r := Rate{numbers.Draw(t, "part"), numbers.Draw(t, "whole")}
		var want big.Int
		exists := r.Whole > 0
		if exists {
			want.Quo(want.Mul(big.NewInt(r.Part), big.NewInt(10_000)), big.NewInt(r.Whole))
			exists = new(big.Int).Abs(&want).IsInt64()
		}
		n, ok := r.PerTenThousand()
		if ok != exists || ok && n != want.Int64() {
			t.Fatalf("%+v: got %d, %t; want %s, %t", r, n, ok, &want, exists)
		}
	})
}

func TestPlusAndMinusAreExactOrAnError(t *testing.T) {
	numbers := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers.Draw(t, "a"), numbers.Draw(t, "b")
		for _, op := range []struct {
			got  func(a, b int64) (int64, error)
			want *big.Int
		}{
			{plus, new(big.Int).Add(big.NewInt(a), big.NewInt(b))},
			{minus, new(big.Int).Sub(big.NewInt(a), big.NewInt(b))},
		} {
			got, err := op.got(a, b)
			if op.want.IsInt64() != (err == nil) || err == nil && got != op.want.Int64() {
				t.Fatalf("of %d and %d: got %d, %v; want %s", a, b, got, err, op.want)
			}
		}
	})
}
