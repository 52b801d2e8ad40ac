package delivery

import (
	"testing"
	"time"

	"creditmsg/internal/message"
)

// faults are what can go wrong at the vendor's socket in one hand-over, and where
// the two recipients stand at once and in the end.
var faults = []struct {
	name  string
	wrong trouble
	now   message.Progress
	call  attemptState
	then  message.Progress
}{
	{"the group is refused for speed", trouble{path: "/groups", status: 429, body: `{}`}, message.Pending, refused, message.Sent},
	{"the group is not made: 500", trouble{path: "/groups", status: 500, body: `{}`}, message.Pending, notSent, message.Sent},
	{"the group is not made: cut", trouble{path: "/groups"}, message.Pending, notSent, message.Sent},
	{"the group is made, the answer is lost", trouble{path: "/groups", after: true}, message.Pending, notSent, message.Sent},
	{"nothing is added: 500", trouble{path: "/messages", method: "PUT", status: 500, body: `{}`}, message.Pending, notSent, message.Sent},
	{"nothing is added: cut", trouble{path: "/messages", method: "PUT"}, message.Pending, notSent, message.Sent},
	{"it is added, the answer is lost", trouble{path: "/messages", method: "PUT", after: true}, message.Pending, notSent, message.Sent},
	{"what is added is refused: 400", trouble{path: "/messages", method: "PUT", status: 400, body: `{"errorCode":"ValidationError","errorMessage":"-"}`}, message.Failed, refused, message.Failed},
	{"the hand-over is refused: 402", trouble{path: "/send", status: 402, body: `{"errorCode":"NotEnoughBalance","errorMessage":"-"}`}, message.Pending, refused, message.Sent},
	{"the hand-over is refused: 429", trouble{path: "/send", status: 429, body: `{}`, header: map[string]string{"Retry-After": "7"}}, message.Pending, refused, message.Sent},
	{"the hand-over is cut before it is taken", trouble{path: "/send"}, message.Unknown, unknown, message.Sent},
	{"the hand-over is cut after it is taken", trouble{path: "/send", after: true}, message.Unknown, unknown, message.Sent},
	{"500 before the hand-over is taken", trouble{path: "/send", status: 500, body: `{}`}, message.Unknown, unknown, message.Sent},
	{"503 after the hand-over is taken", trouble{path: "/send", status: 503, body: `{}`, after: true}, message.Unknown, unknown, message.Sent},
	{"an answer that nobody can read", trouble{path: "/send", status: 200, body: `<html>`, after: true}, message.Unknown, unknown, message.Sent},
	{"a group that is not there any more", trouble{path: "/send", status: 404, body: `{"errorCode":"ResourceNotFound","errorMessage":"-"}`}, message.Pending, notSent, message.Sent},
}

// TestNothingIsSentTwiceWhateverGoesWrongAtTheSocket lets each fault happen once
// to Alimtalks and once to texts, and then gives it time to be mended.
func TestNothingIsSentTwiceWhateverGoesWrongAtTheSocket(t *testing.T) {
	for _, c := range faults {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(s *shop) {
				s.wrong(c.wrong)
				key := s.handed(kakaoOnly(), 2)
				s.wantStates(key, c.now, c.now)
				if got := s.calls(key)[0].State; got != c.call {
					t.Errorf("the call is %s, want %s", got, c.call)
				}
				for range 3 {
					s.pass(time.Minute)
				}
				s.wantStates(key, c.then, c.then)
				if c.then == message.Failed {
					s.wantTaken(key)
					s.wantMoney(1000, 0, 0)
					return
				}
				s.wantOnce(key)
				s.wantMoney(982, 18, 0)
				s.says(key, 0, "4000")
				s.says(key, 1, "4000")
				s.wantMoney(982, 0, 18)
			})
		})
	}
}

func TestATimeoutIsUnknownNeverAFailure(t *testing.T) {
	each(t, func(s *shop) {
		s.wrong(trouble{path: "/send"})
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.wantStates(key, message.Unknown)
		if m := s.find(key); m.Counts.Failed != 0 || m.Counts.Unknown != 1 {
			t.Errorf("counts %+v, want one unknown", m.Counts)
		}
		s.wantMoney(982, 18, 0)
	})
}

// TestARefusalOfOneMessageDoesNotFailAnother puts two messages into one call that
// the vendor refuses as a whole.
func TestARefusalOfOneMessageDoesNotFailAnother(t *testing.T) {
	each(t, func(s *shop) {
		first, second := s.accept(kakaoOnly(), 1), s.sent(s.name, kakaoOnly(), silent(5))
		s.wrong(trouble{path: "/messages", method: "PUT", status: 400, body: `{"errorCode":"ValidationError","errorMessage":"-"}`})
		s.drain()
		s.wantStates(first, message.Sent)
		s.wantStates(second, message.Sent)
		s.wantOnce(first)
		s.wantOnce(second)
		s.wantCalls(first, refused, answered)
		s.wantMoney(982, 18, 0)
	})
}
