package message

import (
	"context"
	"fmt"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Waits for a recharge, where a request does not say otherwise.
const (
	UsualWait = 10 * time.Second
	MostWait  = 30 * time.Second
)

// join has the draft accepted. If its site has too little credit and recharges itself, a
// recharge is started and waited for, with no transaction or lock held, and the draft is
// tried once more.
func (d *Draft) join(ctx context.Context, once *Once) (joined, *billing.Payment, error) {
	out, err := d.tryAccept(ctx, once)
	if err != nil || out.refusal == nil || out.refusal.Owed > 0 || out.refusal.Cap != nil || d.request.WaitForRecharge <= 0 || d.s.o.Billing == nil {
		return out, nil, err
	}
	enough, paid, err := d.recharged(ctx, *out.refusal)
	if err != nil || !enough {
		return out, paid, err
	}
	out, err = d.tryAccept(ctx, once)
	return out, paid, err
}

func (d *Draft) tryAccept(ctx context.Context, once *Once) (joined, error) {
	out, err := d.s.group.Join(ctx, joining{d, once})
	if err != nil {
		return out, fmt.Errorf("accept message %s: %w", d.Message.ID, err)
	}
	if out.refusal != nil && d.staged { // what was refused stays staged, and is there the next time
		d.kept, d.keptRejects = nil, nil
	}
	return out, nil
}

// recharged starts the recharge that a refusal asks for, or finds the one under way, and
// waits for its end; nil = there is none. It says whether the credit has come, which may
// have happened since the refusal.
func (d *Draft) recharged(ctx context.Context, r credit.Refusal) (enough bool, _ *billing.Payment, err error) {
	ctx, stop := context.WithTimeout(ctx, min(d.request.WaitForRecharge, MostWait))
	defer stop()
	started, err := d.s.o.Billing.Recharge(ctx, d.Message.Site, r.Needed)
	if err != nil || started.Enough || started.Payment.IsZero() {
		return started.Enough, nil, err
	}
	p, err := d.s.o.Billing.Await(ctx, d.Message.Site, started.Payment)
	if err != nil {
		return false, nil, err
	}
	return p.State.Credited(), &p, nil
}

// OverCap is the cause of a refusal by a cap.
type OverCap struct{ credit.CapRefusal }

// Error names the cap.
func (o *OverCap) Error() string { return fmt.Sprintf("over the cap of %s a %s", o.Kind, o.Period) }

// overCap says which cap is in the way. A message that would go over it by itself is not
// helped by waiting.
func overCap(r *credit.CapRefusal) error {
	left := max(r.Limit-r.Used, 0)
	f := fault.Wrap(&OverCap{*r}, fault.TooMany, fault.CodeRateLimited, "the site's cap of %s %s a %s leaves %s, the message needs %s; send it in the next %s, or raise the cap",
		r.Written(r.Limit), fault.Word(string(r.Kind)), fault.Word(string(r.Period)), r.Written(left), r.Written(r.Needed), fault.Word(string(r.Period)))
	if r.Alone() {
		f = fault.New(fault.Conflict, fault.CodeStateConflict, "the message needs %s %s, more than the site's cap of %s a %s: raise the cap, or send to fewer",
			r.Written(r.Needed), fault.Word(string(r.Kind)), r.Written(r.Limit), fault.Word(string(r.Period)))
	} else {
		f.RetryAfter = r.Wait
	}
	return f.With("cap", map[string]any{"what": r.Kind, "period": r.Period, "limit": r.Written(r.Limit), "used": r.Written(r.Used), "left": r.Written(left),
		"needed": r.Written(r.Needed), "resets_at": r.Ends.Time().Format(time.RFC3339)})
}

// noCredit says what is missing, and what became of the recharge that was waited for.
func noCredit(r credit.Refusal, recharge *billing.Payment) error {
	if r.Owed > 0 {
		return fault.New(fault.Locked, fault.CodeSiteSuspended,
			"a payment was taken back after its credit was spent: nothing is sent until the %s won owed are paid", r.Owed).With("owed", r.Owed)
	}
	if r.Cap != nil {
		return overCap(r.Cap)
	}
	f := fault.New(fault.NoCredit, fault.CodeInsufficientCredit,
		"the message may cost %s won and %s won are available; top up and send again", r.Needed, r.Available)
	f.With("needed", r.Needed).With("available", r.Available)
	if recharge == nil {
		return f.With("recharge", nil)
	}
	if recharge.State.Open() {
		f = f.Says("the message may cost %s won and %s won are available; a recharge is under way, send again in a moment", r.Needed, r.Available)
	}
	return f.With("recharge", map[string]any{
		"payment_id": recharge.ID.Text(id.Payment), "status": string(recharge.State), "amount": recharge.Amount,
	})
}
