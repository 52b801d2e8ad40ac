package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/server"
)

// apiContest compares taking messages in over HTTP with answering HTTP at all.
func apiContest(r *run) (contest, error) {
	var latencies []Latency
	return contest{unit: "request",
		baseline: side{"bare net/http: decode the same JSON, answer 202 with JSON, store nothing", apiBare},
		product: side{fmt.Sprintf("POST /v1/messages with one recipient, the best of %d keep-alive connections", connections(r.o.Callers)),
			func(ctx context.Context, a *arena) (sample, error) {
				out, l, err := apiProduct(ctx, a)
				latencies = append(latencies, l)
				return out, err
			}},
		after: func(out *Result) {
			slices.SortFunc(latencies, func(x, y Latency) int { return int(x.P99*1e3 - y.P99*1e3) })
			out.Latency = &latencies[len(latencies)/2]
		},
	}, nil
}

// bodyTo is a message to one number, as a small program sends it; apiBody is one of them.
func bodyTo(number string) string {
	return `{"strategy":"sms_only","text":{"body":"#{이름}님, 예약이 확정되었습니다."},"recipients":[{"to":"` + number + `","variables":{"이름":"김하나"}}]}`
}

var apiBody = bodyTo("01012345678")

// bareOrder is apiBody for a handler without rules, bareReceipt its answer.
type bareOrder struct {
	Strategy string `json:"strategy"`
	Text     struct {
		Body string `json:"body"`
	} `json:"text"`
	Recipients []struct {
		To        string            `json:"to"`
		Variables map[string]string `json:"variables"`
	} `json:"recipients"`
}

type bareReceipt struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Accepted int    `json:"accepted"`
}

// apiBare measures the least that a Go program can do with such a request: the
// standard server, the standard decoder, an answer.
func apiBare(ctx context.Context, a *arena) (out sample, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return sample{}, fmt.Errorf("open a port: %w", err)
	}
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o bareOrder
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		text, _ := json.Marshal(bareReceipt{id.New().Text(id.Message), "accepted", len(o.Recipients)}) // plain values always marshal
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(text) // a client that is gone
	})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() {
		err = errors.Join(err, s.Close())
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
	}()
	tried, err := a.hammer(ctx, l.Addr().String(), "")
	return tried.best, err
}

// apiProduct measures the program as it is served, with its log, and then how long it
// takes to answer the callers at half of their rate.
func apiProduct(ctx context.Context, a *arena) (out sample, l Latency, err error) {
	tokens, err := a.furnishAPI(ctx, 1)
	if err != nil {
		return sample{}, Latency{}, err
	}
	token := tokens[0]
	p, err := server.Open(ctx, a.config(), server.Options{Roles: []string{server.RoleAPI},
		Log: server.NewLog(server.LogConfig{Level: "info", Format: "json"}, io.Discard)})
	if err != nil {
		return sample{}, Latency{}, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(running) }()
	address := p.URL()[len("http://"):]
	tried, err := a.hammer(ctx, address, token)
	if err == nil {
		err = a.settle(ctx)
	}
	if err == nil {
		var more int64
		l, more, err = a.paced(ctx, address, token, tried.callers.rate()/2)
		tried.answered += more
	}
	stop()
	if err = errors.Join(err, <-ended); err != nil {
		return sample{}, Latency{}, err
	}
	return tried.best, l, a.checkAccepted(ctx, tried.answered)
}

// config is the program's over the scratch database. Nobody works on the jobs: the
// worker is another process's role.
func (a *arena) config() server.Config {
	return server.Config{Listen: "127.0.0.1:0", Database: server.DatabaseConfig{URL: server.Address(a.url)}, Blob: server.BlobConfig{Shared: true},
		Providers: server.ProviderConfigs{{Name: "vendor", Kind: "solapi", URL: "http://127.0.0.1:9", APIKey: server.SimulatorKey, APISecret: server.SimulatorSecret}}}
}

