package idem

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

func key(name, request string) Key {
	return Key{Site: "demo", Scope: "POST /v1/messages", Key: name, Fingerprint: sha256.Sum256([]byte(request))}
}

func record(name, request, reply string, keep time.Duration) Record {
	return Record{Key: key(name, request), Reply: Reply{Status: 202, Body: []byte(reply)}, Keep: keep}
}

// at runs fn in a transaction at a time of the test's choice.
func at(t testing.TB, d *db.DB, now db.Time, fn func(*db.Tx) error) {
	t.Helper()
	err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
		tx.Now = now
		return fn(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func putAt(t testing.TB, d *db.DB, now db.Time, records ...Record) (found []Found) {
	t.Helper()
	at(t, d, now, func(tx *db.Tx) (err error) {
		found, err = Put(tx, records...)
		return err
	})
	return found
}

func find(t testing.TB, d *db.DB, now db.Time, keys ...Key) (found []Found) {
	t.Helper()
	at(t, d, now, func(tx *db.Tx) (err error) {
		found, err = Find(tx, keys...)
		return err
	})
	return found
}

func wants(t *testing.T, what string, got, want []Found) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

var noon = db.At(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))

const day = 24 * time.Hour

func reply(text string) Reply { return Reply{Status: 202, Body: []byte(text)} }

func TestARepeatFindsTheFirstReply(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		wants(t, "first", putAt(t, d, noon, record("a", "body", "one", day)), []Found{{}})
		wants(t, "repeat", putAt(t, d, noon+1, record("a", "body", "two", day)), []Found{{Exists: true, Reply: reply("one")}})
		wants(t, "other body", putAt(t, d, noon+1, record("a", "other", "two", day)), []Found{{Exists: true, Mismatch: true, Reply: reply("one")}})
		wants(t, "Find", find(t, d, noon+1, key("b", "x"), key("a", "body"), key("a", "other"), key("a", "body")),
			[]Found{{}, {Exists: true, Reply: reply("one")}, {Exists: true, Mismatch: true, Reply: reply("one")}, {Exists: true, Reply: reply("one")}})
	})
}

func TestTheSameTextElsewhereIsAnotherKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		putAt(t, d, noon, record("a", "body", "one", day))
		for _, k := range []Key{
			{Site: "demo2", Scope: "POST /v1/messages", Key: "a"},
			{Site: "demo", Scope: "POST /v1/tokens", Key: "a"},
			{Site: "demo", Scope: "POST /v1/message", Key: "sa"},
			{Site: "demo", Scope: "POST /v1/messages", Key: "A"},
			{Site: "demo", Scope: "POST /v1/messages", Key: "a "},
		} {
			wants(t, fmt.Sprintf("%+v", k), find(t, d, noon, k), []Found{{}})
		}
	})
}

func TestOfTwoEqualKeysInOnePutTheFirstWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got := putAt(t, d, noon, record("b", "x", "b", 0), record("a", "body", "one", 0), record("a", "body", "two", 0), record("a", "other", "three", 0))
		wants(t, "Put", got, []Found{{}, {}, {Exists: true, Reply: reply("one")}, {Exists: true, Mismatch: true, Reply: reply("one")}})
		wants(t, "Find", find(t, d, noon, key("a", "body")), []Found{{Exists: true, Reply: reply("one")}})
	})
}

func TestAReplyIsFilledInBeforeTheCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at(t, d, noon, func(tx *db.Tx) error {
			_, err := Put(tx, Record{Key: key("b", "y"), Keep: day}, Record{Key: key("a", "x")})
			if err != nil {
				return err
			}
			before, err := Find(tx, key("a", "x"))
			if err != nil {
				return err
			}
			wants(t, "before", before, []Found{{Exists: true}})
			return SetReply(tx, record("b", "y", "to b", 0), record("a", "x", "to a", 0))
		})
		wants(t, "after", find(t, d, noon, key("a", "x"), key("b", "y")),
			[]Found{{Exists: true, Reply: reply("to a")}, {Exists: true, Reply: reply("to b")}})
		wants(t, "a day later", find(t, d, noon.Add(day), key("a", "x"), key("b", "y")), []Found{{Exists: true, Reply: reply("to a")}, {}})
	})
}

func TestAReplyForAKeyThatWasNotPutIsAnError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		refused := errors.New("as it should")
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			if err := SetReply(tx, record("a", "x", "r", 0)); !errors.Is(err, db.ErrStale) {
				t.Errorf("got %v, want ErrStale", err)
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Error(err)
		}
	})
}

func TestAForgottenKeyIsFree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at(t, d, noon, func(tx *db.Tx) error {
			_, err := Put(tx, record("a", "x", "1", 0), record("b", "x", "2", 0))
			return errors.Join(err, Forget(tx, key("a", "x"), key("a", "x"), key("none", "x")))
		})
		wants(t, "Put", putAt(t, d, noon, record("a", "y", "3", 0), record("b", "x", "4", 0)), []Found{{}, {Exists: true, Reply: reply("2")}})
	})
}

func TestAKeyWhoseTimeIsOverIsFreeBeforeAndAfterTheSweep(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		putAt(t, d, noon, record("a", "x", "1", day), record("b", "x", "2", 2*day), record("c", "x", "3", 0))
		over := noon.Add(day)
		wants(t, "Find", find(t, d, over, key("a", "x"), key("b", "x"), key("c", "x")),
			[]Found{{}, {Exists: true, Reply: reply("2")}, {Exists: true, Reply: reply("3")}})
		wants(t, "Put", putAt(t, d, over, record("a", "y", "new", 0)), []Found{{}})
		wants(t, "Find", find(t, d, over, key("a", "y")), []Found{{Exists: true, Reply: reply("new")}})
	})
}

func TestSweepDeletesOnlyWhatIsOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var records []Record
		for n := range 2*sweepAtOnce + 3 {
			records = append(records, record(fmt.Sprintf("old %d", n), "x", "r", day))
		}
		records = append(records, record("for ever", "x", "r", 0))
		putAt(t, d, noon, records...)
		putAt(t, d, db.At(time.Now()), record("fresh", "x", "r", 365*day))
		n, err := Sweep(t.Context(), d)
		if err != nil || n != 2*sweepAtOnce+3 {
			t.Errorf("Sweep: got %d, %v, want %d", n, err, 2*sweepAtOnce+3)
		}
		left := find(t, d, noon, key("old 0", "x"), key("for ever", "x"), key("fresh", "x"))
		wants(t, "left", left, []Found{{}, {Exists: true, Reply: reply("r")}, {Exists: true, Reply: reply("r")}})
	})
}

func TestOfManyAtOnceExactlyOneDoesTheWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		won, replies := map[string]int{}, map[string]string{}
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				for round := range 5 {
					a, b := fmt.Sprintf("a%d", round), fmt.Sprintf("b%d", round)
					records := []Record{record(a, "x", fmt.Sprint(n), day), record(b, "x", fmt.Sprint(n), day)}
					if n%2 == 0 {
						records[0], records[1] = records[1], records[0]
					}
					var found []Found
					err := d.Update(t.Context(), "test", func(tx *db.Tx) (err error) {
						found, err = Put(tx, records...)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for i, f := range found {
						name, text := records[i].Key.Key, fmt.Sprint(n)
						if f.Exists {
							text = string(f.Reply.Body)
						} else {
							won[name]++
						}
						if old, known := replies[name]; known && old != text {
							t.Errorf("key %s: one was told %q, another %q", name, old, text)
						}
						replies[name] = text
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		want := map[string]int{}
		for round := range 5 {
			want[fmt.Sprintf("a%d", round)], want[fmt.Sprintf("b%d", round)] = 1, 1
		}
		if !maps.Equal(won, want) {
			t.Errorf("times that the work was done: got %v, want %v", won, want)
		}
	})
}

// Puts, expiry and sweeping in any order against a map.
func TestKeysBehaveLikeAMapWithTimes(t *testing.T) {
	type entry struct {
		request, reply string
		until          db.Time
	}
	run := 0
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			run++
			now, model := noon, map[string]entry{}
			for range rapid.IntRange(1, 8).Draw(rt, "steps") {
				now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "hours")) * time.Hour)
				var records []Record
				var want []Found
				for i := range rapid.IntRange(1, 4).Draw(rt, "records") {
					name := fmt.Sprintf("%d-%d", run, rapid.IntRange(0, 4).Draw(rt, "key"))
					request := rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "request")
					keep := rapid.SampledFrom([]time.Duration{0, day}).Draw(rt, "keep")
					text := fmt.Sprint(now, i)
					records = append(records, record(name, request, text, keep))
					e, known := model[name]
					if known && (e.until == 0 || e.until > now) {
						want = append(want, Found{Exists: true, Mismatch: e.request != request, Reply: reply(e.reply)})
						continue
					}
					want = append(want, Found{})
					model[name] = entry{request: request, reply: text}
					if keep > 0 {
						model[name] = entry{request, text, now.Add(keep)}
					}
				}
				got := putAt(t, d, now, records...)
				if diff := cmp.Diff(want, got); diff != "" {
					rt.Fatalf("Put (-want +got):\n%s", diff)
				}
				if rapid.Bool().Draw(rt, "sweep") {
					at(t, d, now, func(tx *db.Tx) error {
						_, err := sweep(tx)
						return err
					})
				}
			}
		})
	})
}

func TestHeadersAreReadQuotedOrBare(t *testing.T) {
	for v, want := range map[string]string{
		`"8e03978e-40d5"`: "8e03978e-40d5", `8e03978e-40d5`: "8e03978e-40d5", ` "a" `: "a", "a b": "a b",
		`"a\"b\\c"`: `a"b\c`, `a"b`: `a"b`, strings.Repeat("k", 255): strings.Repeat("k", 255),
	} {
		if got, err := ParseHeader(v); err != nil || got != want {
			t.Errorf("ParseHeader(%q) = %q, %v; want %q", v, got, err, want)
		}
	}
	for _, v := range []string{"", " ", `""`, `"`, `"a`, `"a"b`, `"a";p=1`, `"a\b"`, `"a\`, "열쇠", "a\x00", "a\x7f", strings.Repeat("k", 256)} {
		if got, err := ParseHeader(v); err == nil {
			t.Errorf("ParseHeader(%q) = %q, want an error", v, got)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	for _, v := range []string{`"a"`, "a", `"a\"b"`, `"\\"`, `"`, "", "\t a", `"a"x`} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		got, err := ParseHeader(v)
		if err != nil {
			return
		}
		if got == "" || len(got) > longest || !printable(got) {
			t.Fatalf("ParseHeader(%q) = %q, which is no key", v, got)
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(got) + `"`
		if again, err := ParseHeader(quoted); err != nil || again != got {
			t.Fatalf("ParseHeader(%q) = %q, %v; want %q", quoted, again, err, got)
		}
	})
}
