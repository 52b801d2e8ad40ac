package audit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

var ann = Actor{Kind: Token, ID: "tok_ann", Name: "앤의 프로그램", Address: "203.0.113.5", Request: "req_1", Operation: "updateTemplate"}

func TestAChangeIsNotedWithWhoMadeItAndWhatChanged(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		w.note(ann, Change{Site: "shop", Action: "template.updated", Ref: "예약_01", AskedBy: "kim", ApprovedBy: "lee",
			Before: Fields{"state": "draft", "name": "예약", "pause": 90 * time.Second, "at": db.Time(0)},
			After:  Fields{"state": "approved", "name": "예약", "pause": 2 * time.Minute, "at": db.At(start)}})
		list := w.list(Filter{Site: "shop"})
		if len(list) != 1 {
			t.Fatalf("got %d entries, want 1", len(list))
		}
		e := list[0]
		want := Entry{Site: "shop", ID: e.ID, At: db.At(start), Actor: ann, Action: "template.updated", Ref: "예약_01", AskedBy: "kim", ApprovedBy: "lee",
			Before: []byte(`{"at":null,"pause":"1m30s","state":"draft"}`), After: []byte(`{"at":"2026-12-01T03:00:00.123456Z","pause":"2m0s","state":"approved"}`)}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatNobodyAskedForIsTheProgramsOwn(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		w.must(w.d.Update(t.Context(), "job_of_the_night", func(tx *db.Tx) error { return Note(tx, Change{Action: "site.created", Ref: "shop"}) }))
		if got, want := w.list(Filter{})[0].Actor, (Actor{Kind: System, Operation: "job_of_the_night"}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestAChangeAndItsEntryAreThereTogetherOrNotAtAll(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		given := errors.New("no")
		err := w.d.Update(t.Context(), "test", func(tx *db.Tx) error { return errors.Join(Note(tx, Change{Action: "a.b"}), given) })
		if !errors.Is(err, given) || len(w.list(Filter{All: true})) != 0 {
			t.Errorf("got %v and %d entries, want the error and none", err, len(w.list(Filter{All: true})))
		}
	})
}

func TestAChangeToWhatWasIsNone(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		same := Fields{"state": "active", "senders": []string{"a"}}
		w.note(ann, Change{Site: "shop", Action: "site.updated", Before: same, After: same},
			Change{Site: "shop", Action: "site.created", After: same}, Change{Site: "shop", Action: "site.asked"})
		list := w.list(Filter{Site: "shop"})
		if len(list) != 2 || list[0].Action != "site.asked" || list[1].Action != "site.created" {
			t.Errorf("got %+v, want what was made and what has no parts, in their order", list)
		}
	})
}

func TestEntriesOfOneMomentStayInTheirOrder(t *testing.T) {
	before := stamp(db.At(start) - 1)
	for range 3000 {
		d := stamp(db.At(start))
		if strings.Compare(string(d[:]), string(before[:])) <= 0 || d[6]>>4 != 7 || d[8]>>6 != 2 {
			t.Fatalf("%x does not come after %x as a UUIDv7", d, before)
		}
		before = d
	}
	if d := stamp(db.At(start) + 1); strings.Compare(string(d[:]), string(before[:])) <= 0 {
		t.Errorf("%x does not come after the microsecond before", d)
	}
}

func TestAnActionThatIsNoneIsRefused(t *testing.T) {
	for _, action := range []string{"", "word", "Two.words", ".a", "a.", "a..b", "a b.c", strings.Repeat("a.", 40) + "b"} {
		if isAction(action) {
			t.Errorf("%q is taken for an action", action)
		}
	}
}

func TestWhoIsToldWithinBounds(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		w.note(Actor{Kind: Command, Name: strings.Repeat("가", 300), Operation: "가나다" + strings.Repeat("x", 100)}, Change{Action: "a.b", Ref: strings.Repeat("나", 300)})
		e := w.list(Filter{})[0]
		if len([]rune(e.Actor.Name)) != mostText || len([]rune(e.Ref)) != mostText || e.Actor.Operation != "???"+strings.Repeat("x", 61) {
			t.Errorf("got a name of %d, a ref of %d and the operation %q", len([]rune(e.Actor.Name)), len([]rune(e.Ref)), e.Actor.Operation)
		}
	})
}

