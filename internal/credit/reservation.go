package credit

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/bits"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// Reservation is what a message holds and held: settled + released + open =
// reserved.
type Reservation struct {
	Message                           id.ID
	Reserved, Open, Settled, Released money.Amount
	Classes                           []byte // as the caller of Reserve froze them
}

// reservation is the stored row. seq, reserved, takes and classes never change.
type reservation struct {
	site              string
	message           id.ID
	seq               int64 // of its reserve entry; 0 when it holds nothing and has none
	reserved          money.Amount
	settled, released money.Amount
	takes             string
	classes           []byte
	free              []byte // the digest of one without an entry, which has no other place

	cappedAt db.Time // when it was counted for caps; 0 = it was not. No money follows from it.
}

func (r *reservation) open() money.Amount { return r.reserved - r.settled - r.released }

// digest covers what never changes of the reservation.
func (r *reservation) digest(scratch []byte) (sum [sha256.Size]byte, room []byte) {
	b := append(scratch[:0], "reservation\n"...)
	b = append(b, r.message.Text(id.Message)...)
	b = appendExact(append(b, '\n'), r.reserved)
	b = append(append(b, '\n'), r.takes...)
	b = append(append(b, '\n'), r.classes...)
	return sha256.Sum256(b), b
}

// addDigest adds modulo 2^256: the sum of many digests does not depend on their
// order, and every one of them changes it.
func addDigest(sum, d *[sha256.Size]byte) {
	carry := uint64(0)
	for i := len(sum) - 8; i >= 0; i -= 8 {
		var word uint64
		word, carry = bits.Add64(binary.BigEndian.Uint64(sum[i:]), binary.BigEndian.Uint64(d[i:]), carry)
		binary.BigEndian.PutUint64(sum[i:], word)
	}
}

var reservationColumns = []string{"site_id", "message_id", "seq", "reserved", "settled", "released", "takes", "classes", "digest", "capped_at"}

// fields are where reservationColumns are scanned into.
func (r *reservation) fields() []any {
	return []any{&r.site, &r.message, &r.seq, &r.reserved, &r.settled, &r.released, &r.takes, &r.classes, &r.free, &r.cappedAt}
}

func scanReservation(rows *sql.Rows) (reservation, error) {
	var r reservation
	err := rows.Scan(r.fields()...)
	return r, err
}

func insertReservations(tx *db.Tx, rs []reservation) error {
	amounts := func(of func(*reservation) money.Amount) []money.Amount { return each(rs, of) }
	return tx.InsertMany("reservation",
		db.Col("site_id", each(rs, func(r *reservation) string { return r.site })),
		db.Col("message_id", each(rs, func(r *reservation) id.ID { return r.message })),
		db.Col("seq", each(rs, func(r *reservation) int64 { return r.seq })),
		db.Col("reserved", amounts(func(r *reservation) money.Amount { return r.reserved })),
		db.Same("settled", money.Amount(0), len(rs)),
		db.Same("released", money.Amount(0), len(rs)),
		db.Col("takes", each(rs, func(r *reservation) string { return r.takes })),
		db.Col("classes", each(rs, func(r *reservation) []byte { return present(r.classes) })),
		db.Col("digest", each(rs, func(r *reservation) []byte { return r.free })),
		db.Col("capped_at", each(rs, func(r *reservation) db.Time { return r.cappedAt })))
}

// present stores nothing as empty bytes, where NULL is not wanted.
func present(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func updateReservations(tx *db.Tx, rs []*reservation) error {
	return tx.UpdateMany("reservation", []string{"site_id", "message_id"},
		db.Col("site_id", each(rs, func(r **reservation) string { return (*r).site })),
		db.Col("message_id", each(rs, func(r **reservation) id.ID { return (*r).message })),
		db.Col("settled", each(rs, func(r **reservation) money.Amount { return (*r).settled })),
		db.Col("released", each(rs, func(r **reservation) money.Amount { return (*r).released })))
}

// Reservations gives those of the messages that have one, ordered by message.
func (l *Ledger) Reservations(tx *db.Tx, siteID string, messages ...id.ID) ([]Reservation, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	rows, err := tx.Lookup("reservation", reservationColumns,
		db.Same("site_id", siteID, len(messages)), db.Col("message_id", messages))
	found, err := db.Collect(rows, err, scanReservation)
	if err != nil {
		return nil, fmt.Errorf("read reservations of %s: %w", siteID, err)
	}
	return each(found, func(r *reservation) Reservation {
		return Reservation{r.message, r.reserved, r.open(), r.settled, r.released, r.classes}
	}), nil
}
