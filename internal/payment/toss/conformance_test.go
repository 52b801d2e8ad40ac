package toss_test

import (
	"testing"
	"time"

	"creditmsg/internal/payment"
	"creditmsg/internal/payment/paymenttest"
	"creditmsg/internal/payment/simulator"
	"creditmsg/internal/payment/toss"
)

// harness is the adapter before the simulated vendor.
func harness() paymenttest.Harness {
	return paymenttest.Harness{
		New:     toss.New,
		Account: payment.Account{Name: "toss", Kind: "toss", ClientKey: simulator.DefaultClientKey, SecretKey: simulator.DefaultSecretKey},
		Vendor: func(url string) paymenttest.Vendor {
			s := simulator.New(simulator.Options{Seed: 1, NoticeURL: url, SlowFor: 100 * time.Millisecond, Late: 100 * time.Millisecond, MaxPage: 2})
			return paymenttest.Vendor{Handler: s.Handler(), Run: s.Run}
		},
	}
}

func TestTheAdapterKeepsTheContract(t *testing.T) { paymenttest.Run(t, harness()) }
