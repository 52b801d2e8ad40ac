package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/server"
)

// Attack is how long good requests took while nothing else happened, and while the API was
// attacked: by connections that never finish their request, by forged delivery reports, and
// by requests with tokens that are none.
type Attack struct {
	Bench   string    `json:"bench"`
	Engine  string    `json:"engine"`
	Idle    []Latency `json:"idle"` // one a round
	Under   []Latency `json:"under"`
	Foes    []Foes    `json:"foes"`
	Ratio   float64   `json:"ratio"` // p99 under attack / p99 idle, the median of the rounds
	Machine string    `json:"machine"`
}

// Foes counts what came of an attack.
type Foes struct {
	Slow     int   `json:"slow_connections"` // open at a time
	Dropped  int64 `json:"slow_dropped"`     // that the program closed meanwhile; they came back
	Forged   int64 `json:"forged_reports"`   // all of them refused
	Wrong    int64 `json:"wrong_tokens"`     // all of them refused
	Throttle int64 `json:"throttled"`        // wrong tokens that were answered 429 rather than 401
}

// The size of the attack.
const (
	slowConnections = 1_000
	forgedReports   = 10_000
	wrongTokens     = 1_000 // a second
	foeCallers      = 16    // connections that forge, and as many with wrong tokens
)

// RunAttack measures both in every round: Options.Rate good messages a second for
// Options.Lasting, then the same under attack. A good request that is not accepted, and a bad
// one that is, are errors.
func RunAttack(ctx context.Context, o Options) (Attack, error) {
	o.Rate, o.Rounds = orElse(o.Rate, 200), orElse(o.Rounds, 3)
	if o.Lasting <= 0 {
		o.Lasting = 15 * time.Second
	}
	r, err := newRun(ctx, o)
	if err != nil {
		return Attack{}, err
	}
	defer r.engine.close()
	out := Attack{Bench: "attack", Engine: r.engine.name(), Machine: machine() + ", " + r.engine.version()}
	var ratios []float64
	for n := range r.o.Rounds {
		one, err := inArena(ctx, r, fmt.Sprintf("round %d of %d", n+1, r.o.Rounds), attackRound)
		if err != nil {
			return Attack{}, fmt.Errorf("bench attack: %w", err)
		}
		out.Idle, out.Under, out.Foes = append(out.Idle, one.idle), append(out.Under, one.under), append(out.Foes, one.foes)
		ratios = append(ratios, one.under.P99/one.idle.P99)
	}
	out.Ratio = median(ratios)
	return out, nil
}

type attackFound struct {
	idle, under Latency
	foes        Foes
}

func attackRound(ctx context.Context, a *arena) (out attackFound, err error) {
	tokens, err := a.furnishAPI(ctx, 1)
	if err != nil {
		return out, err
	}
	config := a.config()
	config.Providers[0].Webhook.Secret = "the secret that a forger does not know"
	config.Limits.FailuresPerMinute = server.DefaultFailures
	p, err := server.Open(ctx, config, server.Options{Roles: []string{server.RoleAPI},
		Log: server.NewLog(server.LogConfig{Level: "info", Format: "json"}, io.Discard)})
	if err != nil {
		return out, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(running) }()
	address := p.URL()[len("http://"):]
	var good, more int64
	if _, good, err = a.paced(ctx, address, tokens[0], float64(a.o.Rate)); err == nil { // warm
		err = a.settle(ctx)
	}
	if err == nil {
		out.idle, more, err = a.paced(ctx, address, tokens[0], float64(a.o.Rate))
		good += more
	}
	if err == nil {
		out.under, out.foes, more, err = a.attacked(ctx, address, tokens[0])
		good += more
	}
	stop()
	if err = errors.Join(err, <-ended); err != nil {
		return out, err
	}
	return out, a.checkAccepted(ctx, good)
}

