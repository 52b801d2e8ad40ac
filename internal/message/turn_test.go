package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
)

// TestSitesTakeTurns puts the work of several sites into line and tells in what order it is done.
func TestSitesTakeTurns(t *testing.T) {
	type ask struct {
		site   string
		people int64
		weight int
	}
	many := func(site string, n, people, weight int) []ask {
		return slices.Repeat([]ask{{site, int64(people), weight}}, n)
	}
	for _, c := range []struct {
		name string
		asks []ask
		want string
	}{
		{"who comes first", []ask{{"a", 1, 1}, {"b", 1, 1}}, "a b"},
		{"one after another of equal ones", slices.Concat(many("a", 3, 1000, 1), many("b", 3, 1000, 1)), "a b a b a b"},
		{"twice as much by weight", slices.Concat(many("a", 4, 1000, 2), many("b", 2, 1000, 1)), "a b a a b a"},
		{"a single one before the rest of a large one", slices.Concat(many("a", 3, 1000, 1), many("b", 1, 1, 1)), "a b a a"},
		{"many small ones against a large one", slices.Concat(many("a", 4, 250, 1), many("b", 2, 1000, 1)), "a b a a a b"},
	} {
		var all turns
		var places []string
		for i, a := range c.asks {
			at := all.take(a.site, 1_000_000+db.Time(i), a.people, a.weight)
			places = append(places, fmt.Sprintf("%020d %s", int64(at), a.site))
		}
		slices.Sort(places)
		var order []string
		for _, p := range places {
			order = append(order, p[21:])
		}
		if got := strings.Join(order, " "); got != c.want {
			t.Errorf("%s: order %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAPlaceIsNeverBeforeItsTimeNorTooFarBehind(t *testing.T) {
	var all turns
	now := db.Time(1_000_000)
	if at := all.take("a", now, 100_000_000, 1); at != now {
		t.Errorf("the first place is %d, want now, %d", at, now)
	}
	if at := all.take("a", now, 1, 1); at != now.Add(farthest) {
		t.Errorf("behind very many the place is %s after now, want %s", at.Sub(now), farthest)
	}
	later := now.Add(12 * time.Hour)
	if at := all.take("a", later, 1, 1); at != later {
		t.Errorf("hours later the place is %d, want then, %d", at, later)
	}
}

func TestTurnsRememberOnlyWhoWaits(t *testing.T) {
	var all turns
	for i := range 3 * sweepTurns {
		all.take(fmt.Sprint("site-", i), db.Time(i)*1_000_000, 1, 1)
	}
	if n := len(all.next); n > sweepTurns {
		t.Errorf("%d sites are remembered, want at most %d", n, sweepTurns)
	}
}
