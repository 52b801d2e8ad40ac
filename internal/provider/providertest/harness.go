package providertest

import (
	"context"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"creditmsg/internal/provider"
)

// Harness is what the suite must know of an adapter and its vendor.
type Harness struct {
	// New makes the adapter of an account.
	New func(provider.Account) (provider.Provider, error)

	// Account is one that the vendor lets in. The suite sets URL, Webhook and Timeout.
	Account provider.Account

	// Vendor makes a simulated vendor that reports, at once, to this address with this
	// secret.
	Vendor func(reportURL, reportSecret string) Vendor

	// HandsOver says whether a request to the vendor is the one that hands over.
	HandsOver func(*http.Request) bool

	// OnePhase says that the protocol knows of no call before it is handed over: begun
	// is never called.
	OnePhase bool

	// Template is one that the vendor takes Alimtalk of.
	Template provider.Template

	// Refused is the vendor's raw code of four digits, 1xxx, that refuses a leg when a
	// call is made, and Why what the adapter makes of it; Code is what it keeps as the
	// vendor's own code, when that is another text.
	Refused string
	Code    string
	Why     provider.Reason

	// Patient says that the vendor takes every leg of a call, and tells later which were
	// wrong: Refused is then the end of a leg.
	Patient bool

	// Nameless says that the vendor has no room for our reference: reports name a leg by
	// its call and number.
	Nameless bool

	// PostPaid says that the vendor never refuses a call for want of money.
	PostPaid bool

	// Advertising says that the vendor is told which texts are advertisements, and refuses
	// those without their marks.
	Advertising bool

	// SignsBody says that the proof of a report covers its body, so that another body
	// with the same headers is not authentic.
	SignsBody bool

	// Desk is what the vendor offers besides messages.
	Desk Desk
}

// Desk says what an adapter has to offer besides messages, and what it must not pretend to.
type Desk struct {
	// Balance is what the adapter tells of an account with 100,000 won; nil = the vendor
	// tells nothing.
	Balance *provider.Balance

	// Senders and Channels say whether the vendor has them.
	Senders, Channels bool

	// Acts are what the vendor takes about templates. The suite asks for the templates of
	// Harness.Template.ChannelID.
	Acts provider.TemplateActs
}

// Vendor is a simulated vendor.
type Vendor struct {
	Handler http.Handler                // the vendor's paths and /_sim
	Run     func(context.Context) error // lets time pass in it until ctx ends
}

// Run holds an adapter to the contract of provider.Provider, one test per sentence.
// At its end nothing may be left running.
func Run(t *testing.T, h Harness) {
	before := goleak.IgnoreCurrent()
	t.Run("contract", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, Harness){
			"capabilities say what may be submitted":                          testCapabilities,
			"an accepted call has a member per leg and hands each over once":  testAccepted,
			"a call without legs hands nothing over":                          testEmpty,
			"a leg is refused on its own":                                     testRefusedLeg,
			"a call of which every leg is refused is accepted and not sent":   testAllRefused,
			"credentials that are not taken refuse the call":                  testAuth,
			"a balance that does not suffice refuses the call":                testBalance,
			"who is too fast is told when to come again":                      testRateLimit,
			"a vendor that cannot be reached is not sent to":                  testUnreachable,
			"begun is called once, before anything can be sent":               testBegun,
			"a call that cannot begin is not sent":                            testBegunFails,
			"nothing is sent after the context has ended":                     testEndedBefore,
			"a context that ends while the call begins stops it":              testEndedInBegun,
			"a failure of the vendor ends in the one outcome that is certain": testVendorFaults,
			"whatever breaks at whichever request, the outcome is true":       testSweepSubmit,
			"a request that times out is unknown only when it hands over":     testTimeouts,
			"a context that ends at any request ends the call, truly":         testContextEnds,
			"a look-up that breaks learns nothing and never a falsehood":      testSweepLookup,
			"what was found not sent can never be sent any more":              testNotSentForEver,
			"a vendor that cannot be asked is not understood as a no":         testNoLookup,
			"a look-up of no call finds nothing":                              testLookupNothing,
			"a look-up says what the reports said":                            testLookupAgrees,
			"reports bring back the reference and the end of each leg":        testReports,
			"a report may come before the reply":                              testEarlyReport,
			"reports read the same late, twice and in any order":              testReportsAnyhow,
			"parsing changes nothing and depends on nothing":                  testParsePure,
			"garbage is an error or nothing, never a panic":                   testParseGarbage,
			"a poll that breaks learns nothing":                               testSweepPoll,
			"only who knows the secret is authentic":                          testAuthentic,
			"one leg, and as many as the capabilities say, are one call":      testMaxLegs,
			"texts of any allowed length fit into a call":                     testMaxBytes,
			"calls, look-ups and reports go on at once":                       testConcurrent,
			"an advertisement is told to a vendor that wants to know":         testAdvertising,
			"an mms brings its pictures to the phone, in their order":         testPictures,
			"an mms of no picture, or of too many, is refused on its own":     testPictureCount,
			"a picture that the vendor does not take is an attachment error":  testPictureRefused,
			"an account that is not let in uploads nothing":                   testUploadAuth,
			"an upload that breaks sends nothing, and is made again":          testSweepUpload,
			"whatever breaks at a call with pictures, the outcome is true":    testSweepPictures,
			"a picture that is gone is named, and nothing is sent":            testPictureGone,
			"what is offered besides messages is what the vendor has":         testDeskOffers,
			"the balance is the vendor's, and messages are paid from it":      testDeskBalance,
			"the sender numbers are those that may be used":                   testDeskSenders,
			"a channel is registered by its token alone":                      testDeskChannel,
			"a template goes the way of its inspection":                       testDeskTemplate,
			"what is not offered is denied":                                   testDeskNotOffered,
			"whatever breaks at a question, nothing false is learnt":          testSweepQuestions,
			"whatever breaks at an act on a template, its end is true":        testSweepActs,
			"whatever breaks as a channel is registered, its end is true":     testSweepChannel,
			"an act that times out is open, and nothing leaves after the end": testDeskTimeouts,
		} {
			t.Run(name, func(t *testing.T) { test(t, h) })
		}
	})
	goleak.VerifyNone(t, before)
}
