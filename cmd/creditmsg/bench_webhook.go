package main

import (
	"context"
	"fmt"
	"time"

	"creditmsg/internal/bench"
)

type benchWebhook struct {
	benched
	Endpoints int     `default:"1000" placeholder:"N" help:"Endpoints, of a site each; a fifth of them hangs and a fifth fails."`
	Rate      int     `default:"1000" placeholder:"N" help:"Events a second, over all sites."`
	Seconds   float64 `default:"30" placeholder:"N" help:"How long they happen at that rate."`
}

// Help says what is measured.
func (benchWebhook) Help() string {
	return `From the commit of an event to its first receipt, at the endpoints that answer. The
baseline is one pool of as many workers that takes deliveries in the order of their time.`
}

// Run measures every round.
func (v *benchWebhook) Run(ctx context.Context, s *streams) error {
	o := bench.Options{Database: v.Database, Rounds: v.Rounds, Size: v.Endpoints, Rate: v.Rate, Lasting: time.Duration(v.Seconds * float64(time.Second))}
	run := func(o bench.Options) (bench.Webhooks, error) { return bench.RunWebhook(ctx, o) }
	return told(v.benched, s, "webhook", o, run, showWebhookPace)
}

func showWebhookPace(t *table, w bench.Webhooks) {
	t.row("from commit to receipt on "+w.Engine, "events per second", "at those that answer", "missing", "p50", "p99", "max", "µs of processor each")
	for i := range w.Product {
		for _, p := range []struct {
			name string
			bench.HookPace
		}{{"baseline", w.Baseline[i]}, {"product", w.Product[i]}} {
			t.row(p.name, fmt.Sprintf("%.0f", p.PerSecond), grouped(int64(p.Events)), grouped(int64(p.Missing)),
				fmt.Sprintf("%.1f ms", p.P50), fmt.Sprintf("%.1f ms", p.P99), fmt.Sprintf("%.1f ms", p.Max), fmt.Sprintf("%.0f", p.CPU))
		}
	}
	t.row("p99 of the baseline / of the product", fmt.Sprintf("%.1f", w.Ratio))
	t.row("machine", w.Machine)
}
