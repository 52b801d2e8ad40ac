package api

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"creditmsg/client"
	"creditmsg/internal/blob"
	parts "creditmsg/internal/upload"
)

// frayed is a listener whose connections break after some bytes, each a little later than the
// one before.
type frayed struct {
	net.Listener
	after atomic.Int64 // 0 = they hold
}

func (f *frayed) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if most := f.after.Load(); err == nil && most > 0 {
		c = &fraying{Conn: c, left: most}
	}
	return c, err
}

type fraying struct {
	net.Conn
	left int64
}

func (c *fraying) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.left -= int64(n); c.left < 0 {
		c.Conn.Close()
		return 0, errors.New("the connection broke")
	}
	return n, err
}

func crowd(n int) iter.Seq2[client.Recipient, error] {
	return func(yield func(client.Recipient, error) bool) {
		for i := range n {
			if !yield(client.Recipient{To: fmt.Sprintf("0105%07d", i), Variables: map[string]string{"이름": "김하나"}}, nil) {
				return
			}
		}
	}
}

// TestAMessageArrivesOverAConnectionThatBreaks sends a list over connections of which each
// breaks after 300 kB.
func TestAMessageArrivesOverAConnectionThatBreaks(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewUnstartedServer(w.handler)
	f := &frayed{Listener: server.Listener}
	server.Listener = f
	server.Start()
	defer server.Close()
	c, err := client.New(server.URL, w.rich, client.Options{Retries: 3})
	w.must(err)
	f.after.Store(300_000)
	draft := client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "#{이름}님"}}
	m, err := c.SendResumable(t.Context(), draft, crowd(8_000)) // half a megabyte
	w.must(err)
	if m.Recipients.Accepted != 8_000 {
		t.Errorf("got %+v, want 8,000 accepted", m.Recipients)
	}
	list, err := c.Uploads(t.Context(), client.Paging{})
	w.must(err)
	if len(list.Data) != 1 || list.Data[0].State != "used" {
		t.Errorf("got %+v, want one that was used", list.Data)
	}
	again, err := c.SendUpload(t.Context(), list.Data[0].ID)
	if err != nil || again.ID != m.ID || !again.Replayed {
		t.Errorf("sent again: %+v, %v; want the first reply", again, err)
	}
	if all, err := c.Messages(t.Context(), client.MessageFilter{}); err != nil || len(all.Data) != 1 {
		t.Errorf("got %d messages, %v", len(all.Data), err)
	}
}

func TestAnUploadThatCannotBeSentStays(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := client.New(server.URL, w.rich, client.Options{Retries: -1})
	w.must(err)
	u, err := c.BeginUpload(t.Context())
	w.must(err)
	first := []byte(`{"strategy":"sms_only","text":{"body":"안녕"}}` + "\n" + `{"to":"010-1234-5678"}` + "\n" + `{"to":`)
	u, err = c.AppendUpload(t.Context(), u.ID, 0, first)
	w.must(err)
	if _, err := c.SendUpload(t.Context(), u.ID); !client.IsProblem(err, "malformed") || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("got %v, want line 3 refused", err)
	}
	if _, err := c.AppendUpload(t.Context(), u.ID, 1, first); !client.IsProblem(err, "state_conflict") {
		t.Errorf("got %v, want a conflict", err)
	}
	_, err = c.AppendUpload(t.Context(), u.ID, u.Bytes, []byte(`"010-2345-6789"}`))
	w.must(err)
	m, err := c.SendUpload(t.Context(), u.ID)
	if err != nil || m.Recipients.Accepted != 2 {
		t.Errorf("got %+v, %v; want two accepted", m.Recipients, err)
	}
	if _, err := c.AppendUpload(t.Context(), u.ID, u.Bytes, []byte("x")); !client.IsProblem(err, "state_conflict") {
		t.Errorf("after it was sent: %v, want a conflict", err)
	}
	w.must(c.RemoveUpload(t.Context(), u.ID))
	if _, err := c.Upload(t.Context(), u.ID); !client.IsProblem(err, "not_found") {
		t.Errorf("after it was removed: %v", err)
	}
}

// storedBehind keeps uploads in a bucket; before says what happens first when one of their pieces
// is asked for.
func (w *world) storedBehind(before func()) {
	w.t.Helper()
	backend := s3mem.New()
	w.must(backend.CreateBucket("uploads"))
	bucket := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			before()
		}
		bucket.ServeHTTP(out, r)
	}))
	w.t.Cleanup(server.Close)
	store, err := blob.Open(blob.Options{URL: strings.Replace(server.URL, "http://", "s3://KEY:SECRET@", 1) + "/uploads?tls=off&region=us-east-1"})
	w.must(err)
	w.deps.Uploads = parts.New(w.d, w.keys, store, w.deps.Log)
	w.deps.Registerer = nil
	w.handler, err = New(w.deps)
	w.must(err)
}

