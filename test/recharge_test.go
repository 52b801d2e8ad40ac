package test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"creditmsg/client"
	"creditmsg/internal/db/dbtest"
)

// manySends is how many send at once.
const manySends = 200

// Whatever takes a site below its threshold, and however often at one moment, it is
// charged once.
func TestManySendsThatCrossTheThresholdAtOnceAreOneCharge(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		programs := 2
		if engine == "sqlite" { // whose file is one program's
			programs = 1
		}
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := newTill(t, dbtest.URL(t, engine), programs, nil)
			// Each send takes the site below and fits, and then none fits, and each waits.
			w.crossed("toss", "10000", "10017")
			w.crossed("stripe", "5", "17")
			proven(t, w.office)
		})
	}
}

// crossed has many send at once for a site of its own, through all programs, and wants
// one charge of it.
func (w *till) crossed(gateway string, threshold, from client.Amount) {
	w.t.Helper()
	site := "crowd-" + gateway
	token := tenant(w.t, w.office, site, map[string]string{"sms": "18"})
	var doors []*client.Client
	for _, a := range w.programs {
		doors = append(doors, w.door(a, token))
	}
	w.leaves(doors[0], site, from)
	w.leave(doors[0], gateway, goodCard)
	w.recharges(doors[0], threshold, "50000")
	ctx, start := within(w.t), make(chan struct{})
	var senders sync.WaitGroup
	for n := range manySends {
		senders.Go(func() {
			<-start
			if _, err := doors[n%len(doors)].Send(ctx, letter(n)); err != nil {
				w.t.Errorf("message %d: %v", n, err)
			}
		})
	}
	close(start)
	senders.Wait()
	p := w.paidOnce(doors[0], gateway)
	if p.Amount != "50000.00" || p.Total != "55000.00" || !p.Automatic {
		w.t.Errorf("the payment is %+v", p)
	}
	has, held, err := purse(doors[0].Credit(within(w.t)))
	begun, _ := from.Units()
	if want := begun + 50_000*10_000; err != nil || has+held != want || held != manySends*18*10_000 {
		w.t.Errorf("available %d and held %d ten-thousandths, want %d in all: %v", has, held, want, err)
	}
}

// paidOnce waits until the site's only payment is paid, and wants it to be taken once by
// the gateway, which took nothing else, and to be credited once.
func (w *till) paidOnce(shop *client.Client, gateway string) (p client.Payment) {
	w.t.Helper()
	eventually(w.t, func() error {
		all := payments(w.t, shop)
		if len(all) != 1 || all[0].Status != "paid" {
			return fmt.Errorf("the site has the payments %+v, want one that is paid", all)
		}
		p = all[0]
		return nil
	})
	taken := 0
	for _, t := range w.sim.Takings() {
		if t.Gateway != gateway {
			continue
		}
		taken++
		wantUnits(w.t, "taken", p.Total, t.Amount)
		if t.OrderID != p.ID || len(t.Givings) != 0 {
			w.t.Errorf("the gateway took %+v", t)
		}
	}
	if n := w.entered("payment")[p.ID]; n != 1 || taken != 1 {
		w.t.Errorf("the payment was taken %d times and credited %d times", taken, n)
	}
	return p
}

// A send above the balance waits for its site's recharge as long as it says, by every
// way to send.
func TestASendAboveTheBalanceIsAcceptedOnceItsRechargeHasCome(t *testing.T) {
	onEachEngineAtOnce(t, func(t *testing.T, database string) {
		w := newTill(t, database, 1, nil)
		shop := w.shops[0]
		w.leaves(shop, "shop", "100")
		w.leave(shop, "stripe", goodCard)
		w.recharges(shop, "50", "1000")
		status, problem := w.posts(10, `, "wait_for_recharge": 0`)
		if status != http.StatusPaymentRequired || problem.Code != "insufficient_credit" || problem.Needed != "180.00" || problem.Available != "100.00" || problem.Recharge != nil {
			t.Errorf("a send that does not wait: %d %+v", status, problem)
		}
		if all := payments(t, shop); len(all) != 0 {
			t.Errorf("it was charged all the same: %+v", all)
		}
		if status, problem := w.posts(10, ""); status != http.StatusAccepted {
			t.Errorf("a send that waits as usual: %d %+v", status, problem)
		}
		if all := payments(t, shop); len(all) != 1 || all[0].Amount != "1000.00" {
			t.Errorf("payments: %+v", all)
		}
		w.sheet(t)
		proven(t, w.office)
	})
}

