package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// largeOf is a request about a site, whose body says how long it is; -1 = it does not.
func largeOf(t *testing.T, siteID string, body io.Reader, length int64) *http.Request {
	r := httptest.NewRequest("POST", "/", struct{ io.Reader }{body})
	r.ContentLength = length
	return r.WithContext(context.WithValue(t.Context(), exchangeKey{}, &exchange{site: siteID}))
}

// trickled is a body whose client sends nothing more, until it leaves.
func trickled(t *testing.T) io.Reader {
	body, client := io.Pipe()
	t.Cleanup(func() { _ = client.Close() })
	return body
}

func TestWhoTricklesHoldsNobodyElseUp(t *testing.T) {
	form, media := writtenForm(t, formPart{"message", formMessage}, formPart{"list", "to\n"})
	takeForm := func(a *api, r *http.Request) error {
		r.Header.Set("Content-Type", media)
		f, err := a.takeForm(httptest.NewRecorder(), r, of(r.Context()), messageForm)
		if err == nil {
			f.close()
		}
		return err
	}
	takeJSON := func(a *api, r *http.Request) error {
		_, release, err := a.whole(httptest.NewRecorder(), r, maxJSON)
		release()
		return err
	}
	for name, c := range map[string]struct {
		take            func(*api, *http.Request) error
		trickles, sends int64 // the lengths that are announced
		body            string
	}{
		"forms of unknown length": {takeForm, -1, -1, form},
		"forms of known length":   {takeForm, maxUpload, int64(len(form)), form},
		"JSON":                    {takeJSON, maxJSON, 2 * smallBody, strings.Repeat(" ", 2*smallBody)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := build(Deps{})
				for range 20 {
					go func() { _ = c.take(a, largeOf(t, "one", trickled(t), c.trickles)) }()
				}
				synctest.Wait()
				start := time.Now()
				err := c.take(a, largeOf(t, "two", strings.NewReader(c.body), c.sends))
				if waited := time.Since(start); err != nil || waited > 0 {
					t.Errorf("another site got %v after %s, want its request read at once", err, waited)
				}
			})
		})
	}
}

// wantEmpty checks that nobody has anything of a room.
func wantEmpty(t *testing.T, r *room) {
	t.Helper()
	if r.mu.Lock(); r.free != r.share*sharesOfRoom || len(r.by)+len(r.waiting) > 0 {
		t.Errorf("%d of %d are free, %v have some, %d wait; want it given back", r.free, r.share*sharesOfRoom, r.by, len(r.waiting))
	}
	r.mu.Unlock()
}

// TestWhoeverTakesRoomIsToldWhoseIsUsedUp fills a share, and then the room.
func TestWhoeverTakesRoomIsToldWhoseIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := build(Deps{})
		whole := func(siteID string, size int64) (release func(), waited time.Duration, err error) {
			start := time.Now()
			_, release, err = a.whole(httptest.NewRecorder(), largeOf(t, siteID, io.LimitReader(zeros{}, size), size), maxJSON)
			return release, time.Since(start), err
		}
		for _, siteID := range []string{"a", "b", "c"} {
			release, _, err := whole(siteID, maxJSON)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
		}
		_, waited, err := whole("a", smallBody+1)
		refusedAs(t, err, "rate_limited")
		if f := fault.Of(err); waited != roomWithin || f.RetryAfter == 0 {
			t.Errorf("refused after %s, to come again after %s", waited, f.RetryAfter)
		}
		_, _, err = whole(site.TestID("a"), smallBody+1)
		refusedAs(t, err, "rate_limited") // a site and its test site are one
		release, waited, err := whole("d", maxJSON)
		if err != nil || waited > 0 {
			t.Fatalf("the fourth got %v after %s", err, waited)
		}
		if _, waited, err = whole("e", smallBody+1); waited != roomWithin {
			t.Errorf("gave up after %s, want %s", waited, roomWithin)
		}
		refusedAs(t, err, "unavailable")
		if small, waited, err := whole("e", smallBody); err != nil || waited > 0 {
			t.Errorf("a small body got %v after %s, want it let in", err, waited)
		} else {
			small()
		}
		time.AfterFunc(time.Second, release)
		release, waited, err = whole("e", maxJSON)
		if err != nil || waited != time.Second {
			t.Errorf("got %v after %s, want it let in when there is room", err, waited)
		}
		release()
	})
}

