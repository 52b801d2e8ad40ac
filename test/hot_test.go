package test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/server"
)

// The callers of the hot site, and what their messages cost: the million that a tenant
// begins with pays for half of them, and nothing is left over.
const (
	hotCallers  = 64
	hotMessages = 4 * hotCallers
	hotPaid     = hotMessages / 2
	hotPrice    = "7812.50"
	hotCredit   = 1_000_000 // won; hotPaid × hotPrice
)

// A balance for half of what many callers send at once is spent to the won and never
// more, and who is refused can come back as if nothing had been.
func TestAHotSiteSendsExactlyWhatItCanAfford(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { rushed(t, engine, 1) })
		if engine != "sqlite" { // whose file is one program's
			t.Run(engine+", two processes", func(t *testing.T) { rushed(t, engine, 2) })
		}
	}
}

func rushed(t *testing.T, engine string, processes int) {
	h := newHot(t, dbtest.Migrated(t, engine), processes)
	calm := h.watch(hotCredit)
	first := h.rush(0)
	calm()
	h.wantHalf(first)
	h.wantPurse(0, hotCredit)
	h.wantRows(hotPaid, 1)

	if _, err := h.office.AddCredit(within(t), server.TopUp{Site: "shop", Amount: fmt.Sprint(hotCredit), Kind: "adjustment", Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	calm = h.watch(2 * hotCredit)
	again := h.rush(1)
	calm()
	h.wantRest(first, again)
	h.wantPurse(0, 2*hotCredit)
	h.wantRows(hotMessages, 2)
	h.wantListed(again)
	proven(t, h.office)
}

// hot is a site that many callers send for at once, through one or several processes.
// None of these works on jobs, so that what was accepted stays as it was accepted.
type hot struct {
	t      *testing.T
	office *server.Operator
	look   *db.DB           // the test's own eyes
	doors  []*client.Client // one for each process
}

func newHot(t *testing.T, database string, processes int) *hot {
	t.Helper()
	h := &hot{t: t}
	var programs []*apart
	for range processes {
		a := &apart{t: t, dir: t.TempDir(), roles: server.RoleAPI}
		a.configure(freeAddress(t), database, "http://127.0.0.1:0")
		programs = append(programs, a)
	}
	h.office = operator(t, programs[0].config)
	token := tenant(t, h.office, "shop", map[string]string{"sms": hotPrice})
	var err error
	if h.look, err = db.Open(within(t), database, db.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.look.Close() })
	for _, a := range programs {
		a.begin()
		web := &http.Transport{MaxIdleConnsPerHost: hotCallers + 1}
		t.Cleanup(web.CloseIdleConnections) // a program that stops waits for those that said nothing yet
		door, err := client.New(a.url, token, client.Options{Retries: -1, HTTP: &http.Client{Transport: web}})
		if err != nil {
			t.Fatal(err)
		}
		h.doors = append(h.doors, door)
	}
	return h
}

// reply is what the sender of one message got.
type reply struct {
	client.Message
	err error
}

// rush has all callers send their messages at once, each under a key of its own, and
// gives the replies by message. In another turn a caller comes to another process.
func (h *hot) rush(turn int) []reply {
	ctx := within(h.t)
	out := make([]reply, hotMessages)
	start := make(chan struct{})
	var callers sync.WaitGroup
	for c := range hotCallers {
		door := h.doors[(c+turn)%len(h.doors)]
		callers.Go(func() {
			<-start
			for n := c; n < hotMessages; n += hotCallers {
				out[n].Message, out[n].err = door.Send(ctx, client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "안녕하세요"}, Key: fmt.Sprint("order-", n),
					Recipients: []client.Recipient{{To: fmt.Sprintf("010%08d", 20_000_000+n)}}})
			}
		})
	}
	close(start)
	callers.Wait()
	return out
}

// watch asks each process for the purse, again and again until it is told to stop. At
// no moment may more be promised than there is: of a credit of so many won, all is
// available or held, and available is not negative.
func (h *hot) watch(credit int64) (stop func()) {
	ctx, quit := within(h.t), make(chan struct{})
	between := make([]int, len(h.doors)) // readings while some was spent and some was not
	var eyes sync.WaitGroup
	for i, door := range h.doors {
		eyes.Go(func() {
			for {
				available, held, err := purse(door.Credit(ctx))
				if err != nil || available < 0 || available+held != credit*10_000 {
					h.t.Errorf("available %d and held %d ten-thousandths, want %d won in all: %v", available, held, credit, err)
					return
				}
				if 0 < available && available < hotCredit*10_000 {
					between[i]++
				}
				select {
				case <-quit:
					return
				default:
				}
			}
		})
	}
	return func() {
		close(quit)
		eyes.Wait()
		h.t.Logf("readings while it was spent: %d", between)
	}
}

