package alert

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/stat"
)

func TestSpendingBelowALevelTellsPeopleOnceWithAForecast(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.give("demo", 100_000*won)
		w.set("demo", emails("owner@shop.example", "clerk@shop.example"))
		w.do(func(tx *db.Tx) error {
			_, err := w.billing.SetLevels(tx, "demo", []money.Amount{20_000 * won, 5_000 * won})
			return err
		})
		w.do(func(tx *db.Tx) error { // 70,000 won in seven days are 416 an hour
			return stat.Append(tx, stat.Delta{Site: "demo", Channel: provider.SMS, Strategy: "sms_only", Figures: stat.Figures{Delivered: 1, Cost: 70_000 * won}})
		})
		w.forward(24 * time.Hour)
		w.give("demo", -70_000*won)
		w.drain()
		w.tells()
		w.give("demo", -10_500*won) // 19,500 are left: 46 hours
		w.drain()
		const subject = "[우리 가게] 사용 가능한 잔액이 20,000원보다 적습니다"
		w.tells("clerk@shop.example: "+subject, "owner@shop.example: "+subject)
		text := bodies(t, w.box.got()[0].text)["text/plain"]
		for _, want := range []string{"잔액은 19,500원입니다", "2026년 11월 25일 10:00쯤 모두 쓰게 됩니다", "잔액을 충전하세요", "https://credit.example"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in:\n%s", want, text)
			}
		}
		w.give("demo", -1_000*won) // still between the levels
		w.drain()
		w.tells("clerk@shop.example: "+subject, "owner@shop.example: "+subject)
		w.give("demo", -18_000*won)
		w.drain()
		if got := len(w.box.got()); got != 4 {
			t.Errorf("below the second level: %d mails, want 4", got)
		}
		if w.waiting() != 0 || w.counted("low", sent) != 4 {
			t.Errorf("%d jobs wait, %v counted", w.waiting(), w.counted("low", sent))
		}
	})
}

func TestASiteIsToldOfItsTopicsAndAnotherIsToldNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set("demo", Change{Emails: []string{"owner@shop.example"}, Topics: []string{"expiring"}, Language: ptr("en")})
		w.set("other", Change{Emails: []string{}})
		for _, site := range []string{"demo", "other"} {
			w.low(site)
			w.happens(site, "credit.expiring", "", map[string]any{"amount": 3_000 * won, "expires_at": "2026-11-29T15:00:00Z", "days": 7, "lot": 3, "kind": "bonus"})
			w.happens(site, "payment.paid", "pay_1", map[string]any{"amount": 3_000 * won})
		}
		w.drain()
		w.tells("owner@shop.example: [우리 가게] 3,000 won expire within 7 days")
		if w.waiting() != 0 {
			t.Errorf("%d jobs wait", w.waiting())
		}
	})
}

func TestASiteThatOwesIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set("demo", emails("owner@shop.example"))
		var lot int64
		w.do(func(tx *db.Tx) error {
			e, err := w.ledger.Add(tx, credit.TopUp{Site: "demo", Kind: credit.Payment, Amount: 50_000 * won, Ref: "pay_1", Key: "pay_1"})
			lot = e.Seq
			return err
		})
		w.give("demo", -30_000*won)
		w.do(func(tx *db.Tx) error {
			_, err := w.ledger.TakeBack(tx, credit.PaymentBack{Site: "demo", Lot: lot, Amount: 50_000 * won, Ref: "pay_1", Gone: true})
			return err
		})
		w.drain()
		w.tells("owner@shop.example: [우리 가게] 미납금 30,000원이 있어 발송이 멈췄습니다", "operator@credit.example: [운영] demo에 미납금 30,000원이 생겼습니다")
	})
}

func TestTheOperatorIsToldWhatConcernsHim(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.happens("demo", "payment.strange", "pay_1", map[string]any{"payment_id": "pay_1", "gateway": "toss", "total": 11_000 * won, "what": "another amount was taken: 10000.00"})
	w.happens("operator", "payments.differ", "toss", map[string]any{"gateway": "toss", "day": "2026-11-21", "differences": 3, "kinds": map[string]int{"not_ours": 1, "other_amount": 2}})
	w.happens("demo", "recharge.disabled", "pay_2", map[string]any{"declines": 3, "payment_id": "pay_2", "reason": "card_declined"})
	w.happens("demo", "payment.failed", "pay_3", map[string]any{"payment_id": "pay_3", "gateway": "toss", "amount": 1_000 * won, "total": 1_100 * won, "reason": map[string]any{"code": "bad_credentials"}})
	w.drain()
	w.tells(
		"operator@credit.example: [운영] 결제 업체의 답과 맞지 않는 결제가 있습니다: pay_1",
		"operator@credit.example: [운영] 2026-11-21 toss 결제 내역이 3건 다릅니다",
		"operator@credit.example: [운영] demo의 자동 충전이 꺼졌습니다",
		"operator@credit.example: [운영] toss 결제가 운영자의 문제로 실패했습니다")
}

