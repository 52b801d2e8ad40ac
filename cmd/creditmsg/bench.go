package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"creditmsg/internal/bench"
)

// benchVerb measures the product beside the plainest program that does the same.
type benchVerb struct {
	Charge   benchCharge   `cmd:"" help:"Hold credit on hot accounts."`
	Accept   benchAccept   `cmd:"" help:"Take in whole messages to one recipient each."`
	Pipeline benchPipeline `cmd:"" help:"Send one message to many people, from accepted to settled."`
	API      benchAPI      `cmd:"" name:"api" help:"The same over HTTP."`
	Stats    benchStats    `cmd:"" help:"Read the statistics of a site's year."`
	Growth   benchGrowth   `cmd:"" help:"How costs grow with the number of recipients and sites."`
	Fair     benchFair     `cmd:"" help:"What a message to very many people costs the single messages of other sites."`
	Attack   benchAttack   `cmd:"" help:"What an attack on the API costs good requests."`
	Webhook  benchWebhook  `cmd:"" help:"How soon events reach the endpoints that answer while others hang and fail."`
	Handover benchHandover `cmd:"" help:"How few calls hand waiting messages over, and how soon after its 202 a message is handed over."`
}

// Help is shown below the flags' own help.
func (benchVerb) Help() string {
	return `Baseline and product take turns in scratch databases, and what was done is counted in
the database. The ratio is the median of the rounds' product / baseline.`
}

// asked is what every measurement takes.
type asked struct {
	Database string `required:"" env:"CREDITMSG_DATABASE_URL" placeholder:"URL" help:"A database whose server may be used: sqlite:PATH, postgres://… or mysql://…. The work is done in scratch databases beside it."`
	JSON     bool   `name:"json" help:"Print one JSON object instead of text."`
}

// benched is what those of several rounds take.
type benched struct {
	asked
	Rounds     int    `default:"3" placeholder:"N" help:"Rounds of baseline and product each."`
	CPUProfile string `name:"cpuprofile" placeholder:"FILE" help:"Where the processor profile of the last product round goes."`
}

// timed is what comparisons take that are bounded by time.
type timed struct {
	benched
	Seconds float64 `default:"6" placeholder:"N" help:"Length of one measurement."`
	Callers int     `default:"64" placeholder:"N" help:"Callers at a time."`
}

func (v timed) options() bench.Options {
	return bench.Options{Database: v.Database, Rounds: v.Rounds, Callers: v.Callers, Lasting: time.Duration(v.Seconds * float64(time.Second))}
}

type benchCharge struct {
	timed
	Sites   int    `default:"1" placeholder:"N" help:"Sites that are charged in turn."`
	Against string `enum:"lock,statement" default:"lock" help:"The baseline: lock, read and write in one transaction, or one statement (PostgreSQL)."`
}

// Run makes the comparison.
func (v *benchCharge) Run(ctx context.Context, s *streams) error {
	o := v.options()
	o.Sites, o.Against = v.Sites, v.Against
	return v.compare(ctx, s, "charge", o)
}

type benchAccept struct{ timed }

// Run makes the comparison.
func (v *benchAccept) Run(ctx context.Context, s *streams) error {
	return v.compare(ctx, s, "accept", v.options())
}

type benchAPI struct{ timed }

// Run makes the comparison.
func (v *benchAPI) Run(ctx context.Context, s *streams) error {
	return v.compare(ctx, s, "api", v.options())
}

type benchPipeline struct {
	benched
	Size    int  `default:"200000" placeholder:"N" help:"Recipients of one round."`
	Shuffle bool `help:"Reports come in random order." xor:"how"`
	HTTP    bool `name:"http" help:"Over HTTP, against the simulator in a process of its own." xor:"how"`
}

// Run makes the comparison.
func (v *benchPipeline) Run(ctx context.Context, s *streams) error {
	o := bench.Options{Database: v.Database, Rounds: v.Rounds, Size: v.Size, Shuffle: v.Shuffle, HTTP: v.HTTP}
	if v.HTTP {
		var err error
		if o.Simulator, err = ownSimulator(); err != nil {
			return err
		}
	}
	return v.compare(ctx, s, "pipeline", o)
}