// purse reads a purse in ten-thousandths of a won. What it says itself to be the
// balance must be that.
func purse(c client.Credit, err error) (available, held int64, _ error) {
	available, err1 := c.Available.Units()
	held, err2 := c.Held.Units()
	balance, err3 := c.Balance.Units()
	if err = errors.Join(err, err1, err2, err3); err == nil && balance != available+held {
		err = fmt.Errorf("the balance is %s", c.Balance)
	}
	return available, held, err
}

// wantHalf wants exactly the affordable number to be accepted, and the others to be
// refused for their price.
func (h *hot) wantHalf(replies []reply) {
	h.t.Helper()
	accepted, by, ids := 0, make([]int, len(h.doors)), map[string]bool{}
	for n, r := range replies {
		p, refused := errors.AsType[*client.Problem](r.err)
		switch {
		case r.err == nil && r.Status == client.StatusAccepted && r.Held == hotPrice && !r.Replayed && !ids[r.ID]:
			accepted, ids[r.ID] = accepted+1, true
			by[n%len(by)]++
		case refused && p.Status == http.StatusPaymentRequired && p.Code == "insufficient_credit" && p.Needed == hotPrice && p.Available == "0.00":
		default:
			h.t.Errorf("message %d: %v, %s", n, r.err, r.Raw)
		}
	}
	if accepted != hotPaid {
		h.t.Errorf("%d of %d are accepted, want %d", accepted, len(replies), hotPaid)
	}
	h.t.Logf("accepted by process: %d", by)
}

// wantRest wants those who were accepted to be told so again, and the others to be
// accepted now, under the same keys.
func (h *hot) wantRest(first, again []reply) {
	h.t.Helper()
	for n, r := range again {
		before := first[n].err == nil
		if r.err != nil || r.Replayed != before || before && !bytes.Equal(r.Raw, first[n].Raw) || r.Held != hotPrice {
			h.t.Errorf("message %d, accepted before: %t, with %s: %v, replayed: %t, %s", n, before, first[n].Raw, r.err, r.Replayed, r.Raw)
		}
	}
}

// wantPurse wants this to be left, in won.
func (h *hot) wantPurse(available, held int64) {
	h.t.Helper()
	for _, door := range h.doors {
		if a, b, err := purse(door.Credit(within(h.t))); err != nil || a != available*10_000 || b != held*10_000 {
			h.t.Errorf("available %d and held %d ten-thousandths, want %d and %d won: %v", a, b, available, held, err)
		}
	}
}

// wantRows wants the rows of this many accepted messages and top-ups, and of nothing
// else.
func (h *hot) wantRows(messages, topUps int) {
	h.t.Helper()
	want := map[string]int{
		"message": messages, "batch": messages, "reservation": messages, "job WHERE site_id <> ''": messages, "idem": messages,
		"event": messages, "event WHERE type = 'message.accepted'": messages,
		"entry": messages + topUps, "entry WHERE kind = 'reserve'": messages,
		"entry WHERE available_after < 0": 0, "reject": 0, "recipient": 0, "attempt": 0,
	}
	got := map[string]int{}
	err := h.look.View(within(h.t), "look", func(tx *db.Tx) error {
		for rows := range want {
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM ` + rows).Scan(&n); err != nil {
				return err
			}
			got[rows] = n
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// wantListed wants the site to have the messages that were answered for, each once.
func (h *hot) wantListed(replies []reply) {
	h.t.Helper()
	want, got := map[string]int{}, map[string]int{}
	for _, r := range replies {
		want[r.ID] = 1
	}
	list := func(p client.Paging) (client.Page[client.Message], error) {
		p.Limit = 200
		return h.doors[0].Messages(within(h.t), client.MessageFilter{Paging: p})
	}
	for m, err := range client.All(list) {
		if err != nil {
			h.t.Fatal(err)
		}
		got[m.ID]++
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) != hotMessages {
		h.t.Errorf("%d messages were answered for; listed (-answered +listed):\n%s", len(want), diff)
	}
}
