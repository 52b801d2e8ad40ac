package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

// testConfig is that of a fresh SQLite database and ports of our own.
func testConfig(t *testing.T, providers ...ProviderConfig) Config {
	t.Helper()
	c, err := LoadConfig("", []string{"CREDITMSG_DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "test.db"), "CREDITMSG_LISTEN=127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	c.Providers = providers
	return c
}

func simulatedAccount(url Address) ProviderConfig {
	return ProviderConfig{Name: "sim", Kind: "solapi", URL: url, APIKey: SimulatorKey, APISecret: SimulatorSecret, Webhook: WebhookConfig{Secret: "s"}}
}

func wantFault(t *testing.T, err error, kind fault.Kind, words string) {
	t.Helper()
	if !fault.Is(err, kind) || !strings.Contains(err.Error(), words) {
		t.Errorf("the error is %v, want one of kind %v with %q", err, kind, words)
	}
}

func TestTheTableOfAdaptersAndTheConfigurationKnowTheSameKinds(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(slices.Values(providerKinds)), slices.Sorted(maps.Keys(adapters))); diff != "" {
		t.Error(diff)
	}
	if _, err := carriers([]provider.Account{{Name: "main", Kind: "solapi"}}); err == nil || !strings.Contains(err.Error(), "provider main: ") {
		t.Errorf("an account without a key: %v", err)
	}
}

// diary notes what happened in which order; stages stop one after the other, so each
// entry is written alone.
type diary []string

func (d *diary) runner(name string, err error) runner {
	return func(ctx context.Context) error {
		<-ctx.Done()
		*d = append(*d, name)
		return err
	}
}

func (d *diary) finish(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		*d = append(*d, name)
		return ctx.Err()
	}
}

func TestStagesStopOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		stages := []stage{
			{runners: []runner{d.runner("doors", nil)}},
			{runners: []runner{d.runner("workers", nil)}, after: []func(context.Context) error{d.finish("drain"), d.finish("release")}},
			{runners: []runner{d.runner("world", nil)}},
		}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, stop)
		if err := runStages(ctx, stages); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(diary{"doors", "workers", "drain", "release", "world"}, d); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARunnerThatFailsStopsTheOthersInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		broken := errors.New("broken")
		stages := []stage{
			{runners: []runner{d.runner("doors", nil)}, after: []func(context.Context) error{d.finish("drain")}},
			{runners: []runner{func(context.Context) error { return broken }}},
			{runners: []runner{d.runner("world", errors.New("a consequence"))}},
		}
		if err := runStages(t.Context(), stages); !errors.Is(err, broken) {
			t.Errorf("the error is %v, want what broke first", err)
		}
		if diff := cmp.Diff(diary{"doors", "drain", "world"}, d); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARunnerThatPanicsStopsTheOthersInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		err := runStages(t.Context(), []stage{
			{runners: []runner{d.runner("doors", nil)}, after: []func(context.Context) error{d.finish("drain")}},
			{runners: []runner{func(context.Context) error { panic("a mistake") }}},
		})
		if err == nil || !strings.Contains(err.Error(), "panicked: a mistake") {
			t.Errorf("the error is %v", err)
		}
		if diff := cmp.Diff(diary{"doors", "drain"}, d); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAStopWaitsForRequestsInsideAndCutsOffWhatTakesTooLong(t *testing.T) {
	for name, tt := range map[string]struct {
		grace time.Duration
		cut   bool
	}{"in time": {time.Minute, false}, "too long": {10 * time.Millisecond, true}} {
		t.Run(name, func(t *testing.T) {
			l, err := listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			inside, leave := make(chan struct{}), make(chan struct{})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- l.serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					close(inside)
					select {
					case <-leave:
					case <-r.Context().Done():
						if cause := context.Cause(r.Context()); cause != errCutOff {
							t.Errorf("the request was ended by %v", cause)
						}
					}
				}), tt.grace, slog.New(slog.DiscardHandler))
			}()
			answered := make(chan error, 1)
			go func() {
				res, err := http.Get(l.url)
				if err == nil {
					res.Body.Close()
				}
				answered <- err
			}()
			<-inside
			stop()
			if !tt.cut {
				close(leave)
			}
			if err := <-answered; (err != nil) != tt.cut {
				t.Errorf("the request inside ended with %v", err)
			}
			if err := <-ended; err != nil {
				t.Errorf("serve ended with %v", err)
			}
			if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
				t.Error("the door is open after the stop")
			}
		})
	}
}

func TestAnAddressThatIsTakenIsToldAndNothingStaysOpen(t *testing.T) {
	taken, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := testConfig(t)
	c.Listen = taken.Addr().String()
	_, err = Open(t.Context(), c, Options{})
	wantFault(t, err, fault.Unavailable, c.Listen+" cannot be listened on")
	err = RunSimulator(t.Context(), SimulatorOptions{Listen: c.Listen}, slog.New(slog.DiscardHandler), func(string) { t.Error("it says that it started") })
	wantFault(t, err, fault.Unavailable, c.Listen)

	c = testConfig(t, simulatedAccount(Address(taken.url)))
	_, err = Open(t.Context(), c, Options{Roles: Roles})
	wantFault(t, err, fault.Unavailable, taken.Addr().String())
}