type benchStats struct {
	benched
	Seconds float64 `default:"6" placeholder:"N" help:"Length of one measurement."`
	Size    int     `default:"1000000" placeholder:"N" help:"Recipients of the baseline; the product's site has ten times as many."`
	Sites   int     `default:"10" placeholder:"N" help:"Sites that are counted beside each other."`
}

// Help says what is measured.
func (benchStats) Help() string {
	return `One caller reads a year by day, channel, strategy and provider in turn. The latency
is that of the slowest of the four.`
}

// Run makes the comparison.
func (v *benchStats) Run(ctx context.Context, s *streams) error {
	return v.compare(ctx, s, "stats", bench.Options{Database: v.Database, Rounds: v.Rounds, Size: v.Size, Sites: v.Sites,
		Lasting: time.Duration(v.Seconds * float64(time.Second))})
}

// ownSimulator is the command that runs the provider simulator.
func ownSimulator() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return []string{self, "simulator"}, nil
}

type benchGrowth struct {
	asked
	Rounds int `default:"3" placeholder:"N" help:"Rounds over all sizes; of each figure the median counts."`
	Most   int `default:"1000000" placeholder:"N" help:"Recipients of the largest message."`
}

// Run measures every size.
func (v *benchGrowth) Run(ctx context.Context, s *streams) error {
	run := func(o bench.Options) (bench.Growth, error) { return bench.RunGrowth(ctx, v.Most, o) }
	return told(benched{asked: v.asked}, s, "growth", bench.Options{Database: v.Database, Rounds: v.Rounds}, run, showGrowth)
}

