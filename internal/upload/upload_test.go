package upload

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

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
	folder string
	clock  atomic.Int64 // microseconds since 1970
}

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
	d := dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(w.clock.Load()) }})
	keys := site.NewKeys(d, nil)
	store, err := blob.Open(blob.Options{URL: "file:" + w.folder})
	w.must(errors.Join(err, keys.Prepare(t.Context())))
	w.must(d.Update(t.Context(), "test", func(tx *db.Tx) error {
		_, err := site.Create(tx, keys, "demo", "가게")
		_, err2 := site.Create(tx, keys, "other", "다른 가게")
		return errors.Join(err, err2)
	}))
	w.Service = New(d, keys, store, nil)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) begin(siteID string) (u Upload, err error) {
	err = w.d.Update(w.Context(), "test", func(tx *db.Tx) (err error) { u, err = Begin(tx, siteID); return err })
	return u, err
}

func (w *world) begun() Name {
	u, err := w.begin("demo")
	w.must(err)
	return u.Name
}

func (w *world) find(n Name) (u Upload, err error) {
	err = w.d.View(w.Context(), "test", func(tx *db.Tx) (err error) { u, err = Find(tx, n); return err })
	return u, err
}

func (w *world) content(n Name) []byte {
	w.Helper()
	r, err := w.Open(w.Context(), n)
	w.must(err)
	all, err := io.ReadAll(r)
	w.must(err)
	return all
}

// files counts what is in the store, and tells whether one of them holds a text.
func (w *world) files(text string) (n int, holds bool) {
	w.Helper()
	w.must(filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		content, err := os.ReadFile(path)
		holds = holds || bytes.Contains(content, []byte(text))
		return err
	}))
	return n, holds
}

// manyLines is more than one piece.
var manyLines = bytes.Repeat([]byte(`{"to":"010-1234-5678"}`+"\n"), 60_000)

func TestWhatArrivedInPiecesIsReadAsOneBody(t *testing.T) {
	each(t, func(w *world) {
		w.arrives(w.T, []int{7, 1_100_000, len(manyLines)}, []bool{false, true, false})
		if files, _ := w.files(""); files != 0 {
			w.Errorf("%d files are left of an upload that was removed", files)
		}
	})
}

func TestTheStoreHoldsNothingInClearText(t *testing.T) {
	w := newWorld(t, "sqlite")
	_, err := w.Append(t.Context(), w.begun(), 0, bytes.NewReader(manyLines))
	w.must(err)
	if files, holds := w.files("010-1234-5678"); files != 2 || holds {
		t.Errorf("got %d files, a number in clear text %v; want two and none", files, holds)
	}
}

func TestWhateverBreaksNothingIsLostOrDoubled(t *testing.T) {
	w := newWorld(t, "sqlite")
	rapid.Check(t, func(t *rapid.T) {
		ends := append(rapid.SliceOfN(rapid.IntRange(1, len(manyLines)-1), 0, 4).Draw(t, "ends"), len(manyLines))
		slices.Sort(ends)
		ends = slices.Compact(ends)
		w.arrives(t, ends, rapid.SliceOfN(rapid.Bool(), len(ends), len(ends)).Draw(t, "broken"))
	})
}

// arrives sends manyLines in parts that end at some places, the connection of some of which
// breaks there, and reads what came.
func (w *world) arrives(t rapid.TB, ends []int, broken []bool) {
	n, at := w.begun(), 0
	for i, end := range ends {
		var body io.Reader = bytes.NewReader(manyLines[at:end])
		if broken[i] {
			body = io.MultiReader(body, iotest.ErrReader(errors.New("the connection is gone")))
		}
		u, err := w.Append(w.Context(), n, int64(at), body)
		at = end
		if broken[i] != (err != nil) || u.Size != int64(at) {
			t.Fatalf("got %d bytes and %v, want %d; broken %v", u.Size, err, at, broken[i])
		}
	}
	if !bytes.Equal(w.content(n), manyLines) {
		t.Fatal("the content differs")
	}
	w.must(w.Remove(w.Context(), n))
}

func TestOnlyWhatFollowsIsTaken(t *testing.T) {
	each(t, func(w *world) {
		n := w.begun()
		_, err := w.Append(w.Context(), n, 0, bytes.NewReader([]byte("first")))
		w.must(err)
		for _, offset := range []int64{0, 4, 6} {
			_, err := w.Append(w.Context(), n, offset, bytes.NewReader([]byte("second")))
			if !fault.Is(err, fault.Conflict) || fault.Of(err).Extra["size"] != int64(5) {
				w.Errorf("at %d: got %v, want a conflict that tells where it ends", offset, err)
			}
		}
		if got := string(w.content(n)); got != "first" {
			w.Errorf("got %q", got)
		}
	})
}

func TestOfPiecesForOnePlaceOneIsTaken(t *testing.T) {
	each(t, func(w *world) {
		n := w.begun()
		var taken atomic.Int64
		var group sync.WaitGroup
		for i := range byte(8) {
			group.Go(func() {
				_, err := w.Append(w.Context(), n, 0, bytes.NewReader([]byte{'a' + i}))
				if err == nil {
					taken.Add(1)
				} else if !fault.Is(err, fault.Conflict) {
					w.Error(err)
				}
			})
		}
		group.Wait()
		if files, _ := w.files("\x00no"); taken.Load() != 1 || len(w.content(n)) != 1 || files != 1 {
			w.Errorf("%d were taken, %q is there in %d files; want one", taken.Load(), w.content(n), files)
		}
	})
}

