package test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
	"creditmsg/internal/server"
)

// crashRanges are the numbers that the crash proofs send to, and how each ends.
var crashRanges = []struct {
	number int
	status string
	by     string // the channel that delivered; empty = none
}{
	{0, "delivered", "alimtalk"},
	{1, "delivered", "sms"},      // not on Kakao
	{2, "failed", ""},            // not on Kakao, and no subscriber
	{5, "delivered", "alimtalk"}, // every report comes twice
	{7, "delivered", "sms"},      // the Alimtalk fails, and is reported delivered once the text was
}

// crashPrices are the prices of the proofs in won.
var crashPrices = map[string]int64{"alimtalk": 9, "sms": 18}

// crashDraft is a message to people of all ranges in turn.
func crashDraft(people int) client.Draft {
	d := client.Draft{Strategy: client.AlimtalkFirst, Alimtalk: &client.Alimtalk{TemplateCode: "RESERVE_01"}, Text: &client.Text{Body: greeting}}
	for i := range people {
		r := crashRanges[i%len(crashRanges)]
		d.Recipients = append(d.Recipients, client.Recipient{To: fmt.Sprintf("01000%02d%04d", r.number, i/len(crashRanges)),
			Variables: map[string]string{"이름": fmt.Sprintf("김하나%d", i)}})
	}
	return d
}

// accepted sends the message of a proof.
func (m *mortal) accepted() string {
	m.t.Helper()
	sent, err := m.shopper.Send(within(m.t), crashDraft(m.size.people))
	if err != nil {
		m.t.Fatal(err)
	}
	if sent.Recipients.Accepted != int64(m.size.people) {
		m.t.Fatalf("%d of %d recipients were accepted", sent.Recipients.Accepted, m.size.people)
	}
	return sent.ID
}

// settled waits until the message is done.
func (m *mortal) settled(id string, patience time.Duration) client.Message {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	shown := time.Now()
	last, err := m.shopper.Wait(ctx, id, func(now client.Message, _ error) {
		if time.Since(shown) > 10*time.Second {
			shown = time.Now()
			m.t.Logf("%+v", now.Counts)
		}
	})
	if err != nil {
		m.t.Fatalf("the message is not done: %v: %+v", err, last.Counts)
	}
	return last
}

// account holds everything against everything: the recipients, what the simulator
// took, the money, and the ledger.
func (m *mortal) account(last client.Message) {
	m.t.Helper()
	legs := m.tookOnce()
	reached := map[string]string{} // phone → channel that reached it
	for _, l := range legs {
		if l.Outcome != "delivered" {
			continue
		}
		if before, twice := reached[l.To]; twice {
			m.t.Errorf("phone %s was reached twice, by %s and %s", l.To, before, l.Channel)
		}
		reached[l.To] = l.Channel
	}
	counts := m.matched(last.ID, legs, reached)
	if counts.Expired > int64(m.tally.legs) {
		m.t.Errorf("%d recipients expired, want at most the %d whose calls were hit", counts.Expired, m.tally.legs)
	}
	if diff := cmp.Diff(counts, last.Counts); diff != "" {
		m.t.Errorf("the message's counts are not its recipients' (-recipients +message):\n%s", diff)
	}
	by := map[string]int64{}
	var cost int64
	for _, channel := range reached {
		by[channel]++
		cost += crashPrices[channel]
	}
	if diff := cmp.Diff(client.PerChannel{Alimtalk: by["alimtalk"], SMS: by["sms"]}, last.DeliveredBy); diff != "" {
		m.t.Errorf("what phones got is not what was delivered (-phones +message):\n%s", diff)
	}
	if want := won(cost); string(last.ActualCost) != want {
		m.t.Errorf("charged %s, want %s for what phones got", last.ActualCost, want)
	}
	purse, err := m.shopper.Credit(within(m.t))
	if err != nil {
		m.t.Fatal(err)
	}
	if string(purse.Held) != "0.00" || string(purse.Available) != won(1_000_000-cost) {
		m.t.Errorf("held %s and available %s, want 0.00 and %s", purse.Held, purse.Available, won(1_000_000-cost))
	}
	m.verified()
}

