package rerun

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// misreadings are a parser's mistakes: deliveries and failures that it takes for no end, a
// failure that it takes for a delivery, and the other way round.
var misreadings = map[string]meaning{
	"4001": {},
	"3104": {},
	"3001": {final: true, delivered: true},
	"4000": {final: true, reason: provider.UnrecognisedCode},
}

// shop is a site with what a broken parser made of its messages. The account has 1,000,000 won;
// what is told is the difference that a mended parser makes.
func shop(w *world) (texts, both message.Key) {
	w.site("shop")
	w.misread(misreadings)
	texts = w.send("shop", message.SMSOnly, 4)
	both = w.send("shop", message.AlimtalkFirst, 3)
	w.comes("carrier-a", line("4001", texts, 0, 1), line("3001", texts, 1, 1), line("4000", texts, 2, 1), line("2000", texts, 3, 1))
	w.comes("carrier-a", line("4001", both, 0, 1), line("3104", both, 1, 1), line("3001", both, 2, 1))
	w.misread(nil)
	return texts, both
}

var shopTells = []string{
	"would_deliver sms spend 18",
	"charged_but_failed sms refund 18",
	"delivered_not_charged sms loss 18",
	"would_deliver alimtalk spend 9 freed 9",
	"would_fall_back sms fallback 18",
	"charged_but_failed alimtalk refund 9",
}

func TestARunShowsTheMoneyFirstAndMovesItWhenItIsApplied(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		shop(w)
		w.has("shop", 1_000_000-36-36-27, 2*18+2*18, 18+9)
		v := w.compared(Request{})
		if v.State != Compared || v.Letters != 2 || v.Reports != 7 || v.Differences != 6 {
			t.Errorf("got %+v", v)
		}
		w.tells(v, shopTells...)
		w.has("shop", 1_000_000-36-36-27, 2*18+2*18, 18+9)
		w.view(func(tx *db.Tx) error {
			all, err := ByKind(tx, v.ID)
			some, _ := SumsOf(tx, v.ID, SumPlace{}, 3)
			rest, errRest := SumsOf(tx, v.ID, SumPlace{some[2].Site, some[2].Provider, string(some[2].Kind)}, 10)
			if len(all) != 4 || len(some)+len(rest) != 4 || errRest != nil {
				t.Errorf("got %d kinds, and %d and %d sums", len(all), len(some), len(rest))
			}
			if all[0].Kind != WouldDeliver || all[0].Legs != 2 || all[0].Spend != 27*won || all[0].Freed != 9*won || all[2].Refund != 27*won || all[3].Loss != 18*won {
				t.Errorf("got the sums %+v", all)
			}
			return err
		})
		done := w.applied(v.Name)
		if done.State != Done || done.Applied != 6 || done.Skipped != 0 || done.Refunds != 2 || done.GivenBack != 27*won || done.Short != 0 {
			t.Errorf("got %+v", done)
		}
		// Spent: a text and an Alimtalk that were open. One text waits still, another falls back.
		w.has("shop", 1_000_000-27-18-18, 18+18, 27)
		w.prove()
		again := w.applied(v.Name)
		if again.GivenBack != done.GivenBack || again.Applied != done.Applied {
			t.Errorf("applied again: got %+v", again)
		}
		w.has("shop", 1_000_000-27-18-18, 18+18, 27)
		w.tells(w.compared(Request{}))
	})
}

// TestTwoProcessesAndACrashApplyARunOnce has each piece of a run done by two processes at the
// same moment, each of which may be the last thing that it does.
func TestTwoProcessesAndACrashApplyARunOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		shop(w)
		w.pass(time.Second)
		v := w.begin(Request{})
		both := func() {
			for more := true; more; {
				var all sync.WaitGroup
				var left [2]bool
				for i := range left {
					all.Go(func() {
						var err error
						if left[i], err = w.another().Step(context.Background(), v.Name); err != nil {
							t.Errorf("step: %v", err)
						}
					})
				}
				all.Wait()
				more = left[0] || left[1]
			}
		}
		both()
		w.tells(v, shopTells...)
		w.update(func(tx *db.Tx) error {
			_, err := w.service.Apply(tx, v.Name)
			return err
		})
		both()
		w.drain()
		w.has("shop", 1_000_000-27-18-18, 18+18, 27)
		w.prove()
	})
}

