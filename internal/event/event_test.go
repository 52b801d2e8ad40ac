package event_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

func list(t *testing.T, d *db.DB, site string, after id.ID, limit int) (out []event.Stored) {
	t.Helper()
	err := d.View(t.Context(), "test", func(tx *db.Tx) (err error) {
		out, err = event.List(tx, site, after, limit)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEventsAreListedPerSiteInTheOrderOfAppending(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var now db.Time
		var want []event.Event
		for batch := range 3 {
			err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
				now = tx.Now
				var events []event.Event
				for n := range 400 {
					e := event.Event{Site: "demo", Type: "message.accepted", Ref: fmt.Sprintf("msg_%d_%d", batch, n), Data: []byte(`{"이름":"값"}`)}
					events = append(events, e, event.Event{Site: "other", Type: "credit.low"})
				}
				return event.Append(tx, events...)
			})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 400 {
				want = append(want, event.Event{Site: "demo", Type: "message.accepted", Ref: fmt.Sprintf("msg_%d_%d", batch, n), Data: []byte(`{"이름":"값"}`)})
			}
		}
		var got []event.Event
		var last event.Stored
		for {
			page := list(t, d, "demo", last.ID, 500)
			if len(page) == 0 {
				break
			}
			for _, s := range page {
				got = append(got, s.Event)
			}
			last = page[len(page)-1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events of demo (-want +got):\n%s", diff)
		}
		if last.At != now {
			t.Errorf("the last event is of %d, want the time of its transaction %d", last.At, now)
		}
		if other := list(t, d, "other", id.ID{}, 1); len(other) != 1 || string(other[0].Data) != "{}" {
			t.Errorf("events of other: got %v, want one with empty data", other)
		}
	})
}

func TestAnEventOfAFailedTransactionIsNotThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		sorry := fmt.Errorf("the work failed")
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			if err := event.Append(tx, event.Event{Site: "demo", Type: "message.done"}); err != nil {
				return err
			}
			return sorry
		})
		if err == nil || len(list(t, d, "demo", id.ID{}, 10)) != 0 {
			t.Errorf("got %v and events, want an error and none", err)
		}
	})
}

func TestAnEventThatCannotBeSentIsRefused(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	for _, e := range []event.Event{
		{Type: "message.done"}, {Site: "demo"}, {Site: "demo", Type: "message."}, {Site: "demo", Type: ".done"},
		{Site: "demo", Type: "message..done"}, {Site: "demo", Type: "Message done"}, {Site: "demo", Type: strings.Repeat("a", 65)},
		{Site: "demo", Type: "message.done", Ref: strings.Repeat("r", 65)}, {Site: "demo", Type: "message.done", Data: []byte("{")},
	} {
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return event.Append(tx, e) })
		if !fault.Is(err, fault.Internal) {
			t.Errorf("Append of %+v: got %v, want an Internal fault", e, err)
		}
	}
}

func ExampleAppend() {
	// In the transaction that accepts a message:
	accept := func(tx *db.Tx) error {
		return event.Append(tx, event.Event{
			Site: "demo", Type: "message.accepted", Ref: id.New().Text(id.Message), Data: []byte(`{"recipients":1}`),
		})
	}
	_ = accept
}

func TestAnEventIsFoundUnderTheIdThatItWasGiven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ids := []id.ID{id.New(), id.New()}
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			return event.AppendAs(tx, ids, event.Event{Site: "demo", Type: "credit.low"}, event.Event{Site: "demo", Type: "credit.expired", Ref: "pay_1"})
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.View(t.Context(), "test", func(tx *db.Tx) error {
			e, err := event.Find(tx, "demo", ids[1])
			if e.ID != ids[1] || e.Site != "demo" || e.Type != "credit.expired" || e.Ref != "pay_1" || string(e.Data) != "{}" || e.At == 0 {
				t.Errorf("got %+v", e)
			}
			if _, other := event.Find(tx, "other", ids[1]); !fault.Is(other, fault.NotFound) {
				t.Errorf("of another site: %v", other)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