func TestAPaymentIsCalledUnknownOnlyIfItStillIsAfterAWhile(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.set("demo", emails("owner@shop.example"))
	var paid billing.Payment
	w.do(func(tx *db.Tx) (err error) {
		paid, _, err = w.billing.Record(tx, billing.Recording{Site: "demo", Amount: 1_000 * won, Note: "cash"})
		return err
	})
	w.happens("demo", "payment.unknown", paid.ID.Text(id.Payment), map[string]any{"amount": 1_000 * won})
	w.drain()
	if w.waiting() != 1 {
		t.Errorf("%d jobs wait, want the one of the unknown payment", w.waiting())
	}
	w.pass(settles, settles)
	w.tells()
	if w.waiting() != 0 {
		t.Errorf("%d jobs wait", w.waiting())
	}
}

func TestAServerThatIsDownDelaysAlertsAndLosesNone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set("demo", emails("owner@shop.example"))
		w.box.behave(saying("HELLO", "421 4.3.2 down"))
		w.low("demo")
		w.drain()
		w.pass(48*time.Hour, 20*time.Minute)
		w.tells()
		if tries := w.counted("low", delayed); tries < 40 || tries > 80 {
			t.Errorf("%v tries in two days", tries)
		}
		w.box.behave(nil)
		w.pass(2*time.Hour, 20*time.Minute)
		if got := w.told(); len(got) != 1 || w.waiting() != 0 {
			t.Errorf("told %q, %d jobs wait", got, w.waiting())
		}
		if date, err := w.box.got()[0].header(t).Date(); err != nil || !date.Equal(noon) {
			t.Errorf("dated %v, %v, want when it happened", date, err)
		}
	})
}

func TestAnAlertIsGivenUpAfterDaysWithALineInTheLog(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.set("demo", emails("owner@shop.example"))
	w.box.behave(saying("RCPT", "554 5.7.1 <owner@shop.example> relay denied"))
	w.low("demo")
	w.drain()
	w.pass(triedFor+longestSlow, time.Hour)
	if w.waiting() != 0 || w.counted("low", givenUp) != 1 || len(w.box.got()) != 0 {
		t.Errorf("%d jobs wait, %v given up", w.waiting(), w.counted("low", givenUp))
	}
	if tries := w.counted("low", delayed); tries < 3 || tries > 10 {
		t.Errorf("%v tries of what somebody has to mend", tries)
	}
	log := w.log.String()
	if !strings.Contains(log, "alert given up after days") || !strings.Contains(log, "smtp 554 5.7.1 at its recipient") {
		t.Errorf("log:\n%s", log)
	}
	if strings.Contains(log, "owner@") || strings.Contains(log, "우리") {
		t.Errorf("the log names somebody:\n%s", log)
	}
}

func TestAContactThatDoesNotExistIsNotTriedAgain(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.set("demo", emails("gone@shop.example"))
	w.box.behave(saying("RCPT", "550 5.1.1 unknown"))
	w.low("demo")
	w.drain()
	if w.waiting() != 0 || w.counted("low", refused) != 1 {
		t.Errorf("%d jobs wait, %v refused", w.waiting(), w.counted("low", refused))
	}
}

func TestAContactThatIsTakenOutMeanwhileIsToldNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.set("demo", emails("old@shop.example", "owner@shop.example"))
	w.box.behave(saying("HELLO", "421 4.3.2 down"))
	w.low("demo")
	w.drain()
	w.box.behave(nil)
	w.set("demo", emails("owner@shop.example"))
	w.pass(time.Minute, time.Minute)
	w.tells("owner@shop.example: [우리 가게] 사용 가능한 잔액이 20,000원보다 적습니다")
	if w.counted("low", dropped) != 1 {
		t.Errorf("%v dropped", w.counted("low", dropped))
	}
}

func TestAMailThatIsSentAgainHasTheSameIdAndNoTwoOthersHave(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.set("demo", emails("a@shop.example", "b@shop.example"))
	w.box.behave(saying("TAKEN", cutNow)) // taken, and the answer is lost
	w.low("demo")
	w.drain()
	w.box.behave(nil)
	w.pass(time.Minute, time.Minute)
	ids := map[string][]string{}
	for _, m := range w.box.got() {
		ids[m.to] = append(ids[m.to], m.header(t).Get("Message-Id"))
	}
	a, b := ids["a@shop.example"], ids["b@shop.example"]
	if len(a) != 2 || len(b) != 2 || a[0] != a[1] || b[0] != b[1] || a[0] == b[0] || !strings.HasSuffix(a[0], "@credit.example>") {
		t.Errorf("ids: %q", ids)
	}
}

