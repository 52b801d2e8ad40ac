package attachment

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

const day = 24 * time.Hour

// remove deletes an attachment as its owner does.
func (w *world) remove(n Name) error {
	w.Helper()
	err := w.try(func(tx *db.Tx) error { return Remove(tx, n) })
	if err == nil {
		err = w.Drop(w.Context(), n)
	}
	return err
}

func TestAnAttachmentThatAMessageNeedsIsNotDeleted(t *testing.T) {
	each(t, func(w *world) {
		a := w.add(1)
		first, second := w.needs(a.Name), w.needs(a.Name, w.add(2).Name)
		w.passes(30 * day)
		w.sweep()
		found, there := w.find(a.Name)
		if !there || !found.Needed || found.ExpiresAt() != 0 {
			w.Fatalf("needed: got %+v, %v, want it kept for as long as that", found, there)
		}
		w.refused("removal", w.remove(a.Name), fault.Conflict, fault.CodeStateConflict)
		w.release(first)
		w.refused("removal while one needs it still", w.remove(a.Name), fault.Conflict, fault.CodeStateConflict)
		w.release(second)
		if _, err := w.Content(w.Context(), a.Name); err != nil {
			w.Error(err)
		}
		if err := w.remove(a.Name); err != nil {
			w.Error(err)
		}
		if _, there := w.find(a.Name); there || len(w.files()) != 1 {
			w.Errorf("removed: got there %v and %d files, want the other one alone", there, len(w.files()))
		}
		w.refused("removal again", w.remove(a.Name), fault.NotFound, fault.CodeNotFound)
	})
}

func TestTheWeekOfAnAttachmentBeginsWhenItIsNotNeededAnyMore(t *testing.T) {
	each(t, func(w *world) {
		a := w.add(1)
		of := w.needs(a.Name)
		w.passes(30 * day)
		w.release(of, Of{shop, id.New()})
		w.release(of) // once more does nothing
		w.passes(7*day - time.Hour)
		w.sweep()
		if found, there := w.find(a.Name); !there || found.Needed || found.ExpiresAt() != w.now().Add(time.Hour) {
			w.Fatalf("a day before its end: got %+v, %v", found, there)
		}
		w.passes(2 * time.Hour)
		w.sweep()
		if _, there := w.find(a.Name); there || len(w.files()) != 0 {
			w.Errorf("after its end: got there %v and %d files, want nothing", there, len(w.files()))
		}
	})
}

func TestASweepDeletesWhatNothingNeedsForAWeekHoweverMuchThatIs(t *testing.T) {
	each(t, func(w *world) {
		const many = sweepAtOnce + 5
		needed := w.add(many + 1)
		w.needs(needed.Name)
		for i := range many {
			w.add(i)
		}
		w.passes(7*day + time.Second)
		young := w.add(many + 2)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { w.sweep() })
		}
		both.Wait()
		w.sweep()
		list := w.list(shop)
		if len(list) != 2 || list[0].ID != young.ID || list[1].ID != needed.ID || len(w.files()) != 2 {
			w.Errorf("left: got %d and %d files, want the young one and the needed one", len(list), len(w.files()))
		}
	})
}

func TestBytesThatNoAttachmentIsKnownOfAreDeletedInTheEnd(t *testing.T) {
	w := newWorld(t, "sqlite")
	a := w.add(1)
	path := w.files()[0]
	mine := filepath.Dir(path)
	strangers := filepath.Join(filepath.Dir(filepath.Dir(mine)), strings.Repeat("0", 16), shop)
	if err := os.MkdirAll(strangers, 0o700); err != nil {
		t.Fatal(err)
	}
	old, young := time.UnixMicro(w.clock.Load()).Add(-31*day), time.UnixMicro(w.clock.Load()).Add(-29*day)
	kept := map[string]bool{}
	put := func(folder, name string, at time.Time, keep bool) {
		t.Helper()
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		kept[file] = keep
	}
	put(mine, id.New().String(), old, false)
	put(mine, id.New().String(), young, true)
	put(mine, "notes.txt", old, true)
	put(strangers, id.New().String(), old, true)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	w.sweep()
	for file, want := range kept {
		if _, err := os.Stat(file); (err == nil) != want {
			t.Errorf("%s: got %v, want kept %v", file, err, want)
		}
	}
	if _, err := w.Content(t.Context(), a.Name); err != nil {
		t.Errorf("one that is known: %v", err)
	}
}

