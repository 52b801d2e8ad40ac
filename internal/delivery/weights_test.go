package delivery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// street is two accounts at simulated vendors in simulated time, eight workers that keep
// sending calls of ten texts, and reports that come two seconds later.
type street struct {
	t     *testing.T
	s     *Service
	dice  *rand.Rand
	start time.Time
	wrong func(at time.Duration) string // what is wrong with account a; "" = nothing
	calls [2]int                        // in the present row of the table
	rows  []streetRow
	until time.Duration
}

// streetRow is what was seen in five seconds.
type streetRow struct {
	At     time.Duration
	Wrong  string
	Shares [2]float64
	Calls  [2]int
}

// dumb is an adapter that only says what it carries; a street answers in its place.
type dumb struct{ provider.Provider }

func (dumb) Capabilities() provider.Capabilities {
	return provider.Capabilities{Channels: []provider.Channel{provider.SMS}, MaxLegs: 1000}
}

const rowEvery = 5 * time.Second

// watch runs a street and gives what was seen.
func watch(t *testing.T, seed uint64, until time.Duration, wrong func(time.Duration) string) (rows []streetRow) {
	synctest.Test(t, func(t *testing.T) {
		list := []Carrier{{provider.Account{Name: "a"}, dumb{}}, {provider.Account{Name: "b"}, dumb{}}}
		o := Options{Late: 30 * time.Second}.filled()
		c, err := newCarriers(list, o.Choice, healthOptions{o.Rest, o.Hang, o.Late}, nil)
		if err != nil {
			t.Fatal(err)
		}
		w := &street{t: t, s: &Service{carriers: c, gossip: newGossip(), o: o}, dice: rand.New(rand.NewPCG(seed, 1)),
			start: time.Now(), wrong: wrong, until: until}
		c.roll = w.dice.Float64 // one goroutine at a time runs: nobody here works in parallel
		turn := make(chan struct{}, 1)
		for range 8 {
			go w.work(turn)
		}
		for w.age() < until {
			time.Sleep(time.Second)
			turn <- struct{}{}
			w.judge()
			<-turn
		}
		time.Sleep(2 * time.Minute) // calls that hang, and late reports, end
		rows = w.rows
	})
	return rows
}

func (w *street) age() time.Duration { return time.Since(w.start) }

func (w *street) judge() {
	for _, k := range w.s.carriers.list {
		k.health.judge(db.At(time.Now()))
	}
	if w.age()%rowEvery != 0 {
		return
	}
	w.rows = append(w.rows, streetRow{w.age(), w.wrong(w.age() - rowEvery), [2]float64{w.share(0), w.share(1)}, w.calls})
	w.calls = [2]int{}
}

func (w *street) share(i int) float64 { return w.s.carriers.list[i].health.share(provider.SMS) }

// work sends one call after another; what one worker does at a moment, it does alone.
func (w *street) work(turn chan struct{}) {
	for w.age() < w.until {
		turn <- struct{}{}
		k, wait := w.s.carriers.choose(need{channel: provider.SMS, usable: func(string) bool { return true }})
		var landed func()
		if k != nil {
			if wait, _ = k.admit(1, nil); wait == 0 {
				landed = k.health.take(id.New(), true)
				w.calls[strings.Index("ab", k.Account.Name)]++
			}
		}
		<-turn
		if landed == nil {
			time.Sleep(wait)
			continue
		}
		over := make(chan struct{})
		go w.call(k, turn, landed, over)
		w.wait(k, over)
	}
}

// wait waits for a large call as callAll does.
func (w *street) wait(k *carrier, over chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-time.After(w.s.o.Hang):
		}
		if k.health.hanging() {
			return
		}
	}
}