func TestWhatMustNotBeToldIsNot(t *testing.T) {
	b, a := Fields{}, Fields{}
	Secret(b, a, "same", "x", "x")
	Secret(b, a, "set", "", "hunter2")
	Secret(b, a, "gone", "hunter2", "")
	Secret(b, a, "other", "hunter1", "hunter2")
	if diff := cmp.Diff(Fields{"set": nil, "gone": "hidden", "other": "hidden"}, b); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Fields{"set": Hidden, "gone": nil, "other": Hidden}, a); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{"owner@example.com": "o***@example.com", "김@예.kr": "김***@예.kr", "nobody": "***", "@x": "***"} {
		if got := Mail(text); got != want {
			t.Errorf("got %q of %q, want %q", got, text, want)
		}
	}
	if got := Said("전화 010-1234-5678 로"); strings.Contains(got, "1234") {
		t.Errorf("%q shows a number", got)
	}
	if Wording("가나다") == Wording("라마바") || !strings.HasPrefix(Wording("가나다"), "3 characters, ") || Wording("") != "" {
		t.Errorf("got %q and %q", Wording("가나다"), Wording("라마바"))
	}
	if got := Names(Fields{"name": "a", "memo": "x", "groups": []int{1}}, Fields{"name": "b", "memo": "x", "groups": []int{2}}); !cmp.Equal(got, []string{"groups", "name"}) {
		t.Errorf("got %v", got)
	}
}

func TestEntriesAreFoundByWhoWhatAndWhen(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		w.note(ann, Change{Site: "shop", Action: "template.updated", Ref: "A"}, Change{Site: "shop", Action: "template.created", Ref: "나"})
		w.now = start.Add(time.Hour)
		w.note(Actor{Kind: Command, Name: "박 대리"}, Change{Site: "shop", Action: "templates.moved", Ref: "A"}, Change{Site: "other", Action: "site.created"}, Change{Action: "plan.created"})
		for name, c := range map[string]struct {
			f    Filter
			want string
		}{
			"all of a site":      {Filter{Site: "shop"}, "templates.moved template.created template.updated"},
			"the installation's": {Filter{}, "plan.created"},
			"all":                {Filter{All: true}, "plan.created site.created templates.moved template.created template.updated"},
			"a first word":       {Filter{Site: "shop", Action: "template"}, "template.created template.updated"},
			"a whole action":     {Filter{Site: "shop", Action: "template.created"}, "template.created"},
			"an id":              {Filter{Site: "shop", Actor: "tok_ann"}, "template.created template.updated"},
			"a name":             {Filter{All: true, Actor: "박 대리"}, "plan.created site.created templates.moved"},
			"a kind":             {Filter{Site: "shop", Actor: "command"}, "templates.moved"},
			"a ref":              {Filter{Site: "shop", Ref: "나"}, "template.created"},
			"from":               {Filter{Site: "shop", From: db.At(start.Add(time.Hour))}, "templates.moved"},
			"until":              {Filter{Site: "shop", Until: db.At(start) + 1}, "template.created template.updated"},
			"before it":          {Filter{Site: "shop", Until: db.At(start)}, ""},
		} {
			var got []string
			for _, e := range w.list(c.f) {
				got = append(got, e.Action)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: got %v, want %q", name, got, c.want)
			}
		}
	})
}

func TestEachHandsOutEveryEntryOnce(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world) {
		var changes []Change
		for range page + 3 {
			changes = append(changes, Change{Site: "shop", Action: "a.b"})
		}
		w.note(ann, changes...)
		seen := map[id.ID]bool{}
		w.must(Each(t.Context(), w.d, Filter{Site: "shop"}, func(e Entry) error { seen[e.ID] = true; return nil }))
		if len(seen) != page+3 {
			t.Errorf("got %d entries, want %d", len(seen), page+3)
		}
	})
}
