package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"creditmsg/internal/fault"
)

// Options say what is measured and how long. Zero values are the defaults named.
type Options struct {
	Database string        // URL of a database whose server may be used; required
	Lasting  time.Duration // one measurement of charge, accept, api and stats; 0 = 6 s; of handover: its pace; 0 = 10 s
	Rounds   int           // of the baseline and of the product each; 0 = 3
	Callers  int           // callers at a time; 0 = 64
	Sites    int           // of charge: sites that the callers charge in turn, of stats: that are counted; 0 = 1; of handover: sites that send; 0 = 50
	Against  string        // of charge: the baseline, lock or statement; "" = lock
	Size     int           // of pipeline: recipients in one round; 0 = 200,000; of handover: messages that wait; 0 = 10,000; of stats: the baseline's recipients
	Rate     int           // of handover: messages a second; 0 = 200
	Shuffle  bool          // of pipeline: reports come in random order
	HTTP     bool          // of pipeline: over HTTP against the simulator in a process of its own
	// Simulator is the command that runs the provider simulator, to which --listen,
	// --log-level, --report-url, --report-secret and --scenario are added; of handover, and of pipeline with HTTP.
	Simulator []string
	Profile   io.Writer    // where the processor profile of the last product round goes; nil = nowhere
	Progress  func(string) // is told what happens now; nil = nobody
}

func (o Options) filled() Options {
	if o.Lasting <= 0 {
		o.Lasting = 6 * time.Second
	}
	o.Rounds, o.Callers, o.Sites = orElse(o.Rounds, 3), orElse(o.Callers, 64), orElse(o.Sites, 1)
	o.Size = orElse(o.Size, 200_000)
	if o.Against == "" {
		o.Against = againstLock
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

func orElse(n, other int) int {
	if n > 0 {
		return n
	}
	return other
}

// Result is what a comparison found.
type Result struct {
	Bench    string  `json:"bench"`
	Engine   string  `json:"engine"`
	Unit     string  `json:"unit"` // what is counted: charge, message, request, recipient, read
	Baseline Side    `json:"baseline"`
	Product  Side    `json:"product"`
	Ratio    float64 `json:"ratio"`           // the median of the rounds' product / baseline
	CPU      float64 `json:"cpu_us_per_unit"` // of the product: program and local database together, in µs
	// CPURatio is the product's processor time for a unit as a multiple of the baseline's.
	CPURatio float64  `json:"cpu_ratio"`
	PeakRSS  int64    `json:"peak_rss_bytes"`    // of the program while the product worked
	Latency  *Latency `json:"latency,omitempty"` // of api and stats
	Machine  string   `json:"machine"`
}

// Side is one of the two that are compared.
type Side struct {
	What      string    `json:"what"`
	PerSecond []float64 `json:"per_second"`      // units, one figure a round
	CPU       float64   `json:"cpu_us_per_unit"` // the median of the rounds
}

// Latency is how long the product took to answer: of api at half of its greatest rate, from
// the moment when the request was due; of stats by the slowest grouping, one after the other.
type Latency struct {
	Rate float64 `json:"per_second"`
	P50  float64 `json:"p50_ms"`
	P99  float64 `json:"p99_ms"`
}

// comparisons are what Run knows, by name.
var comparisons = map[string]func(*run) (contest, error){
	"charge":   chargeContest,
	"accept":   acceptContest,
	"api":      apiContest,
	"pipeline": pipelineContest,
	"stats":    statsContest,
}

// Run makes the comparison of this name: charge, accept, pipeline, api or stats. Options that
// cannot be served are Invalid; the server's trouble is an error that says what failed.
func Run(ctx context.Context, name string, o Options) (Result, error) {
	make, known := comparisons[name]
	if !known {
		return Result{}, fault.Check("bench", "%q is not one of charge, accept, pipeline, api, stats", name)
	}
	r, err := newRun(ctx, o)
	if err != nil {
		return Result{}, err
	}
	defer r.engine.close()
	c, err := make(r)
	if err != nil {
		return Result{}, err
	}
	c.bench = name
	out, err := r.compare(ctx, c)
	if err != nil {
		return Result{}, fmt.Errorf("bench %s: %w", name, err)
	}
	return out, nil
}

// median is the middle one, or the mean of the two middle ones.
func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(of))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
