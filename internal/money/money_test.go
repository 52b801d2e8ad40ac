package money

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// exact is the amount as the oracle counts it.
func exact(a Amount) decimal.Decimal { return decimal.New(int64(a), -4) }

// amounts draws small prices as often as the ends of the range.
func amounts() *rapid.Generator[Amount] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64(), func(n int64) Amount { return Amount(n) }),
		rapid.Map(rapid.Int64Range(-2_000_000_000, 2_000_000_000), func(n int64) Amount { return Amount(n) }),
		rapid.SampledFrom([]Amount{0, 1, -1, Won, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1}),
	)
}

var (
	highest = exact(math.MaxInt64)
	lowest  = exact(math.MinInt64)
)

func TestParseReadsDecimals(t *testing.T) {
	for text, want := range map[string]Amount{
		"0":                    0,
		"0.0001":               1,
		"8.4":                  84_000,
		"8.40":                 84_000,
		"8.4125":               84_125,
		"18":                   18 * Won,
		"1500.00":              1500 * Won,
		"150000":               150_000 * Won,
		"007.5":                75_000,
		"922337203685477.5807": math.MaxInt64,
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestParseRefusesOtherForms(t *testing.T) {
	for _, text := range []string{
		"", ".", ".5", "5.", "-1", "+1", "1e3", "1E3", "0x10", "NaN", "Inf", "1,000", "1_000", " 1", "1 ", "1.00001", "1.2.3", "1.-2",
		"१", "１", "1.２", "one", "1\x00", "--1",
	} {
		if got, err := Parse(text); err == nil || got != 0 || errors.Is(err, ErrOverflow) {
			t.Errorf("Parse(%q) = %d, %v; want an error about the form", text, got, err)
		}
	}
	for _, text := range []string{"922337203685477.5808", "922337203685478", "9223372036854775807", strings.Repeat("9", 100)} {
		if got, err := Parse(text); !errors.Is(err, ErrOverflow) || got != 0 {
			t.Errorf("Parse(%q) = %d, %v; want %v", text, got, err, ErrOverflow)
		}
	}
}

func TestParseSignedTakesOneMinusSign(t *testing.T) {
	for text, want := range map[string]Amount{"-1": -Won, "-0.0001": -1, "-0": 0, "2": 2 * Won, "-922337203685477.5807": -math.MaxInt64} {
		if got, err := ParseSigned(text); err != nil || got != want {
			t.Errorf("ParseSigned(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", "--1", "+1", "- 1", "-1e2", "1-", "−1"} {
		if got, err := ParseSigned(text); err == nil || got != 0 {
			t.Errorf("ParseSigned(%q) = %d, %v; want an error", text, got, err)
		}
	}
}

func TestStringHasAtLeastTwoPlacesAndExactFour(t *testing.T) {
	for a, want := range map[Amount][2]string{
		0:             {"0.00", "0.0000"},
		1:             {"0.0001", "0.0001"},
		-1:            {"-0.0001", "-0.0001"},
		84_000:        {"8.40", "8.4000"},
		84_125:        {"8.4125", "8.4125"},
		84_120:        {"8.412", "8.4120"},
		-18 * Won:     {"-18.00", "-18.0000"},
		1_000_000:     {"100.00", "100.0000"},
		math.MaxInt64: {"922337203685477.5807", "922337203685477.5807"},
		math.MinInt64: {"-922337203685477.5808", "-922337203685477.5808"},
	} {
		if got := [2]string{a.String(), a.Exact()}; got != want {
			t.Errorf("%d is written %q, want %q", int64(a), got, want)
		}
	}
}

func TestTextsAreThoseOfExactArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := amounts().Draw(t, "amount")
		for _, text := range []string{a.String(), a.Exact()} {
			if d, err := decimal.NewFromString(text); err != nil || !d.Equal(exact(a)) {
				t.Fatalf("%d is written %q, which reads as %s, %v", int64(a), text, d, err)
			}
			if back, err := ParseSigned(text); a != math.MinInt64 && (err != nil || back != a) {
				t.Fatalf("%d is written %q and read as %d, %v", int64(a), text, int64(back), err)
			}
		}
		if got, want := a.Exact(), exact(a).StringFixed(4); got != want {
			t.Fatalf("Exact of %d = %q, want %q", int64(a), got, want)
		}
	})
}

func TestPlusIsExactOrAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := amounts().Draw(t, "a"), amounts().Draw(t, "b")
		want := exact(a).Add(exact(b))
		fits := want.LessThanOrEqual(highest) && want.GreaterThanOrEqual(lowest)
		got, err := a.Plus(b)
		if fits != (err == nil) || fits && !exact(got).Equal(want) || !fits && (got != 0 || !errors.Is(err, ErrOverflow)) {
			t.Fatalf("%s + %s = %s, %v; want %s", a, b, got, err, want)
		}
	})
}