func TestTheSimulatorNeedsSomebodyToServe(t *testing.T) {
	_, err := Open(t.Context(), testConfig(t), Options{Roles: Roles})
	wantFault(t, err, fault.Invalid, "nobody to serve")
	_, err = Open(t.Context(), testConfig(t), Options{Roles: []string{"leader"}})
	wantFault(t, err, fault.Invalid, `"leader" is not one of`)
}

// placed is a door that says that it stands elsewhere.
type placed struct {
	net.Listener
	port int
}

func (p placed) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p.port} }

func TestTheSimulatorTakesThePortAfterTheAPIsOrAnyThatIsFree(t *testing.T) {
	taken, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	after := taken.Addr().(*net.TCPAddr).Port
	p := &Program{config: testConfig(t, simulatedAccount("http://127.0.0.1:0")), door: &listener{Listener: placed{port: after - 1}, url: "http://api"}}
	if got := p.besides("127.0.0.1"); got != taken.Addr().String() {
		t.Errorf("beside port %d stands %s, want %s", after-1, got, taken.Addr())
	}
	if err := p.openSimulator(SimulatorOptions{}); err != nil {
		t.Fatal(err)
	}
	defer p.vendor.Close()
	if p.SimulatorURL() == taken.url || string(p.config.Providers[0].URL) != p.SimulatorURL() {
		t.Errorf("the account points at %s, the simulator is at %s, and %s was taken", p.config.Providers[0].URL, p.SimulatorURL(), taken.url)
	}
}

func TestAnAddressOfAllInterfacesIsReachedByLoopback(t *testing.T) {
	for listen, want := range map[string]string{"0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "127.0.0.1:80": "127.0.0.1:80", "[::1]:80": "[::1]:80"} {
		a, err := net.ResolveTCPAddr("tcp", listen)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(a); got != want {
			t.Errorf("%s is reached at %s, want %s", listen, got, want)
		}
	}
}

func TestAProcessIsReadyWhileItsDatabaseAnswersAndItIsNotStopping(t *testing.T) {
	p, err := Open(t.Context(), testConfig(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ready(t.Context()); err != nil {
		t.Errorf("a fresh process is not ready: %v", err)
	}
	p.stopping.Store(true)
	wantFault(t, p.ready(t.Context()), fault.Unavailable, "stopping")
	p.stopping.Store(false)
	p.Close()
	wantFault(t, p.ready(t.Context()), fault.Unavailable, "does not answer")
}

func TestSweepingAFreshInstallationFindsNothingWrong(t *testing.T) {
	var log strings.Builder
	p, err := Open(t.Context(), testConfig(t), Options{Log: NewLog(LogConfig{Level: "warn", Format: "text"}, &log)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.sweep(t.Context())
	if log.Len() > 0 {
		t.Error(log.String())
	}
}

func TestAProcessThatWorksFoldsTheStatistics(t *testing.T) {
	var log strings.Builder
	p, err := Open(t.Context(), testConfig(t), Options{Log: NewLog(LogConfig{Level: "warn", Format: "text"}, &log)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	counted := stat.Delta{Site: "shop", Strategy: "sms_only", Channel: provider.SMS, Figures: stat.Figures{Delivered: 1}}
	if err := p.d.Update(t.Context(), "test", func(tx *db.Tx) error { return stat.Append(tx, counted) }); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.upkeep(true)(ctx) }()
	for unfolded := 1; unfolded > 0; runtime.Gosched() { // the test's own time limit ends it
		if err := p.d.View(t.Context(), "test", func(tx *db.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM stat_delta").Scan(&unfolded)
		}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if log.Len() > 0 {
		t.Error(log.String())
	}
}

func TestOneProcessMayWorkWithoutADoor(t *testing.T) {
	p, err := Open(t.Context(), testConfig(t), Options{Roles: []string{RoleWorker}})
	if err != nil {
		t.Fatal(err)
	}
	if p.URL() != "" || p.SimulatorURL() != "" {
		t.Errorf("a worker has doors at %q and %q", p.URL(), p.SimulatorURL())
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := p.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestTheLogHasTheConfiguredLevelAndForm(t *testing.T) {
	for form, want := range map[string]string{"json": `"level":"WARN","msg":"seen"`, "text": "level=WARN msg=seen"} {
		var out strings.Builder
		log := NewLog(LogConfig{Level: "warn", Format: form}, &out)
		log.Info("passed over")
		log.Warn("seen")
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "passed over") {
			t.Errorf("%s: %s", form, out.String())
		}
	}
}

func TestTheSimulatorAloneAnswersUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	err := RunSimulator(ctx, SimulatorOptions{Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), func(url string) {
		go func() {
			defer stop()
			res, err := http.Get(url + "/_sim/received")
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if text, _ := io.ReadAll(res.Body); res.StatusCode != 200 || !strings.Contains(string(text), `"data":[]`) {
				t.Errorf("%d %s", res.StatusCode, text)
			}
		}()
	})
	if err != nil {
		t.Error(err)
	}
}
