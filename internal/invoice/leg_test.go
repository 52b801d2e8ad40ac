package invoice

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// someone is a recipient with an Alimtalk and a text behind it, at the beginning.
func someone() message.Recipient {
	return message.Recipient{Place: message.Place{Key: message.Key{Site: "shop", ID: id.New()}, Seq: 3}, Step: 1, Try: 1, State: message.Pending,
		Steps: []message.Step{{Channel: provider.Alimtalk, Price: 90_000}, {Channel: provider.SMS, Price: 180_000}}, FallbackWithin: time.Hour}
}

const now = db.Time(1_800_000_000_000_000)

// handed plans and hands over the present step through an account.
func handed(r message.Recipient, account string) message.Recipient {
	r = message.Plan(r, id.New(), account).To
	r.HandedAt = now
	return message.HandOver(r, now).To
}

// heard is a report on an earlier leg that says delivered.
func heard(r message.Recipient, step, try int) message.Recipient {
	l, _ := r.EarlierLeg(step, try)
	l.Reason, l.Code, l.At = "", "", now
	return message.Earlier(r, l).To
}

func TestALegIsWhatTheHistoryTellsOfIt(t *testing.T) {
	failed := func(r message.Recipient, account string) message.Recipient {
		return message.NextStep(handed(r, account), provider.NotKakaoUser, "3104", now).To
	}
	again := func(r message.Recipient, account string) message.Recipient {
		return message.Again(handed(r, account), provider.ProviderQuota, "2230", now).To
	}
	deliver := func(r message.Recipient) message.Recipient { return message.Deliver(r, now).To }
	late := func(r message.Recipient, reason provider.Reason) message.Recipient {
		return message.Contradict(r, message.Leg{Step: r.Step, Try: r.Try, Provider: r.Provider, Attempt: r.Attempt.String(), Reason: reason, At: now}).To
	}
	type want struct {
		step, try int
		end       End // empty: there was no such leg
		account   string
		won       int64
	}
	for name, tt := range map[string]struct {
		r    message.Recipient
		want []want
	}{
		"not handed over": {someone(), []want{{1, 1, "", "", 0}, {2, 1, "", "", 0}}},
		"under way":       {handed(someone(), "a"), []want{{1, 1, Open, "a", 0}, {1, 2, "", "", 0}, {3, 1, "", "", 0}}},
		"delivered":       {deliver(handed(someone(), "a")), []want{{1, 1, Charged, "a", 9}, {2, 1, "", "", 0}}},
		"failed":          {message.Fail(handed(someone(), "a"), provider.NumberAbsent, "3032", now).To, []want{{1, 1, ReportedNo, "a", 0}}},
		"fell back":       {deliver(handed(failed(someone(), "a"), "b")), []want{{1, 1, ReportedNo, "a", 0}, {2, 1, Charged, "b", 18}}},
		"expired":         {message.Expire(handed(someone(), "a"), now).To, []want{{1, 1, Released, "a", 0}}},
		"expired unsent":  {message.Expire(someone(), now).To, []want{{1, 1, "", "", 0}}},
		"tried again":     {deliver(handed(again(someone(), "a"), "b")), []want{{1, 1, ReportedNo, "a", 0}, {1, 2, Charged, "b", 9}}},
		"late":            {late(message.Expire(handed(someone(), "a"), now).To, ""), []want{{1, 1, Late, "a", 0}}},
		"late failure":    {late(message.Expire(handed(someone(), "a"), now).To, provider.NumberAbsent), []want{{1, 1, Released, "a", 0}}},
		"both arrived":    {deliver(heard(handed(failed(someone(), "a"), "b"), 1, 1)), []want{{1, 1, Late, "a", 0}, {2, 1, Charged, "b", 18}}},
		"only the earlier arrived": {message.Fail(heard(handed(failed(someone(), "a"), "b"), 1, 1), provider.NumberAbsent, "3032", now).To,
			[]want{{1, 1, Charged, "a", 9}, {2, 1, ReportedNo, "b", 0}}},
		"the earlier arrived, the later was given up": {message.Expire(heard(handed(failed(someone(), "a"), "b"), 1, 1), now).To,
			[]want{{1, 1, Charged, "a", 9}, {2, 1, Released, "b", 0}}},
		"the first of two tries arrived": {message.Fail(heard(handed(again(someone(), "a"), "b"), 1, 1), provider.NumberAbsent, "3032", now).To,
			[]want{{1, 1, Charged, "a", 9}, {1, 2, Released, "", 0}}},
		"both tries arrived": {deliver(heard(handed(again(someone(), "a"), "b"), 1, 1)), []want{{1, 1, Late, "a", 0}, {1, 2, Charged, "b", 9}}},
	} {
		for _, w := range tt.want {
			l, ok := delivery.LegOf(tt.r, delivery.Reference{Place: tt.r.Place, Step: w.step, Try: w.try})
			if ok != (w.end != "") || ok && (l.End != w.end || l.Account != w.account || int64(l.Charge) != w.won*10_000) {
				t.Errorf("%s: leg %d.%d is %s of %s for %s (found %v), want %s of %s for %d won", name, w.step, w.try, l.End, l.Account, l.Charge, ok, w.end, w.account, w.won)
			}
		}
	}
}
