package event_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
)

func update(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Update(t.Context(), "test", fn); err != nil {
		t.Fatal(err)
	}
}

func listen(tx *db.Tx, site string, of event.Families) error {
	if _, err := event.LockListening(tx, site); err != nil {
		return err
	}
	return event.Listen(tx, site, of)
}

func TestAnEventIsPendingWhereItsFamilyIsWantedUntilItIsHandedOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		update(t, d, func(tx *db.Tx) error {
			if of, err := event.LockListening(tx, "demo"); of != 0 || err != nil {
				t.Errorf("at first: got %b, %v", of, err)
			}
			if err := listen(tx, "demo", event.OfMessages|event.OfPayments); err != nil {
				return err
			}
			return event.Append(tx, event.Event{Site: "demo", Type: "message.done"}, event.Event{Site: "demo", Type: "credit.low"},
				event.Event{Site: "demo", Type: "payment.paid"}, event.Event{Site: "other", Type: "message.done"})
		})
		update(t, d, func(tx *db.Tx) error {
			of, err := event.LockListening(tx, "demo")
			if err != nil || of != event.OfMessages|event.OfPayments {
				t.Errorf("got %b, %v", of, err)
			}
			list, err := event.FirstPending(tx, 10)
			if err != nil || len(list) != 2 || list[0].Type != "message.done" || list[1].Type != "payment.paid" || list[0].Site != "demo" {
				t.Fatalf("got %v, %v", list, err)
			}
			if err := event.HandedOn(tx, list[:1]); err != nil {
				return err
			}
			still, err := event.StillPending(tx, list)
			if err != nil || len(still) != 1 || still[0] != list[1] {
				t.Errorf("got %v, %v; want the second alone", still, err)
			}
			return listen(tx, "demo", 0)
		})
		update(t, d, func(tx *db.Tx) error { return event.Append(tx, event.Event{Site: "demo", Type: "message.done"}) })
		update(t, d, func(tx *db.Tx) error {
			if list, err := event.FirstPending(tx, 10); err != nil || len(list) != 1 {
				t.Errorf("got %v, %v; want nothing new, since nobody listens any more", list, err)
			}
			return nil
		})
	})
}

func TestASearchNarrowsEventsAndGoesOnWhereItStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const all, rare = 12_000, 3
		var middle db.Time
		for part := range all / 1000 {
			update(t, d, func(tx *db.Tx) error {
				if part == 6 {
					middle = tx.Now
				}
				var events []event.Event
				for n := range 1000 {
					events = append(events, event.Event{Site: "demo", Type: "message.progress", Ref: fmt.Sprint("msg_", n)})
				}
				if part%4 == 1 {
					events[500].Type, events[500].Ref = "payment.paid", "pay_1"
				}
				return event.Append(tx, append(events, event.Event{Site: "other", Type: "payment.paid", Ref: "pay_1"})...)
			})
		}
		search := func(f event.Filter) (found []event.Stored, rounds int) {
			for more := true; more; rounds++ {
				err := d.View(t.Context(), "test", func(tx *db.Tx) error {
					list, next, err := event.Search(tx, "demo", f)
					f.Before, more = next, !next.IsZero()
					found = append(found, list...)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			return found, rounds
		}
		for name, c := range map[string]struct {
			f      event.Filter
			want   int
			rounds int
		}{
			"a type":   {event.Filter{Type: "payment.paid", Limit: 50}, rare, 3},
			"a family": {event.Filter{Type: "payment.", Family: true, Limit: 2}, rare, 4},
			"a thing":  {event.Filter{Ref: "pay_1", Limit: 50}, rare, 3},
			"since":    {event.Filter{From: middle, Limit: 5000}, all / 2, 3},
			"before":   {event.Filter{Until: middle, Type: "payment.paid", Limit: 50}, 2, 3},
		} {
			found, rounds := search(c.f)
			if len(found) != c.want || rounds > c.rounds {
				t.Errorf("%s: got %d events in %d rounds, want %d in %d at most", name, len(found), rounds, c.want, c.rounds)
			}
			if !slices.IsSortedFunc(found, func(a, b event.Stored) int { return slices.Compare(b.ID[:], a.ID[:]) }) {
				t.Errorf("%s: the newest is not first", name)
			}
		}
	})
}

// Concealing is told by what it hides and who can read it again.
func TestConcealedMetadataIsReadAgainByWhoHasTheKey(t *testing.T) {
	seal := func(context string, plain []byte) []byte {
		return []byte(context + "|" + strings.ToUpper(string(plain)))
	}
	open := func(context string, sealed []byte) ([]byte, error) {
		plain, ok := strings.CutPrefix(string(sealed), context+"|")
		if !ok {
			return nil, fmt.Errorf("another context")
		}
		return []byte(strings.ToLower(plain)), nil
	}
	if event.Conceal(seal, "msg_1", nil) != nil {
		t.Error("nothing was sealed")
	}
	data := fmt.Appendf(nil, `{"message_id":"msg_1","sealed_metadata":%q,"recipients":[]}`, "ZXZlbnQgbWV0YWRhdGEgbXNnXzF8eyJBIjoxfQ==")
	got, err := event.Reveal(open, "msg_1", data)
	if want := `{"message_id":"msg_1","metadata":{"a":1},"recipients":[]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if _, err := event.Reveal(open, "msg_2", data); err == nil {
		t.Error("it is read as that of another message")
	}
	plain := []byte(`{"n":1}`)
	if got, err := event.Reveal(open, "msg_1", plain); err != nil || string(got) != string(plain) {
		t.Errorf("got %s, %v; want it as it is", got, err)
	}
}

func FuzzReveal(f *testing.F) {
	for _, s := range []string{`{}`, `{"sealed_metadata":"AAAA"}`, `{"sealed_metadata":1}`, `"sealed_metadata"`, ``, `{"sealed_metadata":"eyJhIjoxfQ=="}`} {
		f.Add([]byte(s))
	}
	open := func(_ string, sealed []byte) ([]byte, error) { return sealed, nil }
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := event.Reveal(open, "msg_1", data)
		var members map[string]json.RawMessage
		if err == nil && json.Unmarshal(got, &members) == nil && members["sealed_metadata"] != nil {
			t.Errorf("%s stays sealed: %s", data, got)
		}
	})
}