func (w *street) call(k *carrier, turn chan struct{}, landed func(), over chan struct{}) {
	defer close(over)
	wrong := ""
	if k.Account.Name == "a" {
		wrong = w.wrong(w.age())
	}
	at, r, took := time.Now(), provider.Result{Outcome: provider.Accepted, Members: make([]provider.Member, 10)}, 100*time.Millisecond
	switch wrong {
	case "refuses":
		r = provider.Result{Outcome: provider.Refused, Reason: provider.ProviderBalance}
	case "hangs":
		r, took = provider.Result{Outcome: provider.Unknown}, 15*time.Second
	case "answers 5xx":
		r = provider.Result{Outcome: provider.Unknown, Code: "500"}
	}
	time.Sleep(took)
	turn <- struct{}{}
	landed()
	w.s.learnCall(k, r)
	if r.Outcome == provider.Accepted {
		w.s.learnLegs(map[second]counts{{k.Account.Name, provider.SMS, at.Unix()}: {Handed: 10}})
	}
	<-turn
	if r.Outcome != provider.Accepted || wrong == "delivers late" {
		return
	}
	go func() {
		time.Sleep(2 * time.Second)
		turn <- struct{}{}
		w.s.learnLegs(map[second]counts{{k.Account.Name, provider.SMS, at.Unix()}: {InTime: 10, Delivered: 9}})
		<-turn
	}()
}

func table(rows []streetRow) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%8s  %-14s %6s %6s  %6s %6s\n", "until", "account a", "share", "calls", "share", "calls")
	for _, r := range rows {
		fmt.Fprintf(&b, "%8s  %-14s %6.2f %6d  %6.2f %6d\n", r.At, r.Wrong, r.Shares[0], r.Calls[0], r.Shares[1], r.Calls[1])
	}
	return b.String()
}

// part is account a's part of the calls in a row.
func (r streetRow) part() float64 {
	return float64(r.Calls[0]) / float64(max(r.Calls[0]+r.Calls[1], 1))
}

const (
	troubleFrom  = time.Minute
	troubleUntil = 3 * time.Minute
)

func inTrouble(what string) func(time.Duration) string {
	return func(at time.Duration) string {
		if at >= troubleFrom && at < troubleUntil {
			return what
		}
		return ""
	}
}

// TestTrafficLeavesAnAccountInTroubleAndComesBack prints the shares over time with -v.
func TestTrafficLeavesAnAccountInTroubleAndComesBack(t *testing.T) {
	for _, c := range []struct {
		wrong string
		away  time.Duration // the traffic has left so soon
	}{{"refuses", 5 * time.Second}, {"hangs", 5 * time.Second}, {"answers 5xx", 5 * time.Second}, {"delivers late", time.Minute}} {
		t.Run(c.wrong, func(t *testing.T) {
			rows := watch(t, 7, 8*time.Minute, inTrouble(c.wrong))
			t.Logf("account a %s for two minutes\n%s", c.wrong, table(rows))
			shifts := 0
			for i, r := range rows {
				switch {
				case r.At <= troubleFrom && (r.part() < 0.3 || r.part() > 0.7):
					t.Errorf("until %s account a got %.2f of the calls, want about half", r.At, r.part())
				case r.At > troubleFrom+c.away && r.At <= troubleUntil && r.part() > 0.12:
					t.Errorf("until %s account a, which %s, got %.2f of the calls", r.At, c.wrong, r.part())
				case r.At > 7*time.Minute && (r.part() < 0.3 || r.part() > 0.7):
					t.Errorf("until %s account a got %.2f of the calls, want about half again", r.At, r.part())
				case r.Calls[0]+r.Calls[1] < 100:
					t.Errorf("until %s there were %d calls: the other account was held up", r.At, r.Calls[0]+r.Calls[1])
				}
				if i > 0 && (rows[i-1].Shares[0] >= 0.5) != (r.Shares[0] >= 0.5) {
					shifts++
				}
			}
			if shifts != 2 {
				t.Errorf("traffic shifted %d times, want away and back once each", shifts)
			}
		})
	}
}

// TestAnAccountThatComesAndGoesDoesNotPullTheTrafficToAndFro lets an account fail for ten
// seconds of every forty, for an hour.
func TestAnAccountThatComesAndGoesDoesNotPullTheTrafficToAndFro(t *testing.T) {
	rows := watch(t, 11, time.Hour, func(at time.Duration) string {
		if at%(40*time.Second) < 10*time.Second {
			return "answers 5xx"
		}
		return ""
	})
	shifts := 0
	for i := range rows[1:] {
		if rows[i].Shares[0] > 0 && rows[i+1].Shares[0] == 0 {
			shifts++
		}
	}
	t.Logf("%d shifts away in an hour with 90 troubles\n%s", shifts, table(rows[:min(len(rows), 60)]))
	if shifts > 30 {
		t.Errorf("traffic shifted away %d times in an hour, want the rests to grow", shifts)
	}
}

