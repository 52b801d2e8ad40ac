package stat

import (
	"math"
	"math/bits"

	"creditmsg/internal/provider"
)

// Rate is a share as an exact fraction. There is none when Whole is not above zero.
type Rate struct{ Part, Whole int64 }

// PerTenThousand gives the share in 1/10,000, cut off towards zero, so that 10,000
// means all and never nearly all; ok is false when there is none, or when it does not
// fit.
func (r Rate) PerTenThousand() (n int64, ok bool) {
	if r.Whole <= 0 {
		return 0, false
	}
	part := uint64(r.Part)
	if r.Part < 0 {
		part = -part
	}
	hi, lo := bits.Mul64(part, 10_000)
	if hi >= uint64(r.Whole) {
		return 0, false
	}
	share, _ := bits.Div64(hi, lo, uint64(r.Whole))
	if share > math.MaxInt64 {
		return 0, false
	}
	if r.Part < 0 {
		return -int64(share), true
	}
	return int64(share), true
}

// conclude adds up the parts of each group and says what follows from them.
func conclude(parts []*part) ([]*Row, error) {
	found, groups := make(map[slot]*part, len(parts)), parts[:0]
	for _, p := range parts {
		known := found[p.slot]
		if known == nil {
			found[p.slot], groups = p, append(groups, p)
			continue
		}
		for i := range known.sums {
			n, err := plus(int64(known.sums[i]), int64(p.sums[i]))
			if err != nil {
				return nil, err
			}
			known.sums[i] = sum(n)
		}
	}
	out := make([]*Row, len(groups))
	for i, p := range groups {
		var err error
		if out[i], err = p.row(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// row makes a group's Row. A recipient is final in the row of his last leg: each that
// arrived is one, and each that failed without a next step.
func (p *part) row() (r *Row, err error) {
	r = &Row{Site: p.site, Day: p.day, Strategy: p.strategy, Provider: p.provider}
	if p.channel != "" {
		if r.Channel, err = provider.ParseChannel(p.channel); err != nil {
			return nil, err
		}
	}
	var v [measures]int64
	for i := range v {
		v[i] = int64(p.sums[i])
	}
	r.Figures = figuresOf(v)
	calc := func(do func(a, b int64) (int64, error), a, b int64) (c int64) {
		if err == nil {
			c, err = do(a, b)
		}
		return c
	}
	tried := calc(plus, calc(minus, calc(plus, r.Delivered, r.Failed), r.FellBack), r.Expired)
	r.Final = calc(plus, tried, r.Cancelled)
	r.Success, r.Fallback = Rate{r.Delivered, tried}, Rate{r.FellBack, tried}
	kakao, lost := int64(p.sums[measures]), int64(p.sums[measures+1])
	r.KakaoReach = Rate{kakao, calc(plus, kakao, lost)}
	return r, err
}
