package rerun

import (
	"testing"
	"time"

	"creditmsg/internal/message"
)

// TestALateDeliveryOfAnEarlierLegCountsAsItWouldHaveByItself has an Alimtalk fail, so that its
// recipient moves on to his text, and be reported delivered after that: once in a letter that is
// read when it comes, and once in one that only a run can read. Both end alike.
func TestALateDeliveryOfAnEarlierLegCountsAsItWouldHaveByItself(t *testing.T) {
	for name, c := range map[string]struct {
		again        string // what else is reported of the Alimtalk when it is over
		flies        bool   // the text was handed over when the letter came
		before, then string // what is reported of the text before the letter, and in the end
		tells        string
		spent        int64
	}{
		"the text is not handed over":                {tells: "would_deliver alimtalk spend 9 freed 9", spent: 9},
		"the text is under way, and fails":           {flies: true, then: "3001", tells: "earlier_delivered sms", spent: 9},
		"the text is under way, and arrives":         {flies: true, then: "4000", tells: "earlier_delivered sms", spent: 18},
		"another failure came when the leg was over": {again: "3001", tells: "would_deliver alimtalk spend 9 freed 9", spent: 9},
		"another, and the text fails":                {again: "3001", flies: true, then: "3001", tells: "earlier_delivered sms", spent: 9},
		"the text had arrived":                       {flies: true, before: "4000", tells: "delivered_not_charged alimtalk loss 9", spent: 18},
		"the text had failed":                        {flies: true, before: "3001", tells: "delivered_not_charged alimtalk loss 9", spent: 0},
	} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, w *world) {
				w.site("live")
				w.site("late")
				live, late := w.send("live", message.AlimtalkFirst, 1), w.send("late", message.AlimtalkFirst, 1)
				w.comes("carrier-a", line("3104", live, 0, 1), line("3104", late, 0, 1))
				if c.again != "" {
					w.comes("carrier-a", line(c.again, live, 0, 1), line(c.again, late, 0, 1))
				}
				if c.flies {
					w.pass(3 * time.Second)
					w.drain()
				}
				if c.before != "" {
					w.comes("carrier-a", line(c.before, live, 0, 2), line(c.before, late, 0, 2))
				}
				w.comes("carrier-a", line("4001", live, 0, 1))
				w.carriers["carrier-a"].broken.Store(true)
				w.comes("carrier-a", line("4001", late, 0, 1))
				w.carriers["carrier-a"].broken.Store(false)
				v := w.compared(Request{})
				w.tells(v, c.tells)
				if done := w.applied(v.Name); done.Applied != 1 {
					t.Errorf("got %+v", done)
				}
				if c.then != "" {
					w.comes("carrier-a", line(c.then, live, 0, 2), line(c.then, late, 0, 2))
				}
				w.has("live", 1_000_000-c.spent, 0, c.spent)
				w.has("late", 1_000_000-c.spent, 0, c.spent)
				w.prove()
			})
		})
	}
}

// TestAnEarlierLegIsNotChargedAgainstALetterThatWouldHaveEndedItsRecipient has a failure that
// leaves nothing to fall back to come before the one after which the text went its way: had it
// been read, the delivery that is told of in the end would not have counted.
func TestAnEarlierLegIsNotChargedAgainstALetterThatWouldHaveEndedItsRecipient(t *testing.T) {
	for name, flies := range map[string]bool{"the text is not handed over": false, "the text is under way": true} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, w *world) {
				w.site("shop")
				key := w.send("shop", message.AlimtalkFirst, 1)
				w.misread(map[string]meaning{"3001": {}, "4001": {}})
				w.comes("carrier-a", line("3001", key, 0, 1))
				middle := w.read().Add(time.Second / 2)
				w.comes("carrier-a", line("3104", key, 0, 1))
				w.pass(3 * time.Second)
				if flies {
					w.drain()
				}
				w.comes("carrier-a", line("4001", key, 0, 1))
				w.misread(nil)
				for _, r := range []Request{{}, {From: middle}} {
					v := w.compared(r)
					w.tells(v, map[bool]string{false: "disputed alimtalk", true: "disputed sms"}[flies])
					if done := w.applied(v.Name); done.Applied+done.Skipped != 0 {
						t.Errorf("got %+v", done)
					}
					flies = true // it is handed over by now, if it was not
				}
				w.comes("carrier-a", line("3001", key, 0, 2))
				w.has("shop", 1_000_000, 0, 0)
				w.prove()
			})
		})
	}
}
