package test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"creditmsg/client"
)

// fileLimit bounds the files that the running program may write, as a full disk does;
// 0 lifts it. What it wrote before stays.
func (a *apart) fileLimit(bytes int64) {
	a.t.Helper()
	size := "unlimited"
	if bytes > 0 {
		size = strconv.FormatInt(bytes, 10)
	}
	out, err := exec.Command("prlimit", "--pid", strconv.Itoa(a.serve.Process.Pid), "--fsize="+size+":").CombinedOutput()
	if err != nil {
		a.t.Fatalf("limit the program's files: %v\n%s", err, out)
	}
}

// hurry has what a failed write leaves behind found soon: leases end and calls whose
// outcome could not be stored are looked up within seconds.
func (a *apart) hurry() {
	a.t.Helper()
	text, err := os.ReadFile(a.file)
	if err == nil {
		short := strings.Replace(string(text), "webhook:", "timeout: 500ms, webhook:", 1)
		err = os.WriteFile(a.file, []byte("delivery: {lease: 2s, lookup_grace: 500ms}\n"+short), 0o600)
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// largest is the size of the largest of the files.
func largest(t *testing.T, paths ...string) (size int64) {
	t.Helper()
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size = max(size, info.Size())
	}
	return size
}

// order is the n-th message of the test, under a key of its own.
func order(n int) client.Draft {
	return client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: greeting}, Recipients: recipients(fmt.Sprintf("010-%04d", 2000+n), 20), Key: fmt.Sprint("order-", n)}
}

func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "creditmsg.db")
	a := setApart(t, "sqlite:"+file)
	a.hurry()
	shop := a.shop("shop", "1000000")
	a.begin()
	accepted := map[string]bool{} // by id
	send := func(n int) error {
		m, err := shop.Send(within(t), order(n))
		if err == nil {
			accepted[m.ID] = true
		}
		return err
	}
	if err := send(0); err != nil {
		t.Fatal(err)
	}

	a.fileLimit(largest(t, file, file+"-wal") + 256<<10)
	var refused []int
	for n := 1; len(refused) < 20; n++ {
		if err := send(n); err != nil {
			wantUnavailable(t, err)
			refused = append(refused, n)
		}
		if n == 5000 {
			t.Fatalf("the disk did not become full: %d refused", len(refused))
		}
	}
	if _, err := shop.Credit(within(t)); err != nil {
		t.Errorf("what is there cannot be read while the disk is full: %v", err)
	}

	a.fileLimit(0)
	eventually(t, func() error { return send(refused[0]) })
	for _, n := range refused[1:] {
		if err := send(n); err != nil {
			t.Errorf("a refused message is refused again with space: %v", err)
		}
	}
	allDelivered(t, shop, accepted)
	a.end()
	proven(t, a.office)

	a.begin()
	if err := send(0); err != nil {
		t.Errorf("the first message sent again under its key: %v", err)
	}
	if err := send(5001); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	allDelivered(t, shop, accepted)
	proven(t, a.office)
}

// wantUnavailable wants a refusal that says to come again.
func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	p, ok := errors.AsType[*client.Problem](err)
	if !ok || p.Status != http.StatusServiceUnavailable || p.Code != "unavailable" || p.RetryAfter == 0 {
		t.Fatalf("a full disk is answered with %v (%+v), want 503 unavailable with Retry-After", err, p)
	}
}

// eventually repeats act until it succeeds.
func eventually(t *testing.T, act func() error) {
	t.Helper()
	late, tick := time.After(patience), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for err := act(); err != nil; err = act() {
		select {
		case <-late:
			t.Fatal(err)
		case <-tick.C:
		}
	}
}

// allDelivered wants the site to have these messages and no other, each delivered.
func allDelivered(t *testing.T, shop *client.Client, want map[string]bool) {
	t.Helper()
	eventually(t, func() error {
		there := 0
		for m, err := range client.All(func(p client.Paging) (client.Page[client.Message], error) {
			return shop.Messages(within(t), client.MessageFilter{Paging: p})
		}) {
			switch {
			case err != nil:
				return err
			case !want[m.ID]:
				return fmt.Errorf("message %s was refused and is there", m.ID)
			case m.Counts.Delivered != m.Recipients.Accepted:
				return fmt.Errorf("message %s has %+v", m.ID, m.Counts)
			}
			there++
		}
		if there != len(want) {
			return fmt.Errorf("%d messages are there, want %d", there, len(want))
		}
		return nil
	})
}
