package delivery

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
)

// Most tests of one engine share a still world: a fresh database costs a server
// a second, a site nothing. A test has a site of its own, and phones that the
// vendor never reports of by itself, so that only what the test says happens.

// lasting is the testing.TB of what outlives one test. What goes wrong with it
// is nobody's failure alone, so it panics.
type lasting struct {
	testing.TB // nil: what is not here is not used
	cleanups   []func()
	dirs       []string
}

func (l *lasting) Helper()                  {}
func (l *lasting) Context() context.Context { return context.Background() }
func (l *lasting) Cleanup(f func())         { l.cleanups = append(l.cleanups, f) }
func (l *lasting) Log(...any)               {}
func (l *lasting) Logf(string, ...any)      {}
func (l *lasting) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }
func (l *lasting) Errorf(form string, args ...any) {
	panic(fmt.Sprintf(form, args...))
}
func (l *lasting) Fatalf(form string, args ...any) { panic(fmt.Sprintf(form, args...)) }

func (l *lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "creditmsg-delivery-")
	if err != nil {
		panic(err)
	}
	l.dirs = append(l.dirs, dir)
	return dir
}

func (l *lasting) end() {
	for _, f := range slices.Backward(l.cleanups) {
		f()
	}
	for _, dir := range l.dirs {
		_ = os.RemoveAll(dir) // the system empties its temporary folder too
	}
}

var (
	forAll = &lasting{}
	houses = map[string]*world{} // by engine
	shops  atomic.Int64
)

func TestMain(m *testing.M) {
	m.Run() // its code is the program's when TestMain returns
	forAll.end()
}

// shop is a site of its own in a still world.
type shop struct {
	*world
	name string
}

// each runs a test on every engine, in a shop with 1,000 won.
func each(t *testing.T, test func(s *shop)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(open(t, engine)) })
	}
}

// one runs a test on the first engine alone: what it is about is not in the SQL.
func one(t *testing.T) *shop { return open(t, dbtest.Engines()[0]) }

// open gives a new shop in the shared world of an engine. No account rests after
// its failures there; tests of the breaker make worlds of their own.
func open(t *testing.T, engine string) *shop {
	w, ok := houses[engine]
	if !ok {
		w = still(forAll, engine, worldOptions{also: []string{"other"}, delivery: Options{Rest: time.Microsecond}})
		houses[engine] = w
	}
	return w.open(t)
}

func (w *world) open(t testing.TB) *shop {
	own := *w
	own.t = t
	own.trouble.Store(nil)
	s := &shop{world: &own, name: fmt.Sprintf("shop-%d", shops.Add(1))}
	s.site(s.name, 1000)
	return s
}

// silent is a phone that the vendor never reports of by itself.
func silent(n int) string { return mobile(40_000 + n) }

func silentPhones(n int) []string {
	var to []string
	for i := range n {
		to = append(to, silent(i))
	}
	return to
}

// accept sends to n silent phones; nothing is handed over yet.
func (s *shop) accept(r message.Request, n int) message.Key {
	s.t.Helper()
	return s.sent(s.name, r, silentPhones(n)...)
}

// handed accepts and hands over.
func (s *shop) handed(r message.Request, n int) message.Key {
	s.t.Helper()
	key := s.accept(r, n)
	s.drain()
	return key
}

// pass lets time go by and everything happen that is due then.
func (s *shop) pass(d time.Duration) {
	s.t.Helper()
	s.clock.forward(d)
	s.must(s.delivery.Recover(context.Background()))
	s.drain()
}

// says lets the vendor report about the leg that a recipient is at.
func (s *shop) says(key message.Key, seq int, status string) {
	s.t.Helper()
	r := s.person(key, seq)
	s.saysOf(key, seq, r.Step, r.Try, status)
}

// saysOf lets the account that carried a leg report about it.
func (s *shop) saysOf(key message.Key, seq, step, try int, status string) {
	s.t.Helper()
	r := s.person(key, seq)
	carrier := r.Provider
	if leg, known := r.EarlierLeg(step, try); known {
		carrier = leg.Provider
	}
	s.must(s.post(posted{account: carrier, secret: s.secret, body: body(refOf(key, seq, step, try), status)}))
}

func refOf(key message.Key, seq, step, try int) string {
	r := message.Recipient{Place: message.Place{Key: key, Seq: message.Seq(seq)}, Step: step, Try: try}
	return r.Reference()
}

func (s *shop) person(key message.Key, seq int) message.Recipient {
	s.t.Helper()
	return s.people(key)[seq].Recipient
}

// taken is what the vendor took of a message, by recipient, step and try.
func (s *shop) taken(key message.Key) []simulator.Received {
	list := slices.DeleteFunc(s.sim.Received(), func(r simulator.Received) bool {
		return !strings.HasPrefix(r.Reference, key.Site+"."+key.ID.String()+".")
	})
	slices.SortStableFunc(list, func(a, b simulator.Received) int { return strings.Compare(a.Reference, b.Reference) })
	return list
}

