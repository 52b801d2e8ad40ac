package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// pipes is a listener whose connections are in memory and hold nothing: who writes waits for
// who reads, and in a bubble of package synctest their deadlines run in virtual time.
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

// inMemory serves h and gives what calls it.
func inMemory(t *testing.T, h http.Handler) (call func() net.Conn) {
	t.Helper()
	l := &pipes{coming: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	var all []net.Conn
	t.Cleanup(func() {
		for _, c := range all {
			_ = c.Close()
		}
		_ = server.Close()
		<-served
	})
	return func() net.Conn {
		ours, theirs := net.Pipe()
		all = append(all, ours)
		l.coming <- theirs
		return ours
	}
}

// bare is the API without a database, for what asks none.
func bare(t *testing.T) *api {
	t.Helper()
	h, err := New(Deps{})
	if err != nil {
		t.Fatal(err)
	}
	return h.(*api)
}

// settle lets what a closed connection leaves behind end: one that was cut short lingers for
// half a second of virtual time.
func settle() { <-time.After(time.Second) }

// uploading serves one upload: the client sends pieces with a pause before each. It gives the
// reply.
func uploading(t *testing.T, pieces, size int, pause time.Duration) (status int, reply string) {
	t.Helper()
	a := build(Deps{})
	call := inMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := newRecorder(w)
		await(out, r)
		u, err := newUpload(out, r, maxUpload, uploadWithin)
		if err == nil {
			_, err = io.Copy(io.Discard, u)
		}
		if err != nil {
			a.refuse(out, r, err)
			return
		}
		_, _ = io.WriteString(out, "taken")
	}))
	ours, over := call(), make(chan struct{})
	go func() {
		_, _ = fmt.Fprintf(ours, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", pieces*size)
		for range pieces {
			select {
			case <-time.After(pause):
			case <-over:
				return
			}
			if _, err := io.WriteString(ours, strings.Repeat("x", size)); err != nil {
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
	close(over)
	_ = ours.Close()
	settle()
	return res.StatusCode, string(body)
}

func TestASlowUploadIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if status, reply := uploading(t, 60, 25*slowest, 25*time.Second); status != 200 || reply != "taken" { // 25 minutes
			t.Errorf("got %d %s, want it taken", status, reply)
		}
	})
}

func TestAnUploadThatIsStuckTricklesOrNeverEndsIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		pieces, size  int
		pause         time.Duration
		after, before time.Duration
	}{
		"stuck":      {2, 1, time.Hour, pauseWithin, pauseWithin + time.Second},
		"trickles":   {1 << 20, 1, 20 * time.Second, slowFor, slowFor + time.Second},
		"never ends": {1 << 12, 64 << 10, 15 * time.Second, uploadWithin, uploadWithin + time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				status, reply := uploading(t, c.pieces, c.size, c.pause)
				if took := time.Since(start) - time.Second; status != 400 || !strings.Contains(reply, `"code":"malformed"`) || took < c.after || took > c.before {
					t.Errorf("got %d %s after %s, want it malformed after %s", status, reply, took, c.after)
				}
			})
		})
	}
}

// TestABodyThatNobodyReadsHoldsNothing has a route that takes no body get one that does not come.
func TestABodyThatNobodyReadsHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, c := time.Now(), inMemory(t, bare(t))()
		_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(c)
		if took := time.Since(start); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200") || took > pauseWithin+time.Second {
			t.Errorf("got %.30q, %v after %s, want the reply and the end of the connection", text, err, took)
		}
		settle()
	})
}

// taking calls GET /openapi.json, a reply of some hundred kilobytes, and reads part by part with
// a pause before each. It gives what came, and how long it took.
func taking(t *testing.T, part int, pause time.Duration) (text []byte, whole bool, took time.Duration) {
	t.Helper()
	a := bare(t)
	const size = 300 << 10
	a.documentation = func() (*documentation, error) { return &documentation{spec: []byte(strings.Repeat("x", size))}, nil }
	ended := make(chan time.Time, 1)
	c := inMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.ServeHTTP(w, r)
		ended <- time.Now()
	}))()
	start := time.Now()
	if _, err := io.WriteString(c, "GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for {
		<-time.After(pause)
		b := make([]byte, part)
		n, err := io.ReadFull(c, b)
		text = append(text, b[:n]...)
		if err != nil {
			break
		}
	}
	took = (<-ended).Sub(start)
	settle()
	return text, strings.Count(string(text), "x") >= size, took
}

func TestAClientThatReceivesSlowlyIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if text, whole, took := taking(t, 8*slowest, 7*time.Second); !whole || took < 50*time.Second {
			t.Errorf("got %d bytes in %s, want all of them", len(text), took)
		}
	})
}

