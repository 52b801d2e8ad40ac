package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	till "creditmsg/internal/payment/simulator"
)

// listing is the simulated gateway at the socket, which counts how often it is asked for its
// transactions; the first such question waits until the test lets it go on.
type listing struct {
	url   string
	asked chan struct{} // closed at the first question
	goOn  chan struct{} // to be closed by the test

	mu    sync.Mutex
	lists map[string]int // guarded by mu: questions by the day that they begin with
}

func newListing(t *testing.T) *listing {
	v := &listing{asked: make(chan struct{}), goOn: make(chan struct{}), lists: map[string]int{}}
	sim := till.New(till.Options{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/transactions") {
			v.mu.Lock()
			first := len(v.lists) == 0
			v.lists[r.URL.Query().Get("startDate")]++
			v.mu.Unlock()
			if first {
				close(v.asked)
				<-v.goOn
			}
		}
		sim.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	v.url = s.URL
	return v
}

// tossAt is a gateway that the simulator plays.
func tossAt(url string) GatewayConfig {
	return GatewayConfig{Name: "toss", Kind: "toss", URL: Address(url), ClientKey: till.DefaultClientKey, SecretKey: till.DefaultSecretKey}
}

func TestADayIsComparedWithItsGatewayOnceByTwoProcesses(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			v, c := newListing(t), testConfig(t)
			c.Database.URL, c.Blob.Shared = Address(dbtest.Migrated(t, engine)), true
			c.Payments.Gateways = GatewayConfigs{tossAt(v.url)}
			c.TestMode.Enabled = "false" // whose account would be asked about its templates
			open := func() *Program {
				p, err := Open(t.Context(), c, Options{Roles: []string{RoleWorker}})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(p.Close)
				return p
			}
			one, other := open(), open()
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 3)
			for _, run := range []runner{
				one.upkeep(true),
				func(ctx context.Context) error { return one.queue.Run(ctx, one.billing.Works()...) },
				func(ctx context.Context) error { return other.queue.Run(ctx, other.billing.Works()...) },
			} {
				go func() { ended <- run(ctx) }()
			}
			<-v.asked // the one compares a day; the other has both days compared too
			other.compare(ctx)
			close(v.goOn)
			for jobs(t, one) > 0 {
				select {
				case err := <-ended:
					t.Fatalf("it ended: %v", err)
				default:
				}
			}
			other.compare(ctx)
			if n := jobs(t, one); n != 0 {
				t.Errorf("compared days are planned again: %d jobs", n)
			}
			stop()
			for range 3 {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
			if len(v.lists) != 2 {
				t.Errorf("days: got %v, want two", v.lists)
			}
			for day, n := range v.lists {
				if n != 1 {
					t.Errorf("%s was listed %d times", day, n)
				}
			}
			if days := compared(t, one); len(days) != 2 {
				t.Errorf("kept: got %+v", days)
			}
		})
	}
}

// jobs counts the jobs that are there.
func jobs(t *testing.T, p *Program) (n int64) {
	t.Helper()
	err := p.d.View(t.Context(), "test", func(tx *db.Tx) error {
		all, err := p.queue.Stats(tx)
		for _, s := range all {
			n += s.Ready + s.Leased + s.Buried
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func compared(t *testing.T, p *Program) (days []billing.DayCompared) {
	t.Helper()
	err := p.d.View(t.Context(), "test", func(tx *db.Tx) (err error) {
		_, days, err = p.billing.Differences(tx, "2000-01-01")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return days
}