// sheet sends to more people than one JSON request takes, as a person does with the
// command line: that is an upload line by line.
func (w *till) sheet(t *testing.T) {
	t.Helper()
	const people = client.JSONRecipients + 1
	file := filepath.Join(t.TempDir(), "people.csv")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewWriter(f)
	fmt.Fprintln(lines, "전화번호")
	for i := range people {
		fmt.Fprintf(lines, "010%08d\n", 20_000_000+i)
	}
	if err := lines.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var sent client.Message
	object(t, t.TempDir(), []string{"CREDITMSG_TOKEN=" + w.token}, &sent, "send", "--url", w.programs[0].url, "--strategy", "sms_only", "--text", "안녕하세요",
		"--csv", file, "--at", letter(0).ScheduledAt.Format("2006-01-02T15:04:05Z07:00"), "--json")
	if sent.Recipients.Accepted != people || sent.Held != "1800018.00" {
		t.Errorf("accepted %d people and held %s", sent.Recipients.Accepted, sent.Held)
	}
	// 1,800,018 won were wanted and 920 there.
	if all := payments(t, w.shops[0]); len(all) != 2 || all[1].Amount != "1800000.00" || all[1].Status != "paid" {
		t.Errorf("payments: %+v", all)
	}
}

// A gateway that hangs keeps nobody waiting longer than he said, and what it took comes
// later, once.
func TestASendIsRefusedInTimeWhileItsRechargeHangs(t *testing.T) {
	onEachEngineAtOnce(t, func(t *testing.T, database string) {
		w := newTill(t, database, 1, nil)
		shop := w.shops[0]
		w.leaves(shop, "shop", "100")
		w.leave(shop, "toss", badCard(12)) // the money is taken, and no answer comes
		w.recharges(shop, "50", "1000")
		status, problem := w.posts(10, `, "wait_for_recharge": 4`)
		if status != http.StatusPaymentRequired || problem.Needed != "180.00" || !strings.Contains(problem.Detail, "a recharge is under way") {
			t.Errorf("got %d %+v", status, problem)
		}
		// It is unknown once the gateway was given up, which a slow machine does later.
		if r := problem.Recharge; r == nil || r.Amount != "1000.00" || r.Status != "unknown" && r.Status != "requesting" {
			t.Errorf("the recharge is %+v", r)
		}
		if p := w.paidOnce(shop, "toss"); problem.Recharge == nil || p.ID != problem.Recharge.ID {
			t.Errorf("another payment came: %+v", p)
		}
		if n := w.metric(0, `creditmsg_payments_total{gateway="toss",state="unknown"}`); n != 1 {
			t.Errorf("%d payments were unknown, want 1", n)
		}
		if has, _, err := purse(shop.Credit(within(t))); err != nil || has != 1100*10_000 {
			t.Errorf("%d ten-thousandths are there: %v", has, err)
		}
		if status, problem := w.posts(10, ""); status != http.StatusAccepted {
			t.Errorf("the same send again: %d %+v", status, problem)
		}
		proven(t, w.office)
	})
}

// refusedSend is what a send that costs too much is told.
type refusedSend struct {
	Code      string        `json:"code"`
	Detail    string        `json:"detail"`
	Needed    client.Amount `json:"needed"`
	Available client.Amount `json:"available"`
	Recharge  *struct {
		ID     string        `json:"payment_id"`
		Status string        `json:"status"`
		Amount client.Amount `json:"amount"`
	} `json:"recharge"`
}

// posts sends to some people, with more in its body than the client says.
func (w *till) posts(people int, more string) (status int, problem refusedSend) {
	w.t.Helper()
	to, err := json.Marshal(recipients("010-2000", people))
	if err != nil {
		w.t.Fatal(err)
	}
	body := fmt.Sprintf(`{"strategy": "sms_only", "text": {"body": "안녕하세요"}, "recipients": %s, "scheduled_at": %q%s}`,
		to, letter(0).ScheduledAt.Format("2006-01-02T15:04:05Z07:00"), more)
	req, err := http.NewRequestWithContext(within(w.t), http.MethodPost, w.programs[0].url+"/v1/messages", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&problem); err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, problem
}
