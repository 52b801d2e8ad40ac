package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
)

// reaperSeeds are those of the engines. With them the first six kills surely fall before
// the commits of both cancellations and of the deposit.
var reaperSeeds = []uint64{31, 33, 36}

// What a gateway did although the program died before it knew is booked once: credit for
// what was taken, and nothing else; and what was to be given back is given back once.
func TestWhatIsKilledBetweenAGatewaysAnswerAndItsCommitIsBookedOnce(t *testing.T) {
	// How many kills there are at least, and how many of them must fall between answer and commit.
	kills, between, engines := 6, 4, dbtest.Engines()
	switch {
	case proof():
		kills, between = 100, 100
	case len(engines) > 2:
		engines = engines[:2]
	}
	for n, engine := range engines {
		t.Run("the program on "+engine+" when a gateway has answered", func(t *testing.T) {
			if !proof() {
				t.Parallel() // the small ones mostly wait
			}
			begun := time.Now()
			m := newReaper(t, engine, reaperSeeds[n])
			struck := 0
			for ; struck < kills || m.between < between && struck < 2*kills; struck++ {
				m.strike(struck)
			}
			taken, back := m.settledUp()
			t.Logf("%s: %d kills, %d between the answer and the commit; done after %s; %d payments credited once, %d cancellations given back once",
				proofOf(t), struck, m.between, time.Since(begun).Round(time.Second), taken, back)
			if m.between < between {
				t.Errorf("%d of %d kills fell between the answer and the commit, want %d", m.between, struck, between)
			}
		})
	}
}

// reaper is an installation that takes money, and is killed at the moments at which a
// gateway has done what it was asked to do.
type reaper struct {
	*till
	rng     *rand.Rand
	auto    map[string]*client.Client // sites that recharge themselves, by their gateway
	order   []int                     // of the ways to strike, of the next three kills
	between int                       // kills so far that fell between an answer and its commit

	mu   sync.Mutex
	trap *trap // guarded by mu; nil = nobody strikes
}

// trap waits for a request to a gateway, has it carried out, and kills the program.
type trap struct {
	fits   func(r *http.Request) bool
	heard  bool          // the whole answer is passed on first
	begun  bool          // its first bytes are
	wait   time.Duration // after the answer
	sprung chan []byte   // gets the answer when the program is dead
}

// String tells when it strikes.
func (p *trap) String() string {
	switch {
	case p.heard:
		return fmt.Sprintf("%s after the answer", p.wait)
	case p.begun:
		return "after the first bytes of the answer"
	}
	return "before the answer was passed on"
}

// autoThreshold is the credit that every tenant begins with: a letter of a site that
// recharges itself takes it below, and the recharge brings it back.
const autoThreshold, letterPrice = "1000000", "1000"

func newReaper(t *testing.T, engine string, seed uint64) *reaper {
	t.Helper()
	t.Logf("seed %d", seed)
	m := &reaper{rng: rand.New(rand.NewPCG(seed, 0)), auto: map[string]*client.Client{}}
	m.till = newTill(t, dbtest.URL(t, engine), 1, func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { m.request(sim, rw, r) })
	})
	for _, gateway := range gateways {
		m.leave(m.shops[0], gateway, goodCard)
		m.auto[gateway] = m.door(m.programs[0], tenant(t, m.office, "auto-"+gateway, map[string]string{"sms": letterPrice}))
		m.leave(m.auto[gateway], gateway, goodCard)
		m.recharges(m.auto[gateway], autoThreshold, letterPrice)
	}
	return m
}

// request carries one request of the program to the simulated gateways.
func (m *reaper) request(sim http.Handler, rw http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	p := m.trap
	if p != nil && p.fits(r) {
		m.trap = nil
	} else {
		p = nil
	}
	m.mu.Unlock()
	if p == nil {
		sim.ServeHTTP(rw, r)
		return
	}
	said := httptest.NewRecorder()
	sim.ServeHTTP(said, r)
	text := said.Body.Bytes()
	if p.heard || p.begun {
		for name, values := range said.Header() {
			rw.Header()[name] = values
		}
		rw.Header().Set("Content-Length", fmt.Sprint(len(text)))
		rw.WriteHeader(said.Code)
		first := len(text)
		if p.begun {
			first /= 3
		}
		_, _ = rw.Write(text[:first])
		_ = http.NewResponseController(rw).Flush()
		<-time.After(p.wait)
	}
	m.kill()
	p.sprung <- text
	hangUp(rw)
}