// TestAFormThatFindsNoRoomOnItsWayIsToldSo has the share of a site end at the first bytes of a
// form, and in the middle of its list.
func TestAFormThatFindsNoRoomOnItsWayIsToldSo(t *testing.T) {
	for _, left := range []int64{0, roomStep} {
		synctest.Test(t, func(t *testing.T) {
			a := build(Deps{})
			taken := &holding{room: a.disk, who: "site one"}
			if err := taken.more(t.Context(), a.disk.share-left); err != nil {
				t.Fatal(err)
			}
			form, media := writtenForm(t, formPart{"message", formMessage}, formPart{"list", strings.Repeat("01012345678\n", 200_000)})
			r := largeOf(t, "one", strings.NewReader(form), -1)
			r.Header.Set("Content-Type", media)
			_, err := a.takeForm(httptest.NewRecorder(), r, of(r.Context()), messageForm)
			refusedAs(t, err, "rate_limited")
			taken.release()
			wantEmpty(t, a.disk)
		})
	}
}

// TestRequestsThatWaitForEachOtherEnd has requests of one site each hold some of its share and
// want more than is left: the first gives up, and the others go on.
func TestRequestsThatWaitForEachOtherEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(16)
		ends := make(chan error)
		for i := range 4 {
			go func() {
				h := &holding{room: r, who: "one"}
				defer h.release()
				err := h.more(t.Context(), 1)
				time.Sleep(time.Duration(i+1) * time.Second)
				if err == nil {
					err = h.more(t.Context(), 1)
				}
				ends <- err
			}()
		}
		refusedAs(t, <-ends, "rate_limited")
		for range 3 {
			if err := <-ends; err != nil {
				t.Errorf("got %v, want it to go on with what the first gave back", err)
			}
		}
		synctest.Wait()
		wantEmpty(t, r)
	})
}

// TestALargeRequestHasItsTurn lets nobody pass one that waits for the room, other than those
// who wait for their own share.
func TestALargeRequestHasItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(16)
		for _, who := range []string{"a", "b", "c"} {
			if err := r.take(t.Context(), who, 4); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.take(t.Context(), "d", 1); err != nil {
			t.Fatal(err)
		}
		var order []string
		for _, w := range []struct {
			who  string
			size int64
		}{{"a", 4}, {"e", 4}, {"f", 1}} {
			go func() {
				if err := r.take(t.Context(), w.who, w.size); err != nil {
					t.Error(err)
				}
				order = append(order, w.who)
			}()
			synctest.Wait()
		}
		r.give("d", 1)
		synctest.Wait()
		r.give("c", 4)
		synctest.Wait()
		r.give("a", 4)
		synctest.Wait()
		if got := strings.Join(order, " "); got != "e f a" {
			t.Errorf("they were served in the order %s", got)
		}
	})
}

// TestWhoLeavesWhileHeWaitsTakesNothing ends a request that waits.
func TestWhoLeavesWhileHeWaitsTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(16)
		if err := r.take(t.Context(), "a", 4); err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		if err := r.take(ctx, "a", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want what ended it", err)
		}
		r.give("a", 4)
		wantEmpty(t, r)
	})
}

func TestWhoHoldsRoomIsTheSiteOrTheCallerOrTheAddress(t *testing.T) {
	a, token, person := build(Deps{}), id.New(), id.New()
	for want, x := range map[string]*exchange{
		"site demo":                      {site: "demo", token: site.Token{ID: token}},
		"caller " + token.Text(id.Token): {token: site.Token{ID: token}, call: access.Call{Who: access.Who{Token: site.Token{ID: token}}}},
		"caller " + person.Text(id.User): {site: everySite, token: site.Token{ID: token}, call: access.Call{Who: access.Who{Person: &access.Person{ID: person}}}},
		"address 192.0.2.1":              {},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		if got := a.holder(r.WithContext(context.WithValue(t.Context(), exchangeKey{}, x))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
