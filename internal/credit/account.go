package credit

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
)

// most is the largest credit that one site may ever have had: below it no sum
// of the ledger overflows, and every amount can be read back from its text.
const most = money.Amount(math.MaxInt64/int64(money.Won)-1) * money.Won

// Account is a site's purse.
type Account struct {
	Site      string
	Available money.Amount // may be spent; credit past its expiry counts until it is booked as expired
	Held      money.Amount // kept for messages that are under way
	Spent     money.Amount // charged, ever
	Owed      money.Amount // spent although its payment was taken back; nothing is sent until it is repaid
	Seq       int64        // of the last entry, 0 before the first
	Hash      [32]byte     // of the last entry, zeros before the first
}

// account is the stored row: the head of a site's ledger.
type account struct {
	Account
	at    db.Time  // of the last entry
	frees int64    // reservations that hold nothing, which have no entry
	free  [32]byte // the sum of their digests
	watch Band     // where nobody needs to look; left by the first write that leads out of it

	cappedSince db.Time // from when on its messages count for caps; 0 = it has none

	flaw *fault.Phrase // what no writer of the ledger stores, seen on reading
}

var accountColumns = []string{"site_id", "available", "held", "spent", "seq", "at", "hash", "frees", "free_sum", "owed", "watch_below", "watch_from", "capped_since"}

func scanAccount(rows *sql.Rows) (account, error) {
	var a account
	var hash, free []byte
	err := rows.Scan(&a.Site, &a.Available, &a.Held, &a.Spent, &a.Seq, &a.at, &hash, &a.frees, &free, &a.Owed, &a.watch.Below, &a.watch.From, &a.cappedSince)
	if len(hash) != len(a.Hash) || len(free) != len(a.free) {
		a.flaw = fault.Say("its hash has %d bytes and its sum %d", len(hash), len(free))
	}
	copy(a.Hash[:], hash)
	copy(a.free[:], free)
	return a, err
}

// Locked reads the account of a site under its lock, so that nothing of it changes until the
// transaction ends. NotFound.
func (l *Ledger) Locked(tx *db.Tx, siteID string) (Account, error) {
	books, err := lock(tx, []string{siteID})
	if err != nil {
		return Account{}, fmt.Errorf("lock the account of %s: %w", siteID, err)
	}
	return books[0].Account, nil
}

// Open makes the account of a site, with nothing in it. It belongs into the
// transaction that makes the site; a second one is a Conflict.
func (l *Ledger) Open(tx *db.Tx, siteID string) error {
	zero := []string{siteID}
	err := tx.InsertMany("account", db.Col("site_id", zero),
		db.Same("available", money.Amount(0), 1), db.Same("held", money.Amount(0), 1), db.Same("spent", money.Amount(0), 1),
		db.Same("owed", money.Amount(0), 1), db.Same("seq", int64(0), 1), db.Same("at", db.Time(0), 1),
		db.Same("hash", make([]byte, sha256.Size), 1), db.Same("frees", int64(0), 1), db.Same("free_sum", make([]byte, sha256.Size), 1))
	if duplicate(err) {
		return fault.Wrap(err, fault.Conflict, fault.CodeAlreadyExists, "the site %s has an account already", siteID)
	}
	if err != nil {
		return fmt.Errorf("open account of %s: %w", siteID, err)
	}
	return nil
}

// Account reads a site's purse, to show it: nothing may be decided by it, since
// it is not locked.
func (l *Ledger) Account(tx *db.Tx, siteID string) (Account, error) {
	rows, err := tx.Lookup("account", accountColumns, db.Col("site_id", []string{siteID}))
	found, err := db.Collect(rows, err, scanAccount)
	if err != nil {
		return Account{}, fmt.Errorf("read account of %s: %w", siteID, err)
	}
	if len(found) == 0 {
		return Account{}, fault.Missing("credit account of site", siteID)
	}
	return found[0].Account, nil
}

// duplicate reports whether a unique key was taken.
func duplicate(err error) bool {
	_, ok := errors.AsType[*db.Duplicate](err)
	return ok
}

// Totals are what sites have together.
type Totals struct{ Available, Held, Owed money.Amount }

// TotalsOf adds up the accounts of all sites but those whose ids are like except, a pattern of SQL.
func TotalsOf(tx *db.Tx, except string) (t Totals, err error) {
	err = tx.QueryRow(`SELECT COALESCE(SUM(available), 0), COALESCE(SUM(held), 0), COALESCE(SUM(owed), 0) FROM account WHERE site_id NOT LIKE ?`, except).
		Scan(&t.Available, &t.Held, &t.Owed)
	if err != nil {
		return t, fmt.Errorf("add up accounts: %w", err)
	}
	return t, nil
}
