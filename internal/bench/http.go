package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/server"
)

// httpContest is the pipeline as it is run: recipients come in over HTTP, calls and
// reports go over HTTP to and from a simulated vendor in a process of its own.
func httpContest(r *run) (contest, error) {
	if len(r.o.Simulator) == 0 {
		return contest{}, fault.Check("--http", "the command that runs the simulator is not known")
	}
	return contest{unit: "recipient",
		baseline: side{"bulk INSERT, the vendor's three requests for 1,000 legs, its reports read, bulk UPDATE before each is answered; nothing else", httpBare},
		product:  side{fmt.Sprintf("the program: %d people uploaded, handed over to the simulated vendor, reported, settled", r.o.Size), httpProduct},
	}, nil
}

// vendorProcess is the simulated vendor in a process of its own.
type vendorProcess struct {
	url string
	cmd *exec.Cmd
}

// startVendor runs the simulator until the round is over; it reports to reportURL. More
// of its flags may follow.
func (a *arena) startVendor(ctx context.Context, reportURL string, more ...string) (*vendorProcess, error) {
	args := slices.Concat(a.o.Simulator[1:],
		[]string{"--listen", "127.0.0.1:0", "--log-level", "error", "--report-url", reportURL, "--report-secret", vendorSecret}, more)
	p := &vendorProcess{cmd: exec.CommandContext(ctx, a.o.Simulator[0], args...)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	a.defers(p.stop)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if name, url, _ := strings.Cut(lines.Text(), " "); name == "simulator" {
			p.url = strings.TrimSpace(url)
			go func() { _, _ = io.Copy(io.Discard, out) }() // so that it never waits to be read
			return p, nil
		}
	}
	return nil, errors.Join(lines.Err(), errors.New("the simulator does not say where it answers"))
}

func (p *vendorProcess) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the simulator: %w", err)
	}
	_ = p.cmd.Wait() // it was told to end; how it did is of no interest
	return nil
}

// freePort finds a port on which nobody answers. The program and the vendor must know
// each other's address before either is there.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func httpProduct(ctx context.Context, a *arena) (sample, error) {
	tokens, err := a.furnishAPI(ctx, 1)
	if err != nil {
		return sample{}, err
	}
	c := a.config()
	if c.Listen, err = freePort(); err != nil {
		return sample{}, err
	}
	vendor, err := a.startVendor(ctx, "http://"+c.Listen+"/webhooks/"+vendorName)
	if err != nil {
		return sample{}, err
	}
	c.Providers[0].URL, c.Providers[0].Webhook.Secret = server.Address(vendor.url), vendorSecret
	if err := a.serve(ctx, c); err != nil {
		return sample{}, err
	}
	w, err := a.open(ctx)
	if err != nil {
		return sample{}, err
	}
	out, err := a.measure(ctx, func(ctx context.Context) error {
		m, err := a.upload(ctx, "http://"+c.Listen, tokens[0])
		if err != nil {
			return err
		}
		return w.awaitState(ctx, message.Key{Site: "bench-0", ID: m}, func(m *message.Message) bool { return m.State.Final() })
	})
	if err != nil {
		return sample{}, err
	}
	if out.units, err = w.count(ctx, "SELECT COUNT(*) FROM recipient WHERE state = 'delivered'"); err != nil {
		return sample{}, err
	}
	return out, errors.Join(counted(int64(a.o.Size), out.units), w.prove(ctx, true))
}

// serve runs the program until the round is over.
func (a *arena) serve(ctx context.Context, c server.Config) error {
	p, err := server.Open(ctx, c, server.Options{Log: server.NewLog(server.LogConfig{Level: "info", Format: "json"}, io.Discard)})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(running) }()
	a.defers(func() error { stop(); return <-ended })
	return nil
}

// upload sends the whole message line by line.
func (a *arena) upload(ctx context.Context, url, token string) (id.ID, error) {
	in, out := io.Pipe()
	go func() {
		lines := bufio.NewWriterSize(out, 64<<10)
		_, _ = lines.WriteString(`{"strategy":"sms_only","text":{"body":"#{이름}님, 예약이 확정되었습니다."}}` + "\n")
		for i := range a.o.Size {
			_, _ = fmt.Fprintf(lines, `{"to":"%s","variables":{"이름":"김하나%d"}}`+"\n", korea.MobileNumber(uint32(12_000_000+i)), i)
		}
		_ = out.CloseWithError(lines.Flush()) // the writer keeps its first error until here
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/messages", in)
	if err != nil {
		return id.ID{}, fmt.Errorf("upload: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer "+token)
	var receipt struct {
		ID string `json:"id"`
	}
	if err := exchange(http.DefaultClient, r, http.StatusAccepted, &receipt); err != nil {
		return id.ID{}, fmt.Errorf("upload: %w", err)
	}
	return id.Parse(id.Message, receipt.ID)
}

// exchange makes a request and reads its answer as JSON.
func exchange(c *http.Client, r *http.Request, want int, into any) error {
	reply, err := c.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	switch {
	case err != nil:
		return err
	case reply.StatusCode != want:
		return fmt.Errorf("%s is answered %s: %.300s", r.URL.Path, reply.Status, text)
	}
	return json.NewDecoder(bytes.NewReader(text)).Decode(into)
}

// httpWithin bounds the whole exchange of a baseline's round.
const httpWithin = 5 * time.Minute
