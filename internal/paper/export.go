package paper

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// NDJSON is the other form of entries, besides CSV: one JSON object a line.
const NDJSON = "ndjson"

// Range says which entries are exported, and how.
type Range struct {
	Site        string
	From, Until string // Korean days, both included; "" = from the first, up to now
	Format      string // NDJSON or CSV; "" = NDJSON
	Notes       bool   // with the notes, which are free text
}

// Export is a range of entries, ready to be written.
type Export struct {
	Range
	ledger      *credit.Ledger
	after, last int64
}

// Entries prepares an export of what stands now. Days that are none, and a range that ends
// before it begins, are Invalid.
func (p *Papers) Entries(tx *db.Tx, r Range) (*Export, error) {
	if r.Format == "" {
		r.Format = NDJSON
	}
	if r.Format != NDJSON && r.Format != CSV {
		return nil, fault.Check("/format", "want %s or %s", NDJSON, CSV)
	}
	from, until := time.Time{}, tx.Now.Time().AddDate(100, 0, 0)
	for _, d := range []struct {
		at, day string
		into    *time.Time
		more    int
	}{{"/from", r.From, &from, 0}, {"/until", r.Until, &until, 1}} {
		if d.day == "" {
			continue
		}
		day, err := korea.ParseDay(d.day)
		if err != nil {
			return nil, fault.Check(d.at, "want a day such as 2026-12-01")
		}
		*d.into = day.AddDate(0, 0, d.more)
	}
	if !from.Before(until) {
		return nil, fault.Check("/until", "it is before the first day")
	}
	e := &Export{Range: r, ledger: p.ledger}
	var err error
	if !from.IsZero() {
		if e.after, err = p.ledger.SeqBefore(tx, r.Site, db.At(from)); err != nil {
			return nil, err
		}
	}
	e.last, err = p.ledger.SeqBefore(tx, r.Site, db.At(until))
	return e, err
}

// exportPage is how many entries are read at a time.
const exportPage = 1000

// WriteTo writes the entries. They never change, so no transaction is held while a slow
// reader takes them: each page is one of its own.
func (e *Export) WriteTo(ctx context.Context, d *db.DB, w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	put, err := e.begin(out)
	for err == nil && e.after < e.last {
		var page []credit.Entry
		err = d.View(ctx, "paper_export", func(tx *db.Tx) (err error) {
			page, err = e.ledger.Entries(tx, e.Site, e.after, int(min(exportPage, e.last-e.after)))
			return err
		})
		if err == nil && len(page) == 0 {
			err = fmt.Errorf("entry %d is missing; run ledger verify", e.after+1)
		}
		for i := range page {
			if err == nil {
				l := lineOf(&page[i], e.Notes)
				err = put(&l)
			}
			e.after = page[i].Seq
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("export entries of %s: %w", e.Site, err)
	}
	return nil
}

// begin writes what stands before the first entry, and gives what writes one.
func (e *Export) begin(out *bufio.Writer) (put func(*line) error, err error) {
	if e.Format == NDJSON {
		return func(l *line) error {
			text, err := compact(l)
			if err == nil {
				_, err = out.Write(append(text, '\n'))
			}
			return err
		}, nil
	}
	rows, columns := csv.NewWriter(out), withoutNotes
	if e.Notes {
		columns = len(headings)
	}
	rows.UseCRLF = true
	write := func(cells []string) error {
		if err := rows.Write(cells[:columns]); err != nil {
			return err
		}
		rows.Flush() // into memory; the error is out's and stays there
		return rows.Error()
	}
	if _, err := out.WriteString(bom); err != nil {
		return nil, err
	}
	return func(l *line) error { return write(l.cells()) }, write(headings)
}
