package credit

import (
	"fmt"
	"math"
	"strconv"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
)

// KindLevel is the job that is put when a site's available credit has left its Band. Its
// site is the job's Site. Whoever handles it calls Watch.
const KindLevel = "level"

// Band is the range of available credit in which nobody needs to look: from Below on, and
// less than From. The zero Band is left at once.
type Band struct{ Below, From money.Amount }

// Anywhere is the band that is never left.
var Anywhere = Band{0, math.MaxInt64}

// Holds reports whether a level lies in the band.
func (b Band) Holds(level money.Amount) bool { return level >= b.Below && level < b.From }

// Watch locks a site's account and tells look what may be spent of it, and keeps the band
// that look gives. The first transaction that takes the site's available credit out of it
// puts one job of KindLevel and sets the band to Anywhere: however busy a site is, nobody
// is told twice before looking. A level that lies outside of the band already is told by the
// next entry.
//
// Under the lock look may read, and insert fresh rows; what it wrote stands or falls with tx.
func (l *Ledger) Watch(tx *db.Tx, siteID string, look func(a Account, usable money.Amount) (Band, error)) error {
	books, err := lock(tx, []string{siteID})
	if err != nil {
		return fmt.Errorf("watch credit: %w", err)
	}
	b := books[0]
	band, err := look(b.Account, b.usable())
	if err != nil {
		return err
	}
	b.watch, b.touched = band, true
	return l.write(tx, books)
}

// leaving gives the job of a book whose entries took its available credit out of its band.
// Their sequence numbers are new, so the job's key is.
func (b *book) leaving() []queue.Job {
	if len(b.lines) == 0 || b.watch.Holds(b.Available) {
		return nil
	}
	b.watch = Anywhere
	return []queue.Job{{Lane: queue.Default, Kind: KindLevel, Key: b.Site + "/" + strconv.FormatInt(b.Seq, 10), Site: b.Site, New: true}}
}
