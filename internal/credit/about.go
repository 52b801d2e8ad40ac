package credit

import (
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// Movement is one entry as the story of a message tells it.
type Movement struct {
	Seq    int64
	Kind   Kind
	Amount money.Amount
	At     db.Time
}

// Movements gives the entries about one message, in their order.
func (l *Ledger) Movements(tx *db.Tx, siteID string, message id.ID) ([]Movement, error) {
	rows, err := tx.Query(`SELECT seq, kind, amount, at FROM entry WHERE site_id = ? AND subject = ? ORDER BY seq`, siteID, message)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (m Movement, err error) {
		return m, r.Scan(&m.Seq, &m.Kind, &m.Amount, &m.At)
	})
	if err != nil {
		return nil, fmt.Errorf("read entries about message %s: %w", message, err)
	}
	return list, nil
}
