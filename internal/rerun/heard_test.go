package rerun

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
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

// TestNothingMovesAgainstALetterThatCameBefore sends letters of random codes, some of which wait,
// and runs over a part of them: what a run would move, no letter that came before speaks against,
// whether the run reads it or not. Of who went on to another step or try, neither a failure
// after which somebody goes on does, nor one that came when he had gone on.
func TestNothingMovesAgainstALetterThatCameBefore(t *testing.T) {
	codes := []string{"4000", "4001", "2000", "3001", "3104", "1030"}
	disputed, onward, others := 0, 0, 0
	for seed := range uint64(40) {
		w := newWorld(t, "sqlite")
		random := rand.New(rand.NewPCG(seed, 7))
		w.site("shop")
		wrong := map[string]meaning{}
		for _, c := range codes {
			switch random.IntN(4) {
			case 0:
				wrong[c] = meant[codes[random.IntN(len(codes))]]
			case 1, 2:
				wrong[c] = meaning{}
			}
		}
		if seed%2 == 1 { // so that some go on to their text, and arrived before
			delete(wrong, "3104")
			wrong["4001"] = meaning{}
		}
		w.misread(wrong)
		key := w.send("shop", []message.Strategy{message.SMSOnly, message.AlimtalkFirst}[seed%2], 8)
		later := w.planned("shop", 1)
		said := map[string][]saying{}
		for range 24 {
			var lines []string
			one := []saying{}
			for range 1 + random.IntN(3) {
				s := saying{code: codes[random.IntN(len(codes))], leg: delivery.Reference{Place: message.Place{Key: key, Seq: message.Seq(random.IntN(8))}, Step: 1 + random.IntN(4)/3, Try: 1}.String()}
				one, lines = append(one, s), append(lines, s.code+" "+s.leg)
			}
			if random.IntN(3) == 0 {
				lines = append(lines, line("2000", later, 0, 1))
			}
			w.comes("carrier-a", lines...)
			for _, s := range one {
				s.at = db.At(w.read())
				said[s.leg] = append(said[s.leg], s)
			}
			if seed%4 > 1 && random.IntN(4) == 0 {
				w.pass(3 * time.Second)
				w.drain() // who fell back is handed over
			}
		}
		w.misread(nil)
		from := w.read().Add(-time.Duration(random.IntN(24)) * time.Second)
		v := w.compared(Request{From: from, States: [][]string{nil, {"waiting"}, {"applied"}}[random.IntN(3)]})
		w.view(func(tx *db.Tx) error {
			list, _, _, err := Differences(tx, v.ID, Narrow{}, 0, 1000)
			for _, d := range list {
				l, err := delivery.FindLetter(tx, d.Letter)
				if err != nil {
					return err
				}
				_, people, err := w.messages.ReadPlaces(tx, []message.Place{d.ref.Place})
				if err != nil {
					return err
				}
				over, wentOn := people[0].EarlierLeg(d.ref.Step, d.ref.Try)
				wentOn = wentOn && !people[0].State.Final()
				switch {
				case d.Kind == Disputed:
					disputed++
				case wentOn:
					onward++
				default:
					others++
				}
				for _, s := range said[d.Reference] {
					if s.at < l.ReceivedAt && s.against(d) && !(wentOn && (s.at > over.At || s.sendsOn(people[0].Steps[d.ref.Step-1].Channel))) {
						t.Errorf("seed %d: %s of %s at %d, but %s came at %d", seed, d.Kind, d.Reference, l.ReceivedAt, s.code, s.at)
					}
				}
			}
			return err
		})
		done := w.applied(v.Name)
		if done.Skipped != 0 {
			t.Errorf("seed %d: nothing changed meanwhile, but got %+v:\n%s", seed, done, w.told(v))
		}
		w.prove()
	}
	if disputed < 10 || onward < 10 || others < 10 {
		t.Errorf("%d differences were disputed, %d of who went on and %d others were not: too few to prove anything", disputed, onward, others)
	}
}

// saying is what a line of a letter says of a leg.
type saying struct {
	at        db.Time
	code, leg string
}

// against reports whether it says otherwise than a difference that moves something.
func (s saying) against(d Difference) bool {
	m := meant[s.code]
	return m.final && (d.Kind.open() && (m.delivered != d.Arrived || m.reason != d.Reason) || d.Kind == ChargedButFailed && m.delivered)
}

// sendsOn reports whether somebody goes on after it who has a text left, or another try.
func (s saying) sendsOn(c provider.Channel) bool {
	return s.code == "1030" || s.code == "3104" && c == provider.Alimtalk
}

// TestAComparisonWithoutAHearingIsNotApplied has one that an earlier version made.
func TestAComparisonWithoutAHearingIsNotApplied(t *testing.T) {
	w := newWorld(t, "sqlite")
	shop(w)
	v := w.compared(Request{})
	w.update(func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE rerun SET heard_at = 0, hear_until = 0`)
		return err
	})
	err := w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
		_, err := w.service.Apply(tx, v.Name)
		return err
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want it refused", err)
	}
}
