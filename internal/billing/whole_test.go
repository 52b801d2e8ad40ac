package billing

import (
	"flag"
	"os"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/payment/simulator"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// TestAnyInterleavingOfMoneyKeepsEveryWonWhereItBelongs lets payers, a gateway with faults,
// its console, a site that sends and workers that die do whatever comes, and holds every row,
// the ledger and what was really taken against each other after each step.
func TestAnyInterleavingOfMoneyKeepsEveryWonWhereItBelongs(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			steps := bounded(t, engine)
			rapid.Check(t, func(rt *rapid.T) {
				g := newGame(t, rt, engine)
				for range rapid.IntRange(5, steps).Draw(rt, "steps") {
					rapid.SampledFrom(acts).Draw(rt, "act").do(g)
					g.check(false)
				}
				g.quiet()
				g.check(true)
			})
		})
	}
}

func proof() bool { return os.Getenv("CREDITMSG_PROOF") != "" }

// bounded gives the engines that pay for each commit fewer runs, and everybody many when a
// proof is wanted, unless the command line says how many. It gives the most steps of a run.
func bounded(t *testing.T, engine string) (steps int) {
	f := flag.Lookup("rapid.checks")
	n := map[string]string{"sqlite": "25"}[engine]
	steps = 40
	switch {
	case f.Value.String() != f.DefValue:
		return steps
	case proof():
		n, steps = "400", 80
	case n == "":
		n = "6"
	}
	if err := flag.Set("rapid.checks", n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
	return steps
}

// inRun is a test as a world needs one, whose failures and ends are those of one random run.
type inRun struct {
	testing.TB
	rt *rapid.T
}

func (r inRun) Helper()                           {}
func (r inRun) Cleanup(f func())                  { r.rt.Cleanup(f) }
func (r inRun) Errorf(format string, args ...any) { r.rt.Errorf(format, args...) }
func (r inRun) Error(args ...any)                 { r.rt.Error(args...) }
func (r inRun) Fatalf(format string, args ...any) { r.rt.Fatalf(format, args...) }
func (r inRun) Fatal(args ...any)                 { r.rt.Fatal(args...) }

// game is one random run.
type game struct {
	*world
	rt        *rapid.T
	asked     map[id.ID]decimal.Decimal // what payers asked for, of payments that we began
	recorded  map[id.ID]bool            // paid outside, always with VAT on top
	windows   []Payment                 // nobody has paid there yet
	browsers  []browser                 // on their way back, or there already
	cards     []Card
	held      []claimed
	messages  []*sent
	given     decimal.Decimal // bonus and adjustments
	reversals map[id.ID]int   // how often a bank took a transfer back that was credit
	calm      db.Time         // since when the weather is fair for good
	moved     map[id.ID]bool  // somebody moved money at the gateway without our asking
}

func newGame(t *testing.T, rt *rapid.T, engine string) *game {
	o := Options{
		VATIncluded: rapid.Bool().Draw(rt, "VAT within"),
		Bonus:       []Tier{{From: 20_000 * won, Percent: 3, Days: 20}, {From: 60_000 * won, Percent: 7}},
		Withdrawal:  WithdrawalTerms{FeePercent: rapid.IntRange(0, 12).Draw(rt, "fee")},
	}
	g := &game{world: newWorld(inRun{t, rt}, engine, o), rt: rt, asked: map[id.ID]decimal.Decimal{}, recorded: map[id.ID]bool{},
		reversals: map[id.ID]int{}, moved: map[id.ID]bool{}}
	g.prices()
	return g
}

// upTo draws a number from 0 to n.
func (g *game) upTo(n int, label string) int { return rapid.IntRange(0, n).Draw(g.rt, label) }

// oneOf draws one of some; not ok = there is none.
func oneOf[T any](g *game, all []T, label string) (one T, ok bool) {
	if len(all) == 0 {
		return one, false
	}
	return all[g.upTo(len(all)-1, label)], true
}

// act is something that somebody may do.
type act struct {
	name string
	do   func(*game)
}

func (a act) String() string { return a.name }

// acts are all of them, the frequent ones more than once.
var acts = []act{
	{"window", (*game).window}, {"pay", (*game).pay}, {"pay", (*game).pay}, {"return", (*game).back}, {"return", (*game).back},
	{"card", (*game).card}, {"charge", (*game).charging}, {"charge", (*game).charging},
	{"account", (*game).virtual}, {"deposit", (*game).depositing}, {"deposit", (*game).depositing}, {"reverse", (*game).reverse},
	{"transfer", (*game).transfer}, {"arrive", (*game).arrive}, {"record", (*game).record},
	{"cancel", (*game).cancelling}, {"cancel", (*game).cancelling}, {"cancel", (*game).cancelling}, {"given back", (*game).givenByHand},
	{"withdraw", (*game).withdrawing}, {"approve", (*game).approving}, {"approve", (*game).approving},
	{"console", (*game).console}, {"console", (*game).console}, {"notice", (*game).noticing}, {"notice", (*game).noticing},
	{"rule", (*game).ruling}, {"refused send", (*game).short}, {"bonus", (*game).bonus}, {"adjust", (*game).adjust},
	{"prices", (*game).prices}, {"reserve", (*game).reserve}, {"reserve", (*game).reserve}, {"settle", (*game).settle},
	{"settle", (*game).settle}, {"refund", (*game).refund},
	{"claim", (*game).claim}, {"claim", (*game).claim}, {"finish", (*game).finish}, {"finish", (*game).finish}, {"crash", (*game).crash},
	{"die", (*game).die}, {"drain", (*game).drain}, {"drain", (*game).drain}, {"time", (*game).wait}, {"time", (*game).wait},
	{"weather", (*game).weather},
}

// drain runs what is due, whatever becomes of answers.
func (g *game) drain() { g.world.drain() }

// weather changes how well the gateway can be reached.
func (g *game) weather() {
	g.deaf.Store(g.upTo(3, "deaf") == 0)
	var sc simulator.Scenario
	if g.upTo(1, "faults") == 1 {
		sc = simulator.Scenario{Seed: uint64(g.upTo(1000, "seed") + 1), TooMany: 1000, ErrorBefore: 1000, ErrorAfter: 1500, Cut: 1500, InProgress: 1000,
			Strange: 500, NoLookup: g.upTo(3, "blind") == 0}
	}
	g.sim.Play(sc)
}
