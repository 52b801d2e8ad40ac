package test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/payment/simulator"
	"creditmsg/internal/server"
)

// till is an installation that takes money: its programs are processes of their own, and
// its gateways, one of Toss's kind and one of Stripe's, lead to this test, which has both
// simulated and so knows what was really taken of payers. Messages are scheduled, so
// that they hold credit and go nowhere.
type till struct {
	t        *testing.T
	sim      *simulator.Simulator
	programs []*apart
	office   *server.Operator
	look     *db.DB           // the test's own eyes
	shops    []*client.Client // the site shop, at each program's door
	token    string
}

const tillConfig = `listen: %s
database: {url: %q}
delivery: {lease: 1s}
providers:
  - {name: solapi, kind: solapi, url: "http://127.0.0.1:0", api_key: %s, api_secret: %s, webhook: {secret: hook}}
payments:
  request_timeout: 4s
  gateways:
    - {name: toss, kind: toss, url: %q, checkout_url: "%[5]s/_sim/checkout", client_key: %s, secret_key: %s, timeout: 2s}
    - {name: stripe, kind: stripe, url: %[5]q, secret_key: %[8]s, webhook_secret: %s, timeout: 2s}
`

// gateways are the names of those that charge cards.
var gateways = []string{"toss", "stripe"}

// newTill starts programs on an empty database, with the site shop. between sees every
// request to the gateways; nil = nobody does.
func newTill(t *testing.T, database string, programs int, between func(sim http.Handler) http.Handler) *till {
	t.Helper()
	w := &till{t: t, sim: simulator.New(simulator.Options{SlowFor: -1})}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.sim.Run(ctx) }()
	handler := w.sim.Handler()
	if between != nil {
		handler = between(handler)
	}
	vendor := httptest.NewServer(handler)
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the simulated gateways: %v", err)
		}
		vendor.CloseClientConnections()
		vendor.Close()
	})
	for range programs {
		w.programs = append(w.programs, w.program(database, vendor.URL))
	}
	w.office = operator(t, w.programs[0].config)
	var err error
	if w.look, err = db.Open(within(t), database, db.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.look.Close() })
	w.token = tenant(t, w.office, "shop", map[string]string{"sms": "18"})
	for _, a := range w.programs {
		a.begin()
		w.shops = append(w.shops, w.door(a, w.token))
	}
	return w
}

