package credit

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Balance is where a site's chain stood: after the entry Seq, 0 before the first.
type Balance struct {
	Seq                    int64
	Hash                   string // hex, of that entry; zeros before the first
	Available, Held, Spent money.Amount
}

// Sum adds up the entries of one kind that moved the same way.
type Sum struct {
	Kind          Kind
	Debit, Credit Name
	Count         int64
	Amount        money.Amount
}

// ChannelSum is what a channel was charged for in a period.
type ChannelSum struct {
	Channel  provider.Channel
	Quantity int64        // recipients that were charged; what is free is not counted
	Spent    money.Amount // of settlements
	Refunded money.Amount // given back in the period, whenever it was spent
}

// Period is a site's ledger over whole Korean months.
type Period struct {
	Opening, Closing Balance
	Sums             []Sum
	Channels         []ChannelSum // of all channels, in their order
}

// Month adds up the entries of a site's Korean month, such as 2026-12, or what there is of
// it. It belongs into a Snapshot.
//
// Entries do not say by which channel they spent. Usages do: what a usage counted in a month
// is what it counts now, less what carries say that it had counted when the month began, and
// less what it counted from the next carry on.
func (l *Ledger) Month(tx *db.Tx, siteID, month string) (p Period, err error) {
	start, err := korea.ParseMonth(month)
	if err != nil {
		return p, err
	}
	account, err := l.Account(tx, siteID)
	if err != nil {
		return p, err
	}
	from, until := db.At(start), db.At(start.AddDate(0, 1, 0))
	for _, end := range []struct {
		at   db.Time
		into *Balance
	}{{from, &p.Opening}, {until, &p.Closing}} {
		seq, err := seqBefore(tx, siteID, end.at, account.Seq)
		if err == nil {
			*end.into, err = l.balance(tx, siteID, seq)
		}
		if err != nil {
			return p, fmt.Errorf("read the balance of %s: %w", siteID, err)
		}
	}
	if p.Sums, err = sums(tx, siteID, p.Opening.Seq, p.Closing.Seq); err != nil {
		return p, fmt.Errorf("add up entries of %s: %w", siteID, err)
	}
	p.Channels, err = channelSums(tx, siteID, stretch{p.Opening.Seq, p.Closing.Seq, from, until})
	return p, err
}

// FirstAt gives when the first entry of a site was written; 0 when there is none.
func (l *Ledger) FirstAt(tx *db.Tx, siteID string) (at db.Time, err error) {
	return entryAt(tx, siteID, 1)
}

func entryAt(tx *db.Tx, siteID string, seq int64) (at db.Time, err error) {
	err = tx.QueryRow(`SELECT at FROM entry WHERE site_id = ? AND seq = ?`, siteID, seq).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return at, err
}

// seqBefore gives the seq of the last entry before a moment. Times never fall along the
// chain, so it is found by halving.
func seqBefore(tx *db.Tx, siteID string, moment db.Time, last int64) (int64, error) {
	before, from := int64(0), last+1 // the last that is known to be before, the first that is not
	for from-before > 1 {
		middle := before + (from-before)/2
		at, err := entryAt(tx, siteID, middle)
		if err != nil {
			return 0, err
		}
		if at < moment {
			before = middle
		} else {
			from = middle
		}
	}
	return before, nil
}

// SeqBefore gives the seq of the last entry of a site before a moment, 0 when there is none.
func (l *Ledger) SeqBefore(tx *db.Tx, siteID string, moment db.Time) (int64, error) {
	account, err := l.Account(tx, siteID)
	if err != nil {
		return 0, err
	}
	return seqBefore(tx, siteID, moment, account.Seq)
}

// balance gives the balance after an entry. What was spent does not stand there: it is
// counted from the newest signed head before it.
func (l *Ledger) balance(tx *db.Tx, siteID string, seq int64) (b Balance, err error) {
	b = Balance{Seq: seq, Hash: hex.EncodeToString(make([]byte, sha256.Size))}
	if seq == 0 {
		return b, nil
	}
	var hash []byte
	err = tx.QueryRow(`SELECT hash, available_after, held_after FROM entry WHERE site_id = ? AND seq = ?`, siteID, seq).
		Scan(&hash, &b.Available, &b.Held)
	if err != nil {
		return b, err
	}
	b.Hash = hex.EncodeToString(hash)
	var counted int64
	err = tx.QueryRow(`SELECT seq, spent FROM credit_head WHERE site_id = ? AND seq <= ? ORDER BY kst_day DESC LIMIT 1`, siteID, seq).
		Scan(&counted, &b.Spent)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return b, err
	}
	list, err := sums(tx, siteID, counted, seq)
	for _, s := range list {
		b.Spent += move{s.Debit, s.Credit}.changes(Spent, s.Amount)
	}
	return b, err
}

// sums adds up the entries after one up to another.
func sums(tx *db.Tx, siteID string, after, last int64) ([]Sum, error) {
	rows, err := tx.Query(`SELECT kind, debit, credit, COUNT(*), SUM(amount) FROM entry
		WHERE site_id = ? AND seq > ? AND seq <= ? GROUP BY kind, debit, credit ORDER BY kind, debit, credit`, siteID, after, last)
	return db.Collect(rows, err, func(r *sql.Rows) (s Sum, err error) {
		return s, r.Scan(&s.Kind, &s.Debit, &s.Credit, &s.Count, &s.Amount)
	})
}

// stretch is a range of entries, after one up to another, and of the time that they are of.
type stretch struct {
	after, last int64
	from, until db.Time
}

// CashEntries gives the entries of a site, after one up to another, that money came in or went
// back by, without their notes.
func (l *Ledger) CashEntries(tx *db.Tx, siteID string, after, last int64) ([]Entry, error) {
	rows, err := tx.Query(`SELECT `+lineColumns+` FROM entry WHERE site_id = ? AND seq > ? AND seq <= ?
		AND (debit = 'cash' OR credit = 'cash') ORDER BY site_id, seq`, siteID, after, last)
	list, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return nil, fmt.Errorf("read payments of %s: %w", siteID, err)
	}
	return each(list, func(s *line) Entry {
		return Entry{Site: s.site, Seq: s.seq, Kind: s.kind, Amount: s.amount, Debit: s.move.debit, Credit: s.move.credit, Ref: s.about(), At: s.at}
	}), nil
}
