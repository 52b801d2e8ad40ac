package credit

import (
	"fmt"
	"strconv"
	"strings"

	"creditmsg/internal/money"
)

// take is a part of one lot: the lot by the seq of the entry that opened it.
type take struct {
	lot    int64
	amount money.Amount
}

// takes are parts of lots in the order of consumption. A reservation keeps
// them: settling spends from the front, releasing gives back from the end, so
// that two sums say where every part stands.
type takes []take

// text is the stored and hashed form: 12:180.0000,15:20.0000.
func (t takes) text() string {
	b := make([]byte, 0, 24*len(t))
	for i, part := range t {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, part.lot, 10)
		b = append(b, ':')
		b = appendExact(b, part.amount)
	}
	return string(b)
}

// parseTakes reads the stored form.
func parseTakes(text string) (takes, error) {
	if text == "" {
		return nil, nil
	}
	out := make(takes, 0, 2)
	for part := range strings.SplitSeq(text, ",") {
		lot, amount, _ := strings.Cut(part, ":")
		seq, err := strconv.ParseInt(lot, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read lot of take %q: %w", part, err)
		}
		a, err := money.Parse(amount)
		if err != nil {
			return nil, fmt.Errorf("read take %q: %w", part, err)
		}
		out = append(out, take{seq, a})
	}
	return out, nil
}

// cut gives the parts that lie between two sums counted from the front.
func (t takes) cut(from, to money.Amount) takes {
	var out takes
	var begin money.Amount
	for _, part := range t {
		end := begin + part.amount
		if lo, hi := max(begin, from), min(end, to); lo < hi {
			out = append(out, take{part.lot, hi - lo})
		}
		begin = end
	}
	return out
}

// sum is what all parts are together; what does not fit is an error.
func (t takes) sum() (money.Amount, error) {
	var total money.Amount
	for _, part := range t {
		var err error
		if total, err = total.Plus(part.amount); err != nil {
			return 0, fmt.Errorf("sum takes: %w", err)
		}
	}
	return total, nil
}

// appendExact appends what money.Amount.Exact prints: four places. Every entry
// prints three amounts into its hash, so it is done without allocating.
func appendExact(b []byte, a money.Amount) []byte {
	u := uint64(a)
	if a < 0 {
		b, u = append(b, '-'), -u
	}
	b = strconv.AppendUint(b, u/uint64(money.Won), 10)
	point := len(b)
	b = strconv.AppendUint(b, uint64(money.Won)+u%uint64(money.Won), 10) // 1dddd
	b[point] = '.'
	return b
}