// program writes the configuration of one program.
func (w *till) program(database, vendor string) *apart {
	w.t.Helper()
	a := &apart{t: w.t, dir: w.t.TempDir(), roles: "api,worker"}
	door := freeAddress(w.t)
	a.url, a.file = "http://"+door, filepath.Join(a.dir, "creditmsg.yaml")
	text := fmt.Sprintf(tillConfig, door, database, server.SimulatorKey, server.SimulatorSecret, vendor, simulator.DefaultClientKey,
		simulator.DefaultSecretKey, simulator.DefaultStripeKey, simulator.DefaultStripeSecret)
	err := os.WriteFile(a.file, []byte(text), 0o600)
	if err == nil {
		a.config, err = server.LoadConfig(a.file, nil)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// door is a client that never repeats a request by itself.
func (w *till) door(a *apart, token string) *client.Client {
	w.t.Helper()
	web := &http.Transport{MaxIdleConnsPerHost: manySends}
	w.t.Cleanup(web.CloseIdleConnections) // a program that stops waits for those that said nothing yet
	c, err := client.New(a.url, token, client.Options{Retries: -1, HTTP: &http.Client{Transport: web}})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// leaves has an operator give or take until this much is available to a site.
func (w *till) leaves(shop *client.Client, site string, want client.Amount) {
	w.t.Helper()
	has, _, err := purse(shop.Credit(within(w.t)))
	should, bad := want.Units()
	if err != nil || bad != nil {
		w.t.Fatal(err, bad)
	}
	if has == should {
		return
	}
	by := money.Amount(should - has)
	if _, err = w.office.AddCredit(within(w.t), server.TopUp{Site: site, Amount: by.String(), Kind: "adjustment", Reason: "test"}); err != nil {
		w.t.Fatal(err)
	}
}

// browser follows no redirect by itself.
var browser = http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// pays plays a payer on the page of a checkout and gives where his browser is sent.
func pays(c *client.Checkout, card string) (back string, err error) {
	page, err := url.Parse(c.URL)
	if err != nil {
		return "", err
	}
	form := page.Query()
	form.Set("card", card)
	form.Set("action", "pay")
	reply, err := browser.PostForm(c.URL, form)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	to, err := reply.Location()
	if err != nil {
		text, _ := io.ReadAll(reply.Body)
		return "", fmt.Errorf("the page does not lead back: %d %s", reply.StatusCode, text)
	}
	return to.String(), nil
}

// visit opens an address, as a browser that was sent there.
func visit(address string) (led string, err error) {
	reply, err := browser.Get(address)
	if err != nil {
		return "", err
	}
	reply.Body.Close()
	return reply.Header.Get("Location"), nil
}

// goodCard is one of which all goes well, and badCard(BB) one of the simulator's table.
const goodCard = "4330123412341234"

func badCard(bb int) string { return fmt.Sprintf("900000%02d12341234", bb) }

// leave leaves a card with a gateway and gives its id here.
func (w *till) leave(shop *client.Client, gateway, card string) string {
	w.t.Helper()
	m, err := shop.AddPaymentMethod(within(w.t), client.NewPaymentMethod{Gateway: gateway, ReturnURL: "https://shop.example/cards"})
	if err != nil {
		w.t.Fatal(err)
	}
	back, err := pays(m.Checkout, card)
	if err == nil {
		_, err = visit(back)
	}
	if err == nil {
		m, err = shop.PaymentMethod(within(w.t), m.ID)
	}
	if err != nil || m.Status != "active" {
		w.t.Fatalf("the card at %s is %s: %v", gateway, m.Status, err)
	}
	return m.ID
}

// recharges lets a site recharge itself.
func (w *till) recharges(shop *client.Client, threshold, amount client.Amount) {
	w.t.Helper()
	if _, err := shop.SetAutoRecharge(within(w.t), client.AutoRecharge{Enabled: true, Threshold: threshold, Amount: amount}); err != nil {
		w.t.Fatal(err)
	}
}

// letter is a message to one person that is sent only tomorrow.
func letter(n int) client.Draft {
	return client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "안녕하세요"}, ScheduledAt: time.Now().Add(24 * time.Hour), Key: fmt.Sprint("letter-", n),
		Recipients: []client.Recipient{{To: fmt.Sprintf("010%08d", 20_000_000+n)}}}
}

// payments gives all of a site's, the oldest first.
func payments(t *testing.T, shop *client.Client) (all []client.Payment) {
	t.Helper()
	list := func(p client.Paging) (client.Page[client.Payment], error) {
		p.Limit = 200
		return shop.Payments(within(t), client.PaymentFilter{Paging: p})
	}
	for p, err := range client.All(list) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	slices.Reverse(all)
	return all
}

// entered counts the entries of a kind by what they are about.
func (w *till) entered(kind string) map[string]int {
	w.t.Helper()
	n := map[string]int{}
	err := w.look.View(within(w.t), "look", func(tx *db.Tx) error {
		clear(n)
		rows, err := tx.Query(`SELECT ref FROM entry WHERE kind = ? AND ref IS NOT NULL`, kind)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var ref string
			if err := rows.Scan(&ref); err != nil {
				return err
			}
			n[ref]++
		}
		return rows.Err()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// wantUnits wants an amount of the API to be so many won.
func wantUnits(t *testing.T, what string, a client.Amount, won int64) {
	t.Helper()
	if got, err := a.Units(); err != nil || got != won*10_000 {
		t.Errorf("%s: got %s, want %d won: %v", what, a, won, err)
	}
}

// metric reads one series of a program, which counts.
func (w *till) metric(program int, series string) (n int) {
	w.t.Helper()
	res, err := http.Get(w.programs[program].url + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			if n, err = strconv.Atoi(value); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return n
}
