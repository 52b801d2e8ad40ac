package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// Withdrawal is a site's request to have unused paid credit given back, and what became of it.
type Withdrawal struct {
	ID            string         `json:"id"`
	Site          string         `json:"site"`
	Status        string         `json:"status"`
	Amount        money.Amount   `json:"amount"`       // credit that leaves the site
	Fee           money.Amount   `json:"fee"`          // of it: kept
	Total         money.Amount   `json:"total"`        // to be given back, with VAT
	Returned      money.Amount   `json:"returned"`     // of total
	FeeReturned   money.Amount   `json:"fee_returned"` // of fee, for what gateways refused
	Reason        string         `json:"reason"`
	To            *BankAccount   `json:"to"`
	Decision      string         `json:"decision"`   // why it was rejected
	AskedBy       string         `json:"asked_by"`   // a token, or a name of the command line
	DecidedBy     *string        `json:"decided_by"` // likewise
	CreatedAt     time.Time      `json:"created_at"`
	DecidedAt     *time.Time     `json:"decided_at"`
	DoneAt        *time.Time     `json:"done_at"`
	Cancellations []Cancellation `json:"cancellations,omitempty"` // of one that is shown alone
}

func withdrawalOf(w billing.Withdrawal, cancels []billing.Cancellation) Withdrawal {
	v := Withdrawal{ID: w.ID.Text(id.Withdrawal), Site: w.Site, Status: string(w.State), Amount: w.Amount, Fee: w.Fee, Total: w.Total, Returned: w.Returned,
		FeeReturned: w.FeeBack, Reason: w.Why, Decision: w.Decision, AskedBy: personOf(w.Asker),
		CreatedAt: w.CreatedAt.Time(), DecidedAt: timed(w.DecidedAt), DoneAt: timed(w.DoneAt)}
	if w.DecidedAt != 0 {
		v.DecidedBy = new(personOf(w.Decider))
	}
	if w.To != nil {
		v.To = new(BankAccount(*w.To))
	}
	for _, c := range cancels {
		v.Cancellations = append(v.Cancellations, cancellationOf(c))
	}
	return v
}

func personOf(p billing.Person) string {
	switch {
	case !p.User.IsZero():
		return p.User.Text(id.User)
	case p.Token.IsZero():
		return p.Name
	}
	return p.Token.Text(id.Token)
}

// WithdrawalFilter says which withdrawals are listed.
type WithdrawalFilter struct {
	Site   string // "" = of all sites
	Status string // "" = any
	Limit  int    // of the newest
}

// Withdrawals lists withdrawals, the newest first. Faults: Invalid, NotFound.
func (p *Operator) Withdrawals(ctx context.Context, f WithdrawalFilter) (list List[Withdrawal], err error) {
	if f.Limit < 1 || f.Limit > mostPayments {
		return list, fault.Check("--limit", "want 1 to %d", mostPayments)
	}
	var found []billing.Withdrawal
	err = p.d.Snapshot(ctx, "operator_withdrawals", func(tx *db.Tx) error {
		if f.Site != "" {
			if _, err := site.Find(tx, f.Site); err != nil {
				return err
			}
		}
		found, err = p.billing.Withdrawals(tx, f.Site, billing.WithdrawalState(f.Status), id.ID{}, f.Limit)
		return err
	})
	list.Data = make([]Withdrawal, len(found))
	for i, one := range found {
		list.Data[i] = withdrawalOf(one, nil)
	}
	return list, err
}

// Withdrawal shows one with the cancellations that it became. Faults: Invalid, NotFound.
func (p *Operator) Withdrawal(ctx context.Context, siteID, text string) (shown Withdrawal, err error) {
	of, err := parseWithdrawal(text)
	if err != nil {
		return shown, err
	}
	err = p.d.Snapshot(ctx, "operator_withdrawal", func(tx *db.Tx) error {
		w, cancels, err := p.billing.Withdrawal(tx, siteID, of)
		if err == nil {
			shown = withdrawalOf(w, cancels)
		}
		return err
	})
	return shown, err
}

func parseWithdrawal(text string) (id.ID, error) {
	of, err := id.Parse(id.Withdrawal, text)
	if err != nil {
		return of, fault.Check("ID", "%q is not the id of a withdrawal, such as wdr_01k9…", text)
	}
	return of, nil
}