func TestALegThatWasGivenBackIsNotGivenBackAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		texts, both := shop(w)
		v := w.compared(Request{})
		ref := func(key message.Key, seq int) id.ID {
			return delivery.Reference{Place: message.Place{Key: key, Seq: message.Seq(seq)}, Step: 1, Try: 1}.Digest()
		}
		w.update(func(tx *db.Tx) error { // as an invoice does meanwhile
			_, err := delivery.Return(tx, []id.ID{ref(texts, 1)}, "inv_x")
			return err
		})
		w.invoiced[ref(both, 2)] = true // or one did before that was noted
		done := w.applied(v.Name)
		if done.ReturnedBefore != 2 || done.GivenBack != 0 || done.Refunds != 0 || done.Applied != 4 {
			t.Errorf("got %+v", done)
		}
		w.has("shop", 1_000_000-27-27-18-18, 18+18, 27+27)
		w.prove()
		w.tells(w.compared(Request{}))
	})
}

func TestWhatChangedMeanwhileIsLeftOut(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		texts, both := shop(w)
		v := w.compared(Request{})
		w.comes("carrier-a", line("3001", texts, 0, 1), line("4000", both, 1, 1))
		done := w.applied(v.Name)
		if done.Applied != 4 || done.Skipped != 2 || done.GivenBack != 27*won {
			t.Errorf("got %+v", done)
		}
		w.tells(v, "would_deliver sms spend 18: skipped delivered_not_charged", "charged_but_failed sms refund 18: applied", "delivered_not_charged sms loss 18: applied",
			"would_deliver alimtalk spend 9 freed 9: applied", "would_fall_back sms fallback 18: skipped contradiction", "charged_but_failed alimtalk refund 9: applied")
		w.prove()
	})
}