// TestASendThatIsRepeatedWhileItIsUnderWayGetsItsReply has the first of two be accepted, and its
// pieces go, after the second found no reply and before it reads them.
func TestASendThatIsRepeatedWhileItIsUnderWayGetsItsReply(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var path string
		var first got
		var asked atomic.Bool
		w.storedBehind(func() {
			if !asked.Swap(true) {
				first = w.do(ask{method: "POST", path: path + "/send", token: w.rich})
			}
		})
		path = "/v1/uploads/" + w.post("/v1/uploads", "").is(201).json()["id"].(string)
		w.do(ask{method: "PATCH", path: path + "?offset=0", token: w.rich, media: "application/octet-stream",
			body: `{"strategy":"sms_only","text":{"body":"안녕"}}` + "\n" + `{"to":"010-1234-5678"}` + "\n"}).is(200)
		second := w.do(ask{method: "POST", path: path + "/send", token: w.rich})
		if first.is(202); second.status != 202 || string(second.body) != string(first.body) || second.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the repeat got %d %s, want the first reply: %s", second.status, second.body, first.body)
		}
		if log := w.log.String(); strings.Contains(log, "not in the store") {
			t.Errorf("the log tells of an upload that lost a piece: %s", log)
		}
		if rows := w.get("/v1/messages").rows(); len(rows) != 1 {
			t.Errorf("got %d messages, want 1", len(rows))
		}
	})
}

// TestASlowPieceKeepsNoMessageOut looks what is held while a client sends a piece.
func TestASlowPieceKeepsNoMessageOut(t *testing.T) {
	w := onSQLite(t)
	path := "/v1/uploads/" + w.post("/v1/uploads", "").is(201).json()["id"].(string)
	body, client := io.Pipe()
	done := make(chan got)
	go func() {
		done <- w.do(ask{method: "PATCH", path: path + "?offset=0", token: w.rich, media: "application/octet-stream", from: body})
	}()
	_, err := io.WriteString(client, "x")
	w.must(err)
	a := w.handler.(*api)
	if a.pieces.by["site rich"] != parts.PieceSize || a.memory.free != bodyRoom {
		t.Errorf("the site has %d of the room for pieces, and %d of that for bodies is free", a.pieces.by["site rich"], a.memory.free)
	}
	w.must(client.Close())
	if r := (<-done).is(200).json(); r["bytes"] != 1.0 {
		t.Errorf("got %v", r)
	}
	wantEmpty(t, a.pieces)
}

// TestRowsThatFailEndAnUpload looks that the caller's own error comes back, at once.
func TestRowsThatFailEndAnUpload(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := client.New(server.URL, w.rich, client.Options{})
	w.must(err)
	sorry := errors.New("the file is gone")
	rows := func(yield func(client.Recipient, error) bool) {
		_ = yield(client.Recipient{To: "010-1234-5678"}, nil) && yield(client.Recipient{}, sorry)
	}
	if _, err := c.SendResumable(t.Context(), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "안녕"}}, rows); !errors.Is(err, sorry) {
		t.Errorf("got %v, want the rows' error", err)
	}
}

func TestBadPiecesAreRefused(t *testing.T) {
	w := onSQLite(t)
	made := w.do(ask{method: "POST", path: "/v1/uploads", token: w.rich}).is(201).json()
	path := "/v1/uploads/" + made["id"].(string)
	for _, tt := range []struct {
		path, token string
		status      int
	}{
		{path, w.rich, 422}, {path + "?offset=x", w.rich, 422}, {path + "?offset=-1", w.rich, 422},
		{path + "?offset=7", w.rich, 409}, {path + "?offset=0", w.poor, 404}, {"/v1/uploads/upl_x?offset=0", w.rich, 404},
		{path + "?offset=0", "", 401},
	} {
		got := w.do(ask{method: "PATCH", path: tt.path, token: tt.token, body: "x", media: "application/octet-stream"})
		if got.status != tt.status {
			t.Errorf("%s: got %d %s, want %d", tt.path, got.status, got.body, tt.status)
		}
	}
	if got := w.do(ask{method: "POST", path: path + "/send", token: w.rich}); got.status != 400 {
		t.Errorf("an empty upload: got %d %s, want 400", got.status, got.body)
	}
	if view := w.get(path).is(200).json(); view["bytes"] != 0.0 || view["state"] != "open" {
		t.Errorf("got %v, want nothing taken", view)
	}
}