func TestAClientThatReceivesNothingOrTricklesIsCutOff(t *testing.T) {
	for name, c := range map[string]struct {
		part   int
		pause  time.Duration
		within time.Duration
	}{
		"nothing":  {1, time.Hour, 2*pauseWithin + time.Second}, // the server's own buffers are tried once more
		"trickles": {100, 10 * time.Second, slowFor + 10*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if text, whole, took := taking(t, c.part, c.pause); whole || took > c.within {
					t.Errorf("got %d bytes, all of them %v, until %s; want it cut off within %s", len(text), whole, took, c.within)
				}
			})
		})
	}
}

// TestWorkMayTakeLongerThanItsBody has an act wait for somebody else, as one that pays does.
func TestWorkMayTakeLongerThanItsBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bare(t)
		o := operation{id: "waitLong", method: http.MethodPost, path: "/v1/wait", ability: "messages:write", status: http.StatusOK, quick: true}
		register[struct{ Body struct{ N int } }, nothing](a, o, func(ctx context.Context, _ *exchange, _ *struct{ Body struct{ N int } }) (*reply, error) {
			<-time.After(5 * time.Minute)
			return &reply{Status: http.StatusOK, Media: "text/plain", Body: []byte("done")}, ctx.Err()
		})
		// The caller is remembered, so that no database is asked.
		a.remembered.learn(claim{secret: "s"}, caller{site: "rich", Who: access.Who{Token: site.Token{ID: id.New(), Site: "rich", Abilities: []string{"*"}}}})
		a.uses.flushed = time.Now().Add(time.Hour)
		c := inMemory(t, a)()
		if _, err := io.WriteString(c, "POST /v1/wait HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"+`{"N":1}`); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || string(text) != "done" {
			t.Errorf("got %d %s, %v; want the act to end", res.StatusCode, text, err)
		}
		_ = c.Close()
		settle()
	})
}

// TestStuckReadersHoldNoTransaction has more clients stop in the middle of exports than there are
// connections to the database.
func TestStuckReadersHoldNoTransaction(t *testing.T) {
	w := onSQLite(t)
	w.update(func(tx *db.Tx) error {
		for range 500 {
			if _, err := w.ledger.Add(tx, credit.TopUp{Site: "rich", Kind: credit.Adjustment, Amount: money.Won, Note: strings.Repeat("n", 100)}); err != nil {
				return err
			}
		}
		return nil
	})
	call := inMemory(t, w.handler)
	var begun sync.WaitGroup
	for range 40 {
		c := call()
		begun.Go(func() {
			_, err := fmt.Fprintf(c, "GET /v1/credit/entries/export?notes=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", w.rich)
			b := make([]byte, 512)
			if err == nil {
				_, err = io.ReadFull(c, b)
			}
			if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 200") {
				t.Errorf("%v: %.100s", errors.Join(errors.New("the export does not begin"), err), b)
			}
		})
	}
	begun.Wait()
	w.get("/v1/credit").is(200)
	w.send(text)
}

// frame is one of HTTP/2.
func frame(kind, flags byte, stream byte, payload string) string {
	n := len(payload)
	return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, 0, 0, 0, stream}) + payload
}

// TestAStreamOfHTTP2ThatIsStuckIsResetAndTheOthersGoOn has a client allow no byte of a reply, while
// its connection is well.
func TestAStreamOfHTTP2ThatIsStuckIsResetAndTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bare(t)
		a.documentation = func() (*documentation, error) { return &documentation{spec: []byte(strings.Repeat("x", 300<<10))}, nil }
		l := &pipes{coming: make(chan net.Conn), closed: make(chan struct{})}
		protocols := new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
		ended := make(chan time.Duration, 2)
		start := time.Now()
		server := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a.ServeHTTP(w, r)
			ended <- time.Since(start)
		})}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		ours, theirs := net.Pipe()
		l.coming <- theirs
		const noWindow, headers, settings, reset = "\x00\x04\x00\x00\x00\x00", 1, 4, 3
		ask := func(stream byte, path string) string {
			return frame(headers, 5, stream, "\x82\x86\x04"+string(rune(len(path)))+path+"\x01\x01x")
		}
		go func() {
			_, _ = io.WriteString(ours, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+frame(settings, 0, 0, noWindow)+ask(1, "/openapi.json"))
		}()
		in := bufio.NewReader(ours)
		answered := false
		for {
			head := make([]byte, 9)
			if _, err := io.ReadFull(in, head); err != nil {
				t.Fatalf("the connection ended: %v", err)
			}
			_, _ = in.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2]))
			if answered = answered || head[3] == headers; head[3] == reset {
				break
			}
		}
		if took := <-ended; !answered || took < pauseWithin || took > 2*pauseWithin {
			t.Errorf("the handler ended after %s, its reply had begun %v", took, answered)
		}
		go func() { _, _ = io.WriteString(ours, ask(3, "/nothing")) }()
		<-ended
		go func() { _, _ = io.Copy(io.Discard, in) }()
		_ = ours.Close()
		_ = server.Close()
		<-served
		settle()
	})
}
