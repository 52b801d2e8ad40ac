package audit

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// headings name the columns of an export.
var headings = []string{"id", "at", "site", "actor", "actor_id", "actor_name", "address", "request_id", "operation", "action", "ref", "before", "after", "asked_by", "approved_by"}

// WriteCSV writes all entries that a filter takes, the newest first, for a Korean Excel: UTF-8
// with a byte order mark. No transaction is held while a slow reader takes them.
func WriteCSV(ctx context.Context, d *db.DB, f Filter, w io.Writer) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return fmt.Errorf("export the audit log: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	err := out.Write(headings)
	if err == nil {
		err = Each(ctx, d, f, func(e Entry) error { return out.Write(e.cells()) })
	}
	if out.Flush(); err == nil {
		err = out.Error()
	}
	if err != nil {
		return fmt.Errorf("export the audit log: %w", err)
	}
	return nil
}

func (e *Entry) cells() []string {
	a := e.Actor
	cells := []string{e.ID.Text(id.Entry), e.At.Time().Format(timeForm), e.Site, string(a.Kind), a.ID, a.Name, a.Address, a.Request, a.Operation,
		e.Action, e.Ref, string(e.Before), string(e.After), e.AskedBy, e.ApprovedBy}
	for i, cell := range cells {
		// What begins like a formula would be computed by the program that opens the file.
		if cell != "" && strings.ContainsRune("=+-@\t\r'", rune(cell[0])) {
			cells[i] = "'" + cell
		}
	}
	return cells
}