func TestARepeatedRunAfterACrashSendsAtMostTheSameMailAgain(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.set("demo", emails("a@shop.example"))
	w.low("demo")
	for _, k := range w.s.Works() { // the mail is sent, and nobody writes it down
		jobs, err := w.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, k.Max)
		w.must(err)
		if k.Kind != kindMail {
			if len(jobs) > 0 {
				w.must(k.Handle(context.Background(), jobs))
			}
			continue
		}
		e, err := w.s.read(context.Background(), jobs[0])
		w.must(err)
		m, err := w.s.compose(e)
		w.must(err)
		if r := w.s.post(context.Background(), m); r.outcome != sent {
			t.Fatalf("got %+v", r)
		}
	}
	w.pass(3*time.Minute, time.Minute)
	got := w.box.got()
	if len(got) != 2 || got[0].header(t).Get("Message-Id") != got[1].header(t).Get("Message-Id") || w.waiting() != 0 {
		t.Errorf("%d mails, %d jobs wait", len(got), w.waiting())
	}
}

func TestAHundredEventsArriveThoughAServerFailsAtRandomForTwoDays(t *testing.T) {
	seed := rand.Uint64()
	w := newWorld(t, "sqlite")
	w.set("demo", emails("owner@shop.example"))
	chance := rand.New(rand.NewPCG(seed, 1))
	died := 0
	w.box.behave(func(verb string) string { // under the lock of the box
		switch {
		case verb == "EHLO" || chance.IntN(100) >= 12:
			return ""
		case verb == "TAKEN":
			died++
			return cutNow
		case verb == "MIDDLE":
			return cutNow
		}
		return []string{"451 4.3.0 later", "554 5.7.1 policy", cutNow}[chance.IntN(3)]
	})
	for n := range 100 {
		w.happens("demo", "credit.low", "", map[string]any{"level": money.Amount(n+1) * won, "available": money.Amount(0)})
	}
	w.drain()
	w.pass(48*time.Hour, time.Hour)
	w.box.behave(nil)
	w.pass(longestSlow, time.Hour) // whoever failed last has a try in this time
	if w.waiting() != 0 {
		t.Fatalf("seed %d: %d jobs wait", seed, w.waiting())
	}
	times := map[string]int{}
	for _, m := range w.box.got() {
		times[m.header(t).Get("Message-Id")]++
	}
	if more := len(w.box.got()) - 100; len(times) != 100 || more > died {
		t.Errorf("seed %d: %d alerts in %d mails, though only %d connections died after the mail was taken", seed, len(times), len(w.box.got()), died)
	}
}

func TestTheOperatorsSitePaysForTextsAndTheTenantDoesNot(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.give("demo", 100*won)
		w.set("demo", Change{Mobile: ptr("010-1234-5678")})
		before := w.account("demo")
		w.low("demo")
		w.drain()
		if after := w.account("demo"); after != before {
			t.Errorf("the tenant's account moved: %+v, before %+v", after, before)
		}
		if ops := w.account("ops"); ops.Held != 18*won || ops.Available != 982*won {
			t.Errorf("the operator's site: %+v", ops)
		}
		if w.waiting() != 0 || w.counted("low", sent) != 1 || len(w.box.got()) != 0 {
			t.Errorf("%d jobs wait, %v sent, %d mails", w.waiting(), w.counted("low", sent), len(w.box.got()))
		}
	})
}

func TestATextIsSentOnceHoweverOftenItsJobRuns(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set("demo", Change{Mobile: ptr("01012345678")})
		w.low("demo")
		for range 3 { // each run dies before it writes down what it did
			for _, k := range w.s.Works() {
				jobs, err := w.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, k.Max)
				w.must(err)
				for _, j := range jobs {
					if k.Kind != kindText {
						w.must(k.Handle(context.Background(), jobs))
						continue
					}
					e, err := w.s.read(context.Background(), j)
					w.must(err)
					if r, err := w.s.send(context.Background(), j, e); err != nil || r.outcome != sent {
						t.Fatalf("got %+v, %v", r, err)
					}
				}
			}
			w.forward(2 * time.Minute)
		}
		w.drain()
		if ops := w.account("ops"); ops.Held != 18*won || w.waiting() != 0 {
			t.Errorf("held %s, %d jobs wait", ops.Held, w.waiting())
		}
	})
}

