package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/server"
)

// TestMain makes this binary the simulated vendor's process when it is called so.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != "simulator" {
		m.Run()
		return
	}
	o := server.SimulatorOptions{}
	for i := 2; i+1 < len(os.Args); i += 2 {
		switch os.Args[i] {
		case "--listen":
			o.Listen = os.Args[i+1]
		case "--report-url":
			o.ReportURL = os.Args[i+1]
		case "--report-secret":
			o.ReportSecret = os.Args[i+1]
		case "--scenario":
			o.Scenario = os.Args[i+1]
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := server.RunSimulator(ctx, o, slog.New(slog.DiscardHandler), func(url string) { fmt.Println("simulator  " + url) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// little is a comparison that takes no time and proves nothing about speed.
func little(t *testing.T, engine string) Options {
	return Options{Database: dbtest.URL(t, engine), Lasting: 40 * time.Millisecond, Rounds: 1, Callers: 3, Size: 1200,
		Simulator: []string{os.Args[0], "simulator"}, Progress: func(what string) { t.Log(what) }}
}

// cases are all that can be compared.
var cases = []struct {
	name, bench string
	only        string // the engine; "" = every one
	change      func(*Options)
}{
	{"charge", "charge", "", nil},
	{"charge of many sites", "charge", "sqlite", func(o *Options) { o.Sites = 150 }},
	{"charge against a statement", "charge", "postgres", func(o *Options) { o.Against = againstStatement }},
	{"accept", "accept", "", nil},
	{"api", "api", "sqlite", nil},
	{"pipeline", "pipeline", "", nil},
	{"stats", "stats", "", func(o *Options) { o.Size, o.Sites = 120, 2 }},
	{"pipeline shuffled", "pipeline", "postgres", func(o *Options) { o.Shuffle = true }},
	{"pipeline over HTTP", "pipeline", "sqlite", func(o *Options) { o.HTTP = true }},
}

func TestEachComparisonCountsWhatIsInTheDatabaseAndProvesTheLedger(t *testing.T) {
	for _, c := range cases {
		for _, engine := range dbtest.Engines() {
			if c.only != "" && c.only != engine {
				continue
			}
			t.Run(c.name+" on "+engine, func(t *testing.T) {
				o := little(t, engine)
				if c.change != nil {
					c.change(&o)
				}
				got, err := Run(t.Context(), c.bench, o)
				if err != nil {
					t.Fatalf("run: %v", err)
				}
				if got.Bench != c.bench || got.Engine != engine || got.Ratio <= 0 || got.PeakRSS <= 0 || got.CPU <= 0 {
					t.Errorf("got %+v, want the bench, the engine and measured figures", got)
				}
				if len(got.Baseline.PerSecond) != 1 || len(got.Product.PerSecond) != 1 || got.Baseline.What == "" || got.Product.What == "" {
					t.Errorf("got sides %+v and %+v, want one round each and what they are", got.Baseline, got.Product)
				}
				if (got.Latency != nil) != (c.bench == "api" || c.bench == "stats") {
					t.Errorf("got latency %v", got.Latency)
				}
			})
		}
	}
}

func TestAResultHasTheMembersThatArePromised(t *testing.T) {
	got, err := Run(t.Context(), "charge", little(t, "sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bench", "engine", "baseline", "product", "ratio", "cpu_us_per_unit", "peak_rss_bytes", "machine"} {
		if members[name] == nil {
			t.Errorf("%s is missing in %s", name, text)
		}
	}
	for _, name := range []string{"baseline", "product"} {
		side, _ := members[name].(map[string]any)
		if _, ok := side["per_second"].([]any); !ok || side["what"] == "" {
			t.Errorf("%s is %v, want what and per_second", name, side)
		}
	}
}

func TestNothingOfARunStaysBehind(t *testing.T) {
	o := little(t, "sqlite")
	folder := filepath.Dir(strings.TrimPrefix(o.Database, "sqlite:"))
	own := filepath.Join(folder, "own.db")
	if err := os.WriteFile(own, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), "accept", o); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || entries[0].Name() != "own.db" {
		t.Errorf("got %v, %v in the folder, want only what was there before", entries, err)
	}
	o.Database = "sqlite:" + filepath.Join(folder, "new", "bench.db")
	if _, err := Run(t.Context(), "charge", o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "new")); !os.IsNotExist(err) {
		t.Errorf("the folder that was made for the run is still there: %v", err)
	}
}

func TestWhatWasAnsweredForAndIsNotThereFailsTheRun(t *testing.T) {
	if err := counted(3, 3); err != nil {
		t.Errorf("all there: %v", err)
	}
	if err := counted(3, 2); err == nil {
		t.Error("one is missing: got no error")
	}
	o := little(t, "sqlite")
	r, err := newRun(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.engine.close()
	// A product that says so without doing it.
	lying := side{"nothing at all", func(ctx context.Context, a *arena) (sample, error) {
		w, err := a.open(ctx)
		if err != nil {
			return sample{}, err
		}
		there, err := w.count(ctx, heldRows(""))
		return sample{units: there, took: time.Second}, err
	}}
	if _, err := r.compare(t.Context(), contest{bench: "lie", unit: "charge", baseline: lying, product: lying}); err == nil {
		t.Error("a round without a row: got no error")
	}
}

func TestOptionsThatCannotBeServedAreRefused(t *testing.T) {
	if _, err := RunHandover(t.Context(), Options{Database: dbtest.URL(t, "sqlite")}); !fault.Is(err, fault.Invalid) {
		t.Errorf("handover without simulator: got %v, want it refused", err)
	}
	for name, o := range map[string]Options{
		"no such comparison":         little(t, "sqlite"),
		"charge against a statement": {Database: dbtest.URL(t, "sqlite"), Against: againstStatement},
		"charge against nothing":     {Database: dbtest.URL(t, "sqlite"), Against: "hope"},
		"charge of no database":      {Database: "nosuch:thing"},
		"pipeline without simulator": {Database: dbtest.URL(t, "sqlite"), HTTP: true},
	} {
		bench, _, _ := strings.Cut(name, " ")
		if _, err := Run(t.Context(), bench, o); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func TestGrowthMeasuresEverySize(t *testing.T) {
	got, err := RunGrowth(t.Context(), 1000, little(t, "sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	sizes := func(lines []GrowthLine) (out []int) {
		for _, l := range lines {
			if l.PerSecond <= 0 || l.Bytes <= 0 || l.PeakRSS <= 0 {
				t.Errorf("got %+v, want measured figures", l)
			}
			out = append(out, l.Size)
		}
		return out
	}
	if r, s := sizes(got.Recipients), sizes(got.Sites); !slices.Equal(r, []int{1000}) || !slices.Equal(s, []int{1, 100}) {
		t.Errorf("got sizes %v and %v", r, s)
	}
}

func TestEveryMessageIsHandedOverOnceInFewCallsAndAtAPace(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := little(t, engine)
			o.Size, o.Sites, o.Lasting = 300, 3, 100*time.Millisecond
			got, err := RunHandover(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got.Bench != "handover" || got.Engine != engine || len(got.Waiting) != 1 || len(got.Pace) != 1 {
				t.Fatalf("got %+v, want the engine and one round of each", got)
			}
			// What waits goes out in calls as large as a claim allows.
			if w := got.Waiting[0]; w.Messages != 300 || w.Sites != 3 || w.Calls != 2 || w.Seen != 2 || w.Seconds <= 0 {
				t.Errorf("waiting: got %+v, want 300 messages in 2 calls, by both counts", w)
			}
			p := got.Pace[0]
			if p.Messages < 3 || p.Calls < 1 || p.Calls != p.Seen || p.Rate != 200 || p.PerSecond <= 0 || p.CPU <= 0 {
				t.Errorf("pace: got %+v, want measured figures and one count of calls", p)
			}
			if p.P50 > p.P90 || p.P90 > p.P99 || p.P99 > p.Max || p.Max <= 0 {
				t.Errorf("pace: got %+v, want times in order", p)
			}
		})
	}
}

func TestAVendorsBookInWhichAMessageIsMissingOrDoubledIsNotTaken(t *testing.T) {
	a, b := takenLeg{To: "01012000000"}, takenLeg{To: "01012000001"}
	for name, legs := range map[string][]takenLeg{"missing": {a}, "doubled": {a, b, b}, "one twice, another never": {a, a}} {
		if err := (&vendorBook{legs: legs}).once(2); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := (&vendorBook{legs: []takenLeg{b, a}}).once(2); err != nil {
		t.Errorf("all there: %v", err)
	}
}

func TestAMessageTakenBeforeItsAnswerKeepsItsTime(t *testing.T) {
	start := time.UnixMilli(1_800_000_000_000)
	legs := []takenLeg{{"a", start}, {"b", start.Add(9 * time.Millisecond)}, {"c", start.Add(49 * time.Millisecond)}}
	var p HandoverPace
	answered := map[string]time.Time{"a": start.Add(5 * time.Millisecond), "b": start, "c": start}
	if err := p.sum(legs, answered); err != nil {
		t.Fatal(err)
	}
	if p.P50 != 10 || p.Max != 50 || p.Early != 1 {
		t.Errorf("got %+v, want a median of 10 ms, 50 at most and one before its answer", p)
	}
	delete(answered, "a")
	if err := p.sum(legs, answered); err == nil {
		t.Error("a message that nobody sent: got no error")
	}
}

func TestTheMedianIsTheMiddleOne(t *testing.T) {
	for want, of := range map[float64][]float64{0: nil, 4: {4}, 3: {5, 1}, 2: {9, 2, 1}} {
		if got := median(of); got != want {
			t.Errorf("of %v: got %v, want %v", of, got, want)
		}
	}
}

func TestDriftIsHowFarALineIsFromTheFirst(t *testing.T) {
	lines := []GrowthLine{{Bytes: 100}, {Bytes: 70}, {Bytes: 120}}
	if got := drift(lines, func(l GrowthLine) float64 { return l.Bytes }); math.Abs(got-0.3) > 1e-9 {
		t.Errorf("got %v, want 0.3: 70 is farthest from 100", got)
	}
}
