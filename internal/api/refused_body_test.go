package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// zeros is a body that is made while it is sent.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestAClientThatSendsAllBeforeItReadsLearnsWhyItIsRefused(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	for name, c := range map[string]struct {
		path, token string
		size        int64
		want        int
	}{
		"too large":     {"/v1/messages", w.rich, maxJSON + 1<<20, http.StatusRequestEntityTooLarge},
		"no token":      {"/v1/messages", "", 8 << 20, http.StatusUnauthorized},
		"no such route": {"/v1/nothing", w.rich, 8 << 20, http.StatusNotFound},
		"large report":  {"/webhooks/solapi", "", 8 << 20, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			w.must(err)
			defer func() { _ = conn.Close() }()
			_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n",
				c.path, c.token, c.size)
			w.must(err)
			if n, err := io.Copy(conn, io.LimitReader(zeros{}, c.size)); err != nil {
				t.Fatalf("after %d of %d bytes: %v", n, c.size, err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			w.must(err)
			if _ = res.Body.Close(); res.StatusCode != c.want {
				t.Errorf("status %d, want %d", res.StatusCode, c.want)
			}
		})
	}
}

func TestAClientThatAsksFirstIsRefusedBeforeItSends(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	w.must(err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", 8<<20)
	w.must(err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	w.must(err)
	if _ = res.Body.Close(); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d, want %d at once", res.StatusCode, http.StatusUnauthorized)
	}
}
