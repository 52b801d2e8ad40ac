package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ask makes a request inside, of a browser at an address.
func ask(t *testing.T, api http.HandlerFunc, body io.Reader) (*http.Response, error) {
	t.Helper()
	outer := &http.Request{RemoteAddr: "198.51.100.7:4711", Host: "msg.example.com", Header: http.Header{"X-Forwarded-For": {"203.0.113.9"}, "Cookie": {"creditmsg=secret"}}}
	req, err := http.NewRequestWithContext(asking(t.Context(), outer), http.MethodPost, "http://api.invalid/v1/x?a=b", body)
	if err != nil {
		t.Fatal(err)
	}
	return inside{api}.RoundTrip(req)
}

func TestTheAPISeesWhereABrowserIsAndNothingElseOfIt(t *testing.T) {
	res, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("ETag", "7")
		w.WriteHeader(http.StatusCreated)
		w.Header().Set("Late", "yes")
		fmt.Fprintf(w, "%s %s %s %s %s %q", r.RemoteAddr, r.Host, r.RequestURI, r.Header.Get("X-Forwarded-For"), text, r.Header.Get("Cookie"))
	}, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if want := `198.51.100.7:4711 msg.example.com /v1/x?a=b 203.0.113.9 hello ""`; err != nil || string(text) != want {
		t.Errorf("the API saw %s (%v), want %s", text, err, want)
	}
	if res.StatusCode != http.StatusCreated || res.Header.Get("ETag") != "7" || res.Header.Get("Late") != "" {
		t.Errorf("the reply has status %d and the header %v", res.StatusCode, res.Header)
	}
}

func TestAReplyComesAsItIsWritten(t *testing.T) {
	go1 := make(chan struct{})
	res, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first")
		<-go1
		_, _ = io.WriteString(w, "second")
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 5)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("got %q, %v", first, err)
	}
	close(go1)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "second" {
		t.Errorf("got %q, %v", rest, err)
	}
}

func TestAReplyThatIsBrokenOffHasNoEnd(t *testing.T) {
	res, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute))
		_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); string(text) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v; want the half and no end", text, err)
	}
}

func TestWhoDoesNotListenAnyMoreEndsTheReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		res, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
			_, err := io.WriteString(w, "first")
			for err == nil {
				_, err = io.WriteString(w, "more")
			}
			failed <- err
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if err := <-failed; err == nil {
			t.Error("it goes on writing")
		}
	})
}
