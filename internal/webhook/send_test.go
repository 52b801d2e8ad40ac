package webhook

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
)

func TestAnEndpointGetsWhatItAskedForSignedAndInSequence(t *testing.T) {
	each(t, func(w *world) {
		r, all := receive(w.t), receive(w.t)
		e, secret := w.create("shop", r.URL, "message.*", "payment.paid")
		w.create("shop", all.URL, "*")
		w.happen("shop", "message.accepted", "credit.low", "payment.declined", "payment.paid", "message.done")
		w.happen("other", "message.done") // to which nobody listens
		w.drain()
		var kinds []string
		list := r.got()
		slices.SortFunc(list, func(a, b got) int { return int(a.seq - b.seq) })
		verifier, err := standard.NewWebhook(string(secret))
		w.must(err)
		for i, g := range list {
			kinds = append(kinds, g.kind)
			if g.seq != int64(i+1) || !strings.HasPrefix(g.id, "evt_") || time.Since(unix(g.timestamp)) > time.Minute {
				t.Errorf("request %d: got place %d, id %q at %s", i, g.seq, g.id, g.timestamp)
			}
			if err := verifier.Verify(g.body, g.header); err != nil {
				t.Errorf("request %d is not believed: %v", i, err)
			}
			if err := verifier.Verify(append(g.body, ' '), g.header); err == nil {
				t.Error("a body that was changed is believed")
			}
		}
		if want := []string{"message.accepted", "payment.paid", "message.done"}; !slices.Equal(kinds, want) {
			t.Errorf("got %v, want %v", kinds, want)
		}
		if n := len(all.got()); n != 5 {
			t.Errorf("the endpoint that wants all got %d, want 5 of its own site", n)
		}
		var b struct {
			Timestamp time.Time       `json:"timestamp"`
			Site      string          `json:"site_id"`
			Data      json.RawMessage `json:"data"`
		}
		w.must(json.Unmarshal(list[2].body, &b))
		if b.Site != "shop" || string(b.Data) != `{"n":4}` || b.Timestamp.UnixMicro() != w.now.Load() {
			t.Errorf("got the body %s", list[2].body)
		}
		d, made := w.log(e, 1)
		if d.State != stateDelivered || d.Attempts != 1 || d.Due != 0 || eventID(d) != list[0].id || len(made) != 1 || made[0].Status != 200 || made[0].Error != "" {
			t.Errorf("got the delivery %+v, attempts %+v", d, made)
		}
	})
}

func TestWhatFailsIsTriedAgainAtTheTimesOfTheSchedule(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		r.answers(func(a http.ResponseWriter, _ *http.Request, _ int) {
			a.WriteHeader(http.StatusInternalServerError)
			_, _ = a.Write([]byte("장애 " + strings.Repeat("x", 5000)))
		})
		w.o.DisableAfter = time.Hour * 24 * 30
		w.open()
		e, _ := w.create("shop", r.URL, "*")
		w.happen("shop", "message.done")
		w.drain()
		for i, wait := range delays {
			if n := len(r.got()); n != i+1 {
				t.Fatalf("%d attempts before the pause of %s, want %d", n, wait, i+1)
			}
			w.pass(wait - time.Second)
			w.turn()
			if n := len(r.got()); n != i+1 {
				t.Fatalf("tried again before %s had passed", wait)
			}
			w.pass(wait/10 + 2*time.Second + longRest)
			w.turn()
		}
		w.pass(100 * time.Hour)
		w.turn()
		d, made := w.log(e, 1)
		if len(made) != attempts || d.State != stateFailed || d.Due != 0 || d.Status != 500 || d.EndedAt == 0 {
			t.Fatalf("got %+v after %d attempts, want it given up after %d", d, len(made), attempts)
		}
		for i, g := range r.got() {
			if g.id != eventID(d) || g.seq != 1 {
				t.Errorf("attempt %d has the id %s and the place %d", i+1, g.id, g.seq)
			}
		}
		if m := made[3]; m.No != 4 || m.Result != "refused" || m.Error != "answered 500 Internal Server Error" || !strings.HasPrefix(m.Response, "장애 xxx") || len(m.Response) != keptBody {
			t.Errorf("got the attempt %d %s %q %.20q (%d)", m.No, m.Result, m.Error, m.Response, len(m.Response))
		}
	})
}

