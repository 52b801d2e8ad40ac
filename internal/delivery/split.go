package delivery

import (
	"context"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// mixed reports whether a refusal of the whole call may be one message's fault:
// what one site wrote must not fail the people of another.
func (c *call) mixed(r provider.Result) bool {
	keys := c.attempt.messages()
	several := slices.ContainsFunc(keys, func(k message.Key) bool { return k != keys[0] })
	return r.Outcome == provider.Refused && !r.Reason.Operators() && several
}

// split ends a refused call and makes one for each of its messages, so that the
// refusal stays with the message that earned it. Nothing of the call was handed
// over, so nobody is sent twice.
func (s *Service) split(ctx context.Context, c *call, result provider.Result) error {
	var parts []*call
	err := s.d.Update(ctx, "delivery_split", func(tx *db.Tx) error {
		parts = nil
		w := message.Writing{}
		members, err := s.answer(tx, c, result, &w)
		if err != nil {
			return err
		}
		byMessage := map[message.Key]*call{}
		for _, r := range members {
			part, ok := byMessage[r.Key]
			if !ok {
				part = &call{carrier: c.carrier, plan: c.plan, attempt: attempt{ID: id.New(), Provider: c.attempt.Provider, State: planned}}
				byMessage[r.Key] = part
				parts = append(parts, part)
			}
			r.HandedAt = 0
			into := message.Plan(r, part.attempt.ID, c.attempt.Provider)
			part.members = append(part.members, into.To)
			if r.Born() {
				w.Changes = append(w.Changes, into)
			}
		}
		for _, part := range parts {
			part.attempt.Groups, part.attempt.Legs = groupsOf(part.members), len(part.members)
		}
		if err := insertAttempts(tx, pick(parts, func(p *call) attempt { return p.attempt }), s.o.Lease); err != nil {
			return err
		}
		return s.messages.Record(tx, w)
	})
	if err != nil {
		return err
	}
	return s.callAll(ctx, parts)
}
