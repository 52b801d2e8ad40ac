package test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/server"
)

// patience is far more than anything here takes; who waits longer waits for nothing.
const patience = time.Minute

// within gives a context for what must happen soon.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// binary is the program as users have it, built once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "creditmsg")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "creditmsg/cmd/creditmsg").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

// folder is where the binary lies while the tests run.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "creditmsg-e2e-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	m.Run() // its code ends the process once this returns
}

// command is one run of the program in a folder, with what it should find in its
// environment beside the tests' own.
func command(t *testing.T, dir string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, args...)
	c.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CREDITMSG_") {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env, env...)
	return c
}

// object runs the program and reads the JSON object that it prints.
func object(t *testing.T, dir string, env []string, into any, args ...string) {
	t.Helper()
	c := command(t, dir, env, args...)
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("creditmsg %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("creditmsg %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// process is a run of the program that goes on until it is stopped.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	mu   sync.Mutex
	text strings.Builder // guarded by mu: what it printed
	said chan string     // its lines
	over chan struct{}   // its output has ended
}

// launch starts the program.
func launch(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: command(t, dir, env, args...), said: make(chan string, 1000), over: make(chan struct{})}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = write, write
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	go func() {
		defer close(p.over)
		defer read.Close()
		for lines := bufio.NewScanner(read); lines.Scan(); {
			p.mu.Lock()
			p.text.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
			p.said <- lines.Text()
		}
		close(p.said)
	}()
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	return p
}

// printed is everything so far.
func (p *process) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// until waits for a line with this text.
func (p *process) until(text string) {
	p.t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, ok := <-p.said:
			if !ok {
				p.t.Fatalf("it ended without %q:\n%s", text, p.printed())
			}
			if strings.Contains(line, text) {
				return
			}
		case <-late:
			p.t.Fatalf("it did not come to %q:\n%s", text, p.printed())
		}
	}
}

// terminate stops it as a supervisor does and wants a good end within seconds.
func (p *process) terminate() {
	p.t.Helper()
	begun := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	<-p.over
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("it was told to stop and ended with %v:\n%s", err, p.printed())
	}
	if took := time.Since(begun); took > 10*time.Second {
		p.t.Errorf("stopping took %s", took)
	}
}

// configured is a configuration as an operator would write it, with one provider
// account at this address.
func configured(t *testing.T, database, vendor string) server.Config {
	t.Helper()
	c, err := server.LoadConfig("", []string{
		"CREDITMSG_DATABASE_URL=" + database, "CREDITMSG_LISTEN=127.0.0.1:0",
		fmt.Sprintf("CREDITMSG_PROVIDERS=[{name: solapi, kind: solapi, url: %q, api_key: %s, api_secret: %s, webhook: {secret: hook}}]",
			vendor, server.SimulatorKey, server.SimulatorSecret),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// running is a program in this process.
type running struct {
	*server.Program
	t     *testing.T
	stop  context.CancelFunc
	ended chan error
}

// start opens and runs a program until the test ends, or until halt.
func start(t *testing.T, c server.Config, roles ...string) *running {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, err := server.Open(within(t), c, server.Options{Roles: roles, Log: log, Simulator: server.SimulatorOptions{Pace: 5 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{p, t, stop, make(chan error, 1)}
	go func() { r.ended <- p.Run(ctx) }()
	t.Cleanup(func() { r.halt() })
	return r
}

// halt stops the program and wants a good end; halting twice is harmless.
func (r *running) halt() {
	r.t.Helper()
	r.stop()
	if r.ended == nil {
		return
	}
	select {
	case err := <-r.ended:
		if err != nil {
			r.t.Errorf("the program ended with %v", err)
		}
	case <-time.After(patience):
		r.t.Error("the program did not stop")
	}
	r.ended = nil
}

// operator works on the program's database beside it.
func operator(t *testing.T, c server.Config) *server.Operator {
	t.Helper()
	p, err := server.OpenOperator(within(t), c, server.OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// tenant makes a site that can send everything, and gives a token of it.
func tenant(t *testing.T, p *server.Operator, id string, prices map[string]string) string {
	t.Helper()
	ctx := within(t)
	_, err := p.CreateSite(ctx, server.NewSite{ID: id, Name: id, Prices: prices})
	if err == nil {
		_, err = p.AddCredit(ctx, server.TopUp{Site: id, Amount: "1000000", Kind: "adjustment", Reason: "test"})
	}
	if err == nil {
		_, err = p.AddSender(ctx, id, "02-6123-4567")
	}
	if err == nil {
		_, err = p.AddChannel(ctx, id, "@shop", "key", nil)
	}
	if err == nil {
		_, err = p.AddTemplate(ctx, server.NewTemplate{Site: id, Code: "RESERVE_01", Channel: "@shop", Body: greeting, State: "approved"})
	}
	if err != nil {
		t.Fatal(err)
	}
	token, err := p.CreateToken(ctx, id, "test", []string{"*"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return token.Secret
}

const greeting = "#{이름}님, 예약이 확정되었습니다."

// caller is a client of the program's API.
func caller(t *testing.T, url, token string) *client.Client {
	t.Helper()
	c, err := client.New(url, token, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// proven wants every law of the ledger to hold.
func proven(t *testing.T, p *server.Operator) {
	t.Helper()
	proof, err := p.VerifyLedger(within(t), "")
	if err != nil {
		t.Fatal(err)
	}
	if !proof.OK {
		t.Errorf("the ledger is broken: %+v", proof.Broken)
	}
}

// leg is what the simulator says that it took.
type leg struct {
	To, From, Channel, Text, Outcome string
	Pictures                         []struct{ SHA256 string }
}

// received asks a simulator for everything it took.
func received(t *testing.T, url string) (all []leg) {
	t.Helper()
	for cursor := ""; ; {
		res, err := http.Get(url + "/_sim/received?cursor=" + cursor)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		var page struct {
			Data []leg  `json:"data"`
			Next string `json:"next_cursor"`
		}
		if err == nil {
			err = json.Unmarshal(text, &page)
		}
		if err != nil {
			t.Fatalf("read what the simulator took: %v\n%s", err, text)
		}
		if all = append(all, page.Data...); page.Next == "" {
			return all
		}
		cursor = page.Next
	}
}
