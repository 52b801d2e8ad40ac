package providertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// The sentences about MMS and its pictures.

// pictures are n small pictures that nobody else has.
func pictures(n int) []provider.Picture {
	out := make([]provider.Picture, n)
	for i := range out {
		serial := given.Add(1)
		dots := image.NewRGBA(image.Rect(0, 0, 32, 8))
		for bit := range 32 {
			if serial>>bit&1 == 1 {
				dots.Set(bit, bit%8, color.White)
			}
		}
		var buf bytes.Buffer
		_ = jpeg.Encode(&buf, dots, nil) // memory takes everything
		out[i] = provider.Picture{Name: fmt.Sprintf("p%d.jpg", serial), Content: buf.Bytes()}
	}
	return out
}

// mms is one that shows pictures, which are uploaded where the vendor wants that.
func (w *world) mms(ref string, to korea.Number, show ...provider.Picture) provider.Leg {
	w.Helper()
	l := provider.Leg{Ref: ref, To: to, From: sender, Channel: provider.MMS, Subject: "제목", Text: someText}
	for _, p := range show {
		l.Pictures = append(l.Pictures, w.ready(p))
	}
	return l
}

// ready is a picture as a call needs it.
func (w *world) ready(p provider.Picture) provider.Picture {
	w.Helper()
	u := w.uploader()
	if u == nil {
		return p
	}
	got := u.Upload(w.Context(), p)
	if got.ID == "" || got.Keeps < 0 {
		w.Fatalf("upload: got %+v, want an id", got)
	}
	return provider.Picture{Name: p.Name, UpstreamID: got.ID}
}

// uploader is the adapter of a vendor that takes pictures beforehand; nil when they are part
// of the call.
func (w *world) uploader() provider.Uploader {
	u, _ := w.Provider.(provider.Uploader)
	return u
}

// mmsWorld is a world of an adapter that carries MMS; nil for another.
func mmsWorld(t *testing.T, h Harness, change ...func(*provider.Account)) *world {
	t.Helper()
	w := newWorld(t, h, change...)
	if !w.Capabilities().Carries(provider.MMS) {
		return nil
	}
	return w
}

// showing are an MMS of one picture and one of as many as the vendor takes.
func (w *world) showing() (legs []provider.Leg, want map[string][]string) {
	w.Helper()
	texts, want := texts(2), map[string][]string{}
	for i, n := range []int{1, w.Capabilities().Pictures} {
		show := pictures(n)
		legs = append(legs, w.mms(texts[i].Ref, texts[i].To, show...))
		for _, p := range show {
			sum := sha256.Sum256(p.Content)
			want[w.name(legs[i])] = append(want[w.name(legs[i])], hex.EncodeToString(sum[:]))
		}
	}
	return legs, want
}

// shown are the pictures that each phone got, by name of the leg.
func (w *world) shown() map[string][]string {
	w.Helper()
	out := map[string][]string{}
	w.rows(func(name string, pictures []string) {
		if pictures != nil {
			out[name] = pictures
		}
	})
	return out
}

func testPictures(t *testing.T, h Harness) {
	w := mmsWorld(t, h)
	if w == nil {
		return
	}
	if c := w.Capabilities(); c.Pictures < 1 {
		t.Fatalf("pictures of one mms: got %d, want at least one where mms is carried", c.Pictures)
	}
	legs, want := w.showing()
	again := texts(1)[0]
	same := legs[0]
	same.Ref, same.To = again.Ref, again.To
	legs, want[w.name(same)] = append(legs, same), want[w.name(legs[0])]
	for _, call := range w.accept(legs) {
		for i, m := range call.Members {
			if m.Refused {
				t.Errorf("member %d: got %+v, want it taken", i, m)
			}
		}
	}
	if diff := cmp.Diff(want, w.shown()); diff != "" {
		t.Errorf("pictures at the phones (-want +got):\n%s", diff)
	}
}

func testPictureCount(t *testing.T, h Harness) {
	w := mmsWorld(t, h)
	if w == nil {
		return
	}
	for _, n := range []int{0, w.Capabilities().Pictures + 1} {
		l := texts(1)[0]
		leg := w.mms(l.Ref, l.To, pictures(n)...)
		w.line.mark(-1, passes)
		got := w.submit(t.Context(), []provider.Leg{leg})
		got.mustBe(w, provider.Accepted)
		if m := got.Members[0]; !m.Refused || m.Reason != provider.AttachmentError {
			t.Errorf("%d pictures: got %+v, want it refused for %s", n, m, provider.AttachmentError)
		}
	}
}

