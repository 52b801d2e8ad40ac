package site

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

// blocked gives the words of a site, those of the installation with a star.
func blocked(t testing.TB, d *db.DB, siteID string) (out []string) {
	t.Helper()
	update(t, d, func(tx *db.Tx) error {
		list, err := BlockedWords(tx, siteID)
		for _, w := range list {
			if w.Everywhere {
				w.Text += "*"
			}
			out = append(out, w.Text)
		}
		return err
	})
	return out
}

// standing gives a site as it is found, whose rules have to be those of its lists.
func standing(t testing.TB, d *db.DB, siteID string) (s Site) {
	t.Helper()
	update(t, d, func(tx *db.Tx) (err error) {
		if s, err = Find(tx, siteID); err != nil {
			return err
		}
		q, lists := AskWords([]string{"", siteID})
		if err := tx.Ask(q); err != nil {
			return err
		}
		equal(t, "the lists of "+siteID, s.Rules.Words, Words{Own: DigestWords(lists[siteID]), All: DigestWords(lists[""])})
		return nil
	})
	return s
}

func addWords(t testing.TB, d *db.DB, siteID string, want int, words ...string) {
	t.Helper()
	update(t, d, func(tx *db.Tx) error {
		added, err := AddWords(tx, siteID, words)
		if added != want {
			t.Errorf("%v to %q: added %d, want %d", words, siteID, added, want)
		}
		return err
	})
}

func TestBlockedWordsAreOfASiteOrOfAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "one", "two")
		first := standing(t, d, "one")
		addWords(t, d, "one", 2, "카지노", " Casino ", "CASINO", "카 지 노")
		addWords(t, d, "", 2, "도박", "카지노")
		equal(t, "one", blocked(t, d, "one"), []string{"Casino", "도박*", "카지노*", "카지노"})
		equal(t, "two", blocked(t, d, "two"), []string{"도박*", "카지노*"})
		equal(t, "all", blocked(t, d, ""), []string{"도박*", "카지노*"})
		if now := standing(t, d, "one"); now.Rev != first.Rev+2 {
			t.Errorf("the Rev is %d after two changes, was %d", now.Rev, first.Rev)
		}
		same := standing(t, d, "two")
		addWords(t, d, "", 0, "도.박")
		if now := standing(t, d, "two"); now.Rev != same.Rev {
			t.Error("a word that is there already is a change")
		}
		create(t, d, NewKeys(d, nil), "late")
		if late := standing(t, d, "late"); late.Rules.Words.All != same.Rules.Words.All {
			t.Errorf("a new site goes by %v, want what the others do", late.Rules.Words)
		}
		update(t, d, func(tx *db.Tx) error { return RemoveWord(tx, "", "도 박") })
		update(t, d, func(tx *db.Tx) error { return RemoveWord(tx, "", "카지노") })
		equal(t, "one at the end", blocked(t, d, "one"), []string{"Casino", "카지노"})
		if end := standing(t, d, "two"); end.Rules.Words != (Words{}) {
			t.Errorf("without words a site goes by %v", end.Rules.Words)
		}
	})
}

func TestAListOfBlockedWordsIsChecked(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	create(t, d, NewKeys(d, nil), "one")
	add := func(siteID string, words ...string) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			_, err := AddWords(tx, siteID, words)
			return err
		}
	}
	refused(t, d, "no letters", fault.Invalid, fault.CodeValidation, add("one", "카지노", "★"))
	refused(t, d, "no site", fault.NotFound, fault.CodeNotFound, add("nobody", "카지노"))
	many := make([]string, MostWords)
	for i := range many {
		many[i] = fmt.Sprintf("낱말%d", i)
	}
	refused(t, d, "too many", fault.Invalid, fault.CodeValidation, add("one", append(slices.Clone(many), "하나 더")...))
	addWords(t, d, "one", MostWords, many...)
	refused(t, d, "one more", fault.Invalid, fault.CodeValidation, add("one", "하나 더"))
	for _, word := range []string{"없는 낱말", "★"} {
		refused(t, d, "removing "+word, fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { return RemoveWord(tx, "one", word) })
	}
}

// A site that is made while the installation's list changes must not go by the old one.
func TestNoNewSitePassesBlockedWordsBy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
					_, err := Create(tx, keys, fmt.Sprintf("site-%d", i), "가게")
					return err
				}); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
					_, err := AddWords(tx, "", []string{fmt.Sprintf("낱말%d", i)})
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for i := range 8 {
			standing(t, d, fmt.Sprintf("site-%d", i))
		}
		if n := len(blocked(t, d, "")); n != 8 {
			t.Errorf("%d words are on the list, want 8", n)
		}
	})
}