func TestAnEndpointThatAsksForPatienceIsLeftAlone(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		r.answers(func(a http.ResponseWriter, _ *http.Request, n int) {
			if n == 0 {
				a.Header().Set("Retry-After", "7200")
				a.WriteHeader(http.StatusTooManyRequests)
			}
		})
		w.create("shop", r.URL, "*")
		w.happen("shop", "message.accepted")
		w.drain()
		w.happen("shop", "message.done") // which waits as well
		w.drain()
		w.pass(7000 * time.Second)
		w.drain()
		if n := len(r.got()); n != 1 {
			t.Fatalf("got %d requests before it was ready, want 1", n)
		}
		w.pass(time.Hour)
		w.drain()
		if n := len(r.got()); n != 3 {
			t.Errorf("got %d requests, want both events afterwards", n)
		}
	})
}

func TestOnly2xxIsSuccessAndNoRedirectIsFollowed(t *testing.T) {
	each(t, func(w *world) {
		aim := receive(w.t)
		for code, want := range map[int]State{200: stateDelivered, 204: stateDelivered, 299: stateDelivered, 301: Waiting, 307: Waiting, 400: Waiting, 404: Waiting, 503: Waiting} {
			r := receive(w.t)
			r.answers(func(a http.ResponseWriter, _ *http.Request, _ int) {
				a.Header().Set("Location", aim.URL)
				a.WriteHeader(code)
			})
			e, _ := w.create("shop", r.URL, "*")
			w.happen("shop", "message.done")
			w.drain()
			d, made := w.log(e, 1)
			if d.State != want || d.Status != code || (made[0].Result == "redirected") != (code/100 == 3) {
				t.Errorf("%d: got %+v, %+v, want %s", code, d, made, want)
			}
			w.update(func(tx *db.Tx) error { return w.hooks.Remove(tx, "shop", e.ID) })
		}
		if n := len(aim.got()); n > 0 {
			t.Errorf("%d redirects were followed", n)
		}
	})
}

func TestWhatHappensToADisabledEndpointWaitsAndIsDeliveredOnceItIsEnabled(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		e, _ := w.create("shop", r.URL, "*")
		w.happen("shop", "message.accepted")
		w.drain()
		w.update(func(tx *db.Tx) error { _, err := w.hooks.Disable(tx, "shop", e.ID); return err })
		w.happen("shop", "message.progress", "message.done")
		w.drain()
		if list := w.deliveries(e, Filter{State: Waiting}); len(r.got()) != 1 || len(list) != 2 || w.find(e).Reason != Asked {
			t.Fatalf("got %d requests and %d that wait", len(r.got()), len(list))
		}
		w.pass(50 * time.Hour)
		w.update(func(tx *db.Tx) error { _, err := w.hooks.Enable(tx, "shop", e.ID); return err })
		w.drain()
		got := r.seqs()
		slices.Sort(got)
		if !slices.Equal(got, []int64{1, 2, 3}) {
			t.Errorf("got %v, want all three, each once", got)
		}
	})
}

