package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// TraceLine is one thing that happened to a recipient: a decision, an attempt, a
// report or an entry.
type TraceLine struct {
	At       db.Time
	What     string // accepted, planned, called, sent, delivered, failed, …; entry:reserve, entry:settle, …
	Step     int    // 0 = of the whole message
	Try      int
	Channel  string
	Provider string
	Attempt  string // att_…
	Reason   string
	Code     string
	Detail   string
	Amount   *money.Amount
}

// maxTraced bounds the people of one trace: a message that allows duplicates may
// hold a number many times.
const maxTraced = 20

// Trace tells the story of everyone with this number in a message, in order of
// time: what was decided, each provider call, each report, and the entries of
// the message, all as of one moment. Nobody with the number is NotFound.
func (s *Service) Trace(ctx context.Context, key message.Key, to korea.Number) (lines []TraceLine, err error) {
	err = s.d.Snapshot(ctx, "delivery_trace", func(tx *db.Tx) error {
		lines = nil
		m, err := message.Find(tx, key)
		if err != nil {
			return err
		}
		people, _, _, err := s.messages.Recipients(tx, m, message.Filter{To: to, Limit: maxTraced})
		if err != nil {
			return err
		}
		if len(people) == 0 {
			return fault.New(fault.NotFound, fault.CodeNotFound, "message %s has no accepted recipient with this number", key.ID.Text(id.Message))
		}
		for _, p := range people {
			told, err := s.tell(tx, m, p)
			if err != nil {
				return err
			}
			lines = append(lines, told...)
		}
		moves, err := s.messages.Movements(tx, key)
		for _, e := range moves {
			lines = append(lines, TraceLine{At: e.At, What: "entry:" + string(e.Kind), Amount: &e.Amount, Detail: fmt.Sprintf("entry %d of the ledger, for the whole message", e.Seq)})
		}
		return err
	})
	slices.SortStableFunc(lines, func(a, b TraceLine) int { return cmp.Compare(a.At, b.At) })
	return lines, err
}

// tell is the story of one recipient without the entries.
func (s *Service) tell(tx *db.Tx, m *message.Message, p message.Shown) ([]TraceLine, error) {
	hold := p.Hold()
	lines := []TraceLine{{At: m.CreatedAt, What: "accepted", Amount: &hold, Detail: fmt.Sprintf("accepted recipient %d: %s", p.Seq, way(p.Steps, m.Classes[p.Class].OffKakao))}}
	if m.ScheduledAt > 0 {
		lines = append(lines, TraceLine{At: m.ScheduledAt, What: "due"})
	}
	for _, l := range p.History {
		lines = append(lines, pastLeg(p.Recipient, l)...)
	}
	if !p.Born() {
		if p.State.Final() {
			lines = append(lines, TraceLine{At: max(m.DoneAt, m.CreatedAt), What: string(p.State), Step: p.Step})
		}
		return lines, nil
	}
	lines = append(lines, presentLeg(p.Recipient)...)
	return s.withCalls(tx, p.Recipient, lines)
}

func way(steps []message.Step, offKakao bool) string {
	var parts []string
	for _, s := range steps {
		parts = append(parts, fmt.Sprintf("%s %s", s.Channel, s.Price))
	}
	text := strings.Join(parts, ", then ")
	if offKakao {
		text += "; the number was reported not to be a Kakao user within the 30 days before"
	}
	return text
}

// pastLeg tells of a step that is over, or of a report that came too late.
func pastLeg(r message.Recipient, l message.Leg) []TraceLine {
	line := TraceLine{Step: l.Step, Try: l.Try, Provider: l.Provider, Attempt: l.Attempt, Channel: channelOf(r, l.Step)}
	var out []TraceLine
	add := func(at db.Time, what, detail string) {
		if at != 0 {
			one := line
			one.At, one.What, one.Detail = at, what, detail
			out = append(out, one)
		}
	}
	switch l.What {
	case message.LegDelivered:
		add(l.At, "delivered", "reported after the next step had begun")
		return out
	case message.LegLate:
		line.Reason, line.Code = string(l.Reason), l.Code
		add(l.At, "late report", "came when the recipient was final; nothing moved")
		return out
	}
	add(l.SentAt, "sent", "")
	line.Reason, line.Code = string(l.Reason), l.Code
	if l.What == message.LegAgain {
		add(l.At, "not sent", "to be tried again: "+l.Reason.English())
	} else {
		add(l.At, "failed", l.Reason.English())
	}
	return out
}

func channelOf(r message.Recipient, step int) string {
	if step < 1 || step > len(r.Steps) {
		return ""
	}
	return r.Steps[step-1].Channel.String()
}

// presentLeg tells of the step that the recipient is at.
func presentLeg(r message.Recipient) []TraceLine {
	line := TraceLine{Step: r.Step, Try: r.Try, Provider: r.Provider, Channel: r.Channel().String()}
	if !r.Attempt.IsZero() {
		line.Attempt = r.Attempt.String()
	}
	var out []TraceLine
	if r.SentAt != 0 {
		sent := line
		sent.At, sent.What = r.SentAt, "sent"
		out = append(out, sent)
	}
	if r.State.Final() {
		end := line
		end.At, end.What, end.Reason, end.Code = r.ReportedAt, string(r.State), string(r.Reason), r.Code
		if r.State == message.Delivered {
			cost := r.Cost()
			end.Amount = &cost
		} else if r.Reason != "" {
			end.Detail = provider.Reason(r.Reason).English()
		}
		out = append(out, end)
	}
	return out
}

// withCalls adds when each call was planned and made, and gives attempts their
// public ids.
func (s *Service) withCalls(tx *db.Tx, r message.Recipient, lines []TraceLine) ([]TraceLine, error) {
	seen := map[id.ID]TraceLine{}
	var ids []id.ID
	for i, l := range lines {
		if l.Attempt == "" {
			continue
		}
		d, err := id.ParseBare(l.Attempt)
		if err != nil {
			return nil, fmt.Errorf("trace recipient %d of message %s: %w", r.Seq, r.ID, err)
		}
		lines[i].Attempt = d.Text(id.Attempt)
		if _, known := seen[d]; !known {
			seen[d] = lines[i]
			ids = append(ids, d)
		}
	}
	calls, err := readAttempts(tx, ids)
	if err != nil {
		return nil, err
	}
	for _, d := range ids {
		a, ok := calls[d]
		if !ok {
			continue
		}
		one := TraceLine{Step: seen[d].Step, Try: seen[d].Try, Channel: seen[d].Channel, Provider: a.Provider, Attempt: d.Text(id.Attempt)}
		plan, made := one, one
		plan.At, plan.What = a.CreatedAt, "planned"
		plan.Detail = fmt.Sprintf("in a call of %d", a.Legs)
		made.At, made.What, made.Reason, made.Code = a.CalledAt, "called", string(a.Reason), a.Code
		made.Detail = "outcome of the call: " + string(a.State)
		if lines = append(lines, plan); a.CalledAt != 0 {
			lines = append(lines, made)
		}
	}
	return lines, nil
}
