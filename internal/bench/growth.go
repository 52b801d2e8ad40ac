package bench

import (
	"context"
	"fmt"
)

// Growth is how the product's costs grow with the work: they should not.
type Growth struct {
	Bench      string       `json:"bench"`
	Engine     string       `json:"engine"`
	Recipients []GrowthLine `json:"recipients"` // one message to so many people, accepted to settled
	Sites      []GrowthLine `json:"sites"`      // charges of so many sites in turn
	Machine    string       `json:"machine"`
}

// GrowthLine is one size.
type GrowthLine struct {
	Size      int     `json:"size"`
	PerSecond float64 `json:"per_second"`
	CPU       float64 `json:"cpu_us_per_unit"`
	Bytes     float64 `json:"bytes_per_unit"` // that the database grew by, indexes and all
	PeakRSS   int64   `json:"peak_rss_bytes"`
}

// RunGrowth measures messages of 10³ recipients and every power of ten up to most, and
// charges over 1, 100 and 10,000 sites (as far as most goes).
func RunGrowth(ctx context.Context, most int, o Options) (Growth, error) {
	r, err := newRun(ctx, o)
	if err != nil {
		return Growth{}, err
	}
	defer r.engine.close()
	out := Growth{Bench: "growth", Engine: r.engine.name(), Machine: machine() + ", " + r.engine.version()}
	for size := 1000; size <= max(most, 1000); size *= 10 {
		r.o.Size = size
		line, err := r.grow(ctx, size, side{fmt.Sprintf("%d recipients", size), pipelineProduct})
		if err != nil {
			return Growth{}, err
		}
		out.Recipients = append(out.Recipients, line)
	}
	for sites := 1; sites <= min(10_000, max(most, 1)); sites *= 100 {
		r.o.Sites = sites
		line, err := r.grow(ctx, sites, side{fmt.Sprintf("%d sites", sites), chargeProduct})
		if err != nil {
			return Growth{}, err
		}
		out.Sites = append(out.Sites, line)
	}
	return out, nil
}

// grow does one size in a fresh database. What the schema takes by itself, and what was
// there before the work, is not counted.
func (r *run) grow(ctx context.Context, size int, s side) (GrowthLine, error) {
	one, err := r.round(ctx, s, s.what)
	if err != nil {
		return GrowthLine{}, fmt.Errorf("growth, %s: %w", s.what, err)
	}
	return GrowthLine{Size: size, PerSecond: one.rate(), CPU: one.cpuEach(), Bytes: float64(one.bytes) / float64(one.units), PeakRSS: one.rss}, nil
}