func TestAnUploadEndsAfterTwoDays(t *testing.T) {
	each(t, func(w *world) {
		n := w.begun()
		_, err := w.Append(w.Context(), n, 0, bytes.NewReader([]byte("text")))
		w.must(err)
		w.must(w.Sweep(w.Context()))
		if string(w.content(n)) != "text" {
			w.Error("it went before its time")
		}
		w.clock.Add(keepFor.Microseconds())
		if _, err := w.find(n); !fault.Is(err, fault.NotFound) {
			w.Errorf("got %v, want NotFound", err)
		}
		w.must(w.Sweep(w.Context()))
		if files, _ := w.files(""); files != 0 {
			w.Errorf("%d files are left", files)
		}
	})
}

func TestBytesThatACrashLeftAreSwept(t *testing.T) {
	w := newWorld(t, "sqlite")
	n := w.begun()
	_, err := w.Append(w.Context(), n, 0, bytes.NewReader([]byte("text")))
	w.must(err)
	w.must(w.d.Update(t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM upload_piece WHERE site_id = ?`, n.Site)
		return err
	}))
	w.must(w.Sweep(t.Context()))
	if files, _ := w.files(""); files != 1 {
		w.Errorf("%d files: what is as young may be about to get its row", files)
	}
	w.clock.Add((orphanAfter + time.Minute).Microseconds())
	w.must(w.Sweep(t.Context()))
	if files, _ := w.files(""); files != 0 {
		w.Errorf("%d files are left", files)
	}
}

func TestAnUploadIsUsedOnce(t *testing.T) {
	each(t, func(w *world) {
		n := w.begun()
		_, err := w.Append(w.Context(), n, 0, bytes.NewReader([]byte("text")))
		w.must(err)
		w.must(w.Use(w.Context(), n))
		w.must(w.Use(w.Context(), n))
		u, err := w.find(n)
		w.must(err)
		_, opened := w.Open(w.Context(), n)
		_, appended := w.Append(w.Context(), n, 4, bytes.NewReader([]byte("more")))
		if u.State != Used || u.Size != 4 || !fault.Is(opened, fault.Conflict) || !fault.Is(appended, fault.Conflict) {
			w.Errorf("got %+v, opened %v, appended %v", u, opened, appended)
		}
		if files, _ := w.files(""); files != 0 {
			w.Errorf("%d files are left", files)
		}
	})
}

func TestWhoReadsAnUploadThatEndsIsToldSo(t *testing.T) {
	each(t, func(w *world) {
		for kind, end := range map[fault.Kind]func(Name) error{
			fault.Conflict: func(n Name) error { return w.Use(w.Context(), n) },
			fault.NotFound: func(n Name) error { return w.Remove(w.Context(), n) },
		} {
			n := w.begun()
			_, err := w.Append(w.Context(), n, 0, bytes.NewReader([]byte("text")))
			w.must(err)
			r, err := w.Open(w.Context(), n)
			w.must(err)
			w.must(end(n))
			if _, err := r.Read(make([]byte, 10)); !fault.Is(err, kind) {
				w.Errorf("got %v, want a fault of kind %d", err, kind)
			}
		}
	})
}

func TestAnotherSitesUploadIsNotThere(t *testing.T) {
	each(t, func(w *world) {
		n := w.begun()
		n.Site = "other"
		_, found := w.find(n)
		_, appended := w.Append(w.Context(), n, 0, bytes.NewReader([]byte("x")))
		_, opened := w.Open(w.Context(), n)
		for _, err := range []error{found, appended, opened, w.Use(w.Context(), n), w.Remove(w.Context(), n)} {
			if !fault.Is(err, fault.NotFound) {
				w.Errorf("got %v, want NotFound", err)
			}
		}
	})
}

func TestASiteHasSoManyUploadsAtOnce(t *testing.T) {
	w := newWorld(t, "sqlite")
	last := w.begun()
	for range MaxOpen - 1 {
		last = w.begun()
	}
	if _, err := w.begin("demo"); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if _, err := w.begin("other"); err != nil {
		t.Error(err)
	}
	w.must(w.Use(t.Context(), last))
	w.begun()
	var list []Upload
	w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) (err error) { list, err = List(tx, "demo", Bodies, id.ID{}, 50); return err }))
	if len(list) != MaxOpen+1 || list[1].Name != last {
		t.Errorf("got %d uploads, want the newest first", len(list))
	}
}

func TestAnUploadHasABound(t *testing.T) {
	w := newWorld(t, "sqlite")
	n := w.begun()
	w.must(w.d.Update(t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE upload SET size = ? WHERE site_id = ?`, int64(MaxSize-1), n.Site)
		return err
	}))
	if u, err := w.Append(t.Context(), n, MaxSize-1, bytes.NewReader([]byte("ab"))); !fault.Is(err, fault.TooLarge) || u.Size != MaxSize-1 {
		t.Errorf("got %+v and %v, want TooLarge", u, err)
	}
	if u, err := w.Append(t.Context(), n, MaxSize-1, bytes.NewReader([]byte("a"))); err != nil || u.Size != MaxSize {
		t.Errorf("got %+v and %v", u, err)
	}
}

func TestALostPieceIsAnError(t *testing.T) {
	w := newWorld(t, "sqlite")
	n := w.begun()
	_, err := w.Append(t.Context(), n, 0, bytes.NewReader([]byte("text")))
	w.must(err)
	r, err := w.Open(t.Context(), n)
	w.must(err)
	w.must(os.RemoveAll(filepath.Join(w.folder, folder)))
	if _, err := io.ReadAll(r); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want Unavailable", err)
	}
}
