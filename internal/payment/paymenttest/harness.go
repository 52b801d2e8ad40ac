package paymenttest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"creditmsg/internal/payment"
)

// Harness is what the suite must know of an adapter and its vendor.
type Harness struct {
	// New makes the adapter of an account.
	New func(payment.Account) (payment.Gateway, error)

	// Account is one that the vendor lets in. The suite sets URL, CheckoutURL and Timeout.
	Account payment.Account

	// Vendor makes a simulated vendor that calls this address.
	Vendor func(noticeURL string) Vendor

	// KeepsErrors says that a request which the vendor answered with an error of its own is
	// answered so for ever under the same idempotency key.
	KeepsErrors bool

	// Hosted says that the payer's page is the vendor's own and begins with a request to it:
	// there is no script, and a card that is refused keeps the payer on the page, where he may
	// try another one or leave.
	Hosted bool

	// Signed says that notices bear a signature, so that forged ones are refused. Where they
	// do not, forged ones must do no harm.
	Signed bool

	// Patience is how long the suite waits for what must come; it only decides how soon a
	// failure is told. 0 = 20 s.
	Patience time.Duration
}

// Vendor is a simulated vendor.
type Vendor struct {
	Handler http.Handler                // the vendor's paths, the payer's page and /_sim
	Run     func(context.Context) error // lets time pass in it until ctx ends
}

// Run holds an adapter to the contract of payment.Gateway, one test per sentence. At its end
// nothing may be left running.
func Run(t *testing.T, h Harness) {
	before := goleak.IgnoreCurrent()
	t.Run("contract", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, Harness){
			"capabilities say what is done":                            testCapabilities,
			"what a gateway does not have is not supported":            testNotSupported,
			"beginning takes no money and says how to pay":             testBegin,
			"an amount that is not whole won is not asked for":         testFractions,
			"a payer who leaves or is refused took nothing":            testLeaves,
			"a return address that does not fit takes nothing":         testStrangeReturn,
			"money is taken once and said to be":                       testTake,
			"the same key takes once":                                  testSameKey,
			"the same key at once takes once":                          testAtOnce,
			"a refused card is declined for its reason":                testDeclines,
			"who is too fast is told when to come again":               testBusy,
			"credentials that are not taken fail":                      testCredentials,
			"a vendor that cannot be reached took nothing":             testUnreachable,
			"nothing is asked after the context has ended":             testEnded,
			"a failure of the vendor is unknown and found out later":   testVendorFaults,
			"what is still under way is found out later":               testUnderWay,
			"whatever breaks at whichever request, the result is true": testSweepTake,
			"an order that was paid is not charged with another key":   testOtherKey,
			"a second try after a refusal is found":                    testSecondTry,
			"a request that times out is unknown":                      testTimeouts,
			"a context that ends meanwhile ends the request, truly":    testContextEnds,
			"an order that nobody knows is absent":                     testAbsent,
			"a look-up that breaks learns nothing":                     testSweepFind,
			"a payment is given back whole":                            testCancelWhole,
			"a payment is given back in parts":                         testCancelParts,
			"the same key gives back once":                             testCancelSameKey,
			"a payment that was not taken is not given back":           testCancelOpen,
			"a cancellation says what became of it":                    testCancelFaults,
			"whatever breaks at a cancellation, its result is true":    testSweepCancel,
			"a card is left, charged and removed":                      testToken,
			"a card of another customer is not taken in":               testStrangeToken,
			"an account is given out once and paid into":               testDeposit,
			"a deposit may be taken back":                              testReversal,
			"notices name the payment and change nothing":              testNotices,
			"forged notices are refused or do no harm":                 testForgedNotices,
			"garbage is an error or nothing, never a panic":            testGarbage,
			"crooked notices read the same":                            testCrookedNotices,
			"the list of transactions is what was moved":               testTransactions,
			"a cash receipt is issued and taken back":                  testReceipts,
			"different payments go on at once":                         testConcurrent,
		} {
			t.Run(name, func(t *testing.T) { test(t, h) })
		}
	})
	goleak.VerifyNone(t, before)
}
