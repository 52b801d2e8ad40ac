package delivery

import (
	"context"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// The laws of sending, sentence by sentence. Prices are 9, 18, 45 unless a test
// sets its own; every shop begins with 1,000 won.

func TestWorstCaseIsHeldAtAccept(t *testing.T) {
	each(t, func(s *shop) {
		s.accept(request(message.AlimtalkFirst), 3)
		s.wantMoney(946, 54, 0)
		s.accept(textOnly(long), 2)
		s.wantMoney(856, 144, 0)
	})
}

func TestScheduledMessagesHoldAtAccept(t *testing.T) {
	each(t, func(s *shop) {
		r := request(message.AlimtalkFirst)
		r.ScheduledAt = s.clock.read().Add(10 * 24 * time.Hour)
		key := s.accept(r, 2)
		s.wantMessage(key, message.StateScheduled)
		s.wantMoney(964, 36, 0)
		s.pass(9 * 24 * time.Hour)
		s.wantTaken(key)
		s.wantMoney(964, 36, 0)
	})
}

func TestAlimtalkFirstHoldsTheDearerOfItsLegs(t *testing.T) {
	each(t, func(s *shop) {
		s.accept(request(message.AlimtalkFirst), 1)
		s.wantMoney(982, 18, 0)
		s.prices(30, 18, 45)
		s.accept(request(message.AlimtalkFirst), 1)
		s.wantMoney(952, 48, 0)
	})
}

func TestWithoutTextThereIsNoFallback(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(kakaoOnly(), 1)
		s.wantMoney(991, 9, 0)
		s.says(key, 0, "3104")
		s.pass(time.Minute)
		s.wantStates(key, message.Failed)
		s.wantTaken(key, "alimtalk")
		s.wantMoney(1000, 0, 0)
	})
}

func TestSMSOnlyIsPricedByBytesAfterItsOwnVariables(t *testing.T) {
	each(t, func(s *shop) {
		draft, err := s.messages.Draft(context.Background(), s.name, textOnly("#{이름}!"))
		s.must(err)
		for i, letters := range []int{44, 45} { // 89 and 91 bytes with the mark
			s.must(draft.Add(context.Background(), silent(i), map[string]string{"이름": strings.Repeat("가", letters)}))
		}
		s.must(draft.Add(context.Background(), silent(2), map[string]string{"이름": strings.Repeat("가", 44) + "a"})) // 90: the longest SMS
		receipt, err := draft.Accept(context.Background(), nil)
		s.must(err)
		s.wantMoney(1000-18-45-18, 81, 0)
		s.drain()
		s.wantTaken(receipt.Message, "sms", "lms", "sms")
	})
}

func TestCostOptimizedTakesAlimtalkOnlyWhereItIsNotDearer(t *testing.T) {
	each(t, func(s *shop) {
		r := request(message.CostOptimized)
		r.Text.Body = "#{이름}" + strings.Repeat("!", 80)
		send := func() message.Key {
			draft, err := s.messages.Draft(context.Background(), s.name, r)
			s.must(err)
			s.must(draft.Add(context.Background(), silent(0), map[string]string{"이름": "가"}))                     // an SMS
			s.must(draft.Add(context.Background(), silent(1), map[string]string{"이름": strings.Repeat("가", 10)})) // an LMS
			receipt, err := draft.Accept(context.Background(), nil)
			s.must(err)
			s.drain()
			return receipt.Message
		}
		s.wantTaken(send(), "alimtalk", "alimtalk")
		s.prices(18, 18, 45)
		s.wantTaken(send(), "alimtalk", "alimtalk")
		s.prices(19, 18, 45)
		s.wantTaken(send(), "sms", "alimtalk")
		s.wantMoney(1000-63-63-63, 189, 0)
	})
}

func TestCostOptimizedWithoutAnApprovedTemplateIsTextOnly(t *testing.T) {
	each(t, func(s *shop) {
		s.update(func(tx *db.Tx) error {
			template, err := message.FindTemplate(tx, s.name, "RESERVE_01")
			template.State = message.TemplateInspecting
			if err == nil {
				_, err = message.SetTemplate(tx, template)
			}
			return err
		})
		s.wantTaken(s.handed(request(message.CostOptimized), 1), "sms")
	})
}

