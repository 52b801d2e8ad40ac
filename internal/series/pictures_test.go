package series

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"creditmsg/internal/attachment"
	"creditmsg/internal/blob"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// gallery is the pictures of a world.
type gallery struct {
	*world
	*attachment.Service
}

func newGallery(w *world) gallery {
	store, err := blob.Open(blob.Options{URL: "file:" + w.t.(*testing.T).TempDir()})
	w.must(err)
	return gallery{w, attachment.New(w.d, w.keys, store, nil)}
}

// add keeps a picture of that width.
func (g gallery) add(width int) attachment.Name {
	g.t.Helper()
	var buf bytes.Buffer
	g.must(jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, width, 8)), nil))
	a, err := g.Add(ctx, shop, attachment.Upload{Content: buf.Bytes()})
	g.must(err)
	return a.Name
}

// needed reports whether something needs a picture; false also where it is gone.
func (g gallery) needed(n attachment.Name) (is bool) {
	g.t.Helper()
	err := g.d.View(ctx, "test", func(tx *db.Tx) error {
		a, err := g.Find(tx, n)
		is = a.Needed
		return err
	})
	if err != nil && !fault.Is(err, fault.NotFound) {
		g.must(err)
	}
	return is
}

func showing(list ...attachment.Name) Content {
	c := text()
	for _, n := range list {
		c.Request.Text.Attachments = append(c.Request.Text.Attachments, n.ID.Text(id.Attachment))
	}
	return c
}

func TestTheMessagesOfASeriesShowItsPicturesHoweverLongItLasts(t *testing.T) {
	each(t, func(w *world) {
		g := newGallery(w)
		picture := g.add(10)
		w.create(mondays, showing(picture))
		for _, moment := range []string{"2126-11-25 09:00:00", "2126-12-02 09:00:00", "2126-12-30 09:00:00"} {
			w.to(moment)
			w.must(g.Sweep(ctx))
			w.drain()
		}
		w.view(func(tx *db.Tx) error {
			list, err := message.List(tx, shop, "", id.ID{}, 10)
			if len(list) != 3 {
				w.t.Fatalf("%d messages, want three: %v", len(list), w.events("series."))
			}
			for _, m := range list {
				if m.Classes[0].Steps[0].Channel != provider.MMS {
					w.t.Errorf("a message by %s, want an MMS", m.Classes[0].Steps[0].Channel)
				}
			}
			return err
		})
	})
}

func TestASeriesLetsGoOfPicturesThatItWillNotSendAnyMore(t *testing.T) {
	each(t, func(w *world) {
		g := newGallery(w)
		first, second, third := g.add(10), g.add(11), g.add(12)
		want := func(when string, one, two, three bool) {
			w.t.Helper()
			if g.needed(first) != one || g.needed(second) != two || g.needed(third) != three {
				w.t.Errorf("%s: needed are %v, %v and %v, want %v, %v and %v", when, g.needed(first), g.needed(second), g.needed(third), one, two, three)
			}
		}
		one := w.create(mondays, showing(first, second))
		ends := w.create(Plan{Cron: "0 9 * * 1", Missed: Skip, EndsAt: at("2126-11-26 00:00:00")}, showing(third))
		want("created", true, true, true)
		w.update(func(tx *db.Tx) error {
			err := attachment.Remove(tx, first)
			if !fault.Is(err, fault.Conflict) {
				w.t.Errorf("a picture of a series is removed: %v", err)
			}
			return nil
		})
		w.update(func(tx *db.Tx) error { _, err := w.series.Set(tx, shop, one.ID, mondays, showing(second)); return err })
		want("set", false, true, true)
		w.update(func(tx *db.Tx) error { _, err := w.series.Pause(tx, shop, one.ID); return err })
		want("paused", false, true, true)
		w.update(func(tx *db.Tx) error { return w.series.Remove(tx, shop, one.ID) })
		want("removed", false, false, true)
		w.to("2126-11-25 09:00:00")
		w.drain()
		if state := w.find(ends.ID).State; state != Ended {
			w.t.Fatalf("the other series is %s, want ended", state)
		}
		want("ended, its last message under way", false, false, true)
		var last []*message.Message
		w.view(func(tx *db.Tx) (err error) { last, err = message.List(tx, shop, "", id.ID{}, 1); return err })
		_, err := w.messages.Cancel(ctx, last[0].Key)
		w.must(err)
		for range 5 {
			for _, k := range w.messages.Works() {
				jobs, err := w.queue.Claim(ctx, k.Lane, []string{k.Kind}, k.Max)
				w.must(err)
				if len(jobs) > 0 {
					w.must(k.Handle(ctx, jobs))
				}
			}
		}
		want("done", false, false, false)
	})
}

func TestASeriesWithAPictureThatIsNotThereIsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	g := newGallery(w)
	there := g.add(10)
	for name, list := range map[string][]attachment.Name{
		"an unknown one": {there, {Site: shop, ID: id.New()}}, "the same twice": {there, there},
	} {
		err := w.d.Update(ctx, "test", func(tx *db.Tx) error { _, err := w.series.Create(tx, shop, mondays, showing(list...)); return err })
		if f := fault.Of(err); f == nil || f.Code != fault.CodeValidation || f.Fields[0].Pointer != "/message/text/attachments/1" {
			t.Errorf("%s: got %v, want it refused at its place", name, err)
		}
	}
	if g.needed(there) {
		t.Error("a series that was refused holds a picture")
	}
}
