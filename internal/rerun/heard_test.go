package rerun

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// planned accepts a message to so many people, who have no row until it is handed over: letters
// about them wait.
func (w *world) planned(siteID string, people int) message.Key {
	w.t.Helper()
	ctx := context.Background()
	draft, err := w.messages.Draft(ctx, siteID, message.Request{Strategy: message.SMSOnly, Text: &message.TextRequest{Body: "예약 확정"}})
	w.must(err)
	for range people {
		w.number++
		w.must(draft.Add(ctx, fmt.Sprintf("0100004%04d", w.number), nil))
	}
	receipt, err := draft.Accept(ctx, nil)
	w.must(err)
	return receipt.Message
}

// TestALetterThatStillWaitsSpeaksForItsLegs has a delivery told by a letter that waits for
// somebody else of it, so that a run does not read it.
func TestALetterThatStillWaitsSpeaksForItsLegs(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		w.site("shop")
		key := w.send("shop", message.SMSOnly, 1)
		later := w.planned("shop", 1)
		w.misread(map[string]meaning{"2000": {final: true, delivered: true}})
		w.comes("carrier-a", line("2000", key, 0, 1))                            // charged for what was no end
		w.comes("carrier-a", line("4000", key, 0, 1), line("2000", later, 0, 1)) // it was delivered; this letter waits
		w.comes("carrier-a", line("3001", key, 0, 1))                            // and a contradiction
		w.misread(nil)
		w.has("shop", 1_000_000-36, 18, 18)
		v := w.compared(Request{})
		w.tells(v, "disputed sms")
		w.applied(v.Name)
		w.has("shop", 1_000_000-36, 18, 18)
		w.prove()
	})
}

// TestALegIsSpokenForOverTheWholeTime has a delivery and a contradiction told together, in
// letters that a run reads on different pages, or of which it reads the later one alone.
func TestALegIsSpokenForOverTheWholeTime(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		w.site("shop")
		key := w.planned("shop", 1)
		w.comes("carrier-a", line("4000", key, 0, 1))
		middle := w.read().Add(time.Second / 2)
		w.comes("carrier-a", strings.Split(strings.Repeat("2000 x\n", pageReports-1)+"2000 x", "\n")...)
		w.comes("carrier-a", line("3001", key, 0, 1))
		w.drain() // both wait for the hand-over, and are read again after it
		w.pass(2 * time.Second)
		w.drain()
		w.has("shop", 1_000_000-18, 0, 18)
		for _, r := range []Request{{}, {From: middle}} {
			v := w.compared(r)
			w.tells(v, "disputed sms")
			w.applied(v.Name)
			w.has("shop", 1_000_000-18, 0, 18)
		}
		w.prove()
	})
}

// TestWhatALetterOutsideOfTheTimeSaidFirstIsNotMovedAgainst has somebody wait for a report who
// was told of by a letter that a run does not read, and by one that says otherwise after it.
func TestWhatALetterOutsideOfTheTimeSaidFirstIsNotMovedAgainst(t *testing.T) {
	for name, c := range map[string]struct{ first, then string }{
		"delivered, then failed":         {"4001", "3001"},
		"failed, then delivered":         {"3001", "4001"},
		"another failure":                {"3104", "3001"},
		"the operator's failure at last": {"3001", "1030"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "sqlite")
			w.site("shop")
			key := w.send("shop", message.SMSOnly, 1)
			w.misread(map[string]meaning{"4001": {}, "3001": {}, "3104": {}, "1030": {}})
			w.comes("carrier-a", line(c.first, key, 0, 1))
			middle := w.read().Add(time.Second / 2)
			w.comes("carrier-a", line(c.then, key, 0, 1))
			w.misread(nil)
			v := w.compared(Request{From: middle})
			w.tells(v, "disputed sms")
			if done := w.applied(v.Name); done.Applied+done.Skipped != 0 {
				t.Errorf("got %+v", done)
			}
			w.has("shop", 1_000_000-18, 18, 0)
			first := w.compared(Request{Until: middle}) // alone it speaks
			if first.Differences != 1 || strings.Contains(w.told(first), "disputed") {
				t.Errorf("got %s", w.told(first))
			}
			w.prove()
		})
	}
}

// TestAFalseEndIsTheSameEndWhereAnotherLetterToldItThen has the letter that says so on another
// page than the one that is no end.
func TestAFalseEndIsTheSameEndWhereAnotherLetterToldItThen(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.site("shop")
	key := w.planned("shop", 1)
	w.misread(map[string]meaning{"3001": {final: true, reason: provider.NetworkFailure}})
	w.comes("carrier-a", line("4000", key, 0, 1))
	w.comes("carrier-a", strings.Split(strings.Repeat("2000 x\n", pageReports-1)+"2000 x", "\n")...)
	w.comes("carrier-a", line("2000", key, 0, 1))
	w.drain()
	w.pass(2 * time.Second)
	w.drain()
	w.misread(nil)
	w.tells(w.compared(Request{}), "same_end sms")
}
