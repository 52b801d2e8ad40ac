package api

import (
	"io"
	"net/http/httptest"
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