func TestTimesIsExactOrAnError(t *testing.T) {
	counts := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-10, 1_000_000), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64}))
	rapid.Check(t, func(t *rapid.T) {
		a, n := amounts().Draw(t, "a"), counts.Draw(t, "n")
		want := exact(a).Mul(decimal.NewFromInt(n))
		// The range of products is symmetric: one step above the lowest amount.
		fits := want.Abs().LessThanOrEqual(highest)
		got, err := a.Times(n)
		if fits != (err == nil) || fits && !exact(got).Equal(want) || !fits && (got != 0 || !errors.Is(err, ErrOverflow)) {
			t.Fatalf("%s × %d = %s, %v; want %s", a, n, got, err, want)
		}
	})
}

func TestJSONHoldsDecimalStrings(t *testing.T) {
	type price struct {
		SMS Amount `json:"sms"`
	}
	raw, err := json.Marshal(price{SMS: 84_000})
	if want := `{"sms":"8.40"}`; err != nil || string(raw) != want {
		t.Errorf("written %s, %v; want %s", raw, err, want)
	}
	var p price
	if err := json.Unmarshal([]byte(`{"sms":"18.5"}`), &p); err != nil || p.SMS != 185_000 {
		t.Errorf("read %d, %v; want 185000", p.SMS, err)
	}
	for _, bad := range []string{`{"sms":18}`, `{"sms":"-18"}`, `{"sms":"1e2"}`, `{"sms":""}`} {
		if err := json.Unmarshal([]byte(bad), &p); err == nil {
			t.Errorf("%s is read as %s, want an error", bad, p.SMS)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0", "8.4125", "1500.00", "-1", "1e5", ".", "922337203685477.5807", "922337203685477.5808", "१"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := Parse(text)
		if err != nil {
			if a != 0 {
				t.Fatalf("Parse(%q) = %d beside the error %v", text, a, err)
			}
			return
		}
		if d, err := decimal.NewFromString(text); err != nil || !d.Equal(exact(a)) || a < 0 {
			t.Fatalf("Parse(%q) = %s, exactly %s, %v", text, a, d, err)
		}
		if back, err := Parse(a.String()); err != nil || back != a {
			t.Fatalf("Parse(%q) = %s, read again %s, %v", text, a, back, err)
		}
	})
}

func ExampleParse() {
	a, err := Parse("8.4125")
	fmt.Println(a, int64(a), err)
	_, err = Parse("8.41255")
	fmt.Println(err)
	// Output:
	// 8.4125 84125 <nil>
	// read amount "8.41255": want a decimal like "1500.00", at most four places, no sign, no exponent
}

func ExampleAmount_Times() {
	price, _ := Parse("8.4")
	cost, err := price.Times(1000)
	fmt.Println(cost, err)
	_, err = cost.Times(math.MaxInt64)
	fmt.Println(errors.Is(err, ErrOverflow))
	// Output:
	// 8400.00 <nil>
	// true
}

func ExampleAmount_Plus() {
	sum, err := (18 * Won).Plus(-9 * Won)
	fmt.Println(sum, err)
	// Output: 9.00 <nil>
}

func TestAmountsAreWrittenAsPeopleDo(t *testing.T) {
	for a, want := range map[Amount]string{0: "0", 999 * Won: "999", 12_345 * Won: "12,345", 1_234_567*Won + 8_4125: "1,234,575.4125", Won / 2: "0.50", -1_000 * Won: "-1,000"} {
		if got := a.Grouped(); got != want {
			t.Errorf("%s: got %s, want %s", a, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := Amount(rapid.Int64().Draw(t, "amount"))
		got, err := decimal.NewFromString(strings.ReplaceAll(a.Grouped(), ",", ""))
		if want := decimal.New(int64(a), -4); err != nil || !got.Equal(want) {
			t.Fatalf("%s became %s", want, a.Grouped())
		}
	})
}
