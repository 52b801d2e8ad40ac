package webhook

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
)

func TestAnEndpointThatCannotBeIsRefusedWithThePlace(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	strict, err := New(w.d, w.keys, w.queue, Options{})
	w.must(err)
	ok, long := "https://shop.example/hooks?key=1", "https://shop.example/"+strings.Repeat("x", longestURL)
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		change Change
		place  string
	}{
		"no URL":          {Change{Topics: []string{"*"}}, "/url"},
		"no address":      {Change{URL: text("shop"), Topics: []string{"*"}}, "/url"},
		"no host":         {Change{URL: text("https:///x"), Topics: []string{"*"}}, "/url"},
		"another scheme":  {Change{URL: text("ftp://shop.example"), Topics: []string{"*"}}, "/url"},
		"plain http":      {Change{URL: text("http://shop.example"), Topics: []string{"*"}}, "/url"},
		"a fragment":      {Change{URL: text("https://shop.example/#a"), Topics: []string{"*"}}, "/url"},
		"too long":        {Change{URL: &long, Topics: []string{"*"}}, "/url"},
		"this machine":    {Change{URL: text("https://127.0.0.1/x"), Topics: []string{"*"}}, "/url"},
		"its name":        {Change{URL: text("https://localhost:8080/x"), Topics: []string{"*"}}, "/url"},
		"metadata":        {Change{URL: text("https://169.254.169.254/latest"), Topics: []string{"*"}}, "/url"},
		"mapped":          {Change{URL: text("https://[::ffff:10.0.0.1]/"), Topics: []string{"*"}}, "/url"},
		"no topics":       {Change{URL: &ok}, "/topics"},
		"none":            {Change{URL: &ok, Topics: []string{}}, "/topics"},
		"a strange topic": {Change{URL: &ok, Topics: []string{"message.*", "messages.done"}}, "/topics/1"},
		"half a family":   {Change{URL: &ok, Topics: []string{"mess*"}}, "/topics/0"},
		"a short secret":  {Change{URL: &ok, Topics: []string{"*"}, Secret: text("whsec_AAAA")}, "/secret"},
		"a description":   {Change{URL: &ok, Topics: []string{"*"}, Description: text(strings.Repeat("가", longestDescription+1))}, "/description"},
	} {
		err := w.d.Update(ctx, "test", func(tx *db.Tx) error { _, _, err := strict.Create(tx, "shop", c.change); return err })
		f := fault.Of(err)
		if err == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != c.place {
			t.Errorf("%s: got %v, want a complaint about %s", name, err, c.place)
		}
	}
	w.update(func(tx *db.Tx) error {
		for range MostEndpoints {
			if _, _, err := strict.Create(tx, "shop", Change{URL: &ok, Topics: []string{"message.*"}}); err != nil {
				return err
			}
		}
		if _, _, err := strict.Create(tx, "shop", Change{URL: &ok, Topics: []string{"*"}}); !fault.Is(err, fault.Conflict) {
			t.Errorf("one more than a site may have: got %v", err)
		}
		return nil
	})
}

func TestSitesWithoutEndpointsHaveNothingPending(t *testing.T) {
	each(t, func(w *world) {
		pending := func() (n int) {
			w.view(func(tx *db.Tx) error {
				list, err := event.FirstPending(tx, 100)
				n = len(list)
				return err
			})
			return n
		}
		w.happen("shop", "message.done", "payment.paid")
		if n := pending(); n != 0 {
			t.Errorf("%d events are pending that nobody wants", n)
		}
		r := receive(w.t)
		e, _ := w.create("shop", r.URL, "payment.*")
		w.happen("shop", "message.done", "payment.paid")
		if n := pending(); n != 1 {
			t.Errorf("%d events are pending, want the one that is wanted", n)
		}
		w.update(func(tx *db.Tx) error {
			_, err := w.hooks.Set(tx, "shop", e.ID, Change{Topics: []string{"message.done"}})
			return err
		})
		w.happen("shop", "message.done", "payment.paid")
		w.update(func(tx *db.Tx) error { return w.hooks.Remove(tx, "shop", e.ID) })
		w.happen("shop", "message.done", "payment.paid")
		if n := pending(); n != 2 {
			t.Errorf("%d events are pending, want none more of a site whose endpoint is removed", n)
		}
		w.drain()
		if len(r.got()) != 0 || pending() != 0 {
			t.Errorf("a removed endpoint got %d, and %d are pending still", len(r.got()), pending())
		}
	})
}

