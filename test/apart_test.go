package test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/server"
)

// apart is an installation whose parts are processes of their own: the program, and the
// provider simulator beside it, so that what is measured of one is not the other's.
type apart struct {
	t      *testing.T
	dir    string
	file   string // the program's configuration
	url    string // the program's door
	roles  string // what the program does
	config server.Config
	office *server.Operator
	serve  *exec.Cmd // the program; nil while it is stopped
	ended  chan error
}

// setApart starts a simulator and configures a program on the database, which begin
// then starts.
func setApart(t *testing.T, database string) *apart {
	t.Helper()
	a := &apart{t: t, dir: t.TempDir(), roles: "api,worker"}
	door := freeAddress(t)
	a.configure(door, database, a.simulator(door))
	a.office = operator(t, a.config)
	return a
}

// configure writes the program's configuration, with one provider account.
func (a *apart) configure(door, database, vendor string) {
	a.t.Helper()
	a.url, a.file = "http://"+door, filepath.Join(a.dir, "creditmsg.yaml")
	text := fmt.Sprintf("listen: %s\ndatabase: {url: %q}\nblob: {shared: true}\nlog: {level: warn}\nproviders:\n  - {name: solapi, kind: solapi, url: %q, api_key: %s, api_secret: %s, webhook: {secret: hook}}\n",
		door, database, vendor, server.SimulatorKey, server.SimulatorSecret)
	if err := os.WriteFile(a.file, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	var err error
	if a.config, err = server.LoadConfig(a.file, nil); err != nil {
		a.t.Fatal(err)
	}
}

// freeAddress names an address that nobody listens at: the simulator has to know where
// reports go before the program that takes them can be told where the simulator is.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// simulator starts the provider simulator and gives its address.
func (a *apart) simulator(door string) string {
	a.t.Helper()
	c := command(a.t, a.dir, nil, "simulator", "--listen", "127.0.0.1:0", "--log-level", "error",
		"--report-url", "http://"+door+"/webhooks/solapi", "--report-secret", "hook")
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	name, url, _ := strings.Cut(strings.TrimSpace(line), " ")
	if err != nil || name != "simulator" {
		a.t.Fatalf("the simulator said %q: %v", line, err)
	}
	return strings.TrimSpace(url)
}

// begin starts the program and waits until it is ready.
func (a *apart) begin() {
	a.t.Helper()
	a.spawn()
	a.t.Cleanup(a.end)
	a.t.Cleanup(func() {
		if a.t.Failed() {
			a.t.Logf("the program logged:\n%s", a.lastLogged())
		}
	})
	a.ready()
}

// spawn starts the program. What it logs goes to a file: a pipe that nobody empties
// would hold it up.
func (a *apart) spawn() {
	a.t.Helper()
	log, err := os.OpenFile(a.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		a.t.Fatal(err)
	}
	defer log.Close()
	a.serve = command(a.t, a.dir, nil, "serve", "--config", a.file, "--roles", a.roles)
	a.serve.Stdout, a.serve.Stderr = log, log
	if err := a.serve.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.ended = make(chan error, 1)
	go func(c *exec.Cmd, ended chan<- error) { ended <- c.Wait() }(a.serve, a.ended)
}

// ready waits until the program serves.
func (a *apart) ready() {
	a.t.Helper()
	late, tick := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if res, err := http.Get(a.url + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-a.ended:
			a.serve = nil
			a.t.Fatalf("the program ended before it was ready: %v\n%s", err, a.lastLogged())
		case <-late:
			a.t.Fatalf("the program did not become ready:\n%s", a.lastLogged())
		case <-tick.C:
		}
	}
}

// end stops the program as a supervisor does and wants a good end; ending what has
// ended is harmless.
func (a *apart) end() {
	a.t.Helper()
	if a.serve == nil {
		return
	}
	c := a.serve
	a.serve = nil
	_ = c.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-a.ended:
		if err != nil {
			a.t.Errorf("the program was told to stop and ended with %v", err)
		}
	case <-time.After(patience):
		_ = c.Process.Kill()
		<-a.ended
		a.t.Error("the program did not stop")
	}
}

func (a *apart) logFile() string { return filepath.Join(a.dir, "serve.log") }

// lastLogged is the end of the program's log.
func (a *apart) lastLogged() string {
	text, err := os.ReadFile(a.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// shop makes a site with this much credit on top of what every tenant gets.
func (a *apart) shop(id, credit string) *client.Client {
	a.t.Helper()
	token := tenant(a.t, a.office, id, map[string]string{"sms": "18"})
	if _, err := a.office.AddCredit(within(a.t), server.TopUp{Site: id, Amount: credit, Kind: "adjustment", Reason: "test"}); err != nil {
		a.t.Fatal(err)
	}
	c, err := client.New(a.url, token, client.Options{Retries: -1})
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// peak is the most memory that the program had in use so far, in bytes.
func (a *apart) peak() int64 {
	a.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.serve.Process.Pid))
	if err != nil {
		a.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	kib, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		a.t.Fatalf("the kernel says nothing of the peak: %v", err)
	}
	return kib << 10
}
