package test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"creditmsg/client"
)

// acceptTaken is when a message is answered for, and nobody hears it.
const acceptTaken moment = "a message is answered for, and many more are being accepted"

// acceptors is how many send at once.
const acceptors = 16

// answeredFor kills the program while many small messages are being accepted. Each is
// sent under its key until somebody hears an answer: every one must be there once, and
// reach its phone once.
func answeredFor(t *testing.T, database string, size crashSize, kills, each int) {
	m := newMortal(t, database, size, false)
	door := httptest.NewServer(http.HandlerFunc(m.accept))
	t.Cleanup(door.Close)
	var err error
	if m.shopper, err = client.New(door.URL, m.token, client.Options{Retries: -1}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), crashPatience)
	defer cancel()
	begun := time.Now()
	said := make([]string, acceptors*each) // the id that each one's sender heard
	var senders sync.WaitGroup
	for s := range acceptors {
		senders.Go(func() {
			for n := s * each; n < (s+1)*each; n++ {
				said[n] = m.insist(ctx, n)
			}
		})
	}
	for n := range kills {
		if !m.strikeAt(acceptTaken, n%3*acceptors, m.kill) {
			t.Fatalf("%d of %d kills were done when all was sent", n, kills)
		}
		m.revive()
	}
	senders.Wait()
	m.heldTo(ctx, said)
	t.Logf("%s: %d kills while accepting; done after %s; %d messages, each once", proofOf(t), kills, time.Since(begun).Round(time.Second), len(said))
}

// accept carries one request of a sender to the program.
func (m *mortal) accept(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !m.serving(time.After(patience)) {
		hangUp(rw)
		return
	}
	res, reply, err := forward(m.url+r.URL.RequestURI(), r, body)
	if err != nil || res.StatusCode == http.StatusAccepted && m.strike(nil, acceptTaken) {
		hangUp(rw)
		return
	}
	answer(rw, res, reply)
}

// insist sends the n-th message until it is answered, and gives its id.
func (m *mortal) insist(ctx context.Context, n int) string {
	d := client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Key: fmt.Sprintf("order-%d", n),
		Recipients: []client.Recipient{{To: fmt.Sprintf("0101%07d", n), Variables: map[string]string{"이름": "김하나"}}}}
	for {
		sent, err := m.shopper.Send(ctx, d)
		if err == nil {
			return sent.ID
		}
		if !client.Temporary(err) || ctx.Err() != nil {
			m.t.Errorf("message %d: %v", n, err)
			return ""
		}
	}
}

// heldTo wants every message that was answered for to be there once and delivered, and
// no other one.
func (m *mortal) heldTo(ctx context.Context, said []string) {
	m.t.Helper()
	want := map[string]bool{}
	for n, id := range said {
		if want[id] {
			m.t.Errorf("message %d was answered with the id of another one, %s", n, id)
		}
		want[id] = true
		last, err := m.shopper.Wait(ctx, id, nil)
		if err != nil || last.Counts.Delivered != 1 {
			m.t.Fatalf("message %d, %s, is %s with %+v: %v", n, id, last.Status, last.Counts, err)
		}
	}
	there := 0
	list := func(p client.Paging) (client.Page[client.Message], error) {
		p.Limit = 200
		return m.shopper.Messages(ctx, client.MessageFilter{Paging: p})
	}
	for one, err := range client.All(list) {
		if err != nil {
			m.t.Fatal(err)
		}
		if there++; !want[one.ID] {
			m.t.Errorf("there is a message that nobody was answered for: %s", one.ID)
		}
	}
	if legs := m.tookOnce(); there != len(said) || len(legs) != len(said) {
		m.t.Errorf("%d messages and %d legs, want %d of each", there, len(legs), len(said))
	}
	m.verified()
}
