package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"creditmsg/client"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/server"
)

const hookedConfig = `listen: %s
database: {url: %q}
blob: {shared: true}
log: {level: warn}
delivery: {lookup_grace: 500ms, lease: 2s}
webhooks: {allow: [127.0.0.0/8], timeout: 1s}
providers:
  - {name: solapi, kind: solapi, url: %q, api_key: %s, api_secret: %s, timeout: 500ms, webhook: {secret: hook}}
`

// The program is killed while it hands events to endpoints, before and after these have
// answered: every event reaches every endpoint that wants it, in a sequence without a gap, and
// no other's; what a disabled one missed comes when it is enabled.
func TestWhatIsKilledBringsEveryEventToEveryEndpoint(t *testing.T) {
	kills, engines := 4, dbtest.Engines()[:1]
	switch {
	case proof():
		kills, engines = 25, dbtest.Engines()
	case testing.Short():
		kills = 1
	}
	for _, engine := range engines {
		t.Run("webhooks on "+engine, func(t *testing.T) { webhooksSurvive(t, dbtest.URL(t, engine), kills) })
	}
}

// hookShop is a site that has its events sent.
type hookShop struct {
	name   string
	client *client.Client
	before map[string]bool // events of before it had endpoints
	ends   []*hookEnd
}

// hookEnd is one endpoint.
type hookEnd struct {
	t      *testing.T
	id     string
	topic  string
	verify *standard.Webhook
	manner func(n int) int // the status of the n-th request, counted from 0; 0 = nobody answers

	mu   sync.Mutex
	n    int              // guarded by mu
	seqs map[string]int64 // guarded by mu; by event
}

// hookWorld is the program, whose requests to endpoints lead through this test.
type hookWorld struct {
	*apart
	url2  map[string]*hookEnd // by path
	mu    sync.Mutex
	snare int           // guarded by mu: requests until the program is killed; 0 = nobody strikes
	dead  chan struct{} // guarded by mu: closed once it is killed
	late  bool          // guarded by mu: it is killed after the answer, not before
}

func webhooksSurvive(t *testing.T, database string, kills int) {
	w := &hookWorld{apart: &apart{t: t, dir: t.TempDir(), roles: "api,worker"}, url2: map[string]*hookEnd{}}
	door := freeAddress(t)
	w.url, w.file = "http://"+door, filepath.Join(w.dir, "creditmsg.yaml")
	text := fmt.Sprintf(hookedConfig, door, database, w.simulator(door), server.SimulatorKey, server.SimulatorSecret)
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.config, err = server.LoadConfig(w.file, nil); err != nil {
		t.Fatal(err)
	}
	w.office = operator(t, w.config)
	receiver := httptest.NewServer(w)
	t.Cleanup(receiver.Close)
	shops := []*hookShop{{name: "shop"}, {name: "other"}}
	for _, s := range shops {
		s.client = w.shop(s.name, "1000000")
	}
	w.begin()
	begun := time.Now()
	fine := func(int) int { return http.StatusOK }
	for _, s := range shops {
		s.before = s.happened(t, nil)
		w.endpoint(receiver.URL, s, "*", fine)
		w.endpoint(receiver.URL, s, "message.*", fine)
		w.endpoint(receiver.URL, s, "recipient.*", func(n int) int {
			return map[bool]int{true: http.StatusInternalServerError, false: http.StatusNoContent}[n%4 == 3]
		})
		w.endpoint(receiver.URL, s, "message.done", func(int) int { return 0 }) // hangs
	}
	off := w.endpoint(receiver.URL, shops[0], "*", fine)
	if _, err := shops[0].client.DisableWebhookEndpoint(within(t), off.id); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var senders sync.WaitGroup
	for _, s := range shops {
		senders.Go(func() { s.busy(ctx) })
	}
	for n := range kills {
		w.killedAt(5+n%7, n%2 == 1)
	}
	stop()
	senders.Wait()
	sum := 0
	for _, s := range shops {
		sum += s.whole(t, off)
	}
	if n := off.count(); n != 0 {
		t.Errorf("a disabled endpoint got %d requests", n)
	}
	if _, err := shops[0].client.EnableWebhookEndpoint(within(t), off.id); err != nil {
		t.Fatal(err)
	}
	sum += shops[0].got(t, off)
	proven(t, w.office)
	t.Logf("%s: %d kills; done after %s; %d events at their endpoints", proofOf(t), kills, time.Since(begun).Round(time.Second), sum)
}

func (w *hookWorld) endpoint(base string, s *hookShop, topic string, manner func(int) int) *hookEnd {
	w.t.Helper()
	e := &hookEnd{t: w.t, topic: topic, manner: manner, seqs: map[string]int64{}}
	path := fmt.Sprintf("/%s/%d", s.name, len(s.ends))
	w.mu.Lock()
	w.url2[path] = e
	w.mu.Unlock()
	url := base + path
	made, err := s.client.AddWebhookEndpoint(within(w.t), client.NewWebhookEndpoint{URL: url, Topics: []string{topic}})
	if err == nil {
		e.verify, err = standard.NewWebhook(made.Secret)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	e.id = made.Endpoint.ID
	s.ends = append(s.ends, e)
	return e
}

// busy has things happen until it is told to stop: messages whose people end in many ways.
func (s *hookShop) busy(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		draft := client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Metadata: map[string]string{"n": "1"}, Recipients: recipients(fmt.Sprintf("010-%04d", 3000+n%5000), 5), Key: fmt.Sprint(s.name, "-", n)}
		for ctx.Err() == nil { // until somebody hears an answer
			if _, err := s.client.Send(ctx, draft); err == nil {
				break
			}
			pausing(ctx, 50*time.Millisecond)
		}
		pausing(ctx, 20*time.Millisecond)
	}
}

