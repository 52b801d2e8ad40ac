package series

import (
	"fmt"
	"slices"

	"creditmsg/internal/attachment"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// pictured reports whether the messages of a series show pictures.
func (s *Series) pictured() bool { return s.Request.Text != nil && len(s.Request.Text.Attachments) > 0 }

// holdPictures has the pictures of a series kept until it is over: its messages need them at
// times to come. Invalid with the place of one that is not there.
func (s *Series) holdPictures(tx *db.Tx) error {
	if !s.pictured() {
		return nil
	}
	at := func(i int) string { return fmt.Sprintf("/message/text/attachments/%d", i) }
	var names []attachment.Name
	for i, text := range s.Request.Text.Attachments {
		d, err := id.Parse(id.Attachment, text)
		n := attachment.Name{Site: s.Site, ID: d}
		if err != nil || slices.Contains(names, n) {
			return fault.Check(at(i), "want the id of another attachment")
		}
		names = append(names, n)
	}
	found, err := attachment.Lock(tx, names)
	if err != nil {
		return err
	}
	needs := make([]attachment.Need, len(names))
	for i, n := range names {
		if !found[n] {
			return fault.Check(at(i), "there is no attachment %q here", n.ID.Text(id.Attachment))
		}
		needs[i] = attachment.Need{Name: n, By: s.ID}
	}
	return attachment.Use(tx, needs)
}

// releasePictures lets go of what holdPictures has kept.
func (s *Series) releasePictures(tx *db.Tx) error {
	if !s.pictured() {
		return nil
	}
	return attachment.Release(tx, []attachment.Of{{Site: s.Site, By: s.ID}})
}
