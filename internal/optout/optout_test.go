package optout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

func TestAnOptOutIsOfItsSiteAndScope(t *testing.T) {
	each(t, func(w *world) {
		w.add("shop", Advertising, 1)
		w.add("shop", All, 2)
		if got := w.scopes("shop", 1, 2, 3); !slices.Equal(got, []Scope{Advertising, All, ""}) {
			w.t.Errorf("the scopes are %q", got)
		}
		if got := w.scopes("other", 1, 2); !slices.Equal(got, []Scope{"", ""}) {
			w.t.Errorf("another site's scopes are %q", got)
		}
		for scope, want := range map[Scope][2]bool{Advertising: {true, false}, All: {true, true}, "": {false, false}} {
			if scope.Covers(true) != want[0] || scope.Covers(false) != want[1] {
				w.t.Errorf("%q covers advertising %t, information %t; want %v", scope, scope.Covers(true), scope.Covers(false), want)
			}
		}
	})
}

func TestAWishIsWidenedAndNeverNarrowedByAnother(t *testing.T) {
	each(t, func(w *world) {
		for _, c := range []struct {
			scope Scope
			want  Counts
			then  Scope
		}{
			{Advertising, Counts{Added: 1}, Advertising},
			{Advertising, Counts{Unchanged: 1}, Advertising},
			{All, Counts{Widened: 1}, All},
			{Advertising, Counts{Unchanged: 1}, All},
		} {
			if got := w.add("shop", c.scope, 1); got != c.want {
				w.t.Errorf("adding %s: got %+v, want %+v", c.scope, got, c.want)
			}
			if got := w.scopes("shop", 1); got[0] != c.then {
				w.t.Errorf("after adding %s the scope is %s, want %s", c.scope, got[0], c.then)
			}
		}
		w.must(w.remove("shop", 1))
		if err := w.remove("shop", 1); !fault.Is(err, fault.NotFound) || strings.Contains(err.Error(), string(phone(1))) {
			w.t.Errorf("removing it twice: got %v, want it missing without its number", err)
		}
		if got := w.scopes("shop", 1); got[0] != "" {
			w.t.Errorf("after removing the scope is %s", got[0])
		}
	})
}

func TestTheSameNumberTwiceInOneListIsOneOptOut(t *testing.T) {
	each(t, func(w *world) {
		if got := w.add("shop", Advertising, 1, 2, 1); got != (Counts{Added: 2, Unchanged: 1}) {
			w.t.Errorf("got %+v", got)
		}
		w.update(func(tx *db.Tx) error {
			_, err := w.of.Add(tx, "shop", ByAPI, []Wish{{phone(5), All}, {phone(5), Advertising}})
			return err
		})
		if got := w.scopes("shop", 5); got[0] != All {
			w.t.Errorf("of two scopes %s counts, want the wider one", got[0])
		}
	})
}

// TestASiteSaysWhetherAnybodyOptedOut holds the site's own word, by which nobody is asked
// for, to the list.
func TestASiteSaysWhetherAnybodyOptedOut(t *testing.T) {
	each(t, func(w *world) {
		rev := w.site("shop").Rev
		want := func(when string, o site.OptOuts) {
			w.t.Helper()
			s := w.site("shop")
			if s.Rules.OptOuts != o {
				w.t.Errorf("%s the site says %d, want %d", when, s.Rules.OptOuts, o)
			}
			if s.Rev <= rev {
				w.t.Errorf("%s the Rev is still %d: others go by what they remember", when, s.Rev)
			}
			rev = s.Rev
		}
		w.add("shop", Advertising, 1)
		want("with one of advertising", site.OptOutsOfAds)
		w.add("shop", All, 2)
		want("with one of everything", site.OptOutsOfAll)
		w.must(w.remove("shop", 2))
		want("without it", site.OptOutsOfAds)
		w.add("shop", All, 1)
		want("widened", site.OptOutsOfAll)
		w.must(w.remove("shop", 1))
		want("with none", site.NoOptOuts)
		if got := w.site("other").Rules.OptOuts; got != site.NoOptOuts {
			w.t.Errorf("another site says %d", got)
		}
	})
}

func TestNoOptOutsAreOfNoConcern(t *testing.T) {
	for o, want := range map[site.OptOuts][2]bool{site.NoOptOuts: {false, false}, site.OptOutsOfAds: {true, false}, site.OptOutsOfAll: {true, true}} {
		if o.Matter(true) != want[0] || o.Matter(false) != want[1] {
			t.Errorf("%d matters to advertising %t, to information %t; want %v", o, o.Matter(true), o.Matter(false), want)
		}
	}
}

