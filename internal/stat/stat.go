package stat

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
)

// ErrOverflow says that a sum does not fit into 64 bits.
var ErrOverflow = errors.New("the sum is too large")

// Figures are what is counted. A figure of a Delta may be negative: it takes back what
// was counted too early.
type Figures struct {
	Delivered int64 // legs that arrived
	Failed    int64 // legs that certainly did not
	FellBack  int64 // those of Failed that a next step follows
	Expired   int64 // recipients of whom nothing was heard in time
	Cancelled int64 // recipients taken back before they were handed over
	Cost      money.Amount
	Refunded  money.Amount // of Cost, given back later; on the day of giving it back
	Upstream  money.Amount // what the vendors charge for Delivered, as far as it is known
	Priced    int64        // those of Delivered of which it is
}

// measures is the number of figures.
const measures = 9

// figureColumns are the figures' columns, which both tables have, in the order of values.
var figureColumns = [measures]string{"delivered", "failed", "fell_back", "expired", "cancelled", "cost", "refunded", "upstream", "priced"}

func (f *Figures) values() [measures]int64 {
	return [measures]int64{f.Delivered, f.Failed, f.FellBack, f.Expired, f.Cancelled, int64(f.Cost), int64(f.Refunded), int64(f.Upstream), f.Priced}
}

func figuresOf(v [measures]int64) Figures {
	return Figures{v[0], v[1], v[2], v[3], v[4], money.Amount(v[5]), money.Amount(v[6]), money.Amount(v[7]), v[8]}
}

// into gives where a row's figures are scanned to.
func (f *Figures) into() []any {
	return []any{&f.Delivered, &f.Failed, &f.FellBack, &f.Expired, &f.Cancelled, &f.Cost, &f.Refunded, &f.Upstream, &f.Priced}
}

// Plus adds each figure to its own kind. A sum that does not fit is ErrOverflow.
func (f Figures) Plus(g Figures) (Figures, error) {
	v, w := f.values(), g.values()
	for i := range v {
		sum, err := plus(v[i], w[i])
		if err != nil {
			return Figures{}, fmt.Errorf("%s: %w", figureColumns[i], err)
		}
		v[i] = sum
	}
	return figuresOf(v), nil
}

func plus(a, b int64) (int64, error) {
	if c := a + b; b == 0 || (c > a) == (b > 0) {
		return c, nil
	}
	return 0, fmt.Errorf("add %d and %d: %w", a, b, ErrOverflow)
}

func minus(a, b int64) (int64, error) {
	if c := a - b; b == 0 || (c < a) == (b > 0) {
		return c, nil
	}
	return 0, fmt.Errorf("take %d from %d: %w", b, a, ErrOverflow)
}

// slot is what the figures of one row of stat_day are about.
type slot struct{ site, day, channel, strategy, provider string }

// slotColumns are its columns: the primary key of stat_day.
var slotColumns = [5]string{"site_id", "kst_day", "channel", "strategy", "provider"}

func (s *slot) into() []any { return []any{&s.site, &s.day, &s.channel, &s.strategy, &s.provider} }

func (s slot) compare(t slot) int {
	return cmp.Or(strings.Compare(s.site, t.site), strings.Compare(s.day, t.day), strings.Compare(s.channel, t.channel),
		strings.Compare(s.strategy, t.strategy), strings.Compare(s.provider, t.provider))
}

// columnsOf gives the columns of rows that say what they are about.
func columnsOf[T any](rows []T, slotOf func(T) slot, figures func(T) Figures) []db.Column {
	var words [len(slotColumns)][]string
	var numbers [measures][]int64
	for _, r := range rows {
		s, f := slotOf(r), figures(r)
		for i, w := range []string{s.site, s.day, s.channel, s.strategy, s.provider} {
			words[i] = append(words[i], w)
		}
		for i, n := range f.values() {
			numbers[i] = append(numbers[i], n)
		}
	}
	var cols []db.Column
	for i, name := range slotColumns {
		cols = append(cols, db.Col(name, words[i]))
	}
	for i, name := range figureColumns {
		cols = append(cols, db.Col(name, numbers[i]))
	}
	return cols
}