func won(n int64) string { return fmt.Sprintf("%d.00", n) }

// tookLeg is one leg that the simulator took.
type tookLeg struct{ To, Channel, Reference, Outcome string }

// tookOnce reads what the simulator took and wants each leg of each recipient there
// once: neither the same reference nor another try of what was taken.
func (m *mortal) tookOnce() (all []tookLeg) {
	m.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Data []tookLeg `json:"data"`
			Next string    `json:"next_cursor"`
		}
		res, err := http.Get(m.simulated + "/_sim/received?limit=10000&cursor=" + cursor)
		if err == nil {
			err = json.NewDecoder(res.Body).Decode(&page)
			res.Body.Close()
		}
		if err != nil {
			m.t.Fatalf("read what the simulator took: %v", err)
		}
		if all = append(all, page.Data...); page.Next == "" {
			break
		}
		cursor = page.Next
	}
	first := map[string]tookLeg{}
	for _, l := range all {
		try := strings.LastIndexByte(l.Reference, '.') // site.message.seq.step.try
		for _, key := range []string{l.Reference[:max(try, 0)], l.To + " " + l.Channel} {
			if before, twice := first[key]; twice {
				m.t.Errorf("phone %s was sent one leg twice, as %s and as %s", l.To, before.Reference, l.Reference)
			}
			first[key] = l
		}
	}
	return all
}

// matched holds the recipients against what their phones got, and counts them.
func (m *mortal) matched(id string, legs []tookLeg, reached map[string]string) (counts client.Counts) {
	m.t.Helper()
	asked := map[string]bool{} // phone, and phone with channel
	for _, l := range legs {
		asked[l.To], asked[l.To+" "+l.Channel] = true, true
	}
	n := 0
	list := func(p client.Paging) (client.Page[client.RecipientState], error) {
		p.Limit = 200
		return m.shopper.Recipients(within(m.t), id, client.RecipientFilter{Paging: p})
	}
	for r, err := range client.All(list) {
		if err != nil {
			m.t.Fatal(err)
		}
		want := crashRanges[n%len(crashRanges)]
		n++
		switch r.Status {
		case "delivered":
			counts.Delivered++
		case "failed":
			counts.Failed++
		case "expired":
			counts.Expired++
		}
		if r.Status == "expired" && m.blind {
			if asked[r.To+" "+r.Channel] {
				m.t.Errorf("phone %s is expired by %s, which the provider took and reported", r.To, r.Channel)
			}
			continue
		}
		if !asked[r.To] {
			m.t.Errorf("phone %s was forgotten: it is %s, and nothing was sent to it", r.To, r.Status)
		}
		if r.Status != want.status || reached[r.To] != want.by || r.Status == "delivered" && r.Channel != want.by {
			m.t.Errorf("phone %s is %s by %s and was reached by %q, want %s and %q", r.To, r.Status, r.Channel, reached[r.To], want.status, want.by)
		}
	}
	if n != m.size.people {
		m.t.Errorf("%d recipients are listed, want %d", n, m.size.people)
	}
	return counts
}

// verified runs the operator's proofs, as the operator does.
func (m *mortal) verified() {
	m.t.Helper()
	var proof server.Proof
	object(m.t, m.dir, nil, &proof, "ledger", "verify", "--config", m.file, "--json")
	if !proof.OK || proof.Entries == 0 {
		m.t.Errorf("the ledger is broken: %+v", proof)
	}
	out, err := command(m.t, m.dir, nil, "doctor", "--config", m.file).CombinedOutput()
	if err != nil {
		m.t.Errorf("the doctor finds something wrong: %v\n%s", err, out)
	}
}