// TestProcessesJudgeAnAccountAlike has one process hand over and another one take the
// reports in: neither may think that nothing arrives.
func TestProcessesJudgeAnAccountAlike(t *testing.T) {
	at := second{"a", provider.SMS, 1_000_000}
	var all [2]*Service
	for i := range all {
		list := []Carrier{{provider.Account{Name: "a"}, dumb{}}}
		o := Options{}.filled()
		c, err := newCarriers(list, o.Choice, healthOptions{o.Rest, o.Hang, o.Late}, nil)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = &Service{carriers: c, gossip: newGossip(), o: o}
	}
	tell := func(from, to *Service) {
		n, err := from.gossip.collect()
		if err != nil {
			t.Fatal(err)
		}
		to.hear(n)
	}
	all[0].learnLegs(map[second]counts{at: {Handed: 500}})
	all[1].learnLegs(map[second]counts{at: {InTime: 500, Delivered: 450}})
	for range breakerFailures {
		all[0].learnCall(all[0].carriers.list[0], provider.Result{Outcome: provider.Unknown})
	}
	tell(all[0], all[1])
	tell(all[1], all[0])
	for i, s := range all {
		h := s.carriers.list[0].health
		h.judge(db.At(time.Unix(at.At, 0).Add(time.Hour)))
		if rate, known := h.rate(provider.SMS); !known || rate != 0.9 {
			t.Errorf("process %d: rate %v, known %v; want 0.9", i, rate, known)
		}
		if !h.lanes[provider.SMS].slow.IsClosed() {
			t.Errorf("process %d holds the account for slow", i)
		}
		if !h.calls.IsOpen() {
			t.Errorf("process %d does not know that calls fail", i)
		}
	}
	if body, err := all[0].gossip.collect(); err != nil || body != nil {
		t.Errorf("nothing new: got %q, %v", body, err)
	}
}

func TestNewsThatCannotBeReadChangeNothing(t *testing.T) {
	s := one(t)
	for _, body := range []string{"", "{", `{"legs":[{"account":"nobody","channel":"sms","at":1,"handed":5}]}`, `{"calls":[{"account":"nobody","failed":50}]}`,
		`{"legs":[{"account":"solapi","channel":"fax"}]}`} {
		s.delivery.hear([]byte(body))
	}
	s.must(s.delivery.Judge(context.Background()))
	s.wantStates(s.handed(textOnly("a"), 1), "sent")
}

// TestWhoHearsOfCallsJudgesThemAsWhoMadeThem lets a small share of a second's calls fail: told
// as a sum, they must not look like failures in a row.
func TestWhoHearsOfCallsJudgesThemAsWhoMadeThem(t *testing.T) {
	for _, c := range []struct {
		name         string
		well, failed int
		open         bool
	}{{"a few of many fail", 245, 5, false}, {"a third fails", 160, 90, false}, {"half of them fail", 125, 125, true}, {"all fail", 0, 5, true},
		{"too few to tell", 0, 4, false}, {"nothing", 0, 0, false}, {"nonsense", -3, 2, false}} {
		t.Run(c.name, func(t *testing.T) {
			m := market(t, Choice{}, provider.Account{Name: "a"})
			there := &Service{carriers: m, gossip: newGossip(), o: Options{}.filled()}
			for range breakerCalls {
				m.list[0].health.learn(1, 0)
			}
			there.hear([]byte(fmt.Sprintf(`{"calls":[{"account":"a","well":%d,"failed":%d}]}`, c.well, c.failed)))
			if got := m.list[0].health.calls.IsOpen(); got != c.open {
				t.Errorf("%d well, %d failed: open %v, want %v", c.well, c.failed, got, c.open)
			}
		})
	}
}