func TestNotEnoughCreditWritesNothing(t *testing.T) {
	each(t, func(s *shop) {
		before := s.rows()
		_, err := s.send(s.name, request(message.AlimtalkFirst), silentPhones(56)...) // 1,008 won
		f := fault.Of(err)
		if f.Kind != fault.NoCredit || f.Code != fault.CodeInsufficientCredit || f.Extra["needed"] != 1008*money.Won || f.Extra["available"] != 1000*money.Won {
			t.Errorf("got %v with %v, want insufficient credit: needed 1008, available 1000", err, f.Extra)
		}
		if after := s.rows(); after != before {
			t.Errorf("rows of the site are %v, want %v as before", after, before)
		}
		s.wantMoney(1000, 0, 0)
	})
}

// rows counts what stands of a site in every table that a send writes.
func (s *shop) rows() (n [9]int) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		for i, table := range []string{"message", "batch", "reject", "recipient", "reservation", "entry", "event", "idem"} {
			if err := tx.QueryRow(`SELECT COUNT(*) FROM `+table+` WHERE site_id = ?`, s.name).Scan(&n[i]); err != nil {
				return err
			}
		}
		stats, err := s.queue.Stats(tx)
		for _, x := range stats {
			if (x.Kind == message.KindSend || x.Kind == message.KindSingle) && x.Lane == queue.Send {
				n[8] = int(x.Due)
			}
		}
		return err
	}))
	return n
}

func TestDeliveredSpendsItsChannelsFrozenPrice(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 2)
		s.prices(100, 200, 300)
		s.says(key, 0, "4000")
		s.wantMoney(1000-9-18, 18, 9)
		s.says(key, 1, "3104")
		s.pass(3 * time.Second)
		s.says(key, 1, "4000")
		s.wantMoney(1000-27, 0, 27)
		s.wantMessage(key, message.StateDone)
	})
}

func TestFailedExpiredAndCancelledReleaseAll(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 3)
		s.says(key, 0, "3032") // an absent number does not fall back
		s.wantMoney(964, 36, 0)
		s.says(key, 1, "3104")
		_, err := s.messages.Cancel(context.Background(), key)
		s.must(err)
		s.drain()
		s.wantStates(key, message.Failed, message.Cancelled, message.Sent)
		s.wantMoney(982, 18, 0)
		s.pass(74 * time.Hour)
		s.wantStates(key, message.Failed, message.Cancelled, message.Expired)
		s.wantMoney(1000, 0, 0)
		s.wantMessage(key, message.StateCancelled)
	})
}

func TestSentAndUnknownStayHeldUntilExpiry(t *testing.T) {
	for _, c := range []struct {
		name    string
		request message.Request
		unknown bool
		price   int64
		after   time.Duration
	}{
		{"Alimtalk", kakaoOnly(), false, 9, 73 * time.Hour},
		{"SMS", textOnly("a"), false, 18, 73 * time.Hour},
		{"LMS", textOnly(long), false, 45, 81 * time.Hour},
		{"unknown SMS", textOnly("a"), true, 18, 73 * time.Hour},
		{"unknown LMS", textOnly(long), true, 45, 81 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(s *shop) {
				state := message.Sent
				if c.unknown {
					state = message.Unknown
					s.wrong(trouble{path: "/send", always: true})
					defer s.trouble.Store(nil)
				}
				key := s.handed(c.request, 1)
				s.wrong(trouble{method: "GET", always: true}) // no look-up says more
				s.pass(c.after - time.Microsecond)
				s.wantStates(key, state)
				s.wantMoney(1000-c.price, c.price, 0)
				s.pass(time.Microsecond)
				s.wantStates(key, message.Expired)
				s.wantMoney(1000, 0, 0)
			})
		})
	}
}