// attacked measures good requests while the foes are at work.
func (a *arena) attacked(ctx context.Context, address, token string) (l Latency, f Foes, good int64, err error) {
	fighting, peace := context.WithCancel(ctx)
	defer peace()
	g, inside := errgroup.WithContext(fighting)
	f.Slow = slowConnections
	var dropped, forged, wrong, throttled atomic.Int64
	for i := range slowConnections {
		g.Go(func() error { return dawdle(inside, address, i, &dropped) })
	}
	g.Go(func() error {
		n, err := a.foes(inside, address, float64(forgedReports)/a.o.Lasting.Seconds(), forge, 401)
		forged.Add(n[401])
		return err
	})
	g.Go(func() error {
		n, err := a.foes(inside, address, wrongTokens, guess, 401, 429)
		wrong.Add(n[401] + n[429])
		throttled.Add(n[429])
		return err
	})
	if err = until(inside, time.Now().Add(time.Second)); err == nil { // so that all are at it
		l, good, err = a.paced(ctx, address, token, float64(a.o.Rate))
	}
	peace()
	err = errors.Join(err, g.Wait())
	f.Dropped, f.Forged, f.Wrong, f.Throttle = dropped.Load(), forged.Load(), wrong.Load(), throttled.Load()
	if want := int64(.9 * wrongTokens * a.o.Lasting.Seconds()); err == nil && (f.Forged < .9*forgedReports || f.Wrong < want) {
		err = fmt.Errorf("the attack was weaker than it should be: %d forged reports of %d, %d wrong tokens of %d", f.Forged, forgedReports, f.Wrong, want)
	}
	return l, f, good, err
}

// dawdle opens a connection, sends a byte of a request every second, and comes back when the
// program has had enough.
func dawdle(ctx context.Context, address string, n int, dropped *atomic.Int64) error {
	const head = "POST /v1/messages HTTP/1.1\r\nHost: slow\r\nX-Slow: "
	for ctx.Err() == nil {
		conn, err := foeFrom(n).DialContext(ctx, "tcp", address)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("connect slowly: %w", err)
		}
		_, err = io.WriteString(conn, head)
		for err == nil && until(ctx, time.Now().Add(time.Second)) == nil {
			_, err = conn.Write([]byte("x"))
		}
		_ = conn.Close()
		if ctx.Err() == nil {
			dropped.Add(1)
		}
	}
	return nil
}

// foeFrom dials from one of a hundred addresses of this machine.
func foeFrom(n int) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+n%100))}}
}

// foes sends bad requests at a steady rate until ctx ends, and counts the answers by status;
// one that is not among refusals is an error.
func (a *arena) foes(ctx context.Context, address string, rate float64, bad func(address string, n int) []byte, refusals ...int) (map[int]int64, error) {
	step := time.Duration(float64(foeCallers) / rate * float64(time.Second))
	start := time.Now()
	counts := make([]map[int]int64, foeCallers)
	g, inside := errgroup.WithContext(ctx)
	for caller := range foeCallers {
		counts[caller] = map[int]int64{}
		g.Go(func() error {
			var w *wire
			defer func() { closeAll(present(w)) }()
			for turn := 0; until(inside, start.Add(time.Duration(turn)*step)) == nil; turn++ {
				n := turn*foeCallers + caller
				status, err := 0, error(nil)
				if w == nil {
					w, err = dialFrom(address, n)
				}
				if err == nil {
					status, err = w.ask(bad(address, n))
				}
				switch {
				case inside.Err() != nil:
					return nil
				case err != nil: // the program may hang up on a foe: he comes back
					closeAll(present(w))
					w = nil
				case !slices.Contains(refusals, status):
					return fmt.Errorf("a bad request was answered %d, want one of %v", status, refusals)
				default:
					counts[caller][status]++
				}
			}
			return nil
		})
	}
	err := g.Wait()
	out := map[int]int64{}
	for _, c := range counts {
		for status, n := range c {
			out[status] += n
		}
	}
	return out, err
}

func present(w *wire) []*wire {
	if w == nil {
		return nil
	}
	return []*wire{w}
}

// dialFrom connects from one of the foes' addresses.
func dialFrom(address string, n int) (*wire, error) {
	conn, err := foeFrom(n).Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &wire{conn: conn, in: bufio.NewReader(conn)}, nil
}

// forge makes a delivery report of a vendor's form that nobody signed.
func forge(address string, n int) []byte {
	body := `[` + strings.Repeat(`{"messageId":"M4V2026112","statusCode":"4000","type":"SMS","to":"01012345678"},`, 9) +
		`{"messageId":"M` + strconv.Itoa(n) + `","statusCode":"4000","type":"SMS","to":"01012345678"}]`
	return []byte("POST /webhooks/" + vendorName + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\n" +
		"X-Solapi-Secret: " + fmt.Sprintf("%064x", n) + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// guess makes a request with a token of the right form that nobody was given: its checksum is
// right, so that it has to be looked for.
func guess(address string, n int) []byte {
	random := fmt.Sprintf("%030d", n)
	sum, check := crc32.ChecksumIEEE([]byte(random)), make([]byte, 6)
	for i := len(check) - 1; i >= 0; i-- {
		check[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[sum%62]
		sum /= 62
	}
	return messageRequest(address, "cm_live_"+random+string(check), apiBody)
}