func showGrowth(t *table, g bench.Growth) {
	for _, part := range []struct {
		name  string
		lines []bench.GrowthLine
	}{{"recipients", g.Recipients}, {"sites", g.Sites}} {
		t.row(part.name, "messages", "recipients per second", "µs of processor each", "bytes each", "most memory")
		for _, l := range part.lines {
			t.row(grouped(int64(l.Size)), grouped(int64(l.Messages)), grouped(int64(l.PerSecond)), fmt.Sprintf("%.1f", l.CPU), fmt.Sprintf("%.0f", l.Bytes), fmt.Sprintf("%d MiB", l.PeakRSS>>20))
		}
	}
	t.row("at most off the first of its part", "", "", percent(g.CPUDrift), percent(g.BytesDrift), percent(g.MemoryDrift))
	t.row("machine", g.Machine)
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

type benchHandover struct {
	benched
	Messages int     `default:"10000" placeholder:"N" help:"Messages to one person each that wait for the workers."`
	Sites    int     `default:"50" placeholder:"N" help:"Sites that send."`
	Rate     int     `default:"200" placeholder:"N" help:"Messages a second, over HTTP."`
	Seconds  float64 `default:"10" placeholder:"N" help:"How long they come at that rate."`
	Callers  int     `default:"64" placeholder:"N" help:"Connections that send them in turn."`
}

// Help says what is measured.
func (benchHandover) Help() string {
	return `The vendor is the provider simulator in a process of its own; it waits 5 ms before it
looks at a request, and a hand-over makes three. Waiting: messages are accepted while no
worker runs, then the program starts. Pace: the program runs and messages come by the
clock. The time of one is from its 202 at the client to the moment when the vendor took
it, by the vendor's own list, rounded up to whole milliseconds. It says little where
others take much of the processors.`
}

// Run measures every round.
func (v *benchHandover) Run(ctx context.Context, s *streams) error {
	o := bench.Options{Database: v.Database, Rounds: v.Rounds, Size: v.Messages, Sites: v.Sites, Rate: v.Rate,
		Lasting: time.Duration(v.Seconds * float64(time.Second)), Callers: v.Callers}
	var err error
	if o.Simulator, err = ownSimulator(); err != nil {
		return err
	}
	run := func(o bench.Options) (bench.Handover, error) { return bench.RunHandover(ctx, o) }
	return told(v.benched, s, "handover", o, run, showHandover)
}

func showHandover(t *table, h bench.Handover) {
	t.row("waiting on "+h.Engine, "messages", "sites", "hand-overs", "by the vendor's count", "seconds")
	for i, w := range h.Waiting {
		t.row(fmt.Sprintf("round %d", i+1), grouped(int64(w.Messages)), w.Sites, w.Calls, w.Seen, fmt.Sprintf("%.2f", w.Seconds))
	}
	t.row("pace", "messages", "per second", "hand-overs", "by the vendor's count", "µs of processor each", "processors taken by others")
	for i, p := range h.Pace {
		t.row(fmt.Sprintf("round %d", i+1), grouped(int64(p.Messages)), fmt.Sprintf("%.1f", p.PerSecond), p.Calls, p.Seen, fmt.Sprintf("%.0f", p.CPU), fmt.Sprintf("%.0f %%", 100*p.Others))
	}
	t.row("from 202 to hand-over", "p50", "p90", "p99", "max", "before the 202")
	for i, p := range h.Pace {
		cells := []any{fmt.Sprintf("round %d", i+1)}
		for _, ms := range []float64{p.P50, p.P90, p.P99, p.Max} {
			cells = append(cells, fmt.Sprintf("%.1f ms", ms))
		}
		t.row(append(cells, p.Early)...)
	}
	t.row("machine", h.Machine)
}

// told runs a measurement and tells what it found, as JSON or as a table.
func told[T any](v benched, s *streams, name string, o bench.Options, run func(bench.Options) (T, error), show func(*table, T)) error {
	var profile bytes.Buffer
	if v.CPUProfile != "" {
		o.Profile = &profile
	}
	o.Progress = func(what string) { fmt.Fprintf(s.err, "%s: %s\n", name, what) }
	out, err := run(o)
	if err != nil {
		if v.JSON {
			err = errors.Join(err, s.print(problem(err)))
		}
		return err
	}
	if v.CPUProfile != "" {
		if err := os.WriteFile(v.CPUProfile, profile.Bytes(), 0o600); err != nil {
			return fmt.Errorf("write the profile: %w", err)
		}
	}
	if v.JSON {
		return s.print(out)
	}
	t := newTable(s)
	show(t, out)
	return t.end()
}

// compare makes a comparison and prints what it found.
func (v benched) compare(ctx context.Context, s *streams, name string, o bench.Options) error {
	run := func(o bench.Options) (bench.Result, error) { return bench.Run(ctx, name, o) }
	return told(v, s, name, o, run, showBench)
}

func showBench(t *table, r bench.Result) {
	t.row(r.Bench+" on "+r.Engine, r.Unit+"s per second", "µs of processor each", "")
	for _, side := range []struct {
		name string
		bench.Side
	}{{"baseline", r.Baseline}, {"product", r.Product}} {
		t.row(side.name, rates(side.PerSecond), fmt.Sprintf("%.1f", side.CPU), side.What)
	}
	t.row("ratio", fmt.Sprintf("%.2f", r.Ratio), fmt.Sprintf("%.2f", r.CPURatio), fmt.Sprintf("at most %d MiB of memory", r.PeakRSS>>20))
	if l := r.Latency; l != nil {
		t.row("latency", fmt.Sprintf("p50 %.1f ms", l.P50), fmt.Sprintf("p99 %.1f ms", l.P99), fmt.Sprintf("at %.0f per second", l.Rate))
	}
	t.row("machine", r.Machine)
}

// rates shows the rounds' figures.
func rates(list []float64) string {
	out := make([]string, len(list))
	for i, one := range list {
		out[i] = grouped(int64(one))
	}
	return strings.Join(out, " ")
}

type benchAttack struct {
	asked
	Rounds  int     `default:"3" placeholder:"N" help:"Rounds; of the ratio the median counts."`
	Rate    int     `default:"200" placeholder:"N" help:"Good messages a second."`
	Seconds float64 `default:"15" placeholder:"N" help:"How long they come at that rate, without and with the attack."`
}

// Help says what is measured.
func (benchAttack) Help() string {
	return `Good messages come at a steady rate, then once more under attack: 1,000 connections that
send a byte of a request every second, 10,000 forged delivery reports, and 1,000 requests
a second with tokens that are none, from a hundred addresses. The foes share the
processors with the program. The time of a good request is from the moment when it was
due.`
}

// Run measures every round.
func (v *benchAttack) Run(ctx context.Context, s *streams) error {
	o := bench.Options{Database: v.Database, Rounds: v.Rounds, Rate: v.Rate, Lasting: time.Duration(v.Seconds * float64(time.Second))}
	run := func(o bench.Options) (bench.Attack, error) { return bench.RunAttack(ctx, o) }
	return told(benched{asked: v.asked}, s, "attack", o, run, showAttack)
}

func showAttack(t *table, a bench.Attack) {
	t.row("good requests on "+a.Engine, "per second", "p50", "p99", "slow connections", "forged reports", "wrong tokens", "of them throttled")
	for i := range a.Idle {
		t.row("nothing else", fmt.Sprintf("%.0f", a.Idle[i].Rate), fmt.Sprintf("%.1f ms", a.Idle[i].P50), fmt.Sprintf("%.1f ms", a.Idle[i].P99), "", "", "", "")
		f := a.Foes[i]
		t.row("under attack", fmt.Sprintf("%.0f", a.Under[i].Rate), fmt.Sprintf("%.1f ms", a.Under[i].P50), fmt.Sprintf("%.1f ms", a.Under[i].P99),
			fmt.Sprintf("%d, %s dropped", f.Slow, grouped(f.Dropped)), grouped(f.Forged), grouped(f.Wrong), grouped(f.Throttle))
	}
	t.row("p99 under attack / alone", fmt.Sprintf("%.2f", a.Ratio), "", "", "", "", "", "")
	t.row("machine", a.Machine)
}

type benchFair struct {
	asked
	Rounds  int     `default:"1" placeholder:"N" help:"Rounds; of the ratio the median counts."`
	Size    int     `default:"1000000" placeholder:"N" help:"People of the large message."`
	Sites   int     `default:"50" placeholder:"N" help:"Other sites, which send to one person each."`
	Rate    int     `default:"50" placeholder:"N" help:"Their messages a second, over HTTP."`
	Seconds float64 `default:"15" placeholder:"N" help:"How long they come at that rate, without and with the large message."`
}

// Help says what is measured.
func (benchFair) Help() string {
	return `One run of the program, with the provider simulator in a process of its own, which waits
5 ms before it looks at a request. First only the single messages come, then a message to
very many people is accepted and they come again. The time of one is from its 202 at the
client to the moment when the vendor took it.`
}

// Run measures every round.
func (v *benchFair) Run(ctx context.Context, s *streams) error {
	o := bench.Options{Database: v.Database, Rounds: v.Rounds, Size: v.Size, Sites: v.Sites, Rate: v.Rate,
		Lasting: time.Duration(v.Seconds * float64(time.Second))}
	var err error
	if o.Simulator, err = ownSimulator(); err != nil {
		return err
	}
	run := func(o bench.Options) (bench.Fair, error) { return bench.RunFair(ctx, o) }
	return told(benched{asked: v.asked}, s, "fair", o, run, showFair)
}

func showFair(t *table, f bench.Fair) {
	t.row("from 202 to hand-over on "+f.Engine, "messages", "p50", "p90", "p99", "max")
	for i := range f.Idle {
		for _, p := range []struct {
			name string
			bench.HandoverPace
		}{{"nothing else", f.Idle[i]}, {"beside a message to " + grouped(int64(f.Crowd)), f.Busy[i]}} {
			cells := []any{p.name, grouped(int64(p.Messages))}
			for _, ms := range []float64{p.P50, p.P90, p.P99, p.Max} {
				cells = append(cells, fmt.Sprintf("%.1f ms", ms))
			}
			t.row(cells...)
		}
	}
	t.row("p99 beside it / alone", fmt.Sprintf("%.2f", f.Ratio))
	t.row("machine", f.Machine)
}
