package test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/db/dbtest"
)

const (
	mostMemory = 256 << 20 // bytes, for the process that takes a million recipients
	longHold   = 50 * time.Millisecond
)

// numbered gives n recipients with distinct numbers, made while they are sent.
func numbered(n int) iter.Seq2[client.Recipient, error] {
	return func(yield func(client.Recipient, error) bool) {
		for i := range n {
			// 010-1… to 010-9…: every number is one that the simulator delivers to.
			at := 10_000_000 + i*71
			r := client.Recipient{To: fmt.Sprintf("010-%04d-%04d", at/10_000, at%10_000), Variables: map[string]string{"이름": fmt.Sprintf("김하나%d", i)}}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// holds is how long write transactions held the only writer: how many there were by
// name and bound in seconds.
type holds map[string]map[float64]float64

const holdMetric = "creditmsg_db_sqlite_write_seconds_bucket"

var holdLine = regexp.MustCompile(`^` + holdMetric + `\{name="([^"]*)",le="([^"]*)"\} (\S+)$`)

// holdsOf reads the metric.
func holdsOf(t *testing.T, url string) holds {
	t.Helper()
	res, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	h := holds{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), holdMetric) {
			continue
		}
		part := holdLine.FindStringSubmatch(lines.Text())
		if part == nil {
			t.Fatalf("the metric cannot be read: %s", lines.Text())
		}
		le, err1 := strconv.ParseFloat(part[2], 64)
		n, err2 := strconv.ParseFloat(part[3], 64)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if h[part[1]] == nil {
			h[part[1]] = map[float64]float64{}
		}
		h[part[1]][le] = n
	}
	for name, within := range h {
		if _, ok := within[longHold.Seconds()]; !ok {
			t.Fatalf("the metric does not tell which of %s took longer than %s: %v", name, longHold, within)
		}
	}
	return h
}

// longer is how many transactions of a name, or of all (""), took longer.
func (h holds) longer(name string, than time.Duration) (n float64) {
	for of, within := range h {
		if name == "" || name == of {
			n += within[math.Inf(1)] - within[than.Seconds()]
		}
	}
	return n
}

// minus is what happened since an earlier reading.
func (h holds) minus(earlier holds) holds {
	d := holds{}
	for name, within := range h {
		d[name] = map[float64]float64{}
		for le, n := range within {
			d[name][le] = n - earlier[name][le]
		}
	}
	return d
}

// String tells how many took long, and which.
func (h holds) String() string {
	var all float64
	var long []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		all += h[name][math.Inf(1)]
		if n := h.longer(name, longHold); n > 0 {
			long = append(long, fmt.Sprintf("%s %.0f of %.0f", name, n, h[name][math.Inf(1)]))
		}
	}
	return fmt.Sprintf("%.0f write transactions, over 10 ms %.0f, 25 ms %.0f, 50 ms %.0f, 100 ms %.0f, 250 ms %.0f %v", all,
		h.longer("", 10*time.Millisecond), h.longer("", 25*time.Millisecond), h.longer("", longHold),
		h.longer("", 100*time.Millisecond), h.longer("", 250*time.Millisecond), long)
}

// singles sends messages to one person each, one after another, until stop is called,
// which gives how long each was answered after.
func singles(t *testing.T, shop *client.Client, pause time.Duration) (stop func() []time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var took []time.Duration
	var failed atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ctx.Err() == nil; i++ {
			begun := time.Now()
			_, err := shop.Send(ctx, client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting},
				Recipients: []client.Recipient{{To: fmt.Sprintf("010-1000-%04d", i%10_000), Variables: map[string]string{"이름": "이둘"}}}})
			if err != nil && ctx.Err() == nil && failed.Add(1) <= 5 {
				t.Errorf("a single message was not accepted after %s: %v", time.Since(begun), err)
			}
			if err == nil {
				took = append(took, time.Since(begun))
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}()
	return func() []time.Duration {
		cancel()
		<-ended
		return took
	}
}

// spread words durations by their rank.
func spread(list []time.Duration) string {
	if len(list) == 0 {
		return "none"
	}
	slices.Sort(list)
	at := func(q float64) time.Duration { return list[int(q*float64(len(list)-1))].Round(100 * time.Microsecond) }
	return fmt.Sprintf("%d, half within %s, 99 %% within %s, all within %s", len(list), at(.5), at(.99), at(1))
}

func TestAMillionRecipientsAreAcceptedInLittleMemoryAndHoldNobodyUp(t *testing.T) {
	people := 1_000_000
	if testing.Short() {
		people = 100_000
	}
	a := setApart(t, dbtest.URL(t, "sqlite"))
	bulk, other := a.shop("bulk", "20000000"), a.shop("other", "1000000")
	a.begin()

	start := holdsOf(t, a.url)
	stop := singles(t, other, 0)
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	m, err := bulk.SendStream(ctx, client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}}, numbered(people))
	took, answers, accepting, peak := time.Since(begun), stop(), holdsOf(t, a.url), a.peak()
	if err != nil {
		t.Fatal(err)
	}
	accepting = accepting.minus(start)
	t.Logf("accepted %d in %s at a peak of %d MiB; single messages meanwhile: %s; %s", m.Recipients.Accepted, took.Round(time.Millisecond), peak>>20, spread(answers), accepting)
	if m.Recipients.Accepted != int64(people) {
		t.Errorf("accepted %d, want %d", m.Recipients.Accepted, people)
	}
	if peak > mostMemory {
		t.Errorf("the process needed %d MiB, want at most %d", peak>>20, mostMemory>>20)
	}
	if n := accepting.longer("", longHold); n > 0 {
		t.Errorf("%.0f write transactions took longer than %s", n, longHold)
	}

	stop = singles(t, other, 50*time.Millisecond)
	begun = time.Now()
	dispatchFor, err := time.ParseDuration(os.Getenv("DISPATCH"))
	if err != nil {
		dispatchFor = 20 * time.Second
	}
	for time.Since(begun) < dispatchFor {
		time.Sleep(500 * time.Millisecond)
		m, err = bulk.Message(ctx, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if m.Status.Final() {
			break
		}
	}
	took, answers = time.Since(begun), stop()
	t.Logf("dispatched for %s: %+v; peak %d; singles %s; %s", took, m.Counts, a.peak()>>20, spread(answers), holdsOf(t, a.url).minus(start).minus(accepting))
	var late []time.Duration
	open := 0
	for one, err := range client.All(func(p client.Paging) (client.Page[client.Message], error) { return other.Messages(ctx, p) }) {
		if err != nil {
			t.Fatal(err)
		}
		if one.DoneAt.IsZero() {
			open++
			continue
		}
		late = append(late, one.DoneAt.Sub(one.CreatedAt))
	}
	t.Logf("singles: open %d, done: %s", open, spread(late))
}
