package delivery

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

// slot is what figures are about within a site.
type slot struct {
	Day      string // "" = of all days
	Channel  provider.Channel
	Strategy string
	Provider string
}

// book counts what the statistics should say, from the rows alone. The clock stands still
// while anything happens, so what a count has more than the one before is of its day.
type book struct {
	total map[slot]stat.Figures
	days  map[slot]stat.Figures
}

// counted counts a site's messages anew.
func (w *world) counted(siteID string, messages []message.Key) map[slot]stat.Figures {
	w.t.Helper()
	sums := map[slot]stat.Figures{}
	add := func(ch provider.Channel, m *message.Message, account string, f stat.Figures) {
		s := slot{"", ch, string(m.Strategy), account}
		sum, err := sums[s].Plus(f)
		w.must(err)
		sums[s] = sum
	}
	for _, key := range messages {
		m := w.find(key)
		for _, r := range w.people(key) {
			for _, l := range r.History {
				arrived := r.State == message.Delivered && r.Step == l.Step
				if l.What == message.LegFailed && l.Reason != provider.Expired && !arrived {
					add(r.Steps[l.Step-1].Channel, m, upstream, stat.Figures{Failed: 1, FellBack: 1})
				}
			}
			account := upstream
			if r.HandedAt == 0 {
				account = "" // never handed over at this step
			}
			switch r.State {
			case message.Delivered:
				add(r.Channel(), m, account, stat.Figures{Delivered: 1})
			case message.Failed:
				add(r.Channel(), m, account, stat.Figures{Failed: 1})
			case message.Expired:
				add(r.Channel(), m, account, stat.Figures{Expired: 1})
			case message.Cancelled:
				add(r.Channel(), m, "", stat.Figures{Cancelled: 1})
			}
		}
		for ch, u := range w.usages(siteID, key.ID) {
			add(ch, m, upstream, stat.Figures{Cost: u.TotalCost})
		}
		for _, r := range w.refunds(key) {
			add(r.Channel, m, "", stat.Figures{Refunded: r.Amount})
		}
	}
	return sums
}

func (w *world) refunds(key message.Key) (list []credit.Refunded) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) (err error) {
		list, err = w.ledger.Refunds(tx, key.Site, key.ID)
		return err
	}))
	return list
}

// tally counts anew and notes what is new under the day of the clock.
func (b *book) tally(w *world, siteID string, messages []message.Key) {
	w.t.Helper()
	if b.days == nil {
		b.days = map[slot]stat.Figures{}
	}
	now, today := w.counted(siteID, messages), korea.Day(w.clock.read())
	note := func(s slot, f stat.Figures, n int64) {
		s.Day = today
		sum, err := b.days[s].Plus(times(f, n))
		w.must(err)
		b.days[s] = sum
	}
	for s, f := range now {
		note(s, f, 1)
	}
	for s, f := range b.total {
		note(s, f, -1)
	}
	b.total = now
}

func times(f stat.Figures, n int64) stat.Figures {
	return stat.Figures{Delivered: n * f.Delivered, Failed: n * f.Failed, FellBack: n * f.FellBack, Expired: n * f.Expired,
		Cancelled: n * f.Cancelled, Cost: money.Amount(n) * f.Cost, Refunded: money.Amount(n) * f.Refunded}
}

// stats reads a site's statistics by everything; what came to nothing is left out.
func (w *world) stats(siteID string) map[slot]stat.Figures {
	w.t.Helper()
	out := map[slot]stat.Figures{}
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		rows, err := stat.Read(tx, siteID, stat.Query{From: "2026-01-01", Until: "2999-12-31",
			By: stat.ByDay | stat.ByChannel | stat.ByStrategy | stat.ByProvider})
		for _, r := range rows {
			out[slot{r.Day, r.Channel, r.Strategy, r.Provider}] = r.Figures
		}
		return err
	}))
	return nothingLess(out)
}

func nothingLess(all map[slot]stat.Figures) map[slot]stat.Figures {
	out := map[slot]stat.Figures{}
	for s, f := range all {
		if f != (stat.Figures{}) {
			out[s] = f
		}
	}
	return out
}

// checkFigures holds the statistics against a count, and their sums against the messages'.
func (h *history) checkFigures() {
	h.figures.tally(h.world, h.site, h.messages)
	if diff := cmp.Diff(nothingLess(h.figures.days), h.stats(h.site)); diff != "" {
		h.rt.Fatalf("the statistics of %s are not what is counted (-counted +read):\n%s", h.site, diff)
	}
	var want, got int64
	for _, key := range h.messages {
		c := h.find(key).Counts
		want += c.Delivered + c.Failed + c.Expired + c.Cancelled
	}
	for _, f := range h.figures.total {
		got += f.Delivered + f.Failed - f.FellBack + f.Expired + f.Cancelled
	}
	if got != want {
		h.rt.Fatalf("the statistics of %s know of %d final recipients, want %d", h.site, got, want)
	}
}

