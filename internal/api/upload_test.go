package api

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"
)

func TestABodyOfUnknownLengthIsReadWhole(t *testing.T) {
	a := &api{room: semaphore.NewWeighted(bodyRoom)}
	for _, size := range []int{0, 10, smallBody - 1, smallBody, smallBody + 1, 3 * smallBody} {
		r := httptest.NewRequest("POST", "/", struct{ io.Reader }{strings.NewReader(strings.Repeat("x", size))})
		body, release, err := a.whole(httptest.NewRecorder(), r, maxJSON)
		if err != nil || len(body) != size {
			t.Errorf("got %d bytes and %v, want %d", len(body), err, size)
		}
		release()
	}
	if !a.room.TryAcquire(bodyRoom) {
		t.Error("room was not given back")
	}
}

func TestLargeBodiesWaitForRoomButNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{room: semaphore.NewWeighted(bodyRoom)}
		for range bodyRoom / maxJSON {
			release, err := a.takeRoom(t.Context(), maxJSON)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
		}
		if _, err := a.takeRoom(t.Context(), smallBody); err != nil {
			t.Errorf("got %v for a small body, want it let in", err)
		}
		start := time.Now()
		_, err := a.takeRoom(t.Context(), smallBody+1)
		refusedAs(t, err, "unavailable")
		if took := time.Since(start); took != roomWithin {
			t.Errorf("gave up after %s, want %s", took, roomWithin)
		}
	})
}
