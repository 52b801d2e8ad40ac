package billing

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// The bounds of what may be asked for, besides a gateway's own least.
const (
	LeastAmount = 1_000 * money.Won
	MostAmount  = 1_000_000_000 * money.Won
)

// Request is a payment that somebody wants to make.
type Request struct {
	Site      string
	Gateway   string // "" = the first configured that takes the method
	Method    payment.Method
	Amount    money.Amount // credit, or with VATIncluded what is charged; whole won
	Card      id.ID        // of Stored; zero = the site's first
	ReturnURL string       // where the payer's browser is sent in the end; of Card
	Back      func(payment string) string
	Bank      string // of VirtualAccount
	Payer     payment.Payer
	Receipt   *CashReceipt // wanted once it is paid
	Key       string       // the caller's idempotency key; "" = none
}

// Begin writes a payment down and starts it at its gateway. A card window and an account to
// transfer to come back in its papers; a stored card is charged by a job, soon. A gateway
// that does not answer leaves it Unknown or Created, to be asked about, and is no error.
//
// The same Key again gives the same payment as it stands now; with another request it is
// Invalid (idempotency_mismatch).
func (s *Service) Begin(ctx context.Context, r Request) (Payment, error) {
	g, err := s.check(&r)
	if err != nil {
		return Payment{}, err
	}
	p := s.newRow(r, g)
	known := false
	err = s.d.Update(ctx, "billing_begin", func(tx *db.Tx) error {
		if err := site.LockNotErased(tx, p.Site); err != nil {
			return err
		}
		first, err := s.before(tx, p)
		if err != nil || first != nil {
			known = first != nil
			if known {
				p = first
			}
			return err // what was never begun at its gateway, since its process died, is begun below
		}
		return s.write(tx, p)
	})
	if err != nil || known && !p.windowless() || p.Method == payment.Stored {
		return p.Payment, err
	}
	asked, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	// The payer may have gone; what the gateway said is written down all the same.
	return s.conclude(context.WithoutCancel(ctx), p, g.Adapter.Begin(asked, p.order()), nil)
}

// windowless reports whether a payer has no window to pay in: nobody lived to ask for one.
func (p *row) windowless() bool {
	return p.State == Created && p.Method == payment.Card && p.Checkout == nil
}

// write stores a new payment with the job that looks after it.
func (s *Service) write(tx *db.Tx, p *row) error {
	if p.Method == payment.Stored {
		if err := s.charging(tx, p); err != nil {
			return err
		}
	}
	p.CreatedAt = tx.Now
	due := tx.Now
	if p.Method != payment.Stored { // its beginning is under way here
		due = tx.Now.Add(2 * s.o.RequestTimeout)
	}
	if p.Method == payment.VirtualAccount {
		p.State, p.postedAt = Requesting, tx.Now
	}
	if err := s.queue.Put(tx, fresh(jobOf(p, due))); err != nil {
		return err
	}
	return s.add(tx, p)
}

func fresh(j queue.Job) queue.Job {
	j.New = true
	return j
}

// check refuses what cannot be begun, and finds the gateway.
func (s *Service) check(r *Request) (*Gateway, error) {
	switch {
	case r.Amount%money.Won != 0:
		return nil, fault.Check("/amount", "want whole won, without a fraction")
	case r.Amount < LeastAmount || r.Amount > MostAmount:
		return nil, fault.Check("/amount", "want %s won at least and %s at most", LeastAmount, MostAmount)
	}
	g, err := s.offering(r)
	if err != nil {
		return nil, err
	}
	_, _, total := s.priced(r.Amount)
	if least := g.Adapter.Capabilities().Least; total < least {
		return nil, fault.Check("/amount", "the gateway charges %s won at least", least)
	}
	switch {
	case r.Method == payment.Card && !isWeb(r.ReturnURL):
		return nil, fault.Check("/return_url", "want the address of a page, such as https://shop.example/credit, to which the payer's browser returns")
	case r.Method == payment.VirtualAccount && r.Bank == "":
		return nil, fault.Check("/bank", "want the code of the bank at which the account is to be, such as 20")
	case r.Method == payment.VirtualAccount && r.Payer.Name == "":
		return nil, fault.Check("/payer/name", "want the name of whoever transfers: the account is made out to it")
	case r.Receipt != nil:
		return g, r.Receipt.check(r.Method)
	}
	return g, nil
}

