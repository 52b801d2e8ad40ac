package billing

import (
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// UnderWay says in words what a site has with gateways that is not over: payment methods that
// they keep, payments, cancellations and withdrawals that nobody knows the end of. nil = nothing.
func UnderWay(tx *db.Tx, siteID string) (*fault.Phrase, error) {
	for _, one := range []struct {
		what  *fault.Phrase
		query string
	}{
		{fault.Say("it has payment methods; remove them first"), `SELECT COUNT(*) FROM billing_card WHERE site_id = ? AND state <> 'removed'`},
		{fault.Say("a payment is under way"), `SELECT COUNT(*) FROM billing_payment WHERE site_id = ? AND state IN ('created', 'requesting', 'waiting_for_deposit', 'unknown')`},
		{fault.Say("a cancellation is under way, or is to be transferred by you"), `SELECT COUNT(*) FROM billing_cancel WHERE site_id = ? AND state IN ('requested', 'transfer')`},
		{fault.Say("a refund that was asked for waits for a decision"), `SELECT COUNT(*) FROM billing_refund_request WHERE site_id = ? AND state = 'requested'`},
		{fault.Say("a withdrawal is under way"), `SELECT COUNT(*) FROM billing_withdrawal WHERE site_id = ? AND state IN ('requested', 'approved')`},
	} {
		var n int
		if err := tx.QueryRow(one.query, siteID).Scan(&n); err != nil {
			return nil, fmt.Errorf("look what site %s has under way: %w", siteID, err)
		}
		if n > 0 {
			return one.what, nil
		}
	}
	return nil, nil
}