func TestATextWaitsForThePurseOfTheOperator(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.give("ops", -1_000*won)
	w.set("demo", Change{Mobile: ptr("01012345678")})
	w.low("demo")
	w.drain()
	if w.waiting() != 1 || !strings.Contains(w.log.String(), "insufficient_credit of alerts.site") {
		t.Errorf("%d jobs wait; log:\n%s", w.waiting(), w.log)
	}
	w.give("ops", 100*won)
	w.pass(2*time.Hour, time.Hour)
	if ops := w.account("ops"); ops.Held != 18*won || w.waiting() != 0 {
		t.Errorf("held %s, %d jobs wait", ops.Held, w.waiting())
	}
	if strings.Contains(w.log.String(), "1234") {
		t.Errorf("the log has a number:\n%s", w.log)
	}
}

func TestNoEventIsPassedOverWhileOthersAppendAndTwoWorkersRun(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set("demo", emails("owner@shop.example"))
		seed := rand.Uint64()
		const writers, rounds = 4, 12
		var mu sync.Mutex
		want := map[string]bool{}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 2)
		for range 2 { // two processes: what one puts does not wake the other
			q := queue.New(w.d, queue.Options{Idle: 10 * time.Millisecond})
			s, err := New(w.d, w.keys, q, w.messages, w.billing, Options{SMTP: w.box.options()})
			w.must(err)
			go func() { ended <- q.Run(ctx, s.Works()...) }()
		}
		var writing sync.WaitGroup
		for n := range writers {
			chance := rand.New(rand.NewPCG(seed, uint64(n)))
			writing.Go(func() {
				for range rounds {
					fails, ours := chance.IntN(4) == 0, []string{}
					err := w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
						ours = ours[:0]
						for range 1 + chance.IntN(3) {
							name := fmt.Sprintf("%d", chance.Uint64())
							ours = append(ours, name)
							e := event.Event{Site: "demo", Type: "payment.failed", Ref: name, Data: []byte(`{"payment_id":"` + name + `","auto":true}`)}
							if err := credit.Announce(tx, w.queue, e); err != nil {
								return err
							}
						}
						if fails {
							return context.DeadlineExceeded
						}
						return nil
					})
					if fails != (err != nil) {
						t.Errorf("seed %d: %v", seed, err)
					}
					mu.Lock()
					for _, name := range ours {
						want[name] = !fails
					}
					mu.Unlock()
				}
			})
		}
		writing.Wait()
		total := 0
		for _, committed := range want {
			if committed {
				total++
			}
		}
		for range total {
			<-w.box.came
		}
		stop()
		w.must(<-ended)
		w.must(<-ended)
		got := map[string]int{}
		for _, m := range w.box.got() {
			_, rest, _ := strings.Cut(bodies(t, m.text)["text/plain"], "결제 번호: ")
			name, _, _ := strings.Cut(rest, "\n")
			got[strings.TrimSpace(name)]++
		}
		for name, committed := range want {
			if n := got[name]; committed != (n == 1) || n > 1 {
				t.Errorf("seed %d: event %s, committed %v, was told %d times", seed, name, committed, n)
			}
		}
	})
}

func TestEveryReasonOfAPaymentIsToldOrIsThePayersOwnDoing(t *testing.T) {
	for code, want := range map[payment.Reason][2]string{
		payment.CardDeclined: {"failed", ""}, payment.PayerLeft: {}, payment.AccountLapsed: {}, payment.BadCredentials: {"failed", "operator_failed"}, "": {"failed", ""},
	} {
		for _, kind := range []string{"payment.declined", "payment.failed"} {
			n, err := noticeOf(event.Event{Type: kind, Data: fmt.Appendf(nil, `{"cancelled":"0.00","reason":{"code":%q}}`, code)})
			if err != nil || n.site != want[0] || n.operator != want[1] {
				t.Errorf("%s %q: got %+v, %v", kind, code, n, err)
			}
		}
	}
	n, err := noticeOf(event.Event{Type: "recharge.stopped", Data: []byte(`{"reason":"no_card","available":"1.00"}`)})
	if err != nil || n.site != "stopped_no_card" || n.topic != PaymentFailed || n.facts.Available != won {
		t.Errorf("got %+v, %v", n, err)
	}
	for kind := range judges {
		if n, err := noticeOf(event.Event{Type: kind, Data: []byte(`{"owed":"1.00","notify":"all"}`)}); err != nil || n.site == "" && n.operator == "" || n.site != "" && !slices.Contains(Topics, n.topic) {
			t.Errorf("%s: got %+v, %v", kind, n, err)
		}
	}
}