func (s *Service) offering(r *Request) (*Gateway, error) {
	offered := s.offered(r.Site)
	if len(offered) == 0 {
		return nil, fault.New(fault.Invalid, fault.CodeNotSupported, "no payment gateway is configured; the operator adds one under payments.gateways")
	}
	if r.Gateway == "" {
		for _, g := range offered {
			if g.Adapter.Capabilities().Takes(r.Method) {
				return g, nil
			}
		}
		return nil, fault.Check("/method", "no gateway takes %q; want %s", r.Method, s.ways(offered))
	}
	i := slices.IndexFunc(offered, func(g *Gateway) bool { return g.Name == r.Gateway })
	if i < 0 {
		var names []string
		for _, g := range offered {
			names = append(names, g.Name)
		}
		return nil, fault.Check("/gateway", "there is no gateway %q; want %s", r.Gateway, strings.Join(names, ", "))
	}
	g := offered[i]
	if !g.Adapter.Capabilities().Takes(r.Method) {
		return nil, fault.Check("/method", "%s does not take %q; want %s", g.Name, r.Method, s.ways([]*Gateway{g}))
	}
	return g, nil
}

// ways lists the ways to pay for an error.
func (s *Service) ways(of []*Gateway) string {
	var names []string
	for _, g := range of {
		for _, m := range g.Adapter.Capabilities().Methods {
			names = append(names, string(m))
		}
	}
	return strings.Join(names, ", ")
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(address) <= 2000
}

// newRow makes the row of a request, with everything that must not change when a
// transaction is run again.
func (s *Service) newRow(r Request, g *Gateway) *row {
	p := &row{Payment: Payment{
		Site: r.Site, ID: id.New(), Gateway: g.Name, Method: r.Method, Card: r.Card, State: Created,
		Papers: Papers{ReturnURL: r.ReturnURL, Customer: uuid.NewString(), Payer: r.Payer, Bank: r.Bank, Receipt: r.Receipt},
	}}
	p.Amount, p.VAT, p.Total = s.priced(r.Amount)
	p.Bonus, p.bonusDays = s.bonus(p.Amount)
	if r.Back != nil {
		p.Back = r.Back(p.text())
	}
	if r.Key != "" {
		p.idem = digest("payment", r.Key)
	}
	return p
}

// bonus is what is given on top of an amount, in whole won.
func (s *Service) bonus(amount money.Amount) (bonus money.Amount, days int) {
	for _, t := range s.o.Bonus { // the highest first
		if amount >= t.From {
			return amount.Share(int64(t.Percent), 100) / money.Won * money.Won, t.Days
		}
	}
	return 0, 0
}

// before finds the payment that was begun under the same key.
func (s *Service) before(tx *db.Tx, p *row) (*row, error) {
	if p.idem.IsZero() {
		return nil, nil
	}
	rows, err := tx.Lookup("billing_payment", rowColumns, one("site_id", p.Site), one("idem_key", p.idem))
	found, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("find key of payment: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	first := found[0]
	if first.Method != p.Method || first.Total != p.Total || first.Gateway != p.Gateway {
		return nil, fault.New(fault.Invalid, fault.CodeIdempotencyMismatch, "the key was used for another payment; use a new key")
	}
	return first, s.open(tx, first)
}

// order is a payment as its gateway is told of it. Each request that moves money has a key
// of its own, and is made once.
func (p *row) order() payment.Order {
	return payment.Order{
		ID: p.text(), Key: p.text() + "-1", Ref: p.ref, Method: p.Method, Name: orderName, Amount: p.Total, Customer: p.Customer,
		Payer: p.Payer, ReturnURL: p.Back, Bank: p.Bank,
	}
}

// orderName is what payers read on statements and receipts.
const orderName = "메시지 크레딧 충전"
