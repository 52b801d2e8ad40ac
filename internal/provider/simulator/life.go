package simulator

import (
	"net/http"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// The life of a message after registration: handOver → atCarrier → settle. All
// functions here run under the lock.

// handOver sends what a group holds, for which its account pays at once. From
// here on its legs count as taken.
func (s *Simulator) handOver(g *group, now time.Time, counts bool) error {
	n, cost := 0, money.Amount(0)
	for _, m := range g.messages {
		if m.code == codeRegistered {
			n++
			cost += g.prices[m.kind]
		}
	}
	a := g.account
	switch {
	case n == 0:
		return invalid("발송할 메시지가 없습니다.")
	case a.balance < cost && !g.vendor.postPaid:
		return refuse(http.StatusPaymentRequired, "NotEnoughBalance", "잔액이 부족합니다.")
	case counts && !a.within(n, now):
		g.fail(now, codeNotSent, "일일 발송량을 초과하였습니다.")
		return nil
	}
	a.balance -= cost
	g.paid.requested += cost
	g.seen = nil
	g.status, g.sent = sending, now
	g.note(now, "메시지 그룹을 발송합니다.")
	g.open += n
	g.count.SentTotal += n
	g.count.SentPending += n
	for _, m := range g.messages {
		if m.code != codeRegistered {
			continue
		}
		s.legs = append(s.legs, leg{m, now.UnixMilli()})
		m.twist = s.twistOf(m.to)
		if m.outcome().early {
			s.hasten(m, now)
		}
	}
	s.after(now, s.scenario.AcceptDelay, event{do: s.carry(g.messages)})
	return nil
}

// within counts n messages against the day's quota, if they fit.
func (a *account) within(n int, now time.Time) bool {
	if day := korea.Day(now); day != a.day {
		a.day, a.today = day, 0
	}
	if a.DailyQuota > 0 && a.today+n > a.DailyQuota {
		return false
	}
	a.today += n
	return true
}

// carry brings messages to the carrier, a burst at a time.
func (s *Simulator) carry(messages []*message) func(*Simulator, *message, time.Time) {
	return func(s *Simulator, _ *message, now time.Time) {
		n := min(burst, len(messages))
		for _, m := range messages[:n] {
			if m.code == codeRegistered {
				s.atCarrier(m, now)
			}
		}
		if n < len(messages) {
			s.after(now, 0, event{do: s.carry(messages[n:])})
		}
	}
}

// atCarrier hands one message to the carrier and plans its report.
func (s *Simulator) atCarrier(m *message, now time.Time) {
	o := m.outcome()
	code, _ := m.verdict(o)
	if code == codeRegistered {
		return
	}
	if code >= codeCarrier {
		m.code, m.processed = codeCarrier, now.UnixMilli()
	}
	if code != codeCarrier {
		wait := s.wait(m, 0)
		if m.twist.behind {
			wait += s.holdBack()
		}
		if o.late || m.twist.late {
			wait += s.options.Late
		}
		s.after(now, wait, event{(*Simulator).arrive, m})
	}
}

// arrive is the moment of a delivery report.
func (s *Simulator) arrive(m *message, now time.Time) {
	o := m.outcome()
	code, raw := m.verdict(o)
	s.settle(m, code, raw, now)
	s.report(m, now)
	if o.twice || m.twist.twice {
		s.after(now, s.wait(m, 1), event{(*Simulator).report, m})
	}
}

// settle makes code final: counts, refund, fail-over, end of the group.
func (s *Simulator) settle(m *message, code, raw uint16, now time.Time) {
	g := m.group
	m.code, m.raw, m.reported = code, raw, now.UnixMilli()
	g.count.SentPending--
	g.open--
	if code == codeDelivered {
		m.flags |= reached
		g.count.SentSuccess++
		s.contradictLater(m, now)
	} else {
		m.flags |= missed
		g.count.SentFailed++
		s.refund(m)
		s.failOver(m, now)
		if m.outcome().contrary && m.kind.kakao() {
			s.contrary[m.to] = append(s.contrary[m.to], m)
		}
	}
	if g.open == 0 {
		g.status, g.completed = complete, now
		g.note(now, "메시지 그룹 발송이 완료되었습니다.")
		s.reportGroup(g)
	}
}

// refund gives back what m cost.
func (s *Simulator) refund(m *message) {
	g := m.group
	g.account.balance += g.prices[m.kind]
	g.paid.refund += g.prices[m.kind]
	g.count.Refund++
}

// failOver sends the vendor's own replacement of a failed Kakao message, unless
// the customer turned that off: its next replacement, or the text as SMS or LMS.
func (s *Simulator) failOver(m *message, now time.Time) {
	d, ok := m.next()
	g := m.group
	if !ok || g.account.balance < g.prices[d.kind] {
		return
	}
	g.account.balance -= g.prices[d.kind]
	g.paid.replacement += g.prices[d.kind]
	g.count.SentReplacement++
	g.count.SentTotal++
	g.count.SentPending++
	g.open++
	again := s.messages.add(message{group: g, kakao: d.kakao, extra: d.extra, text: d.text, subject: d.subject, from: d.from,
		fields: m.fields, to: m.to, created: now.UnixMilli(), kind: d.kind, code: codeRegistered, flags: replacement, twist: s.twistOf(m.to)})
	g.messages = append(g.messages, again)
	s.legs = append(s.legs, leg{again, now.UnixMilli()})
	s.after(now, s.scenario.AcceptDelay, event{do: (*Simulator).atCarrier, msg: again})
}

// next is the replacement of a message that failed.
func (m *message) next() (draft, bool) {
	switch {
	case m.extra != nil && len(m.extra.replacements) > 0:
		d := m.extra.replacements[0]
		if rest := m.extra.replacements[1:]; len(rest) > 0 {
			d.extra = &extraPart{replacements: rest}
		}
		return d, true
	case !m.kind.kakao() || m.kakao.disableSMS || m.from == "" || m.has(replacement):
		return draft{}, false
	}
	d := draft{kind: sms, from: m.from, text: m.text}
	if m.extra != nil && m.extra.replacementText != "" {
		d.text = m.extra.replacementText
	}
	if carried(d.text) > korea.SMSBytes {
		d.kind = lms
	}
	return d, true
}

// contradictLater plans the report that an Alimtalk to the same number was
// delivered after all, once a text was.
func (s *Simulator) contradictLater(m *message, now time.Time) {
	if m.kind.kakao() || len(s.contrary[m.to]) == 0 {
		return
	}
	for _, earlier := range s.contrary[m.to] {
		s.after(now, s.wait(earlier, 1)+tickLength, event{(*Simulator).contradict, earlier})
	}
	delete(s.contrary, m.to)
}

// contradict reports a failed message as delivered and takes its price again. The
// handset still did not get it: the report is wrong.
func (s *Simulator) contradict(m *message, now time.Time) {
	g := m.group
	m.code, m.raw, m.reported = codeDelivered, 0, now.UnixMilli()
	g.count.SentFailed--
	g.count.SentSuccess++
	g.count.Refund--
	g.account.balance -= g.prices[m.kind]
	g.paid.refund -= g.prices[m.kind]
	s.report(m, now)
}

// schedule plans the hand-over of a group; what is past is sent now.
func (s *Simulator) schedule(g *group, due, now time.Time) error {
	if !due.After(now) {
		return s.handOverAsked(g, now, true)
	}
	if g.count.RegisteredSuccess == 0 {
		return invalid("발송할 메시지가 없습니다.")
	}
	g.status, g.scheduled = scheduled, due
	g.note(now, "메시지 그룹이 예약되었습니다.")
	s.after(now, due.Sub(now), event{do: func(s *Simulator, _ *message, now time.Time) {
		if g.status != scheduled || !g.scheduled.Equal(due) {
			return
		}
		err := s.handOver(g, now, true)
		g.early = nil // nobody waits for a reply
		if err != nil {
			g.fail(now, codeNoMoney, "잔액이 부족하여 발송하지 못했습니다.")
			s.reportUnpaid(g, now)
		}
	}})
	return nil
}

// reportUnpaid reports every message of a group that could not be paid.
func (s *Simulator) reportUnpaid(g *group, now time.Time) {
	for _, m := range g.messages {
		if m.code == codeNoMoney {
			m.reported = now.UnixMilli()
			s.report(m, now)
		}
	}
	s.reportGroup(g)
}
