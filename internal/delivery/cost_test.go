package delivery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
)

// campaigns are one list of people, sent to by each strategy at one site's prices.
type campaigns struct {
	s      *shop
	people []someone
	keys   map[message.Strategy]message.Key
}

type someone struct{ to, text string }

// kinds of phones at the simulator: all is delivered, not on Kakao, not on Kakao and not
// reached by text, reached by Kakao and not by text.
var kinds = []int{1000, 1, 2, 3}

// newCampaigns makes a list at random, which the seed fixes.
func newCampaigns(w *world, t *testing.T, seed uint64) *campaigns {
	dice := rand.New(rand.NewPCG(seed, 9))
	h := &campaigns{s: w.open(t), keys: map[message.Strategy]message.Key{}}
	sms := 1 + dice.Int64N(30)
	h.s.prices(1+dice.Int64N(40), sms, sms+dice.Int64N(40))
	for i := range 5 + dice.IntN(15) {
		text := "짧은 글"
		if dice.IntN(2) == 0 {
			text = long
		}
		h.people = append(h.people, someone{fmt.Sprintf("010%04d%04d", kinds[dice.IntN(len(kinds))], i), text})
	}
	return h
}

func (h *campaigns) send() {
	h.s.t.Helper()
	h.s.update(func(tx *db.Tx) error {
		_, err := h.s.ledger.Add(tx, credit.TopUp{Site: h.s.name, Kind: credit.Adjustment, Amount: 100_000 * money.Won, Note: "test"})
		return err
	})
	for _, strategy := range []message.Strategy{message.AlimtalkFirst, message.SMSOnly, message.CostOptimized} {
		r := request(strategy)
		r.Text.Body = "#{글}"
		draft, err := h.s.messages.Draft(context.Background(), h.s.name, r)
		h.s.must(err)
		for _, p := range h.people {
			h.s.must(draft.Add(context.Background(), p.to, map[string]string{"이름": "김하나", "글": p.text}))
		}
		receipt, err := draft.Accept(context.Background(), nil)
		h.s.must(err)
		h.keys[strategy] = receipt.Message
	}
}

// cost is what a strategy charged for each person, and -1 for who was not reached.
func (h *campaigns) cost(strategy message.Strategy) (each []money.Amount, total money.Amount) {
	h.s.done(h.keys[strategy])
	for _, p := range h.s.people(h.keys[strategy]) {
		cost := money.Amount(-1)
		if p.State == message.Delivered {
			cost = p.Cost()
			total += cost
		}
		each = append(each, cost)
	}
	return each, total
}

// compare wants cost_optimized to be no dearer than a fixed strategy for anybody whom both
// reached.
func (h *campaigns) compare(seed uint64) {
	h.s.t.Helper()
	optimized, _ := h.cost(message.CostOptimized)
	for _, fixed := range []message.Strategy{message.AlimtalkFirst, message.SMSOnly} {
		costs, _ := h.cost(fixed)
		for i, c := range costs {
			if c >= 0 && optimized[i] >= 0 && optimized[i] > c {
				h.s.t.Errorf("history %d, person %d (%s, %d bytes of text): cost_optimized took %s, %s %s", seed, i, h.people[i].to, len(h.people[i].text), optimized[i], fixed, c)
			}
		}
	}
}

func TestCostOptimizedIsDearerForNobodyInTwoHundredHistories(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, dbtest.Engines()[0]), worldOptions{reports: true})
	w.work()
	var all []*campaigns
	for seed := range uint64(200) {
		h := newCampaigns(w, t, seed)
		h.send()
		all = append(all, h)
	}
	for seed, h := range all {
		h.compare(uint64(seed))
	}
	w.prove()
}

// TestCostOptimizedIsCheaperForAMixedList has short texts cheaper than Alimtalk and long ones
// dearer: neither fixed strategy suits all. Everybody is reached by each of them.
func TestCostOptimizedIsCheaperForAMixedList(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, dbtest.Engines()[0]), worldOptions{reports: true})
	w.work()
	h := &campaigns{s: w.open(t), keys: map[message.Strategy]message.Key{}}
	h.s.prices(9, 8, 25)
	for i := range 20 {
		h.people = append(h.people, someone{fmt.Sprintf("010%04d%04d", kinds[i%2], i), strings.Repeat("가", 3+60*(i/2%2))})
	}
	h.send()
	_, best := h.cost(message.CostOptimized)
	_, alimtalk := h.cost(message.AlimtalkFirst)
	_, sms := h.cost(message.SMSOnly)
	if best >= alimtalk || best >= sms {
		t.Errorf("cost_optimized took %s, alimtalk_first %s, sms_only %s; want less than both", best, alimtalk, sms)
	}
	h.compare(0)
}