func pausing(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// ServeHTTP is all endpoints, by the path.
func (w *hookWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.mu.Lock()
	e := w.url2[r.URL.Path]
	strikes, late, dead := false, w.late, w.dead
	if w.snare > 0 {
		w.snare--
		strikes = w.snare == 0
	}
	w.mu.Unlock()
	if strikes && !late {
		close(dead) // it is killed while it waits for this answer
		hangUp(rw)
		return
	}
	status := e.take(r, body)
	if status > 0 {
		rw.WriteHeader(status)
	}
	if strikes {
		close(dead) // it is killed with the answer on its way, or while it waits for one
	}
	if status == 0 {
		<-r.Context().Done()
	}
}

// take reads what came and gives the answer to it.
func (e *hookEnd) take(r *http.Request, body []byte) (status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	status = e.manner(e.n)
	e.n++
	var b struct {
		Type     string
		Sequence int64
		Site     string `json:"site_id"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		e.t.Errorf("an endpoint got %.100q: %v", body, err)
		return http.StatusBadRequest
	}
	if err := e.verify.Verify(body, r.Header); err != nil {
		e.t.Errorf("what an endpoint got is not signed: %v", err)
	}
	if !strings.HasPrefix(r.URL.Path, "/"+b.Site+"/") {
		e.t.Errorf("%s got an event of %s", r.URL.Path, b.Site)
	}
	if family, all := strings.CutSuffix(e.topic, "*"); !strings.HasPrefix(b.Type, family) || !all && b.Type != e.topic {
		e.t.Errorf("the endpoint of %s got %s", e.topic, b.Type)
	}
	if status/100 != 2 {
		return status
	}
	of := r.Header.Get("Webhook-Id")
	if seq, again := e.seqs[of]; again && seq != b.Sequence {
		e.t.Errorf("event %s came at the places %d and %d", of, seq, b.Sequence)
	}
	e.seqs[of] = b.Sequence
	return status
}

func (e *hookEnd) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.n
}

// killedAt kills the program at a request to an endpoint, before or after its answer, and
// starts it again.
func (w *hookWorld) killedAt(requests int, late bool) {
	w.t.Helper()
	dead := make(chan struct{})
	w.mu.Lock()
	w.snare, w.late, w.dead = requests, late, dead
	w.mu.Unlock()
	select {
	case <-dead:
	case <-time.After(patience):
		w.t.Fatal("endpoints got nothing for a minute")
	}
	_ = w.serve.Process.Kill()
	<-w.ended
	w.serve = nil
	w.spawn()
	w.ready()
}

// happened are the events of a site but for some.
func (s *hookShop) happened(t *testing.T, but map[string]bool) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for e, err := range client.All(func(p client.Paging) (client.Page[client.Event], error) {
		p.Limit = 200
		return s.client.Events(within(t), client.EventFilter{Paging: p})
	}) {
		if err != nil {
			t.Fatal(err)
		}
		if !but[e.ID] {
			all[e.ID+" "+e.Type] = true
			all[e.ID] = true
		}
	}
	return all
}

// atLast repeats act until it succeeds, however much there is to do after the last kill.
func atLast(t *testing.T, act func() error) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(crashPatience)
	for err := act(); err != nil; err = act() {
		if time.Now().After(end) {
			t.Fatal(err)
		}
		<-tick.C
	}
}

// whole waits until each of the site's endpoints that answers has everything, but for one.
func (s *hookShop) whole(t *testing.T, but *hookEnd) (sum int) {
	t.Helper()
	s.rests(t)
	for _, e := range s.ends {
		if e != but && e.manner(0) != 0 {
			sum += s.got(t, e)
		}
	}
	return sum
}

// rests waits until nothing happens to the site any more.
func (s *hookShop) rests(t *testing.T) {
	t.Helper()
	atLast(t, func() error {
		for m, err := range client.All(func(p client.Paging) (client.Page[client.Message], error) {
			return s.client.Messages(within(t), client.MessageFilter{Paging: p})
		}) {
			if err != nil {
				return err
			}
			if m.Status != "done" {
				return fmt.Errorf("message %s is %s", m.ID, m.Status)
			}
		}
		return nil
	})
}

// got waits until an endpoint has every event of its topic, and proves its sequence.
func (s *hookShop) got(t *testing.T, e *hookEnd) int {
	t.Helper()
	want := 0
	family := strings.TrimSuffix(e.topic, "*")
	var all []string
	for name := range s.happened(t, s.before) {
		if of, kind, typed := strings.Cut(name, " "); typed && strings.HasPrefix(kind, family) {
			want++
			all = append(all, of)
		}
	}
	atLast(t, func() error {
		if _, err := s.client.EnableWebhookEndpoint(within(t), e.id); err != nil { // what failed is tried again at once
			return err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, of := range all {
			if e.seqs[of] == 0 {
				return fmt.Errorf("%s got %d of %d events, and not %s", e.topic, len(e.seqs), want, of)
			}
		}
		return nil
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	var seqs []int64
	for _, seq := range e.seqs {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	for i, seq := range seqs {
		if seq != int64(i+1) {
			t.Fatalf("the endpoint of %s got %d events, and not the place %d", e.topic, len(seqs), i+1)
		}
	}
	if len(seqs) != want {
		t.Errorf("the endpoint of %s got %d events, want %d", e.topic, len(seqs), want)
	}
	return len(seqs)
}