// TestALetterThatCouldNotBeReadIsReadAgain lets so many come that they make several pages.
func TestALetterThatCouldNotBeReadIsReadAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		w.site("shop")
		key := w.send("shop", message.SMSOnly, 120)
		w.carriers["carrier-a"].broken.Store(true)
		for i := range 120 {
			w.comes("carrier-a", line([]string{"4000", "3001"}[i%2], key, i, 1))
		}
		w.comes("carrier-a", "nonsense")
		if v := w.compared(Request{}); v.Unreadable != 121 || v.Differences != 0 || v.Reports != 0 {
			t.Errorf("before it is mended: got %+v", v)
		}
		w.carriers["carrier-a"].broken.Store(false)
		v := w.compared(Request{States: []string{"unreadable"}})
		if v.Unreadable != 1 || v.Letters != 121 || v.Differences != 120 {
			t.Errorf("got %+v", v)
		}
		w.has("shop", 1_000_000-120*18, 120*18, 0)
		if done := w.applied(v.Name); done.Applied != 120 {
			t.Errorf("got %+v", done)
		}
		w.has("shop", 1_000_000-60*18, 0, 60*18)
		w.prove()
		var left int
		w.view(func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM inbox WHERE state = 'unreadable'`).Scan(&left)
		})
		if left != 1 {
			t.Errorf("%d letters are unreadable, want the one that is nonsense", left)
		}
	})
}

func TestTheLetterThatEndedALegSpeaksForIt(t *testing.T) {
	for name, c := range map[string]struct {
		wrong map[string]meaning
		codes []string
		want  []string
	}{
		"a repetition":                       {map[string]meaning{"4001": {}}, []string{"4001", "4001", "4001"}, []string{"would_deliver sms spend 18"}},
		"the first end counts":               {map[string]meaning{"4001": {}, "3001": {}}, []string{"3001", "4001"}, []string{"would_fail sms freed 18"}},
		"a contradiction that came too late": {nil, []string{"4000", "3001"}, nil},
		"the same the other way round":       {nil, []string{"3001", "4000"}, nil},
		"read well all the time":             {nil, []string{"2000", "4000", "2000"}, nil},
		"no end, then a failure":             {map[string]meaning{"2000": {final: true, delivered: true}}, []string{"2000", "3001"}, []string{"charged_but_failed sms refund 18"}},
		"no end, then a delivery":            {map[string]meaning{"2000": {final: true, delivered: true}}, []string{"2000", "4000"}, []string{"same_end sms"}},
		"no end, then nothing":               {map[string]meaning{"2000": {final: true, delivered: true}}, []string{"2000"}, []string{"no_end sms"}},
		"what was late is known already":     {map[string]meaning{"2000": {final: true, reason: provider.NetworkFailure}}, []string{"2000", "4000"}, nil},
		"a later letter that was misread":    {map[string]meaning{"3001": {}}, []string{"4000", "3001"}, []string{"contradiction sms"}},
		"an earlier letter that was misread": {map[string]meaning{"3001": {}}, []string{"3001", "4000"}, []string{"contradiction sms"}},
		"all of them failed":                 {map[string]meaning{"3001": {}, "3104": {final: true, delivered: true}}, []string{"3001", "3104"}, []string{"charged_but_failed sms refund 18"}},
		"delivered first, then failed":       {map[string]meaning{"4001": {}, "3104": {final: true, delivered: true}}, []string{"4001", "3104"}, []string{"contradiction sms"}},
		"the operator's failure":             {map[string]meaning{"1030": {}}, []string{"1030"}, []string{"would_retry sms"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "sqlite")
			w.site("shop")
			key := w.send("shop", message.SMSOnly, 1)
			w.misread(c.wrong)
			for i, code := range c.codes {
				w.comes("carrier-a", line(code, key, 0, 1), line("4000", key, 900+i, 1)) // another body each
			}
			w.misread(nil)
			v := w.compared(Request{})
			w.tells(v, c.want...)
			w.applied(v.Name)
			w.prove()
			w.tells(w.compared(Request{}), stays[strings.Join(c.want, "")]...)
		})
	}
}

// stays are what the next run tells: differences that nothing follows from, and a letter that
// contradicts what the run before made of the leg.
var stays = map[string][]string{"same_end sms": {"same_end sms"}, "no_end sms": {"no_end sms"}, "would_fail sms freed 18": {"delivered_not_charged sms loss 18"}}

func TestALegThatOnlyALetterOutsideOfTheTimeEndedIsNotJudged(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.site("shop")
	key := w.send("shop", message.SMSOnly, 2)
	w.misread(misreadings)
	w.comes("carrier-a", line("3001", key, 0, 1)) // taken for a delivery
	middle := w.read().Add(time.Second / 2)
	w.comes("carrier-a", line("3001", key, 0, 1), line("3001", key, 1, 1))
	w.misread(nil)
	w.tells(w.compared(Request{From: middle}), "contradiction sms", "charged_but_failed sms refund 18")
	w.tells(w.compared(Request{Until: middle}), "charged_but_failed sms refund 18")
}

func TestWhoWasGivenUpIsShownAsALossAndNotCharged(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		w.site("shop")
		w.misread(misreadings)
		key := w.send("shop", message.SMSOnly, 1)
		w.comes("carrier-a", line("4001", key, 0, 1))
		w.pass(74 * time.Hour)
		w.drain()
		w.has("shop", 1_000_000, 0, 0)
		w.misread(nil)
		v := w.compared(Request{})
		w.tells(v, "delivered_not_charged sms loss 18")
		w.applied(v.Name)
		w.has("shop", 1_000_000, 0, 0)
		w.prove()
	})
}

func TestReportsOfOthersAreOfNoLeg(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.site("shop")
	key := w.send("shop", message.SMSOnly, 1)
	stranger := message.Key{Site: "shop", ID: id.New()}
	w.misread(map[string]meaning{"4001": {}})
	w.comes("carrier-a", line("4001", stranger, 0, 1), "4001 x", line("4001", key, 7, 1), line("4001", key, 0, 2), line("4001", key, 0, 0))
	w.comes("carrier-b", line("4001", key, 0, 1))
	w.misread(nil)
	v := w.compared(Request{})
	if v.Differences != 0 || v.Strange != 3 || v.Reports != 6 {
		t.Errorf("got %+v", v)
	}
	if v := w.compared(Request{Provider: "carrier-b"}); v.Letters != 1 || v.Reports != 1 {
		t.Errorf("of one account: got %+v", v)
	}
}

func TestARunIsCancelledAndThenStays(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		shop(w)
		act := func(do func(tx *db.Tx, name string) (Run, error), name string) error {
			return w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
				_, err := do(tx, name)
				return err
			})
		}
		w.pass(time.Second)
		early := w.begin(Request{})
		if err := act(w.service.Apply, early.Name); !fault.Is(err, fault.Conflict) {
			t.Errorf("applied before it was compared: got %v", err)
		}
		w.must(act(w.service.Cancel, early.Name))
		w.must(act(w.service.Cancel, early.Name))
		if v := w.through(early.Name); v.State != Cancelled || v.Letters != 0 {
			t.Errorf("got %+v", v)
		}
		v := w.compared(Request{})
		w.must(act(w.service.Apply, v.Name))
		if _, err := w.service.moveSome(context.Background(), v.ID); err != nil {
			t.Fatal(err)
		}
		w.must(act(w.service.Cancel, v.Name))
		if v := w.through(v.Name); v.State != Cancelled || v.Applied != 4 || v.GivenBack != 0 {
			t.Errorf("cancelled on its way: got %+v", v)
		}
		if err := act(w.service.Apply, v.Name); !fault.Is(err, fault.Conflict) {
			t.Errorf("applied after it was cancelled: got %v", err)
		}
		w.prove()
		v = w.compared(Request{})
		w.tells(v, "charged_but_failed sms refund 18", "charged_but_failed alimtalk refund 9")
		w.applied(v.Name)
		if err := act(w.service.Cancel, v.Name); !fault.Is(err, fault.Conflict) {
			t.Errorf("cancelled after it was applied: got %v", err)
		}
		w.prove()
	})
}

func TestARunOfATimeThatIsNoneIsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	now := w.read()
	for name, r := range map[string]Request{
		"no time":           {},
		"until before":      {From: now.Add(-time.Hour), Until: now.Add(-2 * time.Hour)},
		"all to come":       {From: now.Add(time.Hour), Until: now.Add(2 * time.Hour)},
		"no such account":   {Provider: "nobody", From: now.Add(-time.Hour), Until: now},
		"no such state":     {From: now.Add(-time.Hour), Until: now, States: []string{"lost"}},
		"a state and a not": {From: now.Add(-time.Hour), Until: now, States: []string{"applied", ""}},
	} {
		err := w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			_, err := w.service.Begin(tx, r)
			return err
		})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func TestTheJobsOfTheQueueBringARunToItsEnd(t *testing.T) {
	w := newWorld(t, "sqlite")
	shop(w)
	w.pass(time.Second)
	v := w.begin(Request{})
	run := func() {
		k := w.service.Works()[0]
		jobs, err := w.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, k.Max)
		w.must(err)
		if len(jobs) != 1 {
			t.Fatalf("%d jobs, want one", len(jobs))
		}
		w.must(k.Handle(context.Background(), jobs))
	}
	run()
	w.update(func(tx *db.Tx) error {
		_, err := w.service.Apply(tx, v.Name)
		return err
	})
	run()
	if v := w.through(v.Name); v.State != Done || v.GivenBack != 27*won {
		t.Errorf("got %+v", v)
	}
	w.prove()
}

func TestDifferencesGoWhenTheyAreOverAndWhatFollowedFromThemStays(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		shop(w)
		v := w.compared(Request{})
		w.applied(v.Name)
		other := w.compared(Request{})
		w.must(w.service.Sweep(context.Background()))
		if got := strings.Count(w.told(v), "\n"); got != 6 {
			t.Errorf("%d differences are there, want 6", got)
		}
		w.pass(181 * 24 * time.Hour)
		w.must(w.service.Sweep(context.Background()))
		w.must(w.delivery.SweepReports(context.Background()))
		w.tells(v)
		var letters int
		w.view(func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM inbox`).Scan(&letters) })
		if letters != 0 {
			t.Errorf("%d letters are there, want none", letters)
		}
		w.prove()
		w.view(func(tx *db.Tx) error {
			all, err := ByKind(tx, v.ID)
			if len(all) != 4 {
				t.Errorf("got the sums %+v", all)
			}
			return err
		})
		err := w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			_, err := w.service.Apply(tx, other.Name)
			return err
		})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("a comparison that is over was applied: %v", err)
		}
	})
}

