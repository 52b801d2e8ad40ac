package message

import (
	"context"
	"fmt"
	"slices"

	"creditmsg/internal/attachment"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// This file is what a message has to do with its pictures. One without any costs nothing of
// it: whether it has some is known before a question is asked.

// mostPictures is how many pictures an MMS may have where no account says so.
const mostPictures = 3

const attachmentsAt = "/text/attachments"

// attach takes the pictures of the text, each of which has to be there.
func (d *Draft) attach(ctx context.Context) error {
	if d.request.Text == nil || len(d.request.Text.Attachments) == 0 {
		return nil
	}
	given, most := d.request.Text.Attachments, mostPictures
	if d.s.o.Pictures != nil {
		most = d.s.o.Pictures(d.Message.Site)
	}
	if len(given) > most {
		return fault.Check(attachmentsAt, "want at most %d of them: no provider takes more in one MMS here", most)
	}
	var unknown []int
	for i, text := range given {
		a, err := id.Parse(id.Attachment, text)
		n := attachment.Name{Site: d.Message.Site, ID: a}
		if err != nil {
			unknown = append(unknown, i)
		} else if slices.Contains(d.shows, n) {
			return fault.Check(fmt.Sprintf("%s/%d", attachmentsAt, i), "the same picture is given twice")
		}
		d.shows = append(d.shows, n)
	}
	err := d.s.d.View(ctx, "message_attachments", func(tx *db.Tx) error {
		found, err := attachment.Exist(tx, d.shows)
		for i, n := range d.shows {
			if !found[n] && !slices.Contains(unknown, i) {
				unknown = append(unknown, i)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		return d.unknownAttachments(unknown)
	}
	d.rule.pictured = true
	for _, n := range d.shows {
		d.content.Text.Attachments = append(d.content.Text.Attachments, n.ID.String())
	}
	return nil
}

// unknownAttachments says which of the pictures are not there; nil means that one of them was
// deleted while the message was put together.
func (d *Draft) unknownAttachments(which []int) error {
	f := fault.New(fault.Invalid, fault.CodeValidation, "the message names an attachment that is not there; upload it again")
	if which == nil {
		return f.At(attachmentsAt, "one of them was deleted meanwhile, or expired")
	}
	slices.Sort(which)
	for _, i := range which {
		_ = f.At(fmt.Sprintf("%s/%d", attachmentsAt, i), "there is no attachment %q here", shown(d.request.Text.Attachments[i]))
	}
	return f
}

// holdAttachments keeps the pictures of the members from being deleted until they are referred
// to, and marks members of which one is gone.
func holdAttachments(tx *db.Tx, in []joining, out []joined) error {
	var names []attachment.Name
	for _, j := range in {
		names = append(names, j.draft.shows...)
	}
	if len(names) == 0 {
		return nil
	}
	found, err := attachment.Lock(tx, names)
	if err != nil {
		return err
	}
	for i, j := range in {
		gone := func(n attachment.Name) bool { return !found[n] }
		out[i].outdated = out[i].outdated || slices.ContainsFunc(j.draft.shows, gone)
	}
	return nil
}

// useAttachments refers to the pictures of accepted members.
func useAttachments(tx *db.Tx, in []joining, held []int) error {
	var needs []attachment.Need
	for _, i := range held {
		for _, n := range in[i].draft.shows {
			needs = append(needs, attachment.Need{Name: n, By: in[i].draft.Message.ID})
		}
	}
	if len(needs) == 0 {
		return nil
	}
	return tx.Later(nil, func() error { return attachment.Use(tx, needs) })
}

// releaseAttachments gives up the pictures of messages that have become final.
func releaseAttachments(tx *db.Tx, done []*Message) error {
	var list []attachment.Of
	for _, m := range done {
		if m.pictured() {
			list = append(list, attachment.Of{Site: m.Site, By: m.ID})
		}
	}
	return attachment.Release(tx, list)
}

// pictured reports whether the message has pictures: then, and only then, its text is an MMS.
func (m *Message) pictured() bool {
	return slices.ContainsFunc(m.Classes, func(c Class) bool {
		return slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Channel == provider.MMS })
	})
}

// picture takes the pictures of a text, whose ids draft wrote.
func (w *Wording) picture(ids []string) {
	for _, text := range ids {
		if d, err := id.ParseBare(text); err == nil {
			w.shows = append(w.shows, d)
			w.pictures = append(w.pictures, provider.Picture{Name: attachment.UpstreamName(d)})
		}
	}
}

// Shows are the pictures of the message's MMS, in the order of Leg's.
func (w *Wording) Shows() []id.ID { return w.shows }
