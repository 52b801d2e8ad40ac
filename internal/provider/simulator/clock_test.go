package simulator

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTheWheelGivesEveryEventOnceAndNeverEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(1_800_000_000, 0)
		var w wheel
		due := map[*message]time.Time{}
		for _, d := range rapid.SliceOf(rapid.Int64Range(0, int64(time.Minute))).Draw(t, "due") {
			m := &message{}
			due[m] = start.Add(time.Duration(d))
			w.add(due[m], event{msg: m})
		}
		for now := start; ; now = now.Add(7 * time.Millisecond) {
			for {
				events := w.take(now, 3)
				if len(events) == 0 {
					break
				}
				for _, e := range events {
					at, ok := due[e.msg]
					if !ok {
						t.Fatal("an event came twice")
					}
					if at.After(now) || now.Sub(at) > tickLength+7*time.Millisecond {
						t.Fatalf("event due at %v came at %v", at, now)
					}
					delete(due, e.msg)
				}
			}
			if _, more := w.next(); !more {
				break
			}
		}
		if len(due) != 0 {
			t.Fatalf("events that never came: %d", len(due))
		}
	})
}

func TestAQueueGivesWhatWasPutInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q fifo[int]
		var want []int
		next := 0
		for _, n := range rapid.SliceOfN(rapid.IntRange(-3000, 3000), 0, 20).Draw(t, "steps") {
			for range max(n, 0) {
				q.push(next)
				want = append(want, next)
				next++
			}
			for range min(max(-n, 0), len(want)) {
				if got := q.pop(); got != want[0] {
					t.Fatalf("pop: got %d, want %d", got, want[0])
				}
				want = want[1:]
			}
			if q.len() != len(want) || cap(q.items) > 4*max(len(want), 2048) {
				t.Fatalf("queue: got %d items in room for %d, want %d", q.len(), cap(q.items), len(want))
			}
		}
	})
}

func TestIdentifiersHaveTheVendorsFormAndAreFoundAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := identifiers{key: rapid.Uint64().Draw(t, "key")}
		n := rapid.Uint64().Draw(t, "number")
		if got := i.reveal(i.disguise(n)); got != n {
			t.Fatalf("disguise: got %d back, want %d", got, n)
		}
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "seconds"), 0)
		id := i.message(n, at)
		if got, ok := i.slot(id); !ok || got != n || !wellFormed(id, messagePrefix) {
			t.Fatalf("%s: got %d, %v, want %d", id, got, ok, n)
		}
		now := time.Unix(1_800_000_000, 123_000_000)
		ids := []string{i.group(now), i.file(now), i.kakao(channelPrefix, now), i.kakao(templatePrefix, now)}
		for k, prefix := range []string{"G4V20270115170000", "ST01FZ270115170000", "KA01PF270115170000123", "KA01TP270115170000123"} {
			if len(ids[k]) != idLength || ids[k][:len(prefix)] != prefix {
				t.Fatalf("id: got %s, want 32 characters from %s", ids[k], prefix)
			}
		}
	})
	var i identifiers
	var all []string
	for range 10_000 {
		all = append(all, i.group(time.Unix(0, 0)))
	}
	slices.Sort(all)
	if got := len(slices.Compact(all)); got != 10_000 {
		t.Errorf("ids: got %d different, want 10000", got)
	}
}
