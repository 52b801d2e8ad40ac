package webhook

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/queue"
)

func TestWhatWentWrongIsSaidInWords(t *testing.T) {
	w := newWorld(t, "sqlite", Options{Timeout: 200 * time.Millisecond})
	handle := func(f http.HandlerFunc) string {
		s := httptest.NewServer(f)
		t.Cleanup(s.Close)
		return s.URL
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	sealed := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	sealed.Config.ErrorLog = log.New(io.Discard, "", 0)
	sealed.StartTLS()
	t.Cleanup(sealed.Close)
	plain := handle(func(http.ResponseWriter, *http.Request) {})
	for name, c := range map[string]struct {
		url    string
		result result
		words  string
	}{
		"nobody there":   {closed.URL, unreachable, "no connection: "},
		"no such host":   {"http://nobody.invalid/", unreachable, "host name"},
		"no TLS":         {strings.Replace(plain, "http:", "https:", 1), unreachable, "it does not speak TLS"},
		"no certificate": {sealed.URL, unreachable, "its certificate is not accepted"},
		"silence": {handle(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or nobody would notice that it is given up
			<-r.Context().Done()
		}), timedOut, "no answer within 200ms"},
		"hung up": {handle(func(a http.ResponseWriter, _ *http.Request) {
			if conn, _, err := a.(http.Hijacker).Hijack(); err == nil {
				_ = conn.Close()
			}
		}), broken, "the connection broke: "},
		"private": {"http://10.0.0.1/", forbidden, "the address is not a public one"},
		"redirect": {handle(func(a http.ResponseWriter, _ *http.Request) {
			a.Header().Set("Location", "/")
			a.WriteHeader(302)
		}), redirected, "answered 302, a redirect"},
		"its word":  {handle(func(a http.ResponseWriter, _ *http.Request) { a.WriteHeader(599) }), refused, "answered 599"},
		"no bother": {plain, delivered, ""},
	} {
		a := w.hooks.post(ctx, c.url, http.Header{}, []byte("{}"))
		if a.result != c.result || !strings.HasPrefix(a.Error, c.words) && !strings.Contains(a.Error, c.words) || (c.words == "") != (a.Error == "") {
			t.Errorf("%s: got %s, %q", name, a.result, a.Error)
		}
		if strings.Contains(a.Error, "http://") || strings.Contains(a.Error, "https://") {
			t.Errorf("%s: the address is told: %q", name, a.Error)
		}
	}
}

// What a name resolves to at the moment of the request is judged, not what it resolved to when
// the endpoint was made.
func TestAnAddressThatIsNotPublicIsNotCalledWhateverItsNameSays(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	r := receive(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(r.URL, "http://"))
	w.must(err)
	e, _ := w.create("shop", "http://localhost:"+port, "*")
	strict, err := New(w.d, w.keys, w.queue, Options{})
	w.must(err)
	w.hooks = strict
	w.happen("shop", "message.done")
	w.drain()
	d, made := w.log(e, 1)
	if len(r.got()) != 0 || d.Status != 0 || made[0].Result != string(forbidden) {
		t.Errorf("got %d requests, %+v, %+v", len(r.got()), d, made)
	}
	for _, host := range []string{"8.8.8.8", "2606:4700:4700::1111"} {
		if _, err := dialer(nil, false).DialContext(context.Background(), "tcp", net.JoinHostPort(host, "80")); !errors.Is(err, errNotPublic) {
			t.Errorf("plain http goes to %s: %v", host, err)
		}
	}
}

func TestAnEndpointThatLetsOthersWaitIsServedByWorkersOfItsOwn(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		e, _ := w.create("shop", r.URL, "*")
		slow := health{slow: true}
		w.happen("shop", "message.accepted")
		_, err := w.hooks.fan(ctx) // its job is there already, with the others
		w.must(err)
		_, err = w.hooks.ends.Join(ctx, ending{place: place{"shop", e.ID}, health: &slow, known: e.ChangedAt})
		w.must(err)
		serve := func(kind string) (n int) {
			jobs, err := w.queue.Claim(ctx, queue.Webhooks, []string{kind}, 10)
			w.must(err)
			for _, work := range w.hooks.Works() {
				for _, j := range jobs {
					if work.Kind == kind {
						n++
						w.must(work.Handle(ctx, []queue.Claimed{j}))
					}
				}
			}
			return n
		}
		if n := serve(kindSend); n != 1 || len(r.got()) != 0 {
			t.Errorf("%d jobs of the usual workers, who made %d requests; want one that is handed over", n, len(r.got()))
		}
		if n := serve(kindSlow); n != 1 || len(r.got()) != 1 {
			t.Errorf("%d jobs of the others, who made %d requests", n, len(r.got()))
		}
		if w.find(e).slow {
			t.Error("it answered at once and counts as slow")
		}
		w.happen("shop", "message.done")
		_, err = w.hooks.fan(ctx)
		w.must(err)
		if n := serve(kindSlow); n != 0 {
			t.Errorf("%d jobs of an endpoint that is quick again are with the others", n)
		}
		if n := serve(kindSend); n != 1 || len(r.got()) != 2 {
			t.Errorf("%d jobs, %d requests", n, len(r.got()))
		}
	})
}

func TestAttemptsAreCountedByWhatTheyCameTo(t *testing.T) {
	registry := prometheus.NewRegistry()
	w := newWorld(t, "sqlite", Options{Registerer: registry})
	r := receive(t)
	r.answers(func(a http.ResponseWriter, _ *http.Request, n int) {
		if n > 0 {
			a.WriteHeader(http.StatusBadRequest)
		}
	})
	w.create("shop", r.URL, "*")
	for range 2 {
		w.happen("shop", "message.done")
		w.drain()
	}
	families, err := registry.Gather()
	w.must(err)
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{"creditmsg_webhook_attempts_total delivered": 1, "creditmsg_webhook_attempts_total refused": 1,
		"creditmsg_webhook_attempts_total timeout": 0, "creditmsg_webhook_first_attempt_seconds": 2, "creditmsg_webhook_lag_seconds": 0} {
		if n, there := got[name]; !there || n != want {
			t.Errorf("%s: got %g (%t), want %g", name, n, there, want)
		}
	}
	if len(got) != 2+len(results) {
		t.Errorf("got the series %v", got)
	}
}

// Many endpoints of one site are given their places in several transactions.
func TestASiteWithManyEndpointsIsGivenItsEventsPartByPart(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	var list []Endpoint
	w.update(func(tx *db.Tx) error {
		url := receive(t).URL
		for range MostEndpoints {
			e, _, err := w.hooks.Create(tx, "shop", Change{URL: &url, Topics: []string{"*"}})
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	var many []string
	for range 120 {
		many = append(many, "message.done")
	}
	w.happen("shop", many...)
	parts := 0
	for ; ; parts++ {
		n, err := w.hooks.fan(ctx)
		w.must(err)
		if n == 0 {
			break
		}
	}
	if last := w.find(list[49]); parts < 3 || last.Seq != 120 || len(w.deliveries(last, Filter{})) != 120 {
		t.Errorf("in %d parts the last endpoint got %d places", parts, last.Seq)
	}
}