// furnishAPI makes sites with credit and a sender, and a token of each.
func (a *arena) furnishAPI(ctx context.Context, n int) (tokens []string, err error) {
	p, err := server.OpenOperator(ctx, a.config(), server.OperatorOptions{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	for i := range n {
		name := fmt.Sprintf("bench-%d", i)
		if _, err := p.CreateSite(ctx, server.NewSite{ID: name, Name: "bench"}); err != nil {
			return nil, err
		}
		if _, err := p.AddCredit(ctx, server.TopUp{Site: name, Amount: "1000000000000", Kind: "adjustment", Reason: "bench"}); err != nil {
			return nil, err
		}
		if _, err := p.AddSender(ctx, name, "0261234567"); err != nil {
			return nil, err
		}
		made, err := p.CreateToken(ctx, name, "bench", []string{"messages:write"}, "")
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, made.Secret)
	}
	return tokens, nil
}

// checkAccepted counts the messages that stand with all their rows, and proves the
// ledger.
func (a *arena) checkAccepted(ctx context.Context, answered int64) error {
	w, err := a.open(ctx)
	if err != nil {
		return err
	}
	there, err := w.count(ctx, acceptedRows(""))
	if err != nil {
		return err
	}
	return errors.Join(counted(answered, there), w.prove(ctx, true))
}

// connections are the numbers of connections that each side is tried with. With few of
// them a server that answers after a commit waits for the commit, not for the processors.
func connections(callers int) []int { return []int{max(1, callers/8), callers, 4 * callers} }

// hammered is what came of each number of connections.
type hammered struct {
	best, callers sample // callers: with one connection for each
	answered      int64  // requests of all
}

// hammer has callers send one request after another, each on a connection of its own.
func (a *arena) hammer(ctx context.Context, address, token string) (out hammered, err error) {
	for _, n := range connections(a.o.Callers) {
		one, err := a.hammerWith(ctx, n, address, token)
		if err != nil {
			return hammered{}, fmt.Errorf("with %d connections: %w", n, err)
		}
		a.o.Progress(fmt.Sprintf("  %d connections: %.0f per second", n, one.rate()))
		out.answered += one.units
		if n == a.o.Callers {
			out.callers = one
		}
		if out.best.units == 0 || one.rate() > out.best.rate() {
			out.best = one
		}
	}
	return out, nil
}

func (a *arena) hammerWith(ctx context.Context, n int, address, token string) (sample, error) {
	wires, err := dialAll(address, token, n)
	if err != nil {
		return sample{}, err
	}
	defer closeAll(wires)
	var answered int64
	out, err := a.measure(ctx, func(ctx context.Context) error {
		answered, err = crowd(ctx, len(wires), a.o.Lasting, func(_ context.Context, caller, _ int) error { return wires[caller].post() })
		return err
	})
	out.units = answered
	return out, err
}

// settle has the engine do what the load before has left to it, which a server that
// runs for longer than a benchmark does all the time: a young PostgreSQL makes each file of
// its log when it needs it, and all wait meanwhile.
func (a *arena) settle(ctx context.Context) error {
	words := a.engine.words().settle
	if words == "" {
		return nil
	}
	s, err := a.engine.connect(ctx, a.url)
	if err != nil {
		return err
	}
	return errors.Join(s.plain(ctx, words), s.close())
}

// paced sends requests at a steady rate and times each from the moment when it was due.
func (a *arena) paced(ctx context.Context, address, token string, rate float64) (Latency, int64, error) {
	wires, err := dialAll(address, token, a.o.Callers)
	if err != nil {
		return Latency{}, 0, err
	}
	defer closeAll(wires)
	took := make([][]time.Duration, len(wires))
	n, err := a.steadily(ctx, rate, func(caller, _ int, due time.Time) error {
		if err := wires[caller].post(); err != nil {
			return err
		}
		took[caller] = append(took[caller], time.Since(due))
		return nil
	})
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	if err != nil || len(all) == 0 {
		return Latency{}, n, err
	}
	return Latency{Rate: rate, P50: at(all, .50), P99: at(all, .99)}, n, nil
}

// steadily has the callers do something in turn, so often a second, whether or not the
// ones before are done. due is the moment by the clock: a caller that is still busy then
// begins late, and that counts.
func (a *arena) steadily(ctx context.Context, rate float64, do func(caller, turn int, due time.Time) error) (int64, error) {
	step := time.Duration(float64(a.o.Callers) / rate * float64(time.Second))
	start := time.Now()
	return crowd(ctx, a.o.Callers, a.o.Lasting, func(ctx context.Context, caller, turn int) error {
		due := start.Add(time.Duration(turn)*step + time.Duration(caller)*step/time.Duration(a.o.Callers))
		if err := until(ctx, due); err != nil {
			return err
		}
		return do(caller, turn, due)
	})
}

// at is the time in ms that this part of all sorted times does not exceed.
func at(sorted []time.Duration, part float64) float64 {
	return float64(sorted[int(part*float64(len(sorted)-1))].Microseconds()) / 1000
}

// until waits for a moment.
func until(ctx context.Context, due time.Time) error {
	wait := time.Until(due)
	if wait <= 0 {
		return nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