func TestAListHasTheNewestFirstAndGoesOnBefore(t *testing.T) {
	each(t, func(w *world) {
		var ids []id.ID
		for i := range 3 {
			ids = append(ids, w.add(i).ID)
		}
		w.do(func(tx *db.Tx) error {
			page, err := w.List(tx, shop, id.ID{}, 2)
			if err != nil || len(page) != 2 || page[0].ID != ids[2] || page[1].ID != ids[1] {
				w.Errorf("first page: got %+v, %v", page, err)
				return err
			}
			page, err = w.List(tx, shop, page[1].ID, 2)
			if len(page) != 1 || page[0].ID != ids[0] || page[0].Title != "a.jpg" {
				w.Errorf("second page: got %+v", page)
			}
			return err
		})
	})
}

// called is what an account calls an attachment.
func (w *world) called(account string, n Name) (upstream string) {
	w.Helper()
	w.do(func(tx *db.Tx) error {
		known, err := Uploaded(tx, account, []Name{n})
		upstream = known[n]
		return err
	})
	return upstream
}

func (w *world) remember(account string, n Name, upstream string, keeps time.Duration) {
	w.Helper()
	w.do(func(tx *db.Tx) error { return Remember(tx, account, n, upstream, keeps) })
}

func TestWhatAnAccountCallsAnAttachmentIsRememberedAsLongAsItKeepsIt(t *testing.T) {
	each(t, func(w *world) {
		a := w.add(1).Name
		w.remember("one", a, "f-1", 0)
		w.remember("two", a, "f-2", 10*day)
		if one, two, three := w.called("one", a), w.called("two", a), w.called("three", a); one != "f-1" || two != "f-2" || three != "" {
			w.Errorf("got %q, %q and %q", one, two, three)
		}
		w.passes(9*day - time.Second)
		if got := w.called("two", a); got != "f-2" {
			w.Errorf("before its end: got %q", got)
		}
		w.passes(2 * time.Second)
		if one, two := w.called("one", a), w.called("two", a); one != "f-1" || two != "" {
			w.Errorf("a day before the account forgets it: got %q and %q, want the second forgotten", one, two)
		}
		w.remember("two", a, "f-3", 10*day)
		if got := w.called("two", a); got != "f-3" {
			w.Errorf("uploaded anew: got %q", got)
		}
		foreign := Name{other, a.ID}
		if got := w.called("one", foreign); got != "" {
			w.Errorf("for another site: got %q", got)
		}
	})
}

func TestWhatAnAccountDoesNotKnowAnyMoreIsForgottenUnlessItWasUploadedAnew(t *testing.T) {
	each(t, func(w *world) {
		a := w.add(1).Name
		w.remember("one", a, "f-1", 0)
		forget := func(upstream string) {
			w.Helper()
			w.do(func(tx *db.Tx) error { return Forget(tx, "one", a, upstream) })
		}
		forget("f-0")
		if got := w.called("one", a); got != "f-1" {
			w.Errorf("after an older one was forgotten: got %q", got)
		}
		forget("f-1")
		if got := w.called("one", a); got != "" {
			w.Errorf("got %q, want it forgotten", got)
		}
	})
}

func TestNothingIsRememberedOfAnAttachmentThatIsGone(t *testing.T) {
	each(t, func(w *world) {
		a := w.add(1).Name
		w.remember("one", a, "f-1", 0)
		if err := w.remove(a); err != nil {
			w.Fatal(err)
		}
		w.remember("one", a, "f-2", 0)
		if got := w.called("one", a); got != "" {
			w.Errorf("got %q, want nothing", got)
		}
	})
}