func testPictureRefused(t *testing.T, h Harness) {
	w := mmsWorld(t, h)
	if w == nil {
		return
	}
	bad := provider.Picture{Name: "bad.jpg", Content: []byte("MZ this is a program")}
	if u := w.uploader(); u != nil {
		got := u.Upload(t.Context(), bad)
		if got.ID != "" || got.Failed.Outcome != provider.Refused || got.Failed.Reason != provider.AttachmentError {
			t.Errorf("upload: got %+v, want it refused for %s", got, provider.AttachmentError)
		}
		w.discreet(got.Failed.Text, nil)
		return
	}
	l := texts(1)[0]
	got := w.submit(t.Context(), []provider.Leg{w.mms(l.Ref, l.To, bad)})
	reason := got.Reason
	if got.Outcome == provider.Accepted && got.Members[0].Refused {
		reason = got.Members[0].Reason
	}
	if reason != provider.AttachmentError || len(w.taken()) != 0 {
		t.Errorf("got %+v, want it refused for %s", got.Result, provider.AttachmentError)
	}
}

func testUploadAuth(t *testing.T, h Harness) {
	w := mmsWorld(t, h, func(a *provider.Account) { a.APISecret += "x" })
	if w == nil || w.uploader() == nil {
		return
	}
	got := w.uploader().Upload(t.Context(), pictures(1)[0])
	if got.ID != "" || got.Failed.Outcome != provider.Refused || got.Failed.Reason != provider.AuthFailed {
		t.Errorf("upload: got %+v, want it refused for %s", got, provider.AuthFailed)
	}
}

// testSweepUpload breaks every request of an upload in every way.
func testSweepUpload(t *testing.T, h Harness) {
	w := mmsWorld(t, h, inHaste)
	if w == nil || w.uploader() == nil {
		return
	}
	w.line.mark(-1, passes)
	w.ready(pictures(1)[0])
	requests, _, _ := w.line.counts()
	for n := range requests {
		for _, how := range append([]fault{slowBefore, endsBefore, endsAfter}, broken...) {
			t.Run(fmt.Sprintf("request %d, %v", n+1, how), func(t *testing.T) {
				w := w.within(t)
				p := pictures(1)[0]
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				w.line.end = cancel
				w.line.mark(n, how)
				got := w.uploader().Upload(ctx, p)
				if got.ID != "" || got.Failed.Outcome != provider.NotSent || got.Failed.Gone != nil {
					t.Errorf("upload: got %+v, want it not sent", got)
				}
				if ours := ctx.Err() != nil; ours != (got.Failed.Reason == "") {
					t.Errorf("reason: got %q, want one unless we gave up", got.Failed.Reason)
				}
				w.discreet(got.Failed.Text, nil)
				l := texts(1)[0]
				w.line.mark(-1, passes)
				w.submit(t.Context(), []provider.Leg{w.mms(l.Ref, l.To, p)}).mustBe(w, provider.Accepted)
			})
		}
	}
}

// testSweepPictures breaks every request of a call that shows pictures.
func testSweepPictures(t *testing.T, h Harness) {
	w := mmsWorld(t, h)
	if w == nil {
		return
	}
	legs, _ := w.showing()
	w.line.mark(-1, passes)
	w.submit(t.Context(), legs[:1]).mustBe(w, provider.Accepted)
	requests, handed, handsOver := w.line.counts()
	if handed != 1 {
		t.Fatalf("requests that hand over: got %d, want 1", handed)
	}
	for n := range requests {
		for _, how := range broken {
			t.Run(fmt.Sprintf("request %d, %v", n+1, how), func(t *testing.T) {
				w := w.another(t)
				legs, _ := w.showing()
				w.line.mark(n, how)
				got := w.submit(t.Context(), legs[1:])
				w.certain(got, n, handsOver)
				w.settle(got)
			})
		}
	}
}

func testPictureGone(t *testing.T, h Harness) {
	w := mmsWorld(t, h)
	if w == nil || w.uploader() == nil {
		return
	}
	p, l := pictures(1)[0], texts(1)[0]
	leg := w.mms(l.Ref, l.To, p)
	reset := httptest.NewRecorder()
	w.vendor.ServeHTTP(reset, httptest.NewRequest(http.MethodPost, "/_sim/reset", nil))
	w.line.mark(-1, passes)
	got := w.submit(t.Context(), []provider.Leg{leg})
	got.mustBe(w, provider.NotSent)
	if diff := cmp.Diff(provider.UpstreamIDs(&leg), got.Gone); diff != "" {
		t.Errorf("gone (-want +got):\n%s", diff)
	}
	w.settle(got)
	leg = w.mms(l.Ref, l.To, p)
	w.line.mark(-1, passes)
	w.submit(t.Context(), []provider.Leg{leg}).mustBe(w, provider.Accepted)
}