// refund gives back some of what a message cost.
func (h *history) refund(t *rapid.T) {
	key := h.any(t)
	for _, u := range h.usages(h.site, key.ID) {
		left := u.TotalCost - u.RefundAmount
		if left == 0 || !rapid.Bool().Draw(t, "this one") {
			continue
		}
		amount := money.Amount(rapid.Int64Range(1, int64(left)).Draw(t, "amount"))
		h.must(h.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			_, _, err := h.ledger.Refund(tx, credit.RefundRequest{Site: h.site, Usage: u.ID, Amount: amount, Reason: "사과", Strategy: message.StrategyOf})
			return err
		}))
	}
}

func (h *history) fold(*rapid.T) {
	_, err := stat.FoldAll(context.Background(), h.d)
	h.must(err)
}

// wantFigures checks the statistics of a shop, whatever the day and whichever of its
// accounts carried a leg.
func (s *shop) wantFigures(want map[slot]stat.Figures) {
	s.t.Helper()
	got := map[slot]stat.Figures{}
	for at, f := range s.stats(s.name) {
		if at.Day = ""; at.Provider != "" {
			at.Provider = upstream
		}
		sum, err := got[at].Plus(f)
		s.must(err)
		got[at] = sum
	}
	if diff := cmp.Diff(want, nothingLess(got)); diff != "" {
		s.t.Errorf("the statistics (-want +got):\n%s", diff)
	}
}

const first = string(message.AlimtalkFirst)

var (
	byKakao = slot{"", provider.Alimtalk, first, upstream}
	bySMS   = slot{"", provider.SMS, first, upstream}
	nobodys = slot{"", provider.Alimtalk, first, ""}
)

func TestEachLegIsCountedWhereItEnded(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 4)
		s.says(key, 0, "4000")
		s.says(key, 1, "3104")
		s.says(key, 2, "3104")
		s.says(key, 3, "3032") // does not fall back
		s.wantFigures(map[slot]stat.Figures{byKakao: {Delivered: 1, Failed: 3, FellBack: 2, Cost: 9 * money.Won}})
		s.pass(3 * time.Second)
		s.says(key, 1, "4000")
		s.says(key, 2, "3052")
		s.wantFigures(map[slot]stat.Figures{byKakao: {Delivered: 1, Failed: 3, FellBack: 2, Cost: 9 * money.Won},
			bySMS: {Delivered: 1, Failed: 1, Cost: 18 * money.Won}})
	})
}

func TestAnAlimtalkThatArrivedAfterAllTakesBackItsFailure(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 3)
		for i := range 3 {
			s.says(key, i, "3104")
		}
		s.pass(3 * time.Second) // the texts are handed over
		for i := range 3 {
			r := s.person(key, i)
			r.Step = 1
			s.must(s.report(r.Reference(), "4000"))
		}
		s.says(key, 0, "3052") // the text fails: the Alimtalk is the delivery
		s.says(key, 1, "4000") // the text arrives too, and counts
		s.wantFigures(map[slot]stat.Figures{
			byKakao: {Delivered: 1, Failed: 2, FellBack: 2, Cost: 9 * money.Won},
			bySMS:   {Delivered: 1, Failed: 1, FellBack: 1, Cost: 18 * money.Won},
		})
		s.pass(74 * time.Hour) // of the third text nothing is heard, so nobody says that it failed
		s.wantFigures(map[slot]stat.Figures{
			byKakao: {Delivered: 2, Failed: 1, FellBack: 1, Cost: 18 * money.Won},
			bySMS:   {Delivered: 1, Failed: 1, FellBack: 1, Cost: 18 * money.Won},
		})
	})
}

func TestWhoIsNeverHandedOverIsOfNoProvider(t *testing.T) {
	each(t, func(s *shop) {
		cancelled := s.accept(request(message.AlimtalkFirst), 2)
		_, err := s.messages.Cancel(context.Background(), cancelled)
		s.must(err)
		s.drain()
		s.wantFigures(map[slot]stat.Figures{nobodys: {Cancelled: 2}})
		s.accept(request(message.AlimtalkFirst), 3)
		s.pass(25 * time.Hour)
		s.wantFigures(map[slot]stat.Figures{nobodys: {Cancelled: 2, Expired: 3}})
	})
}