func TestAnEndpointThatIsGoneIsDisabledAtOnceAndItsSiteIsTold(t *testing.T) {
	each(t, func(w *world) {
		r, watch := receive(w.t), receive(w.t)
		r.status(http.StatusGone)
		e, _ := w.create("shop", r.URL, "message.*")
		w.create("shop", watch.URL, "webhook.*")
		w.happen("shop", "message.accepted", "message.done")
		w.drain()
		found := w.find(e)
		if found.State != Disabled || found.Reason != Gone || len(w.deliveries(e, Filter{State: Waiting})) != 2 {
			t.Fatalf("got %s (%s) and %d that wait, want it disabled and both kept", found.State, found.Reason, len(w.deliveries(e, Filter{State: Waiting})))
		}
		w.drain()
		told := watch.got()
		if len(told) != 1 || told[0].kind != "webhook.disabled" || !strings.Contains(string(told[0].body), `"kept_days":30,"reason":"gone"`) {
			t.Errorf("the other endpoint got %v", told)
		}
		jobs, err := w.queue.Claim(ctx, "default", []string{"tell"}, 10)
		if err != nil || len(jobs) != 1 {
			t.Errorf("%d jobs tell the site's people of it, %v; want 1", len(jobs), err)
		}
		r.status(http.StatusOK)
		w.update(func(tx *db.Tx) error { _, err := w.hooks.Enable(tx, "shop", e.ID); return err })
		w.drain()
		if n := len(w.deliveries(e, Filter{State: stateDelivered})); n != 2 {
			t.Errorf("%d were delivered after it was enabled, want 2", n)
		}
	})
}

func TestAnEndpointThatFailsForDaysIsDisabledAndNothingIsLost(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		r.status(http.StatusBadGateway)
		e, _ := w.create("shop", r.URL, "*")
		for range 130 {
			w.happen("shop", "message.done")
			w.drain()
			w.pass(time.Hour)
		}
		found := w.find(e)
		if found.State != Disabled || found.Reason != Failing || found.FailingSince() == 0 {
			t.Fatalf("got %s (%s), failing since %d", found.State, found.Reason, found.FailingSince())
		}
		if since := w.now.Load() - int64(found.FailingSince()); time.Duration(since)*time.Microsecond < DefaultDisableAfter {
			t.Error("it was disabled too early")
		}
		n := len(r.got())
		w.drain()
		if len(r.got()) != n {
			t.Error("a disabled endpoint is still asked")
		}
		r.status(http.StatusOK)
		w.update(func(tx *db.Tx) error {
			if _, err := w.hooks.Replay(tx, "shop", e.ID, Choice{Failed: true}); err != nil {
				return err
			}
			_, err := w.hooks.Enable(tx, "shop", e.ID)
			return err
		})
		w.drain()
		if got := len(w.deliveries(e, Filter{State: stateDelivered})); got != 132 { // the site's own webhook.failing and webhook.disabled, too
			t.Errorf("%d were delivered in the end, want all 130 and the notices", got)
		}
	})
}

func TestASecretThatWasReplacedSignsAlongForADay(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		e, older := w.create("shop", r.URL, "*")
		var newer Secret
		w.update(func(tx *db.Tx) (err error) { _, newer, err = w.hooks.Rotate(tx, "shop", e.ID); return err })
		rotated := w.find(e)
		if at := rotated.OldSecretUntil(db.Time(w.now.Load())); at != db.Time(w.now.Load()).Add(24*time.Hour) {
			t.Errorf("the old secret is said to sign until %d", at)
		}
		signs := func(s Secret, g got) bool {
			v, err := standard.NewWebhook(string(s))
			w.must(err)
			return v.Verify(g.body, g.header) == nil
		}
		w.happen("shop", "message.done")
		w.drain()
		if g := r.got()[0]; !signs(newer, g) || !signs(older, g) {
			t.Error("one of both secrets does not verify within the day")
		}
		if old := w.find(e); len(old.signers(old.secrets[1].Until)) != 1 || old.signers(old.secrets[1].Until)[0] != newer {
			t.Error("after the day the old secret still signs")
		}
		w.update(func(tx *db.Tx) (err error) { _, _, err = w.hooks.Rotate(tx, "shop", e.ID); return err })
		if n := len(w.find(e).secrets); n != 2 {
			t.Errorf("%d secrets are kept, want the new one and the one before", n)
		}
	})
}

