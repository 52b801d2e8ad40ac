package delivery

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/solapi"
)

// guarded is a world whose one account has two secrets and takes reports from one network
// alone. counted sums a metric up, over what has a label; "" = over all.
func guarded(t *testing.T) (w *world, counted func(metric, label string) float64) {
	t.Helper()
	registry := prometheus.NewRegistry()
	c := newClock()
	carriers := func(url string) []Carrier {
		a := provider.Account{Name: upstream, Kind: "solapi", URL: url, APIKey: "k", APISecret: "s", Webhook: provider.Webhook{
			Secret: "new", SecretOld: "old", Allow: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}}
		adapter, err := solapi.New(a)
		if err != nil {
			t.Fatal(err)
		}
		none := a
		none.Name, none.Webhook = "silent", provider.Webhook{}
		silent, err := solapi.New(none)
		if err != nil {
			t.Fatal(err)
		}
		return []Carrier{{Account: a, Adapter: adapter}, {Account: none, Adapter: silent}}
	}
	w = newWorld(t, dbtest.Connect(t, dbtest.Migrated(t, "sqlite"), db.Options{Now: c.read, Registerer: registry}),
		worldOptions{carriers: carriers, delivery: Options{Registerer: registry}})
	w.clock = c
	return w, func(metric, label string) (n float64) {
		found, err := registry.Gather()
		w.must(err)
		for _, f := range found {
			for _, m := range f.GetMetric() {
				bears := label == ""
				for _, l := range m.GetLabel() {
					bears = bears || l.GetValue() == label
				}
				if bears && f.GetName() == metric {
					n += m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
				}
			}
		}
		return n
	}
}

// transactions names the metric that counts them.
const transactions = "creditmsg_db_seconds"

func (w *world) knock(account, secret, from, encoding, body string) error {
	h := http.Header{}
	if secret != "" {
		h.Set("X-Solapi-Secret", secretDigest(secret))
	}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	err := w.delivery.Receive(context.Background(), account, h, []byte(body), netip.MustParseAddr(from))
	w.delivery.apply.Wait()
	return err
}

func TestTheDoorAsksForTheSecretThenForTheAddress(t *testing.T) {
	w, counted := guarded(t)
	const here, elsewhere = "203.0.113.9", "198.51.100.1"
	for name, c := range map[string]struct {
		account, secret, from, encoding string
		want                            fault.Kind
		stored                          int
	}{
		"the present secret":          {upstream, "new", here, "", 0, 1},
		"the one before":              {upstream, "old", here, "", 0, 1},
		"an address in its long form": {upstream, "new", "::ffff:203.0.113.9", "", 0, 1},
		"said to be plain":            {upstream, "new", here, "identity", 0, 1},
		"no secret":                   {upstream, "", here, "", fault.Unauthenticated, 0},
		"another secret":              {upstream, "newer", here, "", fault.Unauthenticated, 0},
		"another secret, elsewhere":   {upstream, "newer", elsewhere, "", fault.Unauthenticated, 0},
		"elsewhere":                   {upstream, "new", elsewhere, "", fault.Denied, 0},
		"elsewhere, and compressed":   {upstream, "new", elsewhere, "gzip", fault.Denied, 0},
		"compressed":                  {upstream, "new", here, "gzip", fault.Unsupported, 0},
		"forged, and compressed":      {upstream, "", here, "gzip", fault.Unauthenticated, 0},
		"an account without a secret": {"silent", "", here, "", fault.Unauthenticated, 0},
		"nothing of no secret":        {"silent", "new", here, "", fault.Unauthenticated, 0},
		"nobody's account":            {"nobody", "new", here, "", fault.NotFound, 0},
	} {
		before, seen := total(w.letters()), counted(transactions, "")
		err := w.knock(c.account, c.secret, c.from, c.encoding, body(name, "4000"))
		cost := counted(transactions, "") - seen
		if c.stored == 0 && !fault.Is(err, c.want) || c.stored == 1 && err != nil {
			t.Errorf("%s: got %v, want kind %d", name, err, c.want)
		}
		if c.stored == 0 && cost != 0 {
			t.Errorf("%s: it cost %v transactions, want none", name, cost)
		}
		if got := total(w.letters()) - before; got != c.stored {
			t.Errorf("%s: %d letters stored, want %d", name, got, c.stored)
		}
	}
	for outcome, want := range map[string]float64{letterStored: 4, letterForged: 6, letterAlien: 2, letterEncoded: 1} {
		if got := counted("creditmsg_letters_total", outcome); got != want {
			t.Errorf("%v counted as %s, want %v", got, outcome, want)
		}
	}
}

