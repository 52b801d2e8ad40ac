package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/idem"
)

// endedBy is a message whose request ended for a reason before anything was done.
func endedBy(w *world, why error) got {
	ctx, end := context.WithCancelCause(w.t.Context())
	end(why)
	r := httptest.NewRequestWithContext(ctx, "POST", "/v1/messages", strings.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+w.rich)
	r.Header.Set("Content-Type", "application/json")
	return w.serve(r)
}

func TestAClientThatLeavesIsNoErrorOfOurs(t *testing.T) {
	w := onSQLite(t)
	endedBy(w, nil).refused(400, "malformed")
	if log := w.log.String(); strings.Contains(log, "ERROR") || !strings.Contains(log, "status=400") || !strings.Contains(log, "client_left=true") {
		t.Errorf("the log says %s", log)
	}
}

func TestAStopOfTheProcessIsNotTakenForALeavingClient(t *testing.T) {
	w := onSQLite(t)
	endedBy(w, fault.New(fault.Unavailable, fault.CodeUnavailable, "the program stops")).refused(503, "unavailable")
	if log := w.log.String(); strings.Contains(log, "client_left") {
		t.Errorf("the log says %s", log)
	}
}

// claimed holds an Idempotency-Key of POST /v1/groups until release is called, so that a request
// with it waits.
func (w *world) claimed(key string) (release func()) {
	held, letGo, over := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	undo := errors.New("undo")
	go func() {
		over <- w.d.Update(w.t.Context(), "test", func(tx *db.Tx) error {
			_, err := idem.Put(tx, idem.Record{Key: idem.Key{Site: "rich", Scope: "POST /v1/groups", Key: key}, Keep: time.Hour})
			close(held)
			<-letGo
			return errors.Join(undo, err)
		})
	}()
	<-held
	return func() {
		close(letGo)
		if err := <-over; !errors.Is(err, undo) {
			w.t.Errorf("the claim ended with %v", err)
		}
	}
}

func TestAClientThatEndsItsHalfOfTheConnectionIsToldSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		server := httptest.NewServer(w.handler)
		defer server.Close()
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		w.must(err)
		defer c.Close()
		w.get("/v1/groups").is(200).rows() // its use is noted now, and does not wait for what follows
		release := w.claimed("k")
		const body = `{"name":"never made"}`
		fmt.Fprintf(c, "POST /v1/groups HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", w.rich, len(body), body)
		w.must(c.(*net.TCPConn).CloseWrite())
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		w.must(err)
		defer res.Body.Close()
		release()
		if said, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 400 || !strings.Contains(string(said), "ended on your side") {
			t.Errorf("got status %d, %s, %v", res.StatusCode, said, err)
		}
		if rows := w.get("/v1/groups").is(200).rows(); len(rows) != 0 {
			t.Errorf("it was done: %v", rows)
		}
	})
}

func TestANumberThatNoTypeHoldsIsRefusedInOurOwnWords(t *testing.T) {
	w := onSQLite(t)
	for _, body := range []string{`{"name":1e400}`, `{"name":[1e999]}`} {
		g := w.post("/v1/groups", body)
		g.refused(400, "malformed")
		if !strings.Contains(string(g.body), "out of range") {
			t.Errorf("%s: got %s", body, g.body)
		}
	}
}