func TestAPageHoldsABoundedNumberOfReports(t *testing.T) {
	list := func(n int, l delivery.Letter) []delivery.Letter {
		out := make([]delivery.Letter, n)
		for i := range out {
			out[i] = l
		}
		return out
	}
	for name, c := range map[string]struct {
		letters []delivery.Letter
		want    int
	}{
		"none":              {nil, 0},
		"of one report":     {list(pageLetters, delivery.Letter{Reports: 1}), pageLetters},
		"of many":           {list(10, delivery.Letter{Reports: 150}), 3},
		"of more than fits": {list(10, delivery.Letter{Reports: 5_000}), 1},
		"unreadable":        {list(500, delivery.Letter{State: "unreadable"}), pageReports / (unreadReports + 1)},
	} {
		if got := weighed(c.letters); got != c.want {
			t.Errorf("%s: %d letters make a page, want %d", name, got, c.want)
		}
	}
}

func TestOptOutsOfALetterThatCouldNotBeReadAreNoted(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		w.site("shop")
		called := "0801234567"
		w.update(func(tx *db.Tx) error {
			_, err := site.SetRules(tx, "shop", site.RulesChange{OptOutNumber: &called})
			return err
		})
		w.carriers["carrier-a"].broken.Store(true)
		w.comes("carrier-a", called+" 01000010001", called+" 01000010002")
		w.carriers["carrier-a"].broken.Store(false)
		v := w.compared(Request{})
		w.tells(v, "opted_out ")
		if done := w.applied(v.Name); done.Applied != 1 {
			t.Errorf("got %+v", done)
		}
		w.view(func(tx *db.Tx) error {
			said, err := audit.List(tx, audit.Filter{Site: "shop", Action: "opt_outs"}, id.ID{}, 5)
			if err == nil && (len(said) != 1 || said[0].Actor.Kind != audit.Provider || said[0].Actor.ID != "carrier-a") {
				t.Errorf("noted as %+v, want opt-outs that the account told of", said)
			}
			return err
		})
		if again := w.compared(Request{}); again.Differences != 0 {
			t.Errorf("again: got %+v", again)
		}
	})
}

// TestARunIsAppliedWhenItsLettersAreGone has the letters deleted between the two.
func TestARunIsAppliedWhenItsLettersAreGone(t *testing.T) {
	w := newWorld(t, "sqlite")
	shop(w)
	v := w.compared(Request{})
	short, err := delivery.New(w.d, w.keys, w.messages, w.queue, nil, delivery.Options{KeepReports: time.Microsecond})
	w.must(err)
	w.must(short.SweepReports(context.Background()))
	if done := w.applied(v.Name); done.Applied != 6 || done.GivenBack != 27*won {
		t.Errorf("got %+v", done)
	}
	w.prove()
}
