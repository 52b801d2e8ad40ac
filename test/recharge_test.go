package test

import (
	"fmt"
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
		for i, gateway := range gateways {
			// At Toss each send takes the site below and fits; at Stripe none fits, and each waits.
			threshold, from := client.Amount("10000"), client.Amount("10017")
			if i == 1 {
				threshold, from = "5", "17"
			}
			t.Run(fmt.Sprintf("%s at %s, from %s won", engine, gateway, from), func(t *testing.T) {
				w := newTill(t, dbtest.URL(t, engine), programs, nil)
				w.leaves(w.shops[0], "shop", from)
				w.leave(w.shops[0], gateway, goodCard)
				w.recharges(w.shops[0], threshold, "50000")
				w.crossed(from)
			})
		}
	}
}

// crossed has many send at once, through all programs, and wants one charge of it.
func (w *till) crossed(from client.Amount) {
	w.t.Helper()
	ctx, start := within(w.t), make(chan struct{})
	var senders sync.WaitGroup
	for n := range manySends {
		senders.Go(func() {
			<-start
			if _, err := w.shops[n%len(w.shops)].Send(ctx, letter(n)); err != nil {
				w.t.Errorf("message %d: %v", n, err)
			}
		})
	}
	close(start)
	senders.Wait()
	eventually(w.t, func() error {
		if all := payments(w.t, w.shops[0]); len(all) != 1 || all[0].Status != "paid" {
			return fmt.Errorf("the site has the payments %+v, want one that is paid", all)
		}
		return nil
	})
	p := payments(w.t, w.shops[0])[0]
	if p.Amount != "50000.00" || p.Total != "55000.00" || !p.Automatic {
		w.t.Errorf("the payment is %+v", p)
	}
	if taken := w.sim.Takings(); len(taken) != 1 || taken[0].Amount != 55_000 || taken[0].OrderID != p.ID || len(taken[0].Givings) != 0 {
		w.t.Errorf("the gateway took %+v, want 55,000 won once", taken)
	}
	if n := w.entered("payment"); n[p.ID] != 1 {
		w.t.Errorf("the payment was credited %d times", n[p.ID])
	}
	has, held, err := purse(w.shops[0].Credit(within(w.t)))
	begun, _ := from.Units()
	if want := begun + 50_000*10_000; err != nil || has+held != want || held != manySends*18*10_000 {
		w.t.Errorf("available %d and held %d ten-thousandths, want %d in all: %v", has, held, want, err)
	}
	proven(w.t, w.office)
}
