package billing

import (
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// Waiting counts what waits for the operator.
type Waiting struct {
	Transfers   int64 // payments by transfer to his account: he says when they have arrived
	GiveBacks   int64 // cancellations that are his to transfer
	Withdrawals int64 // that he has to decide
}

// WaitingFor counts what waits for the operator, but for test sites: no money is in theirs.
func WaitingFor(tx *db.Tx) (w Waiting, err error) {
	for _, one := range []struct {
		what, query string
		args        []any
		into        *int64
	}{
		{"payments by transfer", `SELECT COUNT(*) FROM billing_payment WHERE state = ? AND method = ? AND site_id NOT LIKE ?`,
			[]any{string(WaitingForDeposit), string(payment.Transfer)}, &w.Transfers},
		{"cancellations to transfer", `SELECT COUNT(*) FROM billing_cancel WHERE state = ? AND site_id NOT LIKE ?`, []any{string(CancelTransfer)}, &w.GiveBacks},
		{"withdrawals", `SELECT COUNT(*) FROM billing_withdrawal WHERE open_site IS NOT NULL AND state = ? AND site_id NOT LIKE ?`,
			[]any{string(WithdrawalRequested)}, &w.Withdrawals},
	} {
		if err := tx.QueryRow(one.query, append(one.args, site.TestPattern)...).Scan(one.into); err != nil {
			return w, fmt.Errorf("count %s that wait: %w", one.what, err)
		}
	}
	return w, nil
}
