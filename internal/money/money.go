// Package money is the only type that amounts of credit have.
//
// An Amount counts 1/10,000 won in an int64: exact, additive, and the same in
// every database. Its text is a decimal with at least two places ("1500.00",
// "8.4125"). Reading refuses more than four places, exponents, and a sign where
// none is allowed; arithmetic that would overflow is an error, never a wrap.
package money

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"creditmsg/internal/fault"
)

// Amount is a number of 1/10,000 won.
type Amount int64

// Won is one won.
const Won Amount = 10_000

// ErrOverflow says that a result does not fit.
var ErrOverflow error = fault.Say("the amount is too large")

var errForm = fault.Say(`want a decimal like "1500.00", at most four places, no sign, no exponent`)

// Parse reads an amount without a sign.
func Parse(text string) (Amount, error) {
	whole, frac, dotted := strings.Cut(text, ".")
	if whole == "" || len(frac) > 4 || dotted && frac == "" || !digits(whole) || !digits(frac) {
		return 0, fault.Say("read amount %q: %s", text, errForm)
	}
	w, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || w > math.MaxInt64/int64(Won) {
		return 0, fault.Say("read amount %q: %s", text, ErrOverflow)
	}
	f := int64(0)
	for i := range 4 {
		f *= 10
		if i < len(frac) {
			f += int64(frac[i] - '0')
		}
	}
	a := Amount(w)*Won + Amount(f)
	if a < 0 {
		return 0, fault.Say("read amount %q: %s", text, ErrOverflow)
	}
	return a, nil
}

// ParseSigned reads an amount that may begin with a minus sign.
func ParseSigned(text string) (Amount, error) {
	bare, negative := strings.CutPrefix(text, "-")
	a, err := Parse(bare)
	if negative {
		a = -a
	}
	return a, err
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// String gives the shortest text with at least two places.
func (a Amount) String() string {
	s := a.Exact()
	for range 2 {
		s = strings.TrimSuffix(s, "0")
	}
	return s
}

// Grouped writes an amount as people do: 12,345 or 8.4125, and no fraction of zeros.
func (a Amount) Grouped() string {
	whole, fraction, _ := strings.Cut(a.String(), ".")
	sign := ""
	if whole[0] == '-' {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction == "00" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// Exact gives the text with exactly four places, as the ledger's hash reads it.
func (a Amount) Exact() string {
	sign, u := "", uint64(a)
	if a < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%04d", sign, u/uint64(Won), u%uint64(Won))
}

// Times multiplies by a count.
func (a Amount) Times(n int64) (Amount, error) {
	hi, lo := bits.Mul64(magnitude(int64(a)), magnitude(n))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, fmt.Errorf("multiply %s by %d: %w", a, n, ErrOverflow)
	}
	if (a < 0) != (n < 0) {
		return -Amount(lo), nil
	}
	return Amount(lo), nil
}

// Share gives the part n of the whole of a, rounded down: a × n / of. It wants 0 ≤ n ≤ of,
// of > 0 and no negative amount.
func (a Amount) Share(n, of int64) Amount {
	hi, lo := bits.Mul64(uint64(a), uint64(n))
	part, _ := bits.Div64(hi, lo, uint64(of))
	return Amount(part)
}

// Plus adds.
func (a Amount) Plus(b Amount) (Amount, error) {
	c := a + b
	if (c > a) != (b > 0) && b != 0 {
		return 0, fmt.Errorf("add %s and %s: %w", a, b, ErrOverflow)
	}
	return c, nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// MarshalText gives JSON and YAML the decimal text.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads an amount without a sign.
func (a *Amount) UnmarshalText(text []byte) (err error) {
	*a, err = Parse(string(text))
	return err
}
