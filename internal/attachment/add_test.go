package attachment

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"hash/crc32"
	"image/jpeg"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/blob"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/picture"
)

func TestAPictureIsKeptAndGivenBack(t *testing.T) {
	each(t, func(w *world) {
		content := photo(w, 60, 40, 1)
		a := w.addTo(shop, Upload{Title: `C:\photos\봄 세일.jpg`, Content: content})
		want := Attachment{Name: a.Name, Title: "봄 세일.jpg", Size: len(content), Width: 60, Height: 40, CreatedAt: w.now(), UsedAt: w.now()}
		if diff := cmp.Diff(want, a, cmp.AllowUnexported(Attachment{})); diff != "" || a.ID.IsZero() || a.Site != shop {
			w.Errorf("added (-want +got):\n%s", diff)
		}
		if found, _ := w.find(a.Name); found.Title != want.Title || found.ExpiresAt() != w.now().Add(7*24*time.Hour) {
			w.Errorf("found: got %+v", found)
		}
		got, err := w.Content(w.Context(), a.Name)
		if err != nil || !bytes.Equal(got, content) {
			w.Errorf("content: got %d bytes, %v; want those that were uploaded", len(got), err)
		}
	})
}

func TestTheSameBytesOfASiteAreOneAttachmentWhoseWeekBeginsAnew(t *testing.T) {
	each(t, func(w *world) {
		first := w.add(1)
		w.passes(6 * 24 * time.Hour)
		again := w.addTo(shop, Upload{Title: "b.jpg", Content: photo(w, 60, 40, 1)})
		if again.ID != first.ID || again.Title != first.Title || again.CreatedAt != first.CreatedAt || again.UsedAt != w.now() {
			w.Errorf("again: got %+v, want %s with a new week", again, first.ID)
		}
		if another := w.add(2); another.ID == first.ID {
			w.Error("other bytes are the same attachment")
		}
		foreign := w.addTo(other, Upload{Title: "a.jpg", Content: photo(w, 60, 40, 1)})
		if foreign.ID == first.ID || len(w.files()) != 3 || len(w.list(shop)) != 2 || len(w.list(other)) != 1 {
			w.Errorf("another site's: got %s, %d files and the lists %v, %v", foreign.ID, len(w.files()), w.list(shop), w.list(other))
		}
	})
}

func TestAnAttachmentIsNotThereForAnotherSite(t *testing.T) {
	each(t, func(w *world) {
		foreign := w.add(1).Name
		foreign.Site = other
		if _, there := w.find(foreign); there {
			w.Error("found under another site")
		}
		_, err := w.Content(w.Context(), foreign)
		w.refused("content", err, fault.NotFound, fault.CodeNotFound)
		w.refused("removal", w.try(func(tx *db.Tx) error { return Remove(tx, foreign) }), fault.NotFound, fault.CodeNotFound)
		w.do(func(tx *db.Tx) error {
			found, err := Lock(tx, []Name{foreign})
			if found[foreign] {
				w.Error("locked under another site")
			}
			return err
		})
		if err := w.Drop(w.Context(), foreign); err != nil || len(w.files()) != 1 {
			w.Errorf("drop under another site: got %v and %d files, want the one kept", err, len(w.files()))
		}
	})
}

