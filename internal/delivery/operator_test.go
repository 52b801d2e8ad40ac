package delivery

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// operators are the failures at the vendor's socket that are the operator's.
var operators = []struct {
	name   string
	wrong  trouble
	reason provider.Reason
}{
	{"balance", trouble{path: "/send", status: 402, body: `{"errorCode":"NotEnoughBalance","errorMessage":"-"}`}, provider.ProviderBalance},
	{"credentials", trouble{path: "/groups", status: 401, body: `{"errorCode":"InvalidAPIKey","errorMessage":"-"}`}, provider.AuthFailed},
	{"credentials at the hand-over", trouble{path: "/send", status: 403, body: `{}`}, provider.AuthFailed},
	{"quota", trouble{path: "/messages", method: "PUT", status: 400, body: `{"errorCode":"RecipientsTooMany","errorMessage":"-"}`}, provider.ProviderQuota},
	{"speed", trouble{path: "/send", status: 429, body: `{}`, header: map[string]string{"Retry-After": "30"}}, provider.ProviderRateLimited},
}

func TestAnOperatorsFailureKeepsTheRecipientPending(t *testing.T) {
	for _, c := range operators {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(s *shop) {
				s.wrong(c.wrong)
				key := s.handed(request(message.AlimtalkFirst), 2)
				s.wantStates(key, message.Pending, message.Pending)
				s.wantMoney(964, 36, 0)
				r := s.person(key, 0)
				if r.Step != 1 || r.Try != 2 || r.Reason != c.reason {
					t.Errorf("step %d, try %d, reason %s; want the second try of the first step after %s", r.Step, r.Try, r.Reason, c.reason)
				}
				s.wantTaken(key)
				s.pass(time.Minute)
				s.wantTaken(key, "alimtalk", "alimtalk")
				s.says(key, 0, "4000")
				s.says(key, 1, "4000")
				s.wantMoney(982, 0, 18)
			})
		})
	}
}

func TestTheOperatorIsToldOfAFailureThatOnlyHeCanMend(t *testing.T) {
	s := one(t)
	s.wrong(trouble{path: "/send", status: 402, body: `{"errorCode":"NotEnoughBalance","errorMessage":"-"}`})
	before := s.alerts()
	s.handed(textOnly("a"), 2)
	told := s.alerts()[len(before):]
	if len(told) != 1 || told[0].Type != "provider.failing" || !strings.Contains(string(told[0].Data), `"reason":"insufficient_provider_balance"`) {
		t.Errorf("the operator was told %+v, want one provider.failing of the balance", told)
	}
}

// alerts are the events that are the operator's.
func (s *shop) alerts() (list []event.Stored) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) (err error) {
		list, err = event.List(tx, site.Operator, id.ID{}, 1000)
		return err
	}))
	return list
}

func TestAnOperatorsFailureInAReportIsTriedAgain(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.says(key, 0, "2230")
		s.wantStates(key, message.Pending)
		s.wantMoney(982, 18, 0)
		s.pass(time.Minute)
		s.wantTaken(key, "alimtalk", "alimtalk")
		s.says(key, 0, "4000")
		s.wantMoney(991, 0, 9)
	})
}

func TestAWaitThatTheProviderAskedForIsKept(t *testing.T) {
	s := still(t, "sqlite", worldOptions{delivery: Options{Rest: time.Microsecond}}).open(t)
	s.wrong(trouble{path: "/send", status: 429, body: `{}`, header: map[string]string{"Retry-After": "30"}})
	key := s.handed(textOnly("a"), 1)
	s.pass(29 * time.Second)
	s.wantTaken(key)
	s.pass(time.Second)
	s.wantTaken(key, "sms")
}

// TestWhoWasNotTakenGoesToAnotherAccountAtOnce has the first account that is asked put the
// text off for half a minute: that is its own business.
func TestWhoWasNotTakenGoesToAnotherAccountAtOnce(t *testing.T) {
	each(t, func(s *shop) {
		s.wrong(trouble{path: "/send", status: 429, body: `{}`, header: map[string]string{"Retry-After": "30"}})
		key := s.handed(textOnly("a"), 1)
		first := s.calls(key)[0].Provider
		s.wantTaken(key)
		s.pass(time.Second)
		s.wantTaken(key, "sms")
		if second := s.person(key, 0).Provider; second == first {
			t.Errorf("%s was asked again, want the other account", first)
		}
	})
}

func TestTriesSpreadOutUntilTheProviderWorksAgain(t *testing.T) {
	s := one(t)
	s.wrong(trouble{path: "/groups", status: 401, body: `{}`, always: true})
	key := s.handed(textOnly("a"), 1)
	for range 60 {
		s.pass(time.Minute)
	}
	if n := len(s.calls(key)); n < 10 || n > 25 {
		t.Errorf("%d calls in an hour of failing credentials, want 10 to 25", n)
	}
	s.trouble.Store(nil)
	s.pass(5 * time.Minute)
	s.wantStates(key, message.Sent)
}

