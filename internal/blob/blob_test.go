package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// each runs a test on both kinds of stores: they keep one contract.
func each(t *testing.T, test func(t *testing.T, s Store)) {
	t.Parallel() // most of the time is the disk's
	for kind, address := range map[string]func(*testing.T) string{"file": func(t *testing.T) string { return "file:" + t.TempDir() + "/deep/blobs" }, "s3": fakeS3} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, storeAt(t, address(t)))
		})
	}
}

// fakeS3 gives the address of a bucket at a service that keeps it in memory.
func fakeS3(t *testing.T) string {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("pictures"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	return addressOf(server)
}

func addressOf(server *httptest.Server) string {
	return strings.Replace(server.URL, "http://", "s3://KEY:SECRET@", 1) + "/pictures/of/us?tls=off&region=us-east-1"
}

func storeAt(t *testing.T, address string) Store {
	t.Helper()
	s, err := Open(Options{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s Store, name string, content []byte) {
	t.Helper()
	if err := s.Put(t.Context(), name, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}

// want reads a name and compares; nil means that nothing may be there.
func want(t *testing.T, s Store, name string, content []byte) {
	t.Helper()
	got, err := ReadAll(t.Context(), s, name, 64<<20)
	if content == nil {
		if !errors.Is(err, ErrMissing) {
			t.Errorf("%s: got %d bytes and %v, want ErrMissing", name, len(got), err)
		}
		return
	}
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%s: got %d bytes and %v, want the %d that were stored", name, len(got), err, len(content))
	}
}

// random are bytes that are the same in every run.
func random(n int) []byte {
	out := make([]byte, n)
	from := rand.NewChaCha8([32]byte{1})
	_, _ = from.Read(out) // never fails, by its documentation
	return out
}

func TestWhatIsStoredIsReadBack(t *testing.T) {
	each(t, func(t *testing.T, s Store) {
		for name, size := range map[string]int{"one": 1, "attachment/demo-rich/01k9zqm0v8e4t9w2n7c5r3x6yb": 200_000, "large": 20 << 20} {
			content := random(size)
			put(t, s, name, content)
			want(t, s, name, content)
		}
		want(t, s, "attachment/demo-rich/other", nil)
		want(t, s, "attachment/demo-rich", nil)
		want(t, s, "nowhere/at/all", nil)
		if _, err := ReadAll(t.Context(), s, "one", 0); err == nil {
			t.Error("more bytes than are expected: got no error")
		}
	})
}

func TestANameIsWrittenAnewAndDeletedAnyNumberOfTimes(t *testing.T) {
	each(t, func(t *testing.T, s Store) {
		for _, content := range [][]byte{random(1000), random(10), random(5000)} {
			put(t, s, "a/b", content)
			want(t, s, "a/b", content)
		}
		for range 2 {
			if err := s.Delete(t.Context(), "a/b"); err != nil {
				t.Fatal(err)
			}
			want(t, s, "a/b", nil)
		}
		put(t, s, "a/b", random(7))
		want(t, s, "a/b", random(7))
		if err := s.Delete(t.Context(), "never/was"); err != nil {
			t.Errorf("what was never there: %v", err)
		}
	})
}

func TestNothingOutsideIsReached(t *testing.T) {
	each(t, func(t *testing.T, s Store) {
		for _, name := range []string{"", "/", "../x", "a/../b", "a/../../b", "/etc/passwd", "a//b", "a/", ".incoming/x", "a/.b", "A", "a b", "a\x00b", "가",
			"a\\b", strings.Repeat("a", 200), strings.Repeat("a/", 20) + "b"} {
			if err := s.Put(t.Context(), name, bytes.NewReader(nil)); err == nil {
				t.Errorf("put %q: got no error", name)
			}
			if _, err := s.Get(t.Context(), name); err == nil || errors.Is(err, ErrMissing) {
				t.Errorf("get %q: got %v, want it refused", name, err)
			}
			if err := s.Delete(t.Context(), name); err == nil {
				t.Errorf("delete %q: got no error", name)
			}
			for _, err := range s.List(t.Context(), name) {
				if err == nil && name != "" {
					t.Errorf("list %q: got no error", name)
				}
			}
		}
		for _, err := range s.List(t.Context(), "") {
			t.Errorf("something was stored: %v", err)
		}
	})
}

// torn is content that ends before its size, with an error or just so.
type torn struct {
	content []byte
	at, end int
	err     error
}

func (r *torn) Read(p []byte) (int, error) {
	n := copy(p, r.content[r.at:r.end])
	if r.at += n; n == 0 {
		return 0, r.err
	}
	return n, nil
}

func (r *torn) Seek(at int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		at += int64(len(r.content))
	}
	r.at = min(int(at), r.end)
	return at, nil
}

func TestWhatIsCutOffLeavesWhatWasThere(t *testing.T) {
	each(t, func(t *testing.T, s Store) {
		before, content := random(3000), random(100_000)
		put(t, s, "kept", before)
		over, stop := context.WithCancel(t.Context())
		stop()
		for name, act := range map[string]func(name string) error{
			"the content breaks off": func(name string) error {
				return s.Put(t.Context(), name, &torn{content: content, end: 50_000, err: errors.New("the disk is gone")})
			},
			"the content is shorter": func(name string) error {
				return s.Put(t.Context(), name, &torn{content: content, end: 99_900, err: io.EOF})
			},
			"there is no content":   func(name string) error { return s.Put(t.Context(), name, bytes.NewReader(nil)) },
			"nobody waits any more": func(name string) error { return s.Put(over, name, bytes.NewReader(content)) },
		} {
			for _, at := range []string{"kept", "fresh"} {
				if err := act(at); err == nil {
					t.Errorf("%s: got no error", name)
				}
			}
			want(t, s, "kept", before)
			want(t, s, "fresh", nil)
		}
		if got := listed(t, s, ""); !slices.Equal(got, []string{"kept 3000"}) {
			t.Errorf("listed: got %q, want the one that was there", got)
		}
		put(t, s, "kept", content)
		want(t, s, "kept", content)
	})
}

// listed gives names with their sizes, sorted.
func listed(t *testing.T, s Store, under string) []string {
	t.Helper()
	found := map[string]bool{}
	for info, err := range s.List(t.Context(), under) {
		if err != nil {
			t.Fatal(err)
		}
		if time.Since(info.At).Abs() > time.Hour || found[info.Name] {
			t.Errorf("%s: stored at %v, want now, and it named once", info.Name, info.At)
		}
		found[fmt.Sprint(info.Name, " ", info.Size)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

func TestAPartOfTheNamesIsListed(t *testing.T) {
	each(t, func(t *testing.T, s Store) {
		if got := listed(t, s, ""); len(got) != 0 {
			t.Errorf("an empty store: got %q", got)
		}
		all := []string{}
		for i := range 1010 { // a service gives a thousand at a time
			name := fmt.Sprintf("attachment/site-%d/%04d", i%3, i)
			put(t, s, name, random(i%7+1))
			all = append(all, fmt.Sprint(name, " ", i%7+1))
		}
		put(t, s, "attachments/other", random(1))
		put(t, s, "attachment-of/another", random(2))
		slices.Sort(all)
		if got := listed(t, s, "attachment"); !slices.Equal(got, all) {
			t.Errorf("attachment: got %d names, want %d", len(got), len(all))
		}
		if got := listed(t, s, ""); len(got) != len(all)+2 {
			t.Errorf("all: got %d names, want %d", len(got), len(all)+2)
		}
		if got := listed(t, s, "attachment/site-9"); len(got) != 0 {
			t.Errorf("a part without anything: got %q", got)
		}
		for range s.List(t.Context(), "") {
			break // whoever has seen enough may stop
		}
		over, stop := context.WithCancel(t.Context())
		stop()
		failed := false
		for _, err := range s.List(over, "") {
			failed = failed || err != nil
		}
		if !failed {
			t.Error("nobody waits any more: got no error")
		}
	})
}

func TestManyMayReadAndWriteOneNameAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s Store) {
		version := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 40_000+i) }
		put(t, s, "hot", version(0))
		var all sync.WaitGroup
		for w := range 4 {
			all.Go(func() {
				for i := range 10 {
					if err := s.Put(t.Context(), "hot", bytes.NewReader(version(10*w+i))); err != nil {
						t.Error(err)
					}
				}
			})
			all.Go(func() {
				for range 20 {
					got, err := ReadAll(t.Context(), s, "hot", 1<<20)
					if err != nil || !bytes.Equal(got, version(int(got[0]))) {
						t.Errorf("got %d bytes that begin with %d and %v, want all of one version", len(got), got[0], err)
					}
				}
			})
		}
		all.Wait()
	})
}

func TestAStoreIsTried(t *testing.T) {
	each(t, func(t *testing.T, s Store) {
		if err := Try(t.Context(), s); err != nil {
			t.Errorf("a good one: %v", err)
		}
		if got := listed(t, s, ""); len(got) != 0 {
			t.Errorf("afterwards: got %q, want nothing", got)
		}
	})
}
