package upload

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// stored counts the files in the store.
func (w *world) stored() int {
	w.Helper()
	n := 0
	for _, err := range w.store.List(w.Context(), "upload") {
		w.must(err)
		n++
	}
	return n
}

func TestAListIsKeptWholeOrNotAtAll(t *testing.T) {
	each(t, func(w *world) {
		content := bytes.Repeat([]byte("이름,010-1234-5678\n"), PieceSize/8)
		u, err := w.Keep(w.Context(), "demo", bytes.NewReader(content), []byte("a list"))
		w.must(err)
		if u.Size != int64(len(content)) || u.Kind != Lists {
			w.Errorf("kept is %+v", u)
		}
		for range 2 { // as often as one likes
			r, err := w.Open(w.Context(), u.Name)
			w.must(err)
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, content) {
				w.Errorf("%d bytes are read, %v", len(got), err)
			}
		}
		w.must(w.d.View(w.Context(), "test", func(tx *db.Tx) error {
			found, err := Find(tx, u.Name)
			w.must(err)
			if about, err := w.About(tx, found); err != nil || string(about) != "a list" || bytes.Contains(found.about, about) {
				w.Errorf("noted is %q (%q), %v", about, found.about, err)
			}
			for _, n := range []Name{{"demo", u.ID, Bodies}, {"other", u.ID, Lists}} {
				if _, err := Find(tx, n); !fault.Is(err, fault.NotFound) {
					w.Errorf("%+v is found: %v", n, err)
				}
			}
			bodies, err := List(tx, "demo", Bodies, id.ID{}, 10)
			lists, err2 := List(tx, "demo", Lists, id.ID{}, 10)
			if len(bodies) != 0 || len(lists) != 1 {
				w.Errorf("there are %d bodies and %d lists", len(bodies), len(lists))
			}
			return errors.Join(err, err2)
		}))
		if _, err := w.Append(w.Context(), Name{"demo", u.ID, Bodies}, u.Size, strings.NewReader("x")); !fault.Is(err, fault.NotFound) {
			w.Errorf("a list takes pieces: %v", err)
		}
		before := w.stored()
		broken := io.MultiReader(bytes.NewReader(content), iotest.ErrReader(fault.New(fault.Malformed, fault.CodeMalformed, "it broke off")))
		if _, err := w.Keep(w.Context(), "demo", broken, nil); !fault.Is(err, fault.Malformed) || w.stored() != before {
			w.Errorf("what broke off is kept: %v, %d files where %d were", err, w.stored(), before)
		}
		w.clock.Add((49 * time.Hour).Microseconds())
		w.must(w.Sweep(w.Context()))
		if n := w.stored(); n != 0 {
			w.Errorf("%d files stay after two days", n)
		}
	})
}

func TestASiteHasTenListsBesideItsUploads(t *testing.T) {
	each(t, func(w *world) {
		var last Upload
		for range MaxOpen {
			var err error
			last, err = w.Keep(w.Context(), "demo", strings.NewReader("x"), nil)
			w.must(err)
		}
		if _, err := w.Keep(w.Context(), "demo", strings.NewReader("x"), nil); !fault.Is(err, fault.Conflict) || w.stored() != MaxOpen {
			w.Errorf("one more: %v, %d files", err, w.stored())
		}
		w.must(w.d.Update(w.Context(), "test", func(tx *db.Tx) error { _, err := Begin(tx, "demo"); return err }))
		_, err := w.Keep(w.Context(), "other", strings.NewReader("x"), nil)
		w.must(err)
		w.must(w.Remove(w.Context(), last.Name))
		if err := w.Remove(w.Context(), last.Name); !fault.Is(err, fault.NotFound) {
			w.Errorf("it is removed twice: %v", err)
		}
		_, err = w.Keep(w.Context(), "demo", strings.NewReader("x"), nil)
		w.must(err)
	})
}
