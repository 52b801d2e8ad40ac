package blob

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// broken is a service in front of which the network fails while on is set.
func broken(t *testing.T, how http.HandlerFunc) (s Store, on *atomic.Bool) {
	t.Helper()
	behind, err := url.Parse(fakeS3(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: behind.Host})
	on = &atomic.Bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if on.Load() {
			how(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return storeAt(t, addressOf(server)), on
}

func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // that is what the test is about
	}
}

func TestAServiceThatFailsIsNoMissingName(t *testing.T) {
	for name, how := range map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"403": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"cut": func(w http.ResponseWriter, _ *http.Request) { hangUp(w) },
		"cut in the middle": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, 50_000)
			hangUp(w)
		},
		"half a reply": func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			w.Header().Set("Content-Length", "3000")
			w.Header().Set("Last-Modified", "Sun, 22 Nov 2026 05:00:00 GMT")
			w.Header().Set("ETag", `"x"`)
			_, _ = w.Write(random(1000))
			hangUp(w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits between its tries
			s, on := broken(t, how)
			before := random(3000)
			put(t, s, "kept", before)
			on.Store(true)
			if err := s.Put(t.Context(), "kept", bytes.NewReader(random(100_000))); err == nil {
				t.Error("put: got no error")
			}
			if _, err := ReadAll(t.Context(), s, "kept", 1<<20); err == nil || errors.Is(err, ErrMissing) {
				t.Errorf("get: got %v, want an error that is not ErrMissing", err)
			}
			if Try(t.Context(), s) == nil {
				t.Error("try: got no error")
			}
			on.Store(false)
			want(t, s, "kept", before)
		})
	}
}

func TestABucketThatIsNotThereIsNoMissingName(t *testing.T) {
	behind, err := url.Parse(fakeS3(t))
	if err != nil {
		t.Fatal(err)
	}
	s := storeAt(t, "s3://KEY:SECRET@"+behind.Host+"/another?tls=off&region=us-east-1")
	if _, err := s.Get(t.Context(), "a"); err == nil || errors.Is(err, ErrMissing) {
		t.Errorf("get: got %v, want an error that is not ErrMissing", err)
	}
	if Try(t.Context(), s) == nil {
		t.Error("try: got no error")
	}
}