// wantTaken says over which channels the vendor must have taken the message.
func (s *shop) wantTaken(key message.Key, channels ...string) {
	s.t.Helper()
	var got []string
	for _, r := range s.taken(key) {
		got = append(got, r.Channel)
	}
	if !slices.Equal(got, channels) {
		s.t.Errorf("the vendor took %v, want %v", got, channels)
	}
}

// wantMoney checks the purse, in won, and proves the ledger.
func (s *shop) wantMoney(available, held, spent int64) {
	s.t.Helper()
	a := s.account(s.name)
	if a.Available != money.Amount(available)*money.Won || a.Held != money.Amount(held)*money.Won || a.Spent != money.Amount(spent)*money.Won {
		s.t.Errorf("available %s, held %s, spent %s; want %d, %d, %d", a.Available, a.Held, a.Spent, available, held, spent)
	}
	s.proveOwn()
}

func (s *shop) proveOwn() {
	s.t.Helper()
	proof, err := s.ledger.Prove(context.Background(), s.d, []string{s.name}, s.messages.Outcomes)
	s.must(err)
	for _, b := range proof.Broken {
		s.t.Errorf("ledger broken: %+v", b)
	}
}

// wantStates checks where the recipients of a message stand.
func (s *shop) wantStates(key message.Key, states ...message.Progress) {
	s.t.Helper()
	var got []message.Progress
	for _, p := range s.people(key) {
		got = append(got, p.State)
	}
	if !slices.Equal(got, states) {
		s.t.Errorf("recipients are %v, want %v", got, states)
	}
}

func (s *shop) wantMessage(key message.Key, state message.State) {
	s.t.Helper()
	if m := s.find(key); m.State != state {
		s.t.Errorf("the message is %s, want %s", m.State, state)
	}
}

// calls reads the provider calls of a message, the oldest first.
func (s *shop) calls(key message.Key) (list []attempt) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT ` + attemptColumns + ` FROM attempt ORDER BY id`)
		list, err = db.Collect(rows, err, scanAttempt)
		return err
	}))
	return slices.DeleteFunc(list, func(a attempt) bool { return !slices.Contains(a.messages(), key) })
}

// call reads one provider call.
func (s *shop) call(which id.ID) (a attempt) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		found, err := readAttempts(tx, []id.ID{which})
		a = found[which]
		return err
	}))
	return a
}

func (s *shop) wantCalls(key message.Key, states ...attemptState) {
	s.t.Helper()
	got := pick(s.calls(key), func(a attempt) attemptState { return a.State })
	if !slices.Equal(got, states) {
		s.t.Errorf("calls are %v, want %v", got, states)
	}
}

// wrong makes the next request to the vendor that it is for go wrong.
func (s *shop) wrong(x trouble) { s.trouble.Store(&x) }

// posted is a body of delivery reports as the vendor sends it.
type posted struct {
	account, secret string
	from            string
	body            string
}

// post brings a letter to the webhook's door and waits until it was applied.
func (s *shop) post(p posted) error {
	h := http.Header{}
	h.Set("X-Solapi-Event-Name", "SINGLE-REPORT")
	if p.secret != "" {
		h.Set("X-Solapi-Secret", secretDigest(p.secret))
	}
	if p.from == "" {
		p.from = "127.0.0.1"
	}
	err := s.delivery.Receive(context.Background(), p.account, h, []byte(p.body), netip.MustParseAddr(p.from))
	s.delivery.apply.Wait()
	return err
}

func body(ref, status string) string {
	return fmt.Sprintf(`[{"messageId":"M4V20261122180000ABCDEFGHJKLMNPQ","groupId":"G4V20261122180000ABCDEFGHJKLMNPQ","type":"SMS","to":"01000000000",
		"statusCode":%q,"statusMessage":"test","customFields":{"ref":%q},"dateReported":"2026-11-22T09:00:03.000Z"}]`, status, ref)
}

// textOnly, kakaoOnly are requests with one leg; request makes one with two.
func textOnly(text string) message.Request {
	return message.Request{Strategy: message.SMSOnly, Text: &message.TextRequest{Body: text}}
}

func kakaoOnly() message.Request {
	return message.Request{Strategy: message.AlimtalkFirst, TemplateCode: "RESERVE_01"}
}

var long = strings.Repeat("가나다라마바사아자차", 5) // 100 bytes: an LMS

// prices sets a site's prices, in won.
func (s *shop) prices(alimtalk, sms, lms int64) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		return credit.SetPrices(tx, s.name, map[provider.Channel]money.Amount{provider.Alimtalk: money.Amount(alimtalk) * money.Won,
			provider.SMS: money.Amount(sms) * money.Won, provider.LMS: money.Amount(lms) * money.Won}, 0)
	})
}
