package site

import (
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
)

// CountByState counts the sites, but for test sites.
func CountByState(tx *db.Tx) (map[State]int64, error) {
	out := map[State]int64{}
	rows, err := tx.Query(`SELECT state, COUNT(*) FROM site WHERE id NOT LIKE ? GROUP BY state`, TestPattern)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var state State
		var n int64
		err = r.Scan(&state, &n)
		out[state] = n
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("count sites: %w", err)
	}
	return out, nil
}

// SendersWaiting counts the numbers that wait for the operator's decision, but for those of test
// sites.
func SendersWaiting(tx *db.Tx) (n int64, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM site_sender WHERE state = ? AND site_id NOT LIKE ?`, Requested, TestPattern).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count sender numbers that wait: %w", err)
	}
	return n, nil
}