// NewWithdrawal is a withdrawal that somebody at the command line asks for in a site's place.
type NewWithdrawal struct {
	Site   string
	Amount string // won of credit; "" = all that can be withdrawn
	Reason string
	To     BankAccount
	By     string // who asks
}

// RequestWithdrawal writes down that a site wants credit back. Faults: Invalid, NotFound, Conflict.
func (p *Operator) RequestWithdrawal(ctx context.Context, n NewWithdrawal) (made Withdrawal, err error) {
	r := billing.WithdrawalRequest{Site: n.Site, Reason: n.Reason, By: billing.Person{Name: n.By}}
	if n.Amount != "" {
		if r.Amount, err = money.Parse(n.Amount); err != nil || r.Amount <= 0 || r.Amount%money.Won != 0 {
			return made, fault.Check("AMOUNT", "%q is not an amount in whole won above 0, such as 15000", n.Amount)
		}
	}
	if n.To != (BankAccount{}) {
		r.To = new(payment.BankAccount(n.To))
		r.To.Number = strings.ReplaceAll(r.To.Number, "-", "")
	}
	err = p.d.Update(ctx, "operator_request_withdrawal", func(tx *db.Tx) error {
		if _, err := site.Find(tx, n.Site); err != nil {
			return err
		}
		w, err := p.billing.Withdraw(tx, r)
		made = withdrawalOf(w, nil)
		return err
	})
	return made, err
}

// ApproveWithdrawal takes the credit of a withdrawal and has its money given back. Somebody
// at the command line is another person than any token, and than one of another name there.
// Faults: Invalid, NotFound, Denied, Conflict.
func (p *Operator) ApproveWithdrawal(ctx context.Context, siteID, text, by string) (Withdrawal, error) {
	return p.decide(ctx, siteID, text, func(tx *db.Tx, of id.ID) (billing.Withdrawal, error) {
		return p.billing.ApproveWithdrawal(tx, siteID, of, billing.Person{Name: by})
	})
}

// RejectWithdrawal refuses one, with a reason that the site reads. Faults: Invalid, NotFound,
// Conflict.
func (p *Operator) RejectWithdrawal(ctx context.Context, siteID, text, by, reason string) (Withdrawal, error) {
	return p.decide(ctx, siteID, text, func(tx *db.Tx, of id.ID) (billing.Withdrawal, error) {
		return p.billing.RejectWithdrawal(tx, siteID, of, billing.Person{Name: by}, reason)
	})
}

func (p *Operator) decide(ctx context.Context, siteID, text string, act func(*db.Tx, id.ID) (billing.Withdrawal, error)) (Withdrawal, error) {
	of, err := parseWithdrawal(text)
	if err != nil {
		return Withdrawal{}, err
	}
	err = p.d.Update(ctx, "operator_decide_withdrawal", func(tx *db.Tx) error {
		_, err := act(tx, of)
		return err
	})
	if err != nil {
		return Withdrawal{}, err
	}
	return p.Withdrawal(ctx, siteID, text)
}

// waitingWithdrawals tells of requests that nobody has decided about.
func waitingWithdrawals(t billing.Trouble) Check {
	if len(t.Withdrawals) == 0 {
		return Check{"withdrawals", CheckOK, "no withdrawal waits for a decision"}
	}
	first := t.Withdrawals[0]
	return Check{"withdrawals", CheckNote, fmt.Sprintf("%d wait for a decision, the oldest of %s of %s won; run: creditmsg withdrawal show %s %s",
		len(t.Withdrawals), first.Site, first.Amount, first.Site, first.ID.Text(id.Withdrawal))}
}

// waitingRefunds tells of requests for refunds that nobody has decided about. Their sites may do so
// without the operator.
func waitingRefunds(t billing.Trouble) Check {
	if len(t.Refunds) == 0 {
		return Check{"refunds", CheckOK, "no refund that was asked for waits for a decision"}
	}
	first := t.Refunds[0]
	return Check{"refunds", CheckNote, fmt.Sprintf("%d wait for a decision, the oldest of %s of %s won; look at GET /v1/credit/refund-requests/%s?site=%s, and approve or reject it",
		len(t.Refunds), first.Site, first.Amount, first.ID.Text(id.RefundRequest), first.Site)}
}
