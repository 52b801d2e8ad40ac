package billing

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"

	"pgregory.net/rapid"
)

func at(after time.Duration) db.Time { return db.At(noon.Add(after)) }

// judged is what a gateway's word makes of a payment in a state.
func judged(s State, m payment.Method, r payment.Result, change ...func(*row)) verdict {
	p := &row{Payment: Payment{State: s, Method: m, Amount: 10_000 * won, VAT: 1_000 * won, Total: 11_000 * won, CreatedAt: at(0)}}
	if s != Created {
		p.postedAt = at(0)
	}
	for _, c := range change {
		c(p)
	}
	return p.judge(r, at(time.Minute), returns{})
}

func TestOnlyTheWholeAmountBecomesCredit(t *testing.T) {
	for _, s := range []State{Created, Requesting, Unknown, WaitingForDeposit, Declined, Failed} {
		for amount, credit := range map[money.Amount]bool{11_000 * won: true, 10_999 * won: false, 110_000 * won: false, 0: false} {
			v := judged(s, payment.Card, payment.Result{State: payment.Paid, Amount: amount})
			if v.Credit != credit || (v.State == Paid) != credit || (v.Strange == "") != credit {
				t.Errorf("%s, %s taken: got %+v", s, amount, v)
			}
		}
	}
}

func TestWhatIsCreditedIsNotCreditedAgain(t *testing.T) {
	for _, s := range []State{Paid, PartiallyCancelled, Cancelled} {
		if v := judged(s, payment.Card, payment.Result{State: payment.Paid, Amount: 11_000 * won}); v.Credit || v.State != s || v.Gone != 0 {
			t.Errorf("%s: got %+v", s, v)
		}
	}
}

func TestNoWordButABanksUndoesWhatWasPaid(t *testing.T) {
	for _, word := range []payment.State{payment.Unknown, payment.Open, payment.Waiting, payment.Declined, payment.Failed, payment.Absent} {
		v := judged(Paid, payment.Card, payment.Result{State: word})
		if v.State != Paid || v.Back || v.Credit || (v.Strange == "") != (word == payment.Unknown) {
			t.Errorf("a card, %s: got %+v", word, v)
		}
		v = judged(Paid, payment.VirtualAccount, payment.Result{State: word})
		if v.Back != (word == payment.Waiting) {
			t.Errorf("an account, %s: got %+v", word, v)
		}
	}
}

func TestAbsenceProvesNothingUntilTenMinutesAfterTheRequest(t *testing.T) {
	p := &row{Payment: Payment{State: Requesting, Method: payment.Stored, CreatedAt: at(0)}, postedAt: at(0)}
	now, absents := time.Duration(0), 0
	for p.State.Open() && now < time.Hour {
		v := p.judge(payment.Result{State: payment.Absent}, at(now), returns{})
		p.keep(payment.Result{State: payment.Absent}, v, at(now))
		if now >= provenAfter {
			absents++
		}
		if p.State == Failed {
			break
		}
		now += v.Next
	}
	if p.State != Failed || absents != 2 || p.Reason != payment.GatewayFailure {
		t.Errorf("after %s: got %+v with %d absences", now, p, absents)
	}
}

func TestWhatCameBackIsCountedOnce(t *testing.T) {
	word := payment.Result{State: payment.PartlyCancelled, Amount: 11_000 * won, Cancelled: 5_500 * won}
	for name, c := range map[string]struct {
		returned money.Amount
		ours     returns
		gone     money.Amount
	}{
		"unknown to us":                {0, returns{}, 5_500 * won},
		"known":                        {5_500 * won, returns{}, 0},
		"known in part":                {3_300 * won, returns{}, 2_200 * won},
		"our own, under way":           {0, returns{underWay: 5_500 * won}, 0},
		"our own and more":             {0, returns{underWay: 1_100 * won}, 4_400 * won},
		"not yet our own":              {5_500 * won, returns{underWay: 2_200 * won}, 0},
		"by hand, so it knows nothing": {5_500 * won, returns{byHand: 5_500 * won}, 5_500 * won},
		"by hand and known":            {7_700 * won, returns{byHand: 2_200 * won}, 0},
	} {
		p := &row{Payment: Payment{State: Paid, Method: payment.Card, Amount: 10_000 * won, Total: 11_000 * won, Returned: c.returned}}
		if v := p.judge(word, at(0), c.ours); v.Gone != c.gone {
			t.Errorf("%s: got %+v", name, v)
		}
	}
}

// TestNoSequenceOfWordsCreditsTwice lets a gateway say anything in any order.
func TestNoSequenceOfWordsCreditsTwice(t *testing.T) {
	words := []payment.State{payment.Unknown, payment.Open, payment.Waiting, payment.Paid, payment.Declined, payment.Failed, payment.Absent, payment.PartlyCancelled, payment.Cancelled}
	rapid.Check(t, func(rt *rapid.T) {
		method := rapid.SampledFrom([]payment.Method{payment.Card, payment.Stored, payment.VirtualAccount, payment.Transfer}).Draw(rt, "method")
		p := &row{Payment: Payment{State: Created, Method: method, Amount: 10_000 * won, VAT: 1_000 * won, Total: 11_000 * won, CreatedAt: at(0)}}
		now, credited, back := time.Duration(0), 0, 0
		for range rapid.IntRange(1, 20).Draw(rt, "words") {
			now += time.Duration(rapid.IntRange(0, 40_000).Draw(rt, "seconds")) * time.Second
			if p.State == Created && p.postedAt == 0 && rapid.Bool().Draw(rt, "post") {
				p.State, p.postedAt = Requesting, at(now)
			}
			r := payment.Result{State: rapid.SampledFrom(words).Draw(rt, "word"), Amount: rapid.SampledFrom([]money.Amount{11_000 * won, 11_000 * won, 1_000 * won}).Draw(rt, "amount")}
			switch r.State {
			case payment.Cancelled:
				r.Cancelled = r.Amount
			case payment.PartlyCancelled:
				r.Cancelled = r.Amount / 2
			}
			was := p.State
			v := p.judge(r, at(now), returns{})
			p.keep(r, v, at(now))
			if v.Gone > 0 {
				p.returnedNow(p.creditOf(v.Gone), v.Gone)
			}
			switch {
			case v.Credit:
				credited++
				if was.Credited() {
					rt.Fatalf("%s is credited again", was)
				}
			case v.Back:
				back++
				p.Cancelled, p.Returned = 0, 0
			}
			if credited-back > 1 || credited < back || p.State.Credited() != (credited > back) {
				rt.Fatalf("%s after %d credits and %d reversals", p.State, credited, back)
			}
			if p.Cancelled > p.Amount || p.Returned > p.Total {
				rt.Fatalf("%s of %s and %s of %s given back", p.Cancelled, p.Amount, p.Returned, p.Total)
			}
			if v.Next < 0 || p.State.Open() && v.Next == 0 && p.State != WaitingForDeposit {
				rt.Fatalf("%s, and nobody asks again: %+v", p.State, v)
			}
		}
	})
}
