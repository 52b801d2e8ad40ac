package attachment

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/blob"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// world is a service on a database whose clock the test turns, with a folder for the bytes.
type world struct {
	*testing.T
	*Service
	d      *db.DB
	keys   *site.Keys
	folder string
	clock  atomic.Int64 // microseconds since 1970
}

// shop and other are the sites of a world.
const (
	shop  = "demo"
	other = "other"
)

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(newWorld(t, engine)) })
	}
}

func newWorld(t *testing.T, engine string) *world {
	t.Helper()
	w := &world{T: t, folder: t.TempDir()}
	w.clock.Store(time.Now().UnixMicro())
	w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(w.clock.Load()) }})
	w.keys = site.NewKeys(w.d, nil)
	if err := w.keys.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.do(func(tx *db.Tx) error {
		_, err := site.Create(tx, w.keys, shop, "가게")
		_, err2 := site.Create(tx, w.keys, other, "다른 가게")
		return errors.Join(err, err2)
	})
	w.Service = New(w.d, w.keys, w.store(), nil)
	return w
}

func (w *world) store() blob.Store {
	w.Helper()
	s, err := blob.Open(blob.Options{URL: "file:" + w.folder})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// passes lets time pass.
func (w *world) passes(d time.Duration) { w.clock.Add(d.Microseconds()) }

func (w *world) now() db.Time { return db.At(time.UnixMicro(w.clock.Load())) }

func (w *world) try(fn func(*db.Tx) error) error {
	w.Helper()
	return w.d.Update(w.Context(), "test", fn)
}

func (w *world) do(fn func(*db.Tx) error) {
	w.Helper()
	if err := w.try(fn); err != nil {
		w.Fatal(err)
	}
}

// photo is a JPEG of that size; those of other seeds have other bytes.
func photo(t testing.TB, width, height, seed int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, dots(width, height, seed), nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func drawing(t testing.TB, width, height int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, dots(width, height, 0)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func dots(width, height, seed int) image.Image {
	m := image.NewGray(image.Rect(0, 0, width, height))
	for x := range width {
		m.SetGray(x, (x+seed)%height, color.Gray{Y: byte(x*seed + 40)})
	}
	return m
}

// add uploads a photo of the shop.
func (w *world) add(seed int) Attachment {
	w.Helper()
	return w.addTo(shop, Upload{Title: "a.jpg", Content: photo(w, 60, 40, seed)})
}

func (w *world) addTo(siteID string, u Upload) Attachment {
	w.Helper()
	a, err := w.Add(w.Context(), siteID, u)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// find is what is known of an attachment, and whether there is one.
func (w *world) find(n Name) (a Attachment, there bool) {
	w.Helper()
	err := w.d.View(w.Context(), "test", func(tx *db.Tx) (err error) {
		a, err = w.Find(tx, n)
		return err
	})
	if err != nil && fault.Of(err).Code != fault.CodeNotFound {
		w.Fatal(err)
	}
	return a, err == nil
}

func (w *world) list(siteID string) (list []Attachment) {
	w.Helper()
	w.do(func(tx *db.Tx) (err error) {
		list, err = w.List(tx, siteID, id.ID{}, 100)
		return err
	})
	return list
}

// needs makes a message need attachments, and gives the message.
func (w *world) needs(names ...Name) Of {
	w.Helper()
	of := Of{names[0].Site, id.New()}
	w.do(func(tx *db.Tx) error {
		if _, err := Lock(tx, names); err != nil {
			return err
		}
		var list []Need
		for _, n := range names {
			list = append(list, Need{n, of.By})
		}
		return Use(tx, list)
	})
	return of
}

func (w *world) release(messages ...Of) {
	w.Helper()
	w.do(func(tx *db.Tx) error { return Release(tx, messages) })
}

func (w *world) sweep() {
	w.Helper()
	if err := w.Sweep(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// files are the paths of what is stored, below the folder.
func (w *world) files() (all []string) {
	w.Helper()
	err := fs.WalkDir(os.DirFS(w.folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			all = append(all, filepath.Join(w.folder, path))
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// refused wants an error to be a fault of this kind and code.
func (w *world) refused(what string, err error, k fault.Kind, code string) {
	w.Helper()
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != k || f.Code != code {
		w.Errorf("%s: got %v, want the code %s", what, err, code)
	}
}
