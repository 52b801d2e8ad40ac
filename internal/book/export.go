package book

import (
	"context"
	"io"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/sheet"
)

// exportPage is how many contacts are read at a time.
const exportPage = 500

// Export writes the contacts of a group, or of the whole book where there is none, so that
// Take reads them as they are. It goes through them twice, since all columns have to be known
// before the first row. A group that is not there is NotFound.
func (b *Book) Export(ctx context.Context, siteID string, group id.ID, as sheet.Form, w io.Writer) error {
	names := map[string]bool{}
	err := b.pages(ctx, siteID, group, func(c Contact) error {
		for name := range c.Variables {
			names[name] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	variables := slices.Sorted(maps.Keys(names))
	const fixed = 5 // columns before the variables
	head := []string{"전화번호", nameColumns[0], sheet.ConsentColumns[0], proofColumns[0], sheet.NightColumns[0]}
	for i, name := range variables {
		head = append(head, name)
		if slices.Contains(head[:fixed], name) { // kept as what it is not would be lost
			head[fixed+i] = name + " (변수)"
		}
	}
	out, err := sheet.NewWriter(as, w)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := out.Write(head); err != nil {
		return err
	}
	err = b.pages(ctx, siteID, group, func(c Contact) error {
		cells := []string{c.To.Dashed(), c.Name, "", c.Consent.Evidence, ""}
		if c.Consent.At != 0 {
			cells[2], cells[4] = c.Consent.At.Time().In(korea.Seoul).Format("2006-01-02 15:04"), "N"
		}
		if c.Consent.Night {
			cells[4] = "Y"
		}
		for _, name := range variables {
			cells = append(cells, c.Variables[name])
		}
		return out.Write(cells)
	})
	if err != nil {
		return err
	}
	return out.End()
}

// pages reads contacts page by page.
func (b *Book) pages(ctx context.Context, siteID string, group id.ID, each func(Contact) error) error {
	for after, more := (id.ID{}), true; more; {
		var page []Contact
		err := b.d.View(ctx, "book_export", func(tx *db.Tx) (err error) {
			if group.IsZero() {
				page, err = b.List(tx, siteID, after, exportPage)
				return err
			}
			if _, err := b.FindGroup(tx, siteID, group); err != nil {
				return err
			}
			page, err = b.Members(tx, siteID, group, after, exportPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := each(c); err != nil {
				return err
			}
			after = c.ID
		}
		more = len(page) == exportPage
	}
	return nil
}