// kill ends the program as a power cut would.
func (m *reaper) kill() {
	a := m.programs[0]
	_ = a.serve.Process.Kill()
	<-a.ended
	a.serve = nil
}

// strike kills the program over one act, of which there are some in turn, and starts it
// again.
func (m *reaper) strike(n int) {
	m.t.Helper()
	a := moneyActs[n%len(moneyActs)]
	fire := a.prepare(m, a.gateway, n)
	p := m.set(a, n)
	m.mu.Lock()
	m.trap = p
	m.mu.Unlock()
	failed := make(chan error, 1)
	go func() { failed <- fire() }()
	var said []byte
	select {
	case said = <-p.sprung:
	case <-time.After(patience):
		m.t.Fatalf("%s at %s: the gateway was not asked; %v", a.what, a.gateway, <-failed)
	}
	if p, refused := errors.AsType[*client.Problem](<-failed); refused { // otherwise the caller heard it, or that the program died
		m.t.Errorf("%s at %s was refused: %v", a.what, a.gateway, p)
	}
	order := m.orderOf(said)
	lost := m.unbooked(order)
	m.programs[0].spawn()
	m.programs[0].ready()
	if p.heard { // its commit may have been under way in a database server, which outlives the program
		lost = lost && m.unbooked(order)
	}
	if lost {
		m.between++
	}
	m.t.Logf("kill %d, %s at %s, %s: between the answer and its commit: %t", n+1, a.what, a.gateway, p, lost)
}

// set makes the trap of a kill. Of three in a row one strikes before the answer is passed
// on, one in its midst, and one so soon after it that it may be written down or not.
func (m *reaper) set(a moneyAct, n int) *trap {
	if n%3 == 0 {
		m.order = m.rng.Perm(3)
	}
	p := &trap{fits: a.fits, sprung: make(chan []byte, 1)}
	switch m.order[n%3] {
	case 0:
		p.begun = true
	case 1:
		p.heard, p.wait = true, time.Duration(m.rng.IntN(4000))*time.Microsecond
	}
	return p
}

// orderOf finds which payment an answer is about.
func (m *reaper) orderOf(said []byte) string {
	m.t.Helper()
	var reply struct {
		OrderID string            `json:"orderId"`        // Toss's
		Tags    map[string]string `json:"metadata"`       // Stripe's
		Intent  string            `json:"payment_intent"` // of a refund
	}
	if err := json.Unmarshal(said, &reply); err != nil {
		m.t.Fatalf("the gateway's answer cannot be read: %v\n%s", err, said)
	}
	for _, taking := range m.sim.Takings() {
		if taking.OrderID == reply.OrderID || taking.OrderID == reply.Tags["order_id"] || taking.Ref == reply.Intent {
			return taking.OrderID
		}
	}
	m.t.Fatalf("the gateway's answer is about no money that moved: %s", said)
	return ""
}

// unbooked reports whether the database does not know yet what a gateway did.
func (m *reaper) unbooked(order string) (not bool) {
	m.t.Helper()
	of, err := id.Parse(id.Payment, order)
	if err != nil {
		m.t.Fatal(err)
	}
	err = m.look.View(within(m.t), "look", func(tx *db.Tx) error {
		var state string
		var asked int
		if err := tx.QueryRow(`SELECT state FROM billing_payment WHERE id = ?`, of).Scan(&state); err != nil {
			return err
		}
		err := tx.QueryRow(`SELECT COUNT(*) FROM billing_cancel WHERE payment_id = ? AND state = 'requested'`, of).Scan(&asked)
		not = asked > 0 || slices.Contains([]string{"requesting", "waiting_for_deposit", "unknown"}, state)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return not
}
