package walk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"creditmsg/client"
)

// Magic values of the simulated world.
const (
	decliningCard = "9000000100000001" // REJECT_CARD_PAYMENT: balance or limit
	ownersPhone   = "010-0000-9999"    // every text to it arrives, at nobody
)

// decline leaves a card that declines, and sees what becomes of automatic recharge: it backs
// off for an hour, for six, and is switched off, and the owner is told each time.
func (w *walk) decline(ctx context.Context) (err error) {
	card, err := w.leaveCard(ctx, decliningCard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.tidy(context.WithoutCancel(ctx), card)) }()
	w.say("the card %s is left with %s", card.Label, card.Gateway)
	if _, err := w.c.SetAlerts(ctx, client.AlertsChange{Mobile: new(ownersPhone), Topics: []string{"payment_failed"}}); err != nil {
		return err
	}
	rule := client.AutoRecharge{Enabled: true, Threshold: "900000000", Amount: "50000", MethodID: card.ID}
	if _, err := w.c.SetAutoRecharge(ctx, rule); err != nil {
		return err
	}
	for n, pause := range []time.Duration{time.Hour, 6 * time.Hour, 0} {
		r, err := w.recharge(ctx, n+1)
		if err != nil {
			return err
		}
		if pause == 0 {
			w.say("declined three times: automatic recharge is enabled: %t", r.Enabled)
			if r.Enabled {
				return errors.New("automatic recharge is still on")
			}
			break
		}
		w.say("declined: %d, the next try in %s", r.Declines, pause)
		if err := w.advance(ctx, pause); err != nil {
			return err
		}
	}
	texts, err := w.c.SendLogs(ctx, client.SendLogFilter{To: ownersPhone})
	if err != nil {
		return err
	}
	w.say("the owner was told by %d texts, which the simulator took", len(texts.Data))
	if len(texts.Data) == 0 {
		return errors.New("the owner was told nothing")
	}
	return nil
}

// leaveCard leaves a card with the simulated gateway, as its owner does in a browser: the
// form of the payer's window is sent, and the redirects back are followed.
func (w *walk) leaveCard(ctx context.Context, number string) (client.PaymentMethod, error) {
	card, err := w.c.AddPaymentMethod(ctx, client.NewPaymentMethod{ReturnURL: w.o.URL + "/healthz"})
	if err != nil {
		return card, err
	}
	if card.Checkout == nil {
		return card, fmt.Errorf("the gateway %s opened no window", card.Gateway)
	}
	window, err := url.Parse(card.Checkout.URL)
	if err != nil {
		return card, err
	}
	form := window.Query()
	form.Set("card", number)
	form.Set("action", "pay")
	window.RawQuery = ""
	if err := submit(ctx, window.String(), form); err != nil {
		return card, err
	}
	card, err = w.c.PaymentMethod(ctx, card.ID)
	if err == nil && card.Status != "active" {
		err = fmt.Errorf("the card is %s", card.Status)
	}
	return card, err
}

// submit sends a form as a browser does, which follows where it is sent.
func submit(ctx context.Context, address string, form url.Values) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode/100 != 2 {
		return fmt.Errorf("the window %s answered %s", address, reply.Status)
	}
	return nil
}

// recharge waits until the n-th charge was declined.
func (w *walk) recharge(ctx context.Context, n int) (client.AutoRecharge, error) {
	for {
		r, err := w.c.AutoRecharge(ctx)
		if err != nil || r.Declines >= n && r.PaymentID == "" {
			return r, err
		}
		if err := pause(ctx); err != nil {
			return r, err
		}
	}
}

// pause lets a moment pass between two looks.
func pause(ctx context.Context) error {
	rest := time.NewTimer(50 * time.Millisecond)
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-rest.C:
		return nil
	}
}

// tidy takes the rule, the card and the phone away again.
func (w *walk) tidy(ctx context.Context, card client.PaymentMethod) error {
	_, err := w.c.SetAutoRecharge(ctx, client.AutoRecharge{})
	_, untold := w.c.SetAlerts(ctx, client.AlertsChange{Mobile: new("")})
	return errors.Join(err, w.c.RemovePaymentMethod(ctx, card.ID), untold)
}