func TestATestEventGoesToItsEndpointAloneOnce(t *testing.T) {
	each(t, func(w *world) {
		r, other := receive(w.t), receive(w.t)
		r.status(http.StatusTeapot)
		e, _ := w.create("shop", r.URL, "payment.*")
		w.create("shop", other.URL, "*")
		w.update(func(tx *db.Tx) error { _, err := w.hooks.Test(tx, "shop", e.ID); return err })
		w.drain()
		w.pass(time.Hour)
		w.drain()
		d, made := w.log(e, 1)
		if len(r.got()) != 1 || r.got()[0].kind != "webhook.test" || len(other.got()) != 0 || d.State != stateFailed || made[0].Status != 418 {
			t.Errorf("got %d and %d requests, %+v, %+v", len(r.got()), len(other.got()), d, made)
		}
	})
}

// What a message was sent with is as private as its texts: it is sealed in the outbox, and
// whoever gets the event can read it.
func TestMetadataIsSealedInTheOutboxAndReadableAtTheEndpoint(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		w.create("shop", r.URL, "recipient.*")
		w.update(func(tx *db.Tx) error {
			key, err := w.keys.Site(tx, "shop")
			if err != nil {
				return err
			}
			data, err := json.Marshal(map[string]any{"message_id": "msg_1", "sealed_metadata": event.Conceal(key.Seal, "msg_1", []byte(`{"order":"A-1"}`)), "recipients": []int{}})
			if err != nil {
				return err
			}
			if strings.Contains(string(data), "A-1") {
				t.Error("the metadata can be read in the outbox")
			}
			return event.Append(tx, event.Event{Site: "shop", Type: event.RecipientDone, Ref: "msg_1", Data: data})
		})
		w.drain()
		if got := r.got(); len(got) != 1 || !strings.Contains(string(got[0].body), `"metadata":{"order":"A-1"}`) || strings.Contains(string(got[0].body), "sealed") {
			t.Errorf("got %v", got)
		}
	})
}

// The site is told in time to mend what fails, once, and again when it fails anew.
func TestASiteIsToldOfAnEndpointThatFailsBeforeItIsDisabled(t *testing.T) {
	each(t, func(w *world) {
		r, other := receive(w.t), receive(w.t)
		e, _ := w.create("shop", r.URL, "message.*")
		w.create("shop", other.URL, "webhook.*")
		fails := func(hours int) {
			for range hours {
				w.happen("shop", "message.done")
				w.drain()
				w.pass(time.Hour)
			}
		}
		r.status(http.StatusBadGateway)
		since := db.Time(w.now.Load())
		if fails(60); len(other.got()) != 0 {
			t.Errorf("%d notices before half of the time", len(other.got()))
		}
		fails(30)
		told := other.got()
		if len(told) != 1 || told[0].kind != "webhook.failing" {
			t.Fatalf("got %d notices %+v, want one that it fails", len(told), told)
		}
		for _, want := range []string{`"endpoint_id":"` + e.ID.Text(id.Webhook) + `"`, since.Time().Format(`"failing_since":"2006-01-02T15:04`), since.Add(DefaultDisableAfter).Time().Format(`"disabled_at":"2006-01-02T15:04`)} {
			if !strings.Contains(string(told[0].body), want) {
				t.Errorf("%s does not hold %s", told[0].body, want)
			}
		}
		r.status(http.StatusOK)
		w.pass(10 * time.Minute)
		fails(1)
		r.status(http.StatusBadGateway)
		if fails(90); len(other.got()) != 2 {
			t.Errorf("%d notices after it failed anew, want another one", len(other.got()))
		}
		fails(40)
		if told := other.got(); len(told) != 3 || told[2].kind != "webhook.disabled" {
			t.Errorf("got %d notices, want that it is disabled at last", len(told))
		}
	})
}