func TestNothingThatIsStoredCanBeReadWithoutTheKey(t *testing.T) {
	each(t, func(w *world) {
		content := photo(w, 60, 40, 1)
		w.addTo(shop, Upload{Title: "secret-plan.jpg", Content: content})
		for _, path := range w.files() {
			stored, err := os.ReadFile(path)
			if err != nil || bytes.Contains(stored, content[:20]) || bytes.Contains(stored, content[len(content)-40:]) {
				w.Errorf("%s: %v; want the bytes sealed", path, err)
			}
			if strings.Contains(path, "secret-plan") || !strings.Contains(path, "/attachment/") {
				w.Errorf("the path %s", path)
			}
		}
		w.do(func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT name FROM attachment`)
			_, err = db.Collect(rows, err, func(r *sql.Rows) (name []byte, err error) {
				err = r.Scan(&name)
				if bytes.Contains(name, []byte("secret-plan")) {
					w.Error("the title stands in the database")
				}
				return name, err
			})
			return err
		})
	})
}

func TestWhatCannotBeSentIsRefusedAndLeavesNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	jpg := photo(t, 60, 40, 1)
	heavy := append(bytes.Clone(jpg), make([]byte, 200_000)...)
	for name, c := range map[string]struct {
		Upload
		code string
		says string // somewhere in the answer
	}{
		"a program called a picture": {Upload{Title: "photo.jpg", Content: []byte("MZ\x90\x00 this is a program")}, fault.CodeUnsupportedMedia, "JPEG"},
		"the same, to be mended":     {Upload{Title: "photo.jpg", Content: []byte("MZ\x90\x00 this is a program"), Resize: true}, fault.CodeUnsupportedMedia, "JPEG"},
		"nothing":                    {Upload{Title: "photo.jpg"}, fault.CodeUnsupportedMedia, "JPEG"},
		"a drawing called a photo":   {Upload{Title: "photo.jpg", Content: drawing(t, 30, 20)}, fault.CodeValidation, "resize=true"},
		"too heavy":                  {Upload{Content: heavy}, fault.CodeValidation, "200000"},
		"too wide":                   {Upload{Content: photo(t, 1001, 10, 1)}, fault.CodeValidation, "1000"},
		"cut short":                  {Upload{Content: jpg[:len(jpg)/2]}, fault.CodeValidation, ""},
		"cut short, to be mended":    {Upload{Content: drawing(t, 1200, 900)[:900], Resize: true}, fault.CodeValidation, ""},
		"a bomb":                     {Upload{Content: bomb(t), Resize: true}, fault.CodeValidation, "65535"},
	} {
		_, err := w.Add(t.Context(), shop, c.Upload)
		f := fault.Of(err)
		if f == nil || f.Code != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
			continue
		}
		if !strings.Contains(f.Error(), c.says) {
			t.Errorf("%s: got %q, want it to say %q", name, f, c.says)
		}
	}
	if len(w.files()) != 0 || len(w.list(shop)) != 0 {
		t.Errorf("left behind: %v and %v", w.files(), w.list(shop))
	}
}

// bomb is a small drawing that says it has more dots than anybody can unpack.
func bomb(t *testing.T) []byte {
	b := drawing(t, 8, 8)
	copy(b[16:], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff}) // width and height
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestOnRequestAPictureIsMadeFit(t *testing.T) {
	w := newWorld(t, "sqlite")
	a := w.addTo(shop, Upload{Title: "drawing.png", Content: drawing(t, 2000, 1500), Resize: true})
	content, err := w.Content(t.Context(), a.Name)
	if err != nil {
		t.Fatal(err)
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(content))
	if err != nil || size.Width != 1000 || size.Height != 750 || len(content) > picture.Common.Bytes || a.Width != 1000 || a.Size != len(content) {
		t.Errorf("got %+v, %v and %+v, want 1000x750", size, err, a)
	}
	fit := photo(t, 60, 40, 1)
	if b := w.addTo(shop, Upload{Content: fit, Resize: true}); b.Size != len(fit) {
		t.Errorf("one that fits already: got %d bytes, want its own %d", b.Size, len(fit))
	}
}

func TestManyWhoUploadTheSameBytesAtOnceGetOneAttachment(t *testing.T) {
	each(t, func(w *world) {
		var ids sync.Map
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				a, err := w.Add(w.Context(), shop, Upload{Content: photo(w, 60, 40, 1)})
				if err != nil {
					w.Error(err)
				}
				ids.Store(a.ID, true)
			})
		}
		all.Wait()
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		list := w.list(shop)
		if n != 1 || len(list) != 1 || len(w.files()) != 1 {
			w.Fatalf("got %d ids, %d rows and %d files, want one of each", n, len(list), len(w.files()))
		}
		if _, err := w.Content(w.Context(), list[0].Name); err != nil {
			w.Error(err)
		}
	})
}

func TestBytesThatWereLostAreWholeAgainAfterTheNextUpload(t *testing.T) {
	w := newWorld(t, "sqlite")
	a := w.add(1)
	for _, path := range w.files() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Content(t.Context(), a.Name)
	w.refused("content", err, fault.Unavailable, fault.CodeUnavailable)
	if again := w.add(1); again.ID != a.ID {
		t.Errorf("got %s, want %s", again.ID, a.ID)
	}
	if _, err := w.Content(t.Context(), a.Name); err != nil {
		t.Error(err)
	}
}

func TestAStoreThatCannotBeReachedKeepsNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	nowhere, err := blob.Open(blob.Options{URL: "s3://KEY:SECRET@127.0.0.1:1/bucket?tls=off&region=x"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(w.d, w.keys, nowhere, nil).Add(t.Context(), shop, Upload{Content: photo(t, 60, 40, 1)})
	w.refused("add", err, fault.Unavailable, fault.CodeUnavailable)
	if len(w.list(shop)) != 0 {
		t.Error("it is known all the same")
	}
}

func TestATitleIsTheLastPartOfAPathInOneLine(t *testing.T) {
	for given, want := range map[string]string{
		"a.jpg": "a.jpg", "/x/y/a.jpg": "a.jpg", `C:\x\a.jpg`: "a.jpg", "..": "..", "../": "", "a\nb\x00.jpg": "ab.jpg", " a.jpg ": "a.jpg",
		"\xff.jpg": "", "": "", strings.Repeat("가", 300): strings.Repeat("가", 200),
	} {
		if got := title(given); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}
