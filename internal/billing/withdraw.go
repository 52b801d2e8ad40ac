package billing

import (
	"strings"
	"unicode/utf8"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
)

// WithdrawalTerms are the operator's, of withdrawals that are asked for from now on.
type WithdrawalTerms struct {
	FeePercent int          // of the credit, kept; 0 to 99
	Least      money.Amount // that is given back at once; 0 = LeastAmount
}

// WithdrawalRequest asks for unused paid credit to be given back.
type WithdrawalRequest struct {
	Site   string
	Amount money.Amount         // of credit, whole won; 0 = all that can be withdrawn now
	Reason string               // the payer and the gateway read it
	To     *payment.BankAccount // of what does not go back the way it came
	By     Person
}

// Withdraw writes down that a site wants paid credit back, with the fee of today. Nothing is
// taken yet: the site can still spend it, and then it cannot be approved.
//
// More than can be withdrawn is a Conflict (cancel_exceeds) that says how much can be. A site
// has one request open, until all of its money is back or it ended otherwise.
func (s *Service) Withdraw(tx *db.Tx, r WithdrawalRequest) (Withdrawal, error) {
	same := CancelRequest{Amount: r.Amount, Reason: r.Reason, To: r.To}
	if err := same.check(); err != nil {
		return Withdrawal{}, err
	}
	least := s.o.Withdrawal.Least
	if r.Amount != 0 && r.Amount < least {
		return Withdrawal{}, fault.Check("/amount", "want %s won at least", least)
	}
	purses, err := s.purses(tx, r.Site, false)
	if err != nil {
		return Withdrawal{}, err
	}
	if err := s.measure(tx, r.Site, purses); err != nil {
		return Withdrawal{}, err
	}
	rows, err := tx.Lookup("billing_withdrawal", withdrawalColumns, one("open_site", r.Site))
	if under, err := s.opened(tx, rows, err); err != nil || len(under) > 0 {
		if err == nil {
			err = fault.New(fault.Conflict, fault.CodeStateConflict, "the withdrawal %s is %s; a site has one at a time", under[0].ID.Text(id.Withdrawal), under[0].State)
		}
		return Withdrawal{}, err
	}
	w := &withdrawalRow{Withdrawal: Withdrawal{Site: r.Site, ID: id.New(), State: WithdrawalRequested, Amount: r.Amount, Asker: r.By,
		CreatedAt: tx.Now, WithdrawalPapers: WithdrawalPapers{Why: r.Reason, To: r.To}}}
	all := sum(purses)
	if w.Amount == 0 {
		w.Amount = max(all, least) // of less than the least nothing is given back
	}
	w.Fee = feeOf(w.Amount, s.o.Withdrawal.FeePercent)
	shares, err := s.shares(tx, w, purses)
	if err == nil {
		err = s.calm(tx, w.Site, w.Amount)
	}
	if err != nil {
		return Withdrawal{}, err
	}
	for _, one := range shares {
		if one.back() > 0 {
			w.Total += one.p.totalOf(one.back())
		}
	}
	return w.Withdrawal, s.addWithdrawal(tx, w)
}

// purses gives the payments of a site of which something may be withdrawn, with lock to take
// it: those that are credit, whose credit is not used up, and of which no cancellation is
// under way. What is left of each is measured later, under the account's lock.
func (s *Service) purses(tx *db.Tx, site string, lock bool) ([]purse, error) {
	ids, err := s.withCredit(tx, site)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	look := tx.Lookup
	if lock {
		look = tx.LookupForUpdate
	}
	of := db.Same("site_id", site, len(ids))
	rows, err := look("billing_payment", rowColumns, of, db.Col("id", ids))
	payments, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, err
	}
	rows, err = tx.Lookup("billing_cancel", cancelColumns, of, db.Col("payment_id", ids))
	cancels, err := db.Collect(rows, err, scanCancel)
	if err != nil {
		return nil, err
	}
	busy := map[id.ID]bool{}
	for _, c := range cancels {
		busy[c.Payment] = busy[c.Payment] || c.State == CancelRequested
	}
	var out []purse
	for _, p := range payments {
		if busy[p.ID] || p.State != Paid && p.State != PartiallyCancelled {
			continue
		}
		if err := s.open(tx, p); err != nil {
			return nil, err
		}
		u := purse{p: p, gone: true}
		if g := s.gateway(p.Gateway); g != nil {
			u.gone, u.whole = false, !g.Adapter.Capabilities().Partial
		}
		out = append(out, u)
	}
	return out, nil
}

// withCredit finds the payments of a site whose lots are not used up.
func (s *Service) withCredit(tx *db.Tx, site string) (ids []id.ID, err error) {
	lots, err := credit.PaidLots(tx, site)
	if err != nil || len(lots) == 0 {
		return nil, err
	}
	rows, err := tx.Query(`SELECT id, lot FROM billing_payment
		WHERE site_id = ? AND (state = 'paid' OR state = 'partially_cancelled') ORDER BY site_id, id`, site)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var of id.ID
		var lot int64
		if err := rows.Scan(&of, &lot); err != nil {
			return nil, err
		}
		if lots[lot] {
			ids = append(ids, of)
		}
	}
	return ids, rows.Err()
}

// measure locks the site's account and says what is left of each payment.
func (s *Service) measure(tx *db.Tx, site string, purses []purse) error {
	lots := make([]int64, len(purses))
	for i, u := range purses {
		lots[i] = u.p.lot
	}
	left, err := s.ledger.Left(tx, site, lots...)
	for i := range left {
		purses[i].left = measured(left[i], purses[i].p)
	}
	return err
}