// TestTheStandingOfAListIsWhatItsRowsSay plays random changes and adds the rows up again.
func TestTheStandingOfAListIsWhatItsRowsSay(t *testing.T) {
	each(t, func(w *world) {
		rapid.Check(w.t, func(rt *rapid.T) {
			for range rapid.IntRange(1, 8).Draw(rt, "changes") {
				n := rapid.IntRange(1, 6).Draw(rt, "number")
				if rapid.Bool().Draw(rt, "add") {
					w.add("shop", rapid.SampledFrom([]Scope{Advertising, All}).Draw(rt, "scope"), n)
				} else {
					_ = w.remove("shop", n)
				}
			}
			got, want := w.standing("shop"), Standing{}
			w.view(func(tx *db.Tx) error {
				key, err := w.keys.Site(tx, "shop")
				if err != nil {
					return err
				}
				list, err := w.of.List(tx, "shop", Spot{}, 100)
				for _, o := range list {
					mobile, _ := o.To.Mobile()
					want.put(key.Alias(mobile), o.Scope, 1)
				}
				return err
			})
			if got.Advertising != want.Advertising || got.All != want.All || got.Digest != want.Digest {
				rt.Fatalf("the list stands as %+v, its rows as %+v", got, want)
			}
			if got.Count() == 0 && got.Digest != [32]byte{} {
				rt.Fatalf("an empty list has the digest %x", got.Digest)
			}
		})
	})
}

func TestAListIsReadInPagesNewestFirst(t *testing.T) {
	each(t, func(w *world) {
		for n := range 3 {
			w.add("shop", Advertising, 3*n, 3*n+1, 3*n+2)
		}
		var got []OptOut
		var after Spot
		for {
			var page []Listed
			w.view(func(tx *db.Tx) (err error) { page, err = w.of.List(tx, "shop", after, 2); return err })
			if len(page) == 0 {
				break
			}
			for _, o := range page {
				got, after = append(got, o.OptOut), o.Spot
			}
		}
		seen := map[string]bool{}
		for i, o := range got {
			seen[string(o.To)] = true
			if i > 0 && got[i-1].At < o.At {
				w.t.Errorf("opt-out %d is newer than the one before it", i)
			}
		}
		if len(got) != 9 || len(seen) != 9 {
			w.t.Errorf("%d opt-outs of %d numbers are listed, want 9", len(got), len(seen))
		}
		one, err := OptOut{}, error(nil)
		w.view(func(tx *db.Tx) error { one, err = w.of.Find(tx, "shop", phone(4)); return err })
		if one.To != phone(4) || one.Scope != Advertising || one.Source != ByAPI || one.ID.IsZero() {
			w.t.Errorf("found %+v", one)
		}
		err = w.d.View(w.t.Context(), "test", func(tx *db.Tx) error { _, err := w.of.Find(tx, "other", phone(4)); return err })
		if !fault.Is(err, fault.NotFound) {
			w.t.Errorf("at another site: got %v, want it missing", err)
		}
	})
}

func TestEventsOfOptOutsNameNoNumber(t *testing.T) {
	each(t, func(w *world) {
		w.add("shop", Advertising, 1)
		w.add("shop", All, 1, 2, 3)
		w.add("shop", All, 1, 2, 3) // nothing changes, nothing is told
		w.must(w.remove("shop", 2))
		var got []string
		for _, e := range w.events("shop") {
			if strings.Contains(string(e.Data)+e.Ref, string(phone(1))[3:]) {
				w.t.Errorf("%s names a number: %s", e.Type, e.Data)
			}
			var data map[string]any
			w.must(json.Unmarshal(e.Data, &data))
			got = append(got, fmt.Sprint(e.Type, " ", data["scope"], " ", data["added"], " ", data["widened"], " ", data["source"]))
		}
		want := []string{"opt_out.added advertising <nil> <nil> api", "opt_out.imported <nil> 2 1 api", "opt_out.removed all <nil> <nil> api"}
		if !slices.Equal(got, want) {
			w.t.Errorf("events are %q, want %q", got, want)
		}
		first := w.events("shop")[0]
		if _, err := id.Parse(id.OptOut, first.Ref); err != nil {
			w.t.Errorf("the event is about %q: %v", first.Ref, err)
		}
	})
}

func TestNumbersAreNotStored(t *testing.T) {
	each(t, func(w *world) {
		w.add("shop", Advertising, 1)
		mobile, _ := phone(1).Mobile()
		w.view(func(tx *db.Tx) error {
			var alias id.ID
			err := tx.QueryRow(`SELECT number FROM opt_out WHERE site_id = ?`, "shop").Scan(&alias)
			if plain := fmt.Appendf(nil, "%08d", mobile); bytes.Contains(alias[:], plain) || bytes.Contains(alias[:], []byte{byte(mobile >> 24), byte(mobile >> 16), byte(mobile >> 8), byte(mobile)}) {
				w.t.Errorf("the alias %x shows the number", alias)
			}
			return err
		})
	})
}

func TestOptOutsOfNoSiteAreNotStored(t *testing.T) {
	each(t, func(w *world) {
		err := w.d.Update(w.t.Context(), "test", func(tx *db.Tx) error {
			_, err := w.of.Add(tx, "nobody", ByAPI, []Wish{{phone(1), All}})
			return err
		})
		if !fault.Is(err, fault.NotFound) {
			w.t.Errorf("got %v, want the site missing", err)
		}
	})
}
