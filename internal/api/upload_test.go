package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"
)

// pipes is a listener whose connections are in memory, so that their deadlines run
// in virtual time.
type pipes struct {
	coming chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.coming:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// uploading serves one upload over a server with short time-outs: the client sends
// pieces with a pause before each. It gives the reply.
func uploading(t *testing.T, pieces int, pause time.Duration) (status int, reply string, connection string) {
	t.Helper()
	a := build(Deps{})
	l := &pipes{coming: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, err := newUpload(w, r, maxUpload, uploadWithin)
			if err == nil {
				_, err = io.Copy(io.Discard, u)
			}
			if err != nil {
				a.refuse(w, r, err)
				return
			}
			_, _ = io.WriteString(w, "taken")
		})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	ours, theirs := net.Pipe()
	l.coming <- theirs
	over := make(chan struct{})
	go func() {
		_, _ = fmt.Fprintf(ours, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", pieces)
		for range pieces {
			select {
			case <-time.After(pause):
			case <-over:
				return
			}
			if _, err := io.WriteString(ours, "x"); err != nil {
				return
			}
		}
	}()
	res, err := http.ReadResponse(bufio.NewReader(ours), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	connection = fmt.Sprint(res.Close)
	close(over)
	_ = ours.Close()
	_ = server.Close()
	<-served
	<-time.After(time.Second) // virtual: a connection that was cut short lingers for half of it
	return res.StatusCode, string(body), connection
}

func TestASlowUploadIsServedBeyondTheServersTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status, reply, closed := uploading(t, 60, 25*time.Second) // 25 minutes
		if status != 200 || reply != "taken" || closed != "true" {
			t.Errorf("got %d %s, closed %s; want it taken and the connection closed", status, reply, closed)
		}
	})
}

func TestAStuckUploadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		status, reply, _ := uploading(t, 2, time.Hour)
		if status != 400 || !strings.Contains(reply, `"code":"malformed"`) || time.Since(start) > 31*time.Second {
			t.Errorf("got %d %s after %s, want it malformed after half a minute", status, reply, time.Since(start))
		}
	})
}

func TestAnUploadThatNeverEndsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		status, _, _ := uploading(t, 1<<20, 20*time.Second)
		if took := time.Since(start); status != 400 || took < uploadWithin || took > uploadWithin+time.Minute {
			t.Errorf("got %d after %s, want it malformed after %s", status, took, uploadWithin)
		}
	})
}

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