// shares spreads a withdrawal over payments that are measured, or says why that cannot be.
func (s *Service) shares(tx *db.Tx, w *withdrawalRow, purses []purse) ([]share, error) {
	if all := sum(purses); w.Amount > all {
		return nil, fault.New(fault.Conflict, fault.CodeCancelExceeds, "%s won can be withdrawn now, not %s", all, w.Amount).With("cancellable", all)
	}
	shares := spread(purses, w.Amount, w.Fee)
	for _, one := range shares {
		if w.To == nil && one.account() {
			return nil, fault.Check("/to", "a part of it, %s won of the payment %s, cannot go back the way it came; name the bank account that it is transferred to",
				one.back(), one.p.text())
		}
	}
	return shares, nil
}

// calm refuses a withdrawal after which the site's card would be charged again: when so much
// more is gone than now.
func (s *Service) calm(tx *db.Tx, site string, more money.Amount) error {
	r, err := s.rule(tx, site, false)
	if err != nil || !r.Enabled {
		return err
	}
	a, err := s.ledger.Account(tx, site)
	if err == nil && a.Available-more < r.Threshold {
		err = fault.New(fault.Conflict, fault.CodeStateConflict, "the automatic recharge would charge the card again, since less than %s would be left; switch it off first", r.Threshold)
	}
	return err
}

// ApproveWithdrawal makes a withdrawal cancellations of the site's payments, all of it or
// nothing: the credit is taken and the cancellations are begun here, and the gateways are
// asked by jobs. Who asked for it cannot approve it: Denied. Credit that was spent since is a
// Conflict (cancel_exceeds) that says how much can be withdrawn. Repeating it changes nothing.
func (s *Service) ApproveWithdrawal(tx *db.Tx, site string, of id.ID, by Person) (Withdrawal, error) {
	w, err := s.withdrawal(tx, site, of, false)
	if err != nil || w.State != WithdrawalRequested {
		return decided(w, err, w.granted())
	}
	purses, err := s.purses(tx, site, true)
	if err != nil {
		return Withdrawal{}, err
	}
	if w, err = s.withdrawal(tx, site, of, true); err != nil || w.State != WithdrawalRequested {
		return decided(w, err, w.granted())
	}
	if by == w.Asker {
		return Withdrawal{}, fault.New(fault.Denied, fault.CodeForbidden, "who asked for a withdrawal cannot approve it: another person does, with another token")
	}
	if err := s.measure(tx, site, purses); err != nil {
		return Withdrawal{}, err
	}
	shares, err := s.shares(tx, w, purses)
	if err != nil {
		return Withdrawal{}, err
	}
	if err := s.begin(tx, w, shares); err != nil {
		return Withdrawal{}, err
	}
	// Bonus went along, how much is known only now.
	if err := s.calm(tx, site, 0); err != nil {
		return Withdrawal{}, err
	}
	w.State, w.Decider, w.DecidedAt = WithdrawalApproved, by, tx.Now
	job := queue.Job{Lane: queue.Default, Kind: kindWithdrawal, Key: w.ID.Text(id.Withdrawal), Site: site}
	if err := s.queue.Put(tx, fresh(job)); err != nil {
		return Withdrawal{}, err
	}
	return w.Withdrawal, s.moved(tx, w)
}

func (w *withdrawalRow) granted() bool { return w != nil && w.State.Granted() }

// decided gives a withdrawal that was decided about before: as wanted, or as a Conflict.
func decided(w *withdrawalRow, err error, asWanted bool) (Withdrawal, error) {
	switch {
	case err != nil:
		return Withdrawal{}, err
	case !asWanted:
		return Withdrawal{}, fault.New(fault.Conflict, fault.CodeStateConflict, "the withdrawal is %s already", w.State)
	}
	return w.Withdrawal, nil
}

// RejectWithdrawal refuses a request, with a reason that the site reads. Repeating it changes
// nothing.
func (s *Service) RejectWithdrawal(tx *db.Tx, site string, of id.ID, by Person, reason string) (Withdrawal, error) {
	if strings.TrimSpace(reason) == "" || utf8.RuneCountInString(reason) > 200 {
		return Withdrawal{}, fault.Check("/reason", "say why in 1 to 200 characters: the site reads it")
	}
	return s.close(tx, site, of, WithdrawalRejected, func(w *withdrawalRow) { w.Decider, w.Decision = by, reason })
}

// TakeBackWithdrawal is the site's own act while nobody has decided. Repeating it changes
// nothing.
func (s *Service) TakeBackWithdrawal(tx *db.Tx, site string, of id.ID, by Person) (Withdrawal, error) {
	return s.close(tx, site, of, WithdrawalCancelled, func(w *withdrawalRow) { w.Decider = by })
}

func (s *Service) close(tx *db.Tx, site string, of id.ID, as WithdrawalState, note func(*withdrawalRow)) (Withdrawal, error) {
	w, err := s.withdrawal(tx, site, of, true)
	if err != nil || w.State != WithdrawalRequested {
		return decided(w, err, w != nil && w.State == as)
	}
	note(w)
	w.State, w.DecidedAt, w.DoneAt = as, tx.Now, tx.Now
	return w.Withdrawal, s.moved(tx, w)
}
