package site

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
)

// OptOutNumber is a number by which one opts out of a site's advertising.
type OptOutNumber struct {
	Site   string
	Number korea.Number
}

// NoteOptOutNumbers remembers numbers that advertisements of a site bear, for ever: whoever
// calls one, years later too, has opted out of that site's advertising.
func NoteOptOutNumbers(tx *db.Tx, id string, numbers ...korea.Number) error {
	numbers = slices.DeleteFunc(slices.Clone(numbers), func(n korea.Number) bool { return n == "" })
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	if len(numbers) == 0 {
		return nil
	}
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = string(n)
	}
	err := tx.InsertAbsent("site_opt_out_number", []string{"number", "site_id"}, "site_id", db.Col("number", words), db.Same("site_id", id, len(words)))
	if err != nil {
		return fmt.Errorf("remember the numbers to opt out of site %s by: %w", id, err)
	}
	return nil
}

// OfOptOutNumbers gives the sites of whose advertising one opts out by these numbers: their
// present ones, and those that earlier advertisements bore. They come by site. Several may have
// one number; a site that was erased has no list that anybody could be put on.
func OfOptOutNumbers(tx *db.Tx, numbers []korea.Number) ([]OptOutNumber, error) {
	var out []OptOutNumber
	for _, n := range numbers {
		rows, err := tx.Query(`SELECT id FROM site WHERE opt_out_number = ? AND state <> ? UNION
			SELECT n.site_id FROM site_opt_out_number n JOIN site s ON s.id = n.site_id WHERE n.number = ? AND s.state <> ?`, string(n), string(Erased), string(n), string(Erased))
		list, err := db.Collect(rows, err, func(r *sql.Rows) (o OptOutNumber, err error) {
			o.Number = n
			return o, r.Scan(&o.Site)
		})
		if err != nil {
			return nil, fmt.Errorf("find the sites of a number to opt out by: %w", err)
		}
		out = append(out, slices.DeleteFunc(list, func(o OptOutNumber) bool { return IsTest(o.Site) })...) // nobody had an advertisement of those
	}
	slices.SortFunc(out, func(a, b OptOutNumber) int {
		return strings.Compare(a.Site+" "+string(a.Number), b.Site+" "+string(b.Number))
	})
	return out, nil
}