func TestExpiryIsCountedFromTheHandOverOfTheLeg(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 1)
		s.pass(20 * time.Minute)
		s.says(key, 0, "3104")
		s.pass(3 * time.Second) // the text is handed over
		s.wantTaken(key, "alimtalk", "sms")
		s.pass(73*time.Hour - time.Second)
		s.wantStates(key, message.Sent)
		s.pass(2 * time.Second)
		s.wantStates(key, message.Expired)
	})
}

func TestAReportAfterExpiryIsShownNeverCharged(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(textOnly("a"), 1)
		s.pass(74 * time.Hour)
		s.says(key, 0, "4000")
		s.wantStates(key, message.Expired)
		s.wantMoney(1000, 0, 0)
		r := s.person(key, 0)
		if len(r.History) != 1 || r.History[0].What != message.LegLate {
			t.Errorf("history %+v, want the late report", r.History)
		}
		if m := s.find(key); m.Late != 1 {
			t.Errorf("%d late reports counted, want 1", m.Late)
		}
		s.says(key, 0, "4000")
		if m := s.find(key); m.Late != 1 {
			t.Errorf("%d late reports counted after a repetition, want 1", m.Late)
		}
	})
}

func TestValidForExpiresWhatWasNotHandedOver(t *testing.T) {
	hour := func(r message.Request) message.Request { r.ValidFor = time.Hour; return r }
	for _, c := range []struct {
		name string
		hold func(s *shop, key message.Key) // keeps it from being handed over
	}{
		{"no credentials", func(s *shop, _ message.Key) {
			s.wrong(trouble{path: "/groups", status: 401, body: `{"errorCode":"InvalidAPIKey","errorMessage":"-"}`, always: true})
		}},
		{"the site is suspended", func(s *shop, _ message.Key) {
			s.update(func(tx *db.Tx) error { return site.SetState(tx, s.name, site.Suspended) })
		}},
		{"paused", func(s *shop, key message.Key) {
			_, err := s.messages.Pause(context.Background(), key)
			s.must(err)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(s *shop) {
				key := s.accept(hour(request(message.AlimtalkFirst)), 2)
				c.hold(s, key)
				s.drain()
				s.pass(59 * time.Minute)
				s.wantStates(key, message.Pending, message.Pending)
				s.wantMoney(964, 36, 0)
				s.pass(2 * time.Minute)
				s.pass(5 * time.Minute)
				s.wantStates(key, message.Expired, message.Expired)
				s.wantMoney(1000, 0, 0)
				s.wantTaken(key)
			})
		})
	}
}

func TestValidForCountsFromTheScheduledTime(t *testing.T) {
	each(t, func(s *shop) {
		r := textOnly("a")
		r.ValidFor, r.ScheduledAt = time.Hour, s.clock.read().Add(5*time.Hour)
		key := s.accept(r, 1)
		s.pass(6 * time.Hour)
		s.wantStates(key, message.Sent)
	})
}

func TestAMessageWithoutTimeLeftIsNeverHandedOver(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(textOnly("a"), 2)
		s.pass(24*time.Hour + time.Microsecond)
		s.wantStates(key, message.Expired, message.Expired)
		s.wantTaken(key)
		s.wantMoney(1000, 0, 0)
		s.wantMessage(key, message.StateDone)
	})
}

func TestUsagesAggregatePerMessageAndChannel(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 4)
		for i, status := range []string{"4000", "3104", "3104", "4000"} {
			s.says(key, i, status)
		}
		s.pass(3 * time.Second)
		s.says(key, 1, "4000")
		s.says(key, 2, "4000")
		u := s.usages(s.name, key.ID)
		if a := u[provider.Alimtalk]; a.Quantity != 2 || a.UnitCost != 9*money.Won || a.TotalCost != 18*money.Won || a.RefundAmount != 0 {
			t.Errorf("Alimtalk usage %+v, want 2 × 9 = 18", a)
		}
		if x := u[provider.SMS]; x.Quantity != 2 || x.UnitCost != 18*money.Won || x.TotalCost != 36*money.Won {
			t.Errorf("SMS usage %+v, want 2 × 18 = 36", x)
		}
		s.wantMoney(1000-54, 0, 54)
	})
}
