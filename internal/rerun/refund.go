package rerun

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
)

// refundRows bounds the legs that one transaction gives back.
const refundRows = 50

// refundSome gives back the next legs that were charged and had failed. more tells that there
// are some left; without any the run is done.
func (s *Service) refundSome(ctx context.Context, d id.ID) (more bool, err error) {
	return more, s.d.Update(ctx, "rerun_refund", func(tx *db.Tx) error {
		more = false
		v, err := lock(tx, d.Text(id.Rerun))
		if err != nil || v.State != Applying {
			return err
		}
		list, last, goesOn, err := Differences(tx, v.ID, Narrow{Kind: ChargedButFailed}, v.refunded, refundRows)
		if err != nil {
			return err
		}
		if more = goesOn; !more {
			v.State, v.appliedAt = Done, tx.Now
		}
		v.refunded = last
		m := &moving{Service: s, tx: tx, run: &v, people: map[message.Place]message.Recipient{}}
		return m.refund(list)
	})
}

// refund gives legs back: each one once, whoever found it out first.
func (m *moving) refund(list []Difference) error {
	charged, err := m.stillCharged(list)
	if err != nil {
		return err
	}
	fresh, err := m.claim(charged)
	if err != nil {
		return err
	}
	if err := m.lock(fresh); err != nil {
		return err
	}
	for _, d := range fresh {
		// The report is remembered with the recipient, whose state it cannot move.
		if c := delivery.Decide(m.people[d.ref.Place], d.reading(), m.tx.Now); c.What == message.Late {
			m.people[d.ref.Place] = c.To
			m.w.Changes = append(m.w.Changes, c)
		}
		m.finish(d, Applied)
	}
	if err := m.write(); err != nil {
		return err
	}
	for _, g := range groupsOf(fresh) {
		made, err := delivery.GiveBack(m.tx, m.ledger, delivery.GivingBack{Key: g.Key, Channel: g.channel, Amount: g.sum, Name: fmt.Sprintf("%s:%d", m.run.Name, g.first),
			Reason: fmt.Sprintf("전송 결과 재처리 (%s): 전송 실패로 확인된 %s %d건 환불", m.run.Name, g.channel, g.legs)}, true)
		if err != nil {
			return err
		}
		if made.Amount > 0 {
			m.run.Refunds++
		}
		m.run.GivenBack, m.run.Short = m.run.GivenBack+made.Amount, m.run.Short+g.sum-made.Amount
	}
	return m.run.store(m.tx) // its row is ours since the beginning
}

// stillCharged leaves out legs that do not stand as they were compared. Who was delivered
// stays so, so no lock is needed to see it.
func (m *moving) stillCharged(list []Difference) (out []*Difference, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	_, people, err := m.messages.ReadPlaces(m.tx, pick(list, func(d Difference) message.Place { return d.ref.Place }))
	if err != nil {
		return nil, err
	}
	there := make(map[message.Place]message.Recipient, len(people))
	for _, r := range people {
		there[r.Place] = r
	}
	for i := range list {
		d := &list[i]
		l, was := delivery.LegOf(there[d.ref.Place], d.ref)
		if !was || l.End != delivery.LegCharged || l.Charge != d.Refund {
			d.Became = "as_it_is"
			m.finish(d, Skipped)
			continue
		}
		out = append(out, d)
	}
	return out, nil
}

// returned gives those of the legs, by their keys, that were given back.
func (s *Service) returned(tx *db.Tx, legs []id.ID) (map[id.ID]bool, error) {
	legs = unique(legs)
	gone, err := delivery.Returned(tx, legs)
	if err != nil {
		return nil, err
	}
	invoiced, err := s.o.ByInvoices(tx, legs)
	for d, is := range invoiced {
		gone[d] = gone[d] || is
	}
	return gone, err
}

// claim makes legs this run's to give back, and leaves out those that were given back before.
func (m *moving) claim(list []*Difference) (fresh []*Difference, err error) {
	legs := pick(list, func(d *Difference) id.ID { return d.leg })
	invoiced, err := m.o.ByInvoices(m.tx, legs)
	if err != nil {
		return nil, err
	}
	legs = slices.DeleteFunc(legs, func(d id.ID) bool { return invoiced[d] })
	ours, err := delivery.Return(m.tx, legs, m.run.Name)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if !ours[d.leg] {
			m.finish(d, ReturnedBefore)
			continue
		}
		fresh = append(fresh, d)
	}
	return fresh, nil
}

// group is the legs that one refund gives back: of one message and channel.
type group struct {
	message.Key
	channel string
	first   int64 // number of its first difference
	legs    int64
	sum     money.Amount
}

// groupsOf joins differences, in the order in which accounts are locked.
func groupsOf(list []*Difference) (out []group) {
	for _, d := range list {
		i := slices.IndexFunc(out, func(g group) bool { return g.Key == d.ref.Key && g.channel == d.Channel })
		if i < 0 {
			i = len(out)
			out = append(out, group{Key: d.ref.Key, channel: d.Channel, first: d.N})
		}
		out[i].legs++
		out[i].sum += d.Refund // few prices: no sum of them overflows
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), bytes.Compare(a.ID[:], b.ID[:]), cmp.Compare(a.channel, b.channel))
	})
	return out
}
