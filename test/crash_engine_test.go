package test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"creditmsg/internal/db"
)

// engine is a database server of this test alone, which may kill it.
type engine struct {
	t    *testing.T
	name string // what runs: postgres or mariadb
	dir  string
	cmd  *exec.Cmd
	over chan struct{} // closed when it is dead
}

// newEngine starts a server on a port of its own and gives its database's address.
func newEngine(t *testing.T, kind string) (*engine, string) {
	t.Helper()
	name := map[string]string{"postgres": "postgres", "mysql": "mariadb"}[kind]
	dir, err := os.MkdirTemp("", "creditmsg-mortal-")
	if err == nil {
		err = os.Chmod(dir, 0o711) // the server's own user looks into it
	}
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{t: t, name: name, dir: dir}
	t.Cleanup(func() {
		e.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, e.said())
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	e.start()
	url := e.address()
	d, err := db.Open(within(t), url, db.Options{ConnectFor: patience})
	if err != nil {
		t.Fatalf("%v\n%s", err, e.said())
	}
	_ = d.Close()
	return e, url
}

// start starts the server, on the data that are there.
func (e *engine) start() {
	e.t.Helper()
	log, err := os.OpenFile(filepath.Join(e.dir, "said"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	e.cmd = exec.Command("../tools/engines", "serve", e.name, e.dir)
	e.cmd.Stdout, e.cmd.Stderr = log, log
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test
	_, err = e.cmd.StdinPipe()                              // it ends with the test, and the server with it
	if err == nil {
		err = e.cmd.Start()
	}
	if err != nil {
		e.t.Fatal(err)
	}
	e.over = make(chan struct{})
	go func(c *exec.Cmd, over chan struct{}) { _ = c.Wait(); close(over) }(e.cmd, e.over)
}

// kill ends the server and what it started as a power cut would. Its children are
// those of a process that we started, named by the kernel.
func (e *engine) kill() {
	pid := e.cmd.Process.Pid
	children, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "task", strconv.Itoa(pid), "children"))
	_ = e.cmd.Process.Kill()
	for _, text := range strings.Fields(string(children)) {
		if child, err := strconv.Atoi(text); err == nil {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
	}
	<-e.over
}

func (e *engine) ended() bool {
	select {
	case <-e.over:
		return true
	default:
		return false
	}
}

// address waits until the server's script has written it.
func (e *engine) address() string {
	e.t.Helper()
	late, tick := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if text, err := os.ReadFile(filepath.Join(e.dir, e.name+".url")); err == nil && len(text) > 0 {
			return strings.TrimSpace(string(text))
		}
		select {
		case <-e.over:
			e.t.Fatalf("%s does not start:\n%s", e.name, e.said())
		case <-late:
			e.t.Fatalf("%s has no address:\n%s", e.name, e.said())
		case <-tick.C:
		}
	}
}

func (e *engine) said() string {
	text, err := os.ReadFile(filepath.Join(e.dir, "said"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// engineMoments are the moments at which a database server is killed: the program
// learns that a group was opened, taken or asked for, or gets reports, and cannot
// write it down.
var engineMoments = []moment{sendTaken, reportComing, groupOpened, sendAsked, reportTaken}

// outages are how long the servers stay down, in turn: as short as a restart is, and
// longer than any transaction is tried again.
var outages = []time.Duration{0, 0, 20 * time.Second, 0, 5 * time.Second}

// outlives kills the database server again and again and wants the program to go on,
// in the same process.
func (m *mortal) outlives(e *engine, kills int) {
	m.t.Helper()
	for n := 0; n < kills; n++ {
		at := engineMoments[n%len(engineMoments)]
		if !m.strikeAt(at, 5*m.size.every+n%3, e.kill) {
			m.t.Fatalf("no chance to kill %s when %s", e.name, at)
		}
		down := time.Now()
		if proof() {
			m.readiness(http.StatusServiceUnavailable, nil)
			wait, cancel := context.WithTimeout(context.Background(), outages[n%len(outages)])
			select {
			case <-wait.Done():
			case err := <-m.ended:
				m.serve = nil
				m.t.Fatalf("the program ended: %v\n%s", err, m.lastLogged())
			}
			cancel()
		}
		e.start()
		m.readiness(http.StatusOK, e)
		m.t.Logf("kill %d of %s, when %s: served again after %s", n+1, e.name, at, time.Since(down).Round(time.Millisecond))
	}
}

// readiness waits until the program calls itself ready, or not. A server that ends is
// started again, as whoever supervises one does: PostgreSQL refuses to start while a
// process of its killed predecessor is still about to end.
func (m *mortal) readiness(want int, e *engine) {
	m.t.Helper()
	late, tick := time.After(patience), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		if e != nil && e.ended() {
			m.t.Logf("%s did not start: once more", e.name)
			e.start()
		}
		res, err := http.Get(m.url + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == want {
				return
			}
		}
		select {
		case err := <-m.ended:
			m.serve = nil
			m.t.Fatalf("the program ended: %v", err)
		case <-late:
			m.t.Fatalf("/readyz did not come to %d", want)
		case <-tick.C:
		}
	}
}