// resting makes a world of its own, whose accounts rest for an hour.
func resting(t *testing.T, log *bytes.Buffer, reg prometheus.Registerer) *shop {
	o := worldOptions{also: []string{"other"}, delivery: Options{Rest: time.Hour, Registerer: reg}}
	if log != nil {
		o.delivery.Log = slog.New(slog.NewTextHandler(log, nil))
	}
	return still(t, "sqlite", o).open(t)
}

func TestTheBreakerOpensOnTheOperatorsFailures(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := resting(t, nil, reg)
	s.wrong(trouble{path: "/groups", status: 402, body: `{}`, always: true})
	key := s.handed(kakaoOnly(), 1)
	for range 20 {
		s.pass(5 * time.Minute)
	}
	if n := len(s.calls(key)); n != breakerFailures {
		t.Errorf("%d calls to an account that fails, want %d until it rests", n, breakerFailures)
	}
	s.wantStates(key, message.Pending)
	s.wantMoney(991, 9, 0)
	if got := level(t, reg, upstream); got != 2 {
		t.Errorf("breaker metric %v, want 2 (open)", got)
	}
	s.trouble.Store(nil)
	s.delivery.carriers.byName[upstream].health.calls.HalfOpen()
	s.pass(2 * time.Hour)
	s.wantStates(key, message.Sent)
}

// level is the breaker metric of an account.
func level(t *testing.T, reg *prometheus.Registry, account string) float64 {
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "creditmsg_provider_breaker_state" && m.GetLabel()[0].GetValue() == account {
				return m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no breaker metric of %s", account)
	return 0
}

func TestAnotherProviderTakesWhatARestingOneCannot(t *testing.T) {
	s := resting(t, nil, nil)
	s.delivery.carriers.byName[upstream].health.calls.Open()
	for range 10 {
		key := s.handed(textOnly("a"), 1)
		if r := s.person(key, 0); r.State != message.Sent || r.Provider != "other" {
			t.Errorf("the text is %s with %q, want sent with the other account", r.State, r.Provider)
		}
	}
}

// TestCallsThatAreNotMadeDoNotKeepAnAccountHalfOpen pauses messages between plan
// and call: the breaker let those calls through and never hears of them again.
func TestCallsThatAreNotMadeDoNotKeepAnAccountHalfOpen(t *testing.T) {
	s := still(t, "sqlite", worldOptions{delivery: Options{Rest: time.Microsecond}}).open(t)
	s.delivery.carriers.byName[upstream].health.calls.HalfOpen()
	for range 2 * breakerFailures {
		key := s.accept(kakaoOnly(), 1)
		p := s.plan(key)
		_, err := s.messages.Pause(context.Background(), key)
		s.must(err)
		s.must(s.delivery.callAll(context.Background(), p.calls))
	}
	s.wantStates(s.handed(kakaoOnly(), 1), message.Sent)
}

func TestAnOperatorsFailureIsLoggedWithoutNumbersAndTexts(t *testing.T) {
	var log bytes.Buffer
	s := resting(t, &log, nil)
	s.wrong(trouble{path: "/send", status: 402, body: `{"errorCode":"NotEnoughBalance","errorMessage":"01000040000"}`})
	s.handed(request(message.AlimtalkFirst), 1)
	line := log.String()
	if !strings.Contains(line, "level=WARN") || !strings.Contains(line, "reason=insufficient_provider_balance") || !strings.Contains(line, "provider=solapi") {
		t.Errorf("log %q, want a warning that names account and reason", line)
	}
	for _, secret := range []string{"00040000", "김하나", "예약"} {
		if strings.Contains(line, secret) {
			t.Errorf("log %q tells %q", line, secret)
		}
	}
}

func TestATemplateThatIsGoneLeavesTheText(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 1)
		s.update(func(tx *db.Tx) error { return message.RemoveTemplate(tx, s.name, "RESERVE_01") })
		s.drain()
		s.pass(3 * time.Second)
		s.wantTaken(key, "sms")
		s.wantMoney(982, 18, 0)
	})
}

func TestATextWhoseSenderIsGoneFailsWithoutACall(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.update(func(tx *db.Tx) error {
			_, err := site.SetSender(tx, s.name, "0261234567", site.Blocked, "")
			return err
		})
		s.says(key, 0, "3104")
		s.pass(3 * time.Second)
		s.wantStates(key, message.Failed)
		if r := s.person(key, 0); r.Reason != provider.SenderNotRegistered {
			t.Errorf("failed for %s, want sender_not_registered", r.Reason)
		}
		s.wantTaken(key, "alimtalk")
		s.wantMoney(1000, 0, 0)
	})
}

func TestASuspendedSiteWaitsAndGoesOnWhenItIsResumed(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(textOnly("a"), 1)
		s.update(func(tx *db.Tx) error { return site.SetState(tx, s.name, site.Suspended) })
		s.drain()
		s.pass(10 * time.Minute)
		s.wantStates(key, message.Pending)
		s.wantTaken(key)
		s.update(func(tx *db.Tx) error { return site.SetState(tx, s.name, site.Active) })
		s.pass(time.Minute)
		s.wantTaken(key, "sms")
	})
}
