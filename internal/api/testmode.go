package api

import (
	"context"
	"net/http"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/sandbox"
	"creditmsg/internal/site"
)

// testMode declares the routes of test mode: the test site of a site, its tokens, credit and
// clock.
func testMode(a *api) {
	a.declareTestSite()
	read(a, operation{
		id: "getTestClock", method: http.MethodGet, path: "/v1/test/clock", tag: "Test mode", ability: "messages:read", status: http.StatusOK,
		summary: "Get where the clock of the test site stands", codes: []string{fault.CodeStateConflict, fault.CodeNotSupported},
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (testClockView, error) {
		c, err := a.Sandbox.Clock(tx, x.site)
		return showClock(c, 0), err
	})
	o := operation{
		id: "advanceTestClock", method: http.MethodPost, path: "/v1/test/clock/advance", tag: "Test mode", ability: "messages:write", status: http.StatusOK,
		summary: "Set the clock of the test site forward", codes: []string{fault.CodeStateConflict, fault.CodeNotSupported},
		about: "Whatever waits is as much older afterwards: schedules, expiry, fallback windows, retries, pauses of automatic recharge. What would have happened meanwhile " +
			"is due at once. What goes by the calendar (caps, statistics, the night of advertising) goes by the true day. " +
			"With `wait` what is due before is done first, and the reply comes when what became due is done too, after a minute at most; " +
			"jobs_due counts what became due. Only with a token that begins with cm_test_.",
	}
	register[advanceInput, testClockView](a, o, func(ctx context.Context, x *exchange, in *advanceInput) (*reply, error) {
		return a.advance(ctx, x, o, in)
	})
	write(a, operation{
		id: "addTestCredit", method: http.MethodPost, path: "/v1/test/credit", tag: "Test mode", ability: "credit:write", status: http.StatusCreated,
		summary: "Add credit to the test site", codes: []string{fault.CodeStateConflict, fault.CodeNotSupported},
		about: "It is a bonus, which nobody pays for. Only with a token that begins with cm_test_.",
	}, func(tx *db.Tx, x *exchange, in *testCreditInput) (testCreditView, error) {
		e, err := a.Sandbox.Grant(tx, x.site, in.Body.Amount, "added by the test site")
		return testCreditView{e.Amount, e.AvailableAfter}, err
	})
}

// declareTestSite declares the routes that make a test site, and its tokens.
func (a *api) declareTestSite() {
	write(a, operation{
		id: "makeTestSite", method: http.MethodPost, path: "/v1/test", tag: "Test mode", ability: "tokens:write", status: http.StatusOK,
		summary: "Make the test site, or bring it up to date", codes: []string{fault.CodeNotSupported},
		about: "A test site has its own credit, ledger and simulators, and what it sends reaches nobody. It begins with 100,000 won and with copies of the site's " +
			"approved senders, channels and approved templates; what is missing of these is added each time, and prices and rules are the site's again.",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (testSiteView, error) {
		s, err := a.Sandbox.Refresh(tx, x.site)
		return testSiteView{s.ID, s.Name, instant(s.CreatedAt)}, err
	})
	write(a, operation{
		id: "createTestToken", secondFactor: true, method: http.MethodPost, path: "/v1/test/tokens", tag: "Test mode", ability: "tokens:write", status: http.StatusCreated,
		summary: "Make a token of the test site", codes: []string{fault.CodeNotSupported},
		about: "Makes the test site if it is not there. The secret begins with cm_test_ and is shown this once; " +
			"it can be allowed what the token that asks for it is allowed.",
	}, a.createTestToken)
}

type testSiteView struct {
	ID        string  `json:"id" doc:"The site's own id with .test behind it."`
	Name      string  `json:"name"`
	CreatedAt instant `json:"created_at"`
}

type testTokenInput struct {
	Body struct {
		Name      string     `json:"name" doc:"What it is for."`
		Abilities []string   `json:"abilities" minItems:"1" doc:"What it may do, such as messages:write; * is everything."`
		ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"null = never"`
	} `nameHint:"TestTokenBody"`
}

type testTokenView struct {
	ID        string   `json:"id" doc:"tok_…"`
	Site      string   `json:"site"`
	Token     string   `json:"token" secret:"once" doc:"cm_test_…, shown this once."`
	Abilities []string `json:"abilities"`
}

func (a *api) createTestToken(tx *db.Tx, x *exchange, in *testTokenInput) (testTokenView, error) {
	if err := x.call.MayGive(in.Body.Abilities); err != nil {
		return testTokenView{}, err
	}
	s, err := a.Sandbox.Make(tx, x.site)
	if err != nil {
		return testTokenView{}, err
	}
	var until db.Time
	if in.Body.ExpiresAt != nil {
		until = db.At(*in.Body.ExpiresAt)
	}
	t, secret, err := site.NewToken(tx, s.ID, in.Body.Name, in.Body.Abilities, until)
	return testTokenView{t.ID.Text(id.Token), s.ID, secret, t.Abilities}, err
}

type testCreditInput struct {
	Body struct {
		Amount money.Amount `json:"amount" doc:"Won, such as 50000."`
	} `nameHint:"TestCreditBody"`
}

type testCreditView struct {
	Amount         money.Amount `json:"amount"`
	AvailableAfter money.Amount `json:"available_after"`
}

type advanceInput struct {
	Body struct {
		By   string `json:"by" maxLength:"40" doc:"How far, such as 73h, 90m or P3DT1H; 90 days at most."`
		Wait bool   `json:"wait,omitempty" doc:"Answer when what is due is done."`
	} `nameHint:"AdvanceBody"`
}

type testClockView struct {
	Clock      instant `json:"clock" doc:"What the clock shows."`
	Now        instant `json:"now" doc:"The true time."`
	Ahead      string  `json:"ahead" doc:"How far the clock is ahead of it, such as 73h0m0s."`
	AdvancedBy string  `json:"advanced_by" doc:"How far this request set it forward."`
	JobsDue    int64   `json:"jobs_due" doc:"How much of the site is due or under way."`
}

func showClock(c sandbox.Clock, by time.Duration) testClockView {
	return testClockView{instant(c.At()), instant(c.Now), c.Ahead.String(), by.String(), c.Due}
}

// advance moves the clock in one transaction. What waits with it lies outside of that, and a
// repeat of the request under its key does not wait again.
func (a *api) advance(ctx context.Context, x *exchange, o operation, in *advanceInput) (*reply, error) {
	by, err := sandbox.ReadSpan(in.Body.By)
	if err != nil {
		return nil, fault.Check("/by", "%s", err)
	}
	wait := in.Body.Wait && site.IsTest(x.site)
	if key, keyed, err := x.idemKey(o); err != nil {
		return nil, err
	} else if keyed {
		if out, err := a.earlier(ctx, o, key); out != nil || err != nil {
			return out, err
		}
	}
	if wait {
		if _, err := a.Sandbox.Settled(ctx, x.site); err != nil {
			return nil, err
		}
	}
	out, err := a.once(ctx, x, o, func(tx *db.Tx) (*reply, error) {
		c, err := a.Sandbox.Advance(tx, x.site, by)
		if err != nil {
			return nil, err
		}
		return rendered(o.status, showClock(c, by))
	})
	if err == nil && wait && out.Replayed == "" {
		_, err = a.Sandbox.Settled(ctx, x.site)
	}
	return out, err
}