func TestForgedLettersReachNeitherDatabaseNorMemory(t *testing.T) {
	w, counted := guarded(t)
	seen := counted(transactions, "")
	for i := range 10_000 {
		if err := w.knock(upstream, "guess", "203.0.113.9", "", fmt.Sprintf(`[{"n":%d}]`, i)); !fault.Is(err, fault.Unauthenticated) {
			t.Fatalf("letter %d: got %v, want it refused", i, err)
		}
	}
	if n := counted(transactions, "") - seen; n != 0 {
		t.Errorf("they cost %v transactions, want none", n)
	}
	r := &w.delivery.repeats
	if len(r.young)+len(r.before) != 0 || len(w.delivery.line.waiting) != 0 {
		t.Errorf("%d are remembered and %d wait, want none", len(r.young)+len(r.before), len(w.delivery.line.waiting))
	}
}

func TestALetterThatComesAgainIsStoredOnceWithinTheWindow(t *testing.T) {
	w, _ := guarded(t)
	come := func(body string) {
		t.Helper()
		w.must(w.knock(upstream, "new", "203.0.113.9", "", body))
	}
	want := func(n int, what string) {
		t.Helper()
		if got := total(w.letters()); got != n {
			t.Errorf("%s: %d letters are stored, want %d", what, got, n)
		}
	}
	letter := body("x", "4000")
	come(letter)
	come(letter)
	want(1, "the same at once")
	w.clock.forward(9 * time.Minute)
	come(letter)
	want(1, "the same within the window")
	come(body("x", "3000"))
	want(2, "another one")
	w.clock.forward(20 * time.Minute)
	come(letter)
	want(3, "the same after two windows")
}

// TestALetterThatWasNotStoredIsTakenWhenItComesAgain lets the first one meet a process that
// cannot store it.
func TestALetterThatWasNotStoredIsTakenWhenItComesAgain(t *testing.T) {
	w, _ := guarded(t)
	letter := body(id.New().String(), "4000")
	ended, stop := context.WithCancel(context.Background())
	stop()
	h := http.Header{"X-Solapi-Secret": {secretDigest("new")}}
	if err := w.delivery.Receive(ended, upstream, h, []byte(letter), netip.MustParseAddr("203.0.113.9")); err == nil {
		t.Fatal("a letter was answered that was not stored")
	}
	w.must(w.knock(upstream, "new", "203.0.113.9", "", letter))
	if total(w.letters()) == 0 {
		t.Error("the letter is nowhere")
	}
}

func TestWhatIsRememberedOfLettersIsBounded(t *testing.T) {
	r := &repeats{window: time.Minute}
	now := db.At(time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC))
	for i := range 3 * mostRepeats {
		r.note(markOf("a", fmt.Append(nil, i)), now)
	}
	if n := len(r.young) + len(r.before); n > 2*mostRepeats {
		t.Errorf("%d letters are remembered, want %d at most", n, 2*mostRepeats)
	}
	if !r.has(markOf("a", fmt.Append(nil, 3*mostRepeats-1)), now) || r.has(markOf("b", fmt.Append(nil, 3*mostRepeats-1)), now) {
		t.Error("the last letter is not remembered, or as one of another account")
	}
}
