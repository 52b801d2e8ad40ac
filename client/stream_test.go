package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"creditmsg/client"
)

// people gives n recipients and counts how many were asked for.
func people(n int, asked *atomic.Int64) iter.Seq2[client.Recipient, error] {
	return func(yield func(client.Recipient, error) bool) {
		for i := range n {
			asked.Add(1)
			if !yield(client.Recipient{To: fmt.Sprintf("010%08d", i), Variables: map[string]string{"이름": "<김>"}}, nil) {
				return
			}
		}
	}
}

func TestAStreamIsTheMessageAndThenOneRecipientALine(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		want := `{"strategy":"sms_only","text":{"body":"hi"}}` + "\n" +
			`{"to":"01000000000","variables":{"이름":"<김>"}}` + "\n" + `{"to":"01000000001","variables":{"이름":"<김>"}}` + "\n"
		if string(body) != want || r.Header.Get("Content-Type") != "application/x-ndjson" || r.URL.Path != "/v1/messages" {
			t.Errorf("%s with %s:\n%s\nwant\n%s", r.URL.Path, r.Header.Get("Content-Type"), body, want)
		}
		io.WriteString(w, `{"id":"msg_1"}`)
	})
	var asked atomic.Int64
	draft := client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "hi"}}
	if m, err := c.SendStream(t.Context(), draft, people(2, &asked)); err != nil || m.ID != "msg_1" {
		t.Errorf("SendStream = %+v, %v", m, err)
	}
}

func TestAMillionRecipientsAreReadOnlyAsFastAsTheyAreTaken(t *testing.T) {
	const total = 1_000_000
	var asked atomic.Int64
	c, stop := serveInMemory(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
		lines := bufio.NewScanner(r.Body)
		taken := int64(-1) // the first line is the message
		for lines.Scan() {
			if taken++; asked.Load()-taken > 5_000 {
				t.Errorf("%d recipients were read when %d were taken", asked.Load(), taken)
				return
			}
		}
		fmt.Fprintf(w, `{"id":"msg_1","recipients":{"total":%d}}`, taken)
	})
	defer stop()
	m, err := c.SendStream(t.Context(), client.Draft{Strategy: client.SMSOnly}, people(total, &asked))
	if err != nil || m.Recipients.Total != total {
		t.Errorf("SendStream took %d recipients, %v; want %d", m.Recipients.Total, err, total)
	}
}

func TestAStreamThatIsRefusedForTheMomentStartsAgainFromItsFirstRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		tries := 0
		c, stop := serveInMemory(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
			body := bufio.NewReader(r.Body)
			switch tries++; tries {
			case 1: // refused before the body
				problem(w, 503, "unavailable")
			case 2: // cut in the middle of it
				body.ReadString('\n')
				hang, _, _ := w.(http.Hijacker).Hijack()
				hang.Close()
			default:
				all, err := io.ReadAll(body)
				if err != nil {
					t.Error(err)
				}
				fmt.Fprintf(w, `{"recipients":{"total":%d}}`, strings.Count(string(all), "\n")-1)
			}
		})
		defer stop()
		m, err := c.SendStream(t.Context(), client.Draft{}, people(3000, &asked))
		if err != nil || m.Recipients.Total != 3000 || tries != 3 {
			t.Errorf("SendStream = %d recipients after %d tries, %v; want 3000 after 3", m.Recipients.Total, tries, err)
		}
	})
}

func TestARefusalBeforeTheBodyReadsNoRow(t *testing.T) {
	var asked atomic.Int64
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { problem(w, 401, "unauthenticated") })
	_, err := c.SendStream(t.Context(), client.Draft{}, people(1_000_000, &asked))
	if !client.IsProblem(err, "unauthenticated") || asked.Load() != 0 {
		t.Errorf("SendStream: %v after %d rows; want unauthenticated before any", err, asked.Load())
	}
}

func TestARefusalInTheMiddleOfAStreamIsSeen(t *testing.T) {
	var asked atomic.Int64
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		bufio.NewReader(r.Body).ReadString('\n')
		problem(w, 400, "malformed")
	})
	_, err := c.SendStream(t.Context(), client.Draft{}, people(1_000_000, &asked))
	if !client.IsProblem(err, "malformed") {
		t.Errorf("SendStream: %v, want malformed", err)
	}
}

func TestRowsThatFailEndTheCallAndAreNotTriedAgain(t *testing.T) {
	broken := errors.New("line 3 is broken")
	var walks atomic.Int64
	cut := make(chan error, 1)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		cut <- err
	})
	_, err := c.SendStream(t.Context(), client.Draft{}, func(yield func(client.Recipient, error) bool) {
		walks.Add(1)
		if yield(client.Recipient{To: "010"}, nil) {
			yield(client.Recipient{}, broken)
		}
	})
	if !errors.Is(err, broken) || walks.Load() != 1 {
		t.Errorf("SendStream: %v after %d walks; want the rows' own error after 1", err, walks.Load())
	}
	if err := <-cut; err == nil {
		t.Error("the server took the body for a whole one")
	}
}

func TestRowsAreFreeOnceAStreamedCallReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := 0 // guarded by nothing: the race detector is the judge
		release := make(chan struct{})
		c, stop := serveInMemory(t, client.Options{Retries: -1}, func(w http.ResponseWriter, r *http.Request) {
			bufio.NewReader(r.Body).ReadString('\n')
			<-release // hangs until the client gave up
		})
		defer stop()
		defer close(release)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.SendStream(ctx, client.Draft{}, func(yield func(client.Recipient, error) bool) {
			for yield(client.Recipient{To: strings.Repeat("0", 1000)}, nil) {
				inside++
			}
		})
		if !errors.Is(err, context.DeadlineExceeded) || inside == 0 {
			t.Errorf("SendStream: %v after %d rows; want the deadline", err, inside)
		}
	})
}
