package delivery

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/attachment"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// uploadFaults are what can go wrong while a picture is uploaded. Nothing was handed over
// then, whatever it is.
var uploadFaults = []struct {
	name  string
	wrong trouble
	now   message.Progress
	call  attemptState
	then  message.Progress
}{
	{"the picture is refused: 400", trouble{path: solapiUpload, status: 400, body: `{"errorCode":"ValidationError","errorMessage":"-"}`}, message.Failed, refused, message.Failed},
	{"the picture is too large: 413", trouble{path: solapiUpload, status: 413, body: `{"errorCode":"TooLarge","errorMessage":"-"}`}, message.Failed, refused, message.Failed},
	{"the upload is refused for speed", trouble{path: solapiUpload, status: 429, body: `{}`}, message.Pending, refused, message.Sent},
	{"the upload fails: 500", trouble{path: solapiUpload, status: 500, body: `{}`}, message.Pending, notSent, message.Sent},
	{"the upload is cut", trouble{path: solapiUpload}, message.Pending, notSent, message.Sent},
	{"the upload is taken, the answer is lost", trouble{path: solapiUpload, after: true}, message.Pending, notSent, message.Sent},
	{"an answer that nobody can read", trouble{path: solapiUpload, status: 200, body: `<html>`}, message.Pending, notSent, message.Sent},
}

func TestAnUploadThatFailsHandsNothingOver(t *testing.T) {
	for _, c := range uploadFaults {
		t.Run(c.name, func(t *testing.T) {
			alone(t, func(s *shop) {
				n, picture, digest := s.upload()
				s.wrong(c.wrong)
				key := s.handed(showing(picture), 2)
				s.wantStates(key, c.now, c.now)
				s.wantCalls(key, c.call)
				s.wantTaken(key)
				if r := s.person(key, 0); c.now == message.Failed && r.Reason != provider.AttachmentError {
					s.t.Errorf("failed for %q, want %s", r.Reason, provider.AttachmentError)
				}
				for range 3 {
					s.pass(time.Minute)
				}
				s.wantStates(key, c.then, c.then)
				if c.then == message.Failed {
					s.wantMoney(1000, 0, 0)
					if s.needed(n) {
						s.t.Error("the picture is needed by a message that is done")
					}
					return
				}
				s.wantOnce(key)
				if diff := cmp.Diff([][]string{{digest}, {digest}}, s.shown(key)); diff != "" {
					s.t.Errorf("shown (-want +got):\n%s", diff)
				}
				s.wantMoney(1000-240, 240, 0)
			})
		})
	}
}

// forgets lets the vendor forget every picture.
func (s *shop) forgets() {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.sim.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_sim/reset", nil))
	if w.Code >= 300 {
		s.t.Fatalf("reset: %d %s", w.Code, w.Body)
	}
}

func TestAPictureThatTheVendorDoesNotKnowAnyMoreIsUploadedAgain(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		for name, o := range map[string]worldOptions{"solapi": {}, "sens": {asked: true}} {
			t.Run(engine+" "+name, func(t *testing.T) {
				o.delivery.Rest = time.Microsecond
				s := still(t, engine, o).open(t)
				_, picture, _ := s.upload()
				s.handed(showing(picture), 1)
				s.forgets()
				key := s.sent(s.name, showing(picture), silent(7), silent(8))
				s.drain()
				s.wantCalls(key, notSent)
				for range 3 {
					s.pass(time.Minute)
				}
				s.wantCalls(key, notSent, answered)
				s.wantStates(key, message.Sent, message.Sent)
				if n := len(s.sim.Received()); n != 2 {
					s.t.Errorf("the vendor took %d, want two", n)
				}
			})
		}
	}
}

// TestAVendorThatNeverKnowsAPictureIsNotAskedForEver lets the vendor say of each call that
// the picture it just took is not there.
func TestAVendorThatNeverKnowsAPictureIsNotAskedForEver(t *testing.T) {
	s := still(t, "sqlite", worldOptions{asked: true, delivery: Options{Rest: time.Microsecond}}).open(t)
	_, picture, _ := s.upload()
	s.wrong(trouble{path: "/messages", method: "POST", status: 400, body: `{"error":{"errorCode":"100","message":"fileId does not exist"}}`, always: true})
	key := s.handed(showing(picture), 1)
	for range 3 {
		s.pass(time.Minute)
	}
	s.wantStates(key, message.Failed)
	if r := s.person(key, 0); r.Reason != provider.AttachmentError {
		s.t.Errorf("failed for %q, want %s", r.Reason, provider.AttachmentError)
	}
	s.wantMoney(1000, 0, 0)
}

func TestAStoreThatIsAwayIsNotTheProvidersFault(t *testing.T) {
	s := still(t, "sqlite", worldOptions{}).open(t)
	_, picture, _ := s.upload()
	away := s.folder + "-away"
	s.must(os.Rename(s.folder, away))
	key := s.handed(showing(picture), 1)
	s.wantCalls(key, notSent)
	s.wantStates(key, message.Pending)
	if r := s.person(key, 0); r.Reason != "" {
		t.Errorf("the recipient waits for %q, want no reason: it was ours", r.Reason)
	}
	if n := s.delivery.carriers.list[0].health.calls.Metrics().Failures(); n != 0 {
		t.Errorf("the account has %d failed calls, want none", n)
	}
	s.must(os.RemoveAll(s.folder))
	s.must(os.Rename(away, s.folder))
	for range 3 {
		s.pass(time.Minute)
	}
	s.wantStates(key, message.Sent)
	s.wantMoney(1000-120, 120, 0)
}

// TestAProcessThatDiesWhileItUploadsLeavesACallThatWasNotMade stops between the upload and
// the beginning of the call.
func TestAProcessThatDiesWhileItUploadsLeavesACallThatWasNotMade(t *testing.T) {
	alone(t, func(s *shop) {
		_, picture, _ := s.upload()
		key := s.accept(showing(picture), 1)
		c := s.planAnd(key, callsAtOnce).calls[0]
		s.wantCalls(key, planned) // not calling: it does not begin with its plan
		if failed := s.delivery.preparePictures(context.Background(), c); failed != nil {
			s.t.Fatalf("prepare: %+v", failed)
		}
		s.pass(time.Minute)
		s.wantCalls(key, notSent, answered)
		if went, err := s.delivery.begin(context.Background(), c); went || err != nil {
			s.t.Errorf("the slow process begins the call: %v, %v", went, err)
		}
		s.wantOnce(key)
		s.wantMoney(1000-120, 120, 0)
	})
}

// TestAPictureThatIsRefusedFailsNoMessageBeside puts two messages into one call, of which
// one's picture is refused.
func TestAPictureThatIsRefusedFailsNoMessageBeside(t *testing.T) {
	alone(t, func(s *shop) {
		_, good, _ := s.upload()
		n, bad, _ := s.upload()
		first := s.accept(showing(good), 1)
		second := s.sent(s.name, showing(bad), silent(5))
		third := s.sent(s.name, textOnly("a"), silent(6))
		name := attachment.UpstreamName(n.ID)
		s.wrong(trouble{path: solapiUpload, always: true, status: 400, body: `{"errorCode":"ValidationError","errorMessage":"-"}`, match: func(r *http.Request) bool {
			var body bytes.Buffer
			_, err := body.ReadFrom(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body.Bytes()))
			return err != nil || strings.Contains(body.String(), name)
		}})
		s.drain()
		s.wantStates(first, message.Sent)
		s.wantStates(second, message.Failed)
		s.wantStates(third, message.Sent)
		s.wantMoney(1000-120-18, 138, 0)
	})
}
