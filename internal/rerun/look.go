package rerun

import (
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
)

// Effect is what a report did, or would do now. Where it would do something, it is the Kind of
// the difference that a run would note.
type Effect string

// The further effects.
const (
	Counted      Effect = "counted"       // the leg ended by it, as it says
	Known        Effect = "known"         // it says again what the leg's end is, or came when nothing could move
	Underway     Effect = "under_way"     // it is no end
	NotBorn      Effect = "not_born"      // the hand-over has no outcome yet
	NotOurs      Effect = "not_ours"      // it names no leg of ours
	OtherAccount Effect = "other_account" // another account carried the leg
	Wish         Effect = "opt_out"       // it is of somebody who opted out
)

// Looked is one report of a letter as the present parser reads it.
type Looked struct {
	delivery.Reading
	Channel string // of the leg; empty where there is none
	Effect  Effect
}

// Letter is a letter with what it says.
type Letter struct {
	delivery.Letter
	Problem string // why the present parser cannot read it; empty = it can
	Reports []Looked
	Body    []byte // as it came
}

// Text is the body as people read it: what is no text in it is replaced.
func (l Letter) Text() string { return strings.ToValidUTF8(string(l.Body), "\ufffd") }

// Look reads a letter as a run would that has not heard yet what others say against it. NotFound also when it is not kept any more.
func (s *Service) Look(tx *db.Tx, name string) (Letter, error) {
	of, err := delivery.FindLetter(tx, name)
	if err != nil {
		return Letter{}, err
	}
	out := Letter{Letter: of, Reports: []Looked{}}
	readings, bodies, err := s.delivery.ReadLetters(tx, []delivery.Letter{of})
	if err != nil {
		return out, err
	}
	out.Body = bodies[of.ID]
	p := &page{Service: s, now: tx.Now, people: map[message.Place]message.Recipient{}, rows: map[id.ID]*Difference{}}
	if err := p.load(tx, readings); err != nil {
		return out, err
	}
	for _, rd := range readings {
		if rd.Problem != "" {
			out.Problem = korea.MaskIn(rd.Problem)
			continue
		}
		one := Looked{Reading: rd}
		one.Effect, one.Channel = p.effect(rd)
		out.Reports = append(out.Reports, one)
	}
	return out, nil
}

// effect says what a reading did, or would do.
func (p *page) effect(rd delivery.Reading) (e Effect, channel string) {
	if rd.Report.OptOut != "" {
		return Wish, ""
	}
	m := p.messages[rd.Ref.Key]
	if !rd.Ours || m == nil || int64(rd.Ref.Seq) >= m.Accepted {
		return NotOurs, ""
	}
	r, born := p.people[rd.Ref.Place]
	if !born {
		return NotBorn, ""
	}
	l, was := delivery.LegOf(r, rd.Ref)
	if !was {
		return NotOurs, ""
	}
	channel = l.Channel.String()
	if l.Account != "" && l.Account != rd.Letter.Account {
		return OtherAccount, channel
	}
	if v, otherwise := judge(r, rd, heard{ends: p.endsBy(r, rd)}, p.now); otherwise {
		return Effect(v.kind), channel
	}
	switch {
	case !rd.Report.Final:
		return Underway, channel
	case p.endsBy(r, rd):
		return Counted, channel
	default:
		return Known, channel
	}
}
