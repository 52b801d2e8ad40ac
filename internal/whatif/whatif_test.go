package whatif

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
)

// of are messages of so many people each.
func of(people ...int64) (list []*message.Message) {
	for _, n := range people {
		list = append(list, &message.Message{Accepted: n})
	}
	return list
}

func TestOneQuestionIsAnsweredAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(nil, nil, nil)
		done, err := s.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = s.Ask(t.Context(), "shop", Question{From: "2026-11-01", To: "2026-11-01"})
		if f := fault.Of(err); f.Kind != fault.Unavailable || f.RetryAfter != turnWithin || time.Since(began) != turnWithin {
			t.Errorf("after %v: got %v, to come again after %v", time.Since(began), err, f.RetryAfter)
		}
		time.AfterFunc(turnWithin/2, done)
		next, err := s.take(t.Context())
		if err != nil {
			t.Fatalf("it waited for the one before: %v", err)
		}
		next()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		s.turn <- struct{}{}
		if _, err := s.take(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("who asks no more: got %v", err)
		}
	})
}

// TestMorePeopleThanAnAnswerReadsAreRefused asks of messages all of whose people may have been
// cancelled, which nobody has read yet.
func TestMorePeopleThanAnAnswerReadsAreRefused(t *testing.T) {
	s := newSum(Question{}, credit.Prices{})
	if err := s.count(of(mostPeople-1, 1)); err != nil {
		t.Errorf("as many as it reads: %v", err)
	}
	if f := fault.Of(s.count(of(1))); f == nil || f.Kind != fault.Invalid || f.Fields[0].Pointer != "/from" {
		t.Errorf("one more: got %v", f)
	}
}

func TestSmallMessagesAreReadTogether(t *testing.T) {
	list := of(page/2, page/2, 1, page+1, page, 3, 4)
	var got []int
	total := 0
	for _, part := range together(list) {
		got = append(got, len(part))
		for _, m := range part {
			if m != list[total] {
				t.Error("they are out of order")
			}
			total++
		}
	}
	if want := []int{2, 1, 1, 1, 2}; total != len(list) || !slices.Equal(got, want) {
		t.Errorf("got parts of %v, want %v", got, want)
	}
	if together(nil) != nil {
		t.Error("of none there is a part")
	}
}
