package paper

import (
	"encoding/csv"
	"fmt"
	"io"
)

// bom tells Excel that the text is UTF-8.
const bom = "\uFEFF"

// WriteCSV writes the statement for a Korean Excel: UTF-8 with a byte order mark, one table
// under the other.
func (s *Statement) WriteCSV(w io.Writer) error {
	if _, err := io.WriteString(w, bom); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for i, b := range s.blocks() {
		if i > 0 {
			_ = out.Write([]string{""}) // an error stays, and Error tells it
		}
		_ = out.Write([]string{b.title})
		_ = out.Write(b.head)
		for _, row := range b.rows {
			cells := make([]string, len(row))
			for k, v := range row {
				cells[k] = cellText(v)
			}
			_ = out.Write(cells)
		}
	}
	if out.Flush(); out.Error() != nil {
		return fmt.Errorf("write CSV: %w", out.Error())
	}
	return nil
}