func TestNothingPrintsASecretOrAnAddress(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	e, s := w.create("shop", "https://user:pass@shop.example/x", "*")
	if text := fmt.Sprintf("%v %+v %s", e, e, e); strings.Contains(text, string(s)[6:]) || strings.Contains(text, "pass") {
		t.Errorf("it prints as %s", text)
	}
	if e.host() != "shop.example" {
		t.Errorf("its people are told of it as %q", e.host())
	}
}

func TestTopicsWantWhatTheyName(t *testing.T) {
	for _, c := range []struct {
		topics string
		kind   string
		want   bool
	}{
		{"*", "anything.at_all", true}, {"message.*", "message.done", true}, {"message.*", "messages.done", false},
		{"message.done", "message.done", true}, {"message.done", "message.done_now", false}, {"payment.paid credit.*", "credit.low", true}, {"recipient.done", "recipient.progress", false},
	} {
		topics := Topics(strings.Fields(c.topics))
		if got := topics.Wants(c.kind); got != c.want {
			t.Errorf("%s wants %s: got %t", c.topics, c.kind, got)
		}
	}
	for topics, want := range map[string]event.Families{"recipient.done": event.OfRecipientEnds, "recipient.*": event.OfRecipientEnds | event.OfRecipientMoves,
		"message.done credit.*": event.OfMessages | event.OfCredit} {
		if got := Topics(strings.Fields(topics)).families(); got != want {
			t.Errorf("%s: got the families %b, want %b", topics, got, want)
		}
	}
	if all := (Topics{"*"}).families(); all != event.OfOthers*2-1 {
		t.Errorf("* wants the families %b, want all", all)
	}
}

func TestAnEndpointRestsLongerAndLonger(t *testing.T) {
	now := db.Time(time.Hour.Microseconds())
	var h health
	for i, want := range []time.Duration{0, 0, 0, 0, 5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, longRest, longRest} {
		h = h.after(answer{result: refused}, now)
		if got := max(h.restingUntil.Sub(now), 0); h.restingUntil != 0 && got != want || h.restingUntil == 0 && want != 0 {
			t.Errorf("after %d failures it rests %s, want %s", i+1, got, want)
		}
	}
	if h.failingSince != now || !h.troubled() || bool(h.slow) {
		t.Errorf("got %+v", h)
	}
	if h = h.after(answer{result: delivered, took: 3 * time.Second}, now); h != (health{slow: true}) {
		t.Errorf("after a slow success: got %+v", h)
	}
	hung := (health{}).after(answer{result: timedOut, took: 15 * time.Second}, now)
	if hung.restingUntil.Sub(now) != firstRest || !bool(hung.slow) {
		t.Errorf("after it hung once: got %+v", hung)
	}
	for i := range 100 {
		if r := rest(i+1, i%2 == 0); r < 0 || r > longRest {
			t.Errorf("after %d failures it rests %s", i+1, r)
		}
	}
	patient := (health{}).after(answer{result: refused, retryAfter: time.Hour}, now)
	if patient.restingUntil.Sub(now) != time.Hour {
		t.Errorf("an endpoint that asks for an hour rests %s", patient.restingUntil.Sub(now))
	}
}

func FuzzParseTopics(f *testing.F) {
	for _, s := range []string{"*", "message.*", "message.done", "", "mess*", "recipient.*\nmessage.done"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		topics, err := ParseTopics(strings.Split(text, "\n"))
		if err != nil {
			return
		}
		for _, one := range topics {
			if strings.ContainsAny(one, " \t\n") || one != "*" && !topics.Wants(strings.TrimSuffix(one, "*")+map[bool]string{true: "x"}[strings.HasSuffix(one, "*")]) {
				t.Errorf("%q was taken", one)
			}
		}
	})
}

func FuzzParseSecret(f *testing.F) {
	for _, s := range []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", string(NewSecret()), "whsec_", "", "whsec_===="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSecret(text)
		if err != nil {
			return
		}
		if _, err := sign([]Secret{s}, "evt_1", time.Unix(1, 0), nil); err != nil {
			t.Errorf("a secret that was taken does not sign: %v", err)
		}
	})
}
