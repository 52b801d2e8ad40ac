package stripe_test

import (
	"testing"
	"time"

	"creditmsg/internal/payment"
	"creditmsg/internal/payment/paymenttest"
	"creditmsg/internal/payment/simulator"
	"creditmsg/internal/payment/stripe"
)

// harness is the adapter before the simulated vendor.
func harness() paymenttest.Harness {
	return paymenttest.Harness{
		New:     stripe.New,
		Account: payment.Account{Name: "stripe", Kind: "stripe", SecretKey: simulator.DefaultStripeKey, WebhookSecret: simulator.DefaultStripeSecret},
		Vendor: func(url string) paymenttest.Vendor {
			s := simulator.New(simulator.Options{Seed: 1, StripeNoticeURL: url, SlowFor: 100 * time.Millisecond, Late: 100 * time.Millisecond, MaxPage: 2})
			return paymenttest.Vendor{Handler: s.Handler(), Run: s.Run}
		},
		KeepsErrors: true, Hosted: true, Signed: true,
	}
}

func TestTheAdapterKeepsTheContract(t *testing.T) { paymenttest.Run(t, harness()) }
