package api

import (
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func TestABodyOfUnknownLengthIsReadWhole(t *testing.T) {
	a := build(Deps{})
	for _, size := range []int{0, 10, smallBody - 1, smallBody, smallBody + 1, 3 * smallBody, maxJSON} {
		r := httptest.NewRequest("POST", "/", struct{ io.Reader }{strings.NewReader(strings.Repeat("x", size))})
		body, release, err := a.whole(httptest.NewRecorder(), r, maxJSON)
		if err != nil || len(body) != size {
			t.Errorf("got %d bytes and %v, want %d", len(body), err, size)
		}
		want := int64(size+roomStep-1) / roomStep * roomStep
		if size < smallBody {
			want = 0
		}
		if taken := bodyRoom - a.memory.free; taken != want {
			t.Errorf("a body of %d bytes takes %d of the room, want %d", size, taken, want)
		}
		release()
		wantEmpty(t, a.memory)
	}
}

func TestABodyOnDiskTakesRoomUntilItIsClosed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	a := build(Deps{})
	const size = 3*roomStep + 1
	for announced, want := range map[int64]int64{size: size, -1: 4 * roomStep} {
		file, err := a.onDisk(httptest.NewRecorder(), largeOf(t, "one", strings.NewReader(strings.Repeat("x", size)), announced))
		if err != nil {
			t.Fatal(err)
		}
		if taken := diskRoom - a.disk.free; taken != want {
			t.Errorf("announced as %d, it takes %d of the room, want %d", announced, taken, want)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		wantEmpty(t, a.disk)
	}
}

func TestADiskThatTakesNothingIsNotAvailable(t *testing.T) {
	closed, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	_, err = io.Copy(toDisk{closed}, strings.NewReader("x"))
	refusedAs(t, err, "unavailable")

	t.Setenv("TMPDIR", t.TempDir()+"/nowhere")
	a := build(Deps{})
	_, err = a.onDisk(httptest.NewRecorder(), largeOf(t, "one", strings.NewReader("x"), 1))
	refusedAs(t, err, "unavailable")
	wantEmpty(t, a.disk)
}
