package billing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment/simulator"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// What a site does with its credit, and what workers do, in a random run.

// sent is a message as its recipients tell of it.
type sent struct {
	id              id.ID
	channel         provider.Channel
	price           money.Amount // frozen
	open, delivered int64
	refunded        money.Amount
}

func (g *game) bonus() {
	amount, days := money.Amount(1+g.upTo(50_000_000, "bonus")), g.upTo(5, "days")
	g.do(func(tx *dbTx) error {
		_, err := g.ledger.Add(tx, credit.TopUp{Site: "demo", Kind: credit.Bonus, Amount: amount, ExpiresAt: tx.Now.Add(time.Duration(1+days*9) * 24 * time.Hour)})
		return err
	})
	g.given = g.given.Add(exact(amount))
}

func (g *game) adjust() {
	amount := money.Amount(g.upTo(400_000_000, "adjustment") - 200_000_000)
	if amount == 0 {
		return
	}
	err := g.d.Update(context.Background(), "test", func(tx *dbTx) error {
		_, err := g.ledger.Add(tx, credit.TopUp{Site: "demo", Kind: credit.Adjustment, Amount: amount})
		return err
	})
	if fault.Is(err, fault.Conflict) { // it has less
		return
	}
	g.must(err)
	g.given = g.given.Add(exact(amount))
}

func (g *game) prices() {
	p := map[provider.Channel]money.Amount{}
	for ch := range provider.Channels {
		p[provider.Channel(ch)] = money.Amount(10_000 + g.upTo(1_000_000, "price"))
	}
	g.do(func(tx *dbTx) error { return credit.SetPrices(tx, "demo", p, 0) })
}

func (g *game) reserve() {
	m := &sent{id: id.New(), channel: provider.Channel(g.upTo(provider.Channels-1, "channel")), open: int64(1 + g.upTo(600, "recipients"))}
	var no []*credit.Refusal
	g.do(func(tx *dbTx) error {
		p, err := credit.PricesOf(tx, "demo")
		if err != nil {
			return err
		}
		m.price = p[m.channel]
		no, err = g.ledger.Reserve(tx, []credit.Hold{{Site: "demo", Message: m.id, Amount: m.price * money.Amount(m.open)}})
		return err
	})
	if no[0] == nil {
		g.messages = append(g.messages, m)
	}
}

func (g *game) settle() {
	m, ok := oneOf(g, g.messages, "message")
	if !ok || m.open == 0 {
		return
	}
	delivered := int64(g.upTo(int(m.open), "delivered"))
	failed := int64(g.upTo(int(m.open-delivered), "failed"))
	s := credit.Settlement{Site: "demo", Message: m.id, Released: m.price * money.Amount(failed)}
	if delivered > 0 {
		s.Delivered = []credit.Delivered{{Channel: m.channel, Count: delivered, Price: m.price}}
	}
	g.do(func(tx *dbTx) error { return g.ledger.Settle(tx, []credit.Settlement{s}) })
	m.open, m.delivered = m.open-delivered-failed, m.delivered+delivered
}

func (g *game) refund() {
	m, ok := oneOf(g, g.messages, "message")
	if !ok || m.price*money.Amount(m.delivered) == m.refunded {
		return
	}
	left := m.price*money.Amount(m.delivered) - m.refunded
	amount := money.Amount(1 + g.upTo(int(left)-1, "refund"))
	g.do(func(tx *dbTx) error {
		all, err := g.ledger.Usages(tx, "demo", m.id, id.ID{}, 10)
		if err != nil {
			return err
		}
		_, _, err = g.ledger.Refund(tx, credit.RefundRequest{Site: "demo", Usage: all[0].ID, Amount: amount, Reason: "오류",
			Strategy: func(*dbTx, string, id.ID) (string, error) { return "sms_only", nil }})
		return err
	})
	m.refunded += amount
}

// claimed is a job in a worker's hands.
type claimed struct {
	queue.Claimed
	work queue.Work
}

// claim gives a worker one job, which he finishes later, or never.
func (g *game) claim() {
	works := append(g.s.Works(), g.ledger.Works(g.d)...)
	if g.upTo(2, "payments first") > 0 {
		works = works[:1]
	}
	k, _ := oneOf(g, works, "kind")
	jobs, err := g.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, 1)
	g.must(err)
	for _, j := range jobs {
		g.held = append(g.held, claimed{j, k})
	}
}

// hand takes a job out of a worker's hands.
func (g *game) hand() (c claimed, ok bool) {
	if len(g.held) == 0 {
		return c, false
	}
	i := g.upTo(len(g.held)-1, "worker")
	c = g.held[i]
	g.held = append(g.held[:i:i], g.held[i+1:]...)
	return c, true
}

// finish does a job's work, perhaps long after somebody else did it.
func (g *game) finish() {
	if c, ok := g.hand(); ok {
		if err := c.work.Handle(context.Background(), []queue.Claimed{c.Claimed}); !errors.Is(err, queue.ErrLost) {
			g.must(err)
		}
	}
}

// crash loses a worker before he began.
func (g *game) crash() { g.hand() }

// die loses a worker between what the gateway did and writing it down.
func (g *game) die() {
	if len(g.held) == 0 {
		g.claim()
	}
	c, ok := g.hand()
	if !ok {
		return
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	deaf := g.deaf.Swap(true)
	g.dies.Store(&end)
	err := c.work.Handle(ctx, []queue.Claimed{c.Claimed})
	g.dies.Store(nil)
	g.deaf.Store(deaf)
	if ctx.Err() == nil && !errors.Is(err, queue.ErrLost) {
		g.must(err)
	}
}

func (g *game) wait() {
	steps := []time.Duration{time.Second, 10 * time.Second, time.Minute, 3 * time.Minute, 15 * time.Minute, 2 * time.Hour, 26 * time.Hour, 15 * 24 * time.Hour}
	d, _ := oneOf(g, steps, "time")
	g.forward(d)
}

// quiet lets everything come to its end in fair weather.
func (g *game) quiet() {
	g.deaf.Store(false)
	g.sim.Play(simulator.Scenario{})
	g.held, g.calm = nil, db.Time(g.now.Load())
	for range 2 {
		for _, d := range []time.Duration{2 * time.Minute, 15 * time.Minute, 2 * time.Hour, 26 * time.Hour} {
			g.forward(d)
			g.drain()
		}
		all := g.rows()
		g.do(func(tx *dbTx) error {
			for _, p := range all {
				if p.Gateway == "toss" {
					if err := g.queue.Put(tx, jobOf(p, tx.Now)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		g.drain()
	}
	clear(g.moved)
}

// refundAtGateway gives money back without our asking; a gateway that never does refuses.
func (g *game) refundAtGateway(ref string, amount int) {
	body := fmt.Sprintf(`{"cancelReason":"console","cancelAmount":%d,"refundReceiveAccount":{"bank":"20","accountNumber":"1002123456789","holderName":"홍길동"}}`, amount)
	ask, err := http.NewRequest(http.MethodPost, g.vendor.URL+"/v1/payments/"+ref+"/cancel", strings.NewReader(body))
	g.must(err)
	ask.SetBasicAuth(simulator.DefaultSecretKey, "")
	ask.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(ask)
	if err != nil {
		return // cut, as the card or the weather will have it
	}
	_, _ = io.Copy(io.Discard, reply.Body)
	reply.Body.Close()
}
