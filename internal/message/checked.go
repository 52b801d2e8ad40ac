package message

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// RulesVersion names the rules by which messages are checked. It changes with what Checks
// lists, and with what one of them means.
const RulesVersion = "kr-2026-1"

// Checks are what each recipient passed, in this order, by the codes of their rejections.
// Those that a message has no use for let everyone pass.
var Checks = []string{InvalidNumber, "duplicate", OptedOut, MissingVariable, UnsupportedCharacter, TextTooLong, OverMaxChannel,
	BlockedWord, NoConsent, DuplicateRecently}

// Checked is what a message was checked by before it was accepted, as far as nothing else
// that is kept of it says so. It is a part of the sealed content, and never changes.
type Checked struct {
	Rules       string     `json:"rules"`                  // RulesVersion
	By          string     `json:"by,omitempty"`           // the token, person or series that sent it
	At          db.Time    `json:"at"`                     // when what it went by was read
	SenderSince db.Time    `json:"sender_since,omitempty"` // when its approved sender number was registered
	OptOuts     *OptOuts   `json:"opt_outs,omitempty"`     // nil = nobody had opted out
	Words       site.Words `json:"words,omitzero"`         // the lists of blocked words
	Window      int64      `json:"window,omitempty"`       // seconds in which the same words went nowhere twice
	Night       string     `json:"night,omitempty"`        // 20:50–08:00, of an advertisement
}

// OptOuts is how a site's list of opt-outs stood.
type OptOuts struct {
	Advertising int64  `json:"advertising"`
	All         int64  `json:"all"`
	Digest      string `json:"digest"` // of who was on it, and how
}

// checked notes what a draft goes by.
func (d *Draft) checked(f facts) *Checked {
	c := &Checked{Rules: RulesVersion, By: d.request.By, At: f.now, Words: f.site.Rules.Words, Window: int64(d.window / time.Second)}
	if d.content.Text != nil {
		c.SenderSince = f.sender.CreatedAt
	}
	if d.advert != nil {
		c.Night = d.s.o.Night.String()
	}
	if s := f.optOuts; s.Count() > 0 {
		c.OptOuts = &OptOuts{s.Advertising, s.All, hex.EncodeToString(s.Digest[:])}
	}
	return c
}

// Outcome is recipients of a message that have the same lot: where they are, why, and
// whether they were handed over by day or at night.
type Outcome struct {
	Channel     provider.Channel
	State       Progress
	Reason      provider.Reason
	Handed      bool // some call carried them; otherwise First and Last are 0
	Night       bool // it was made in the night
	Count       int64
	First, Last db.Time
}

// Outcomes counts the recipients who have a row: everybody of whom something became. Those
// of the same step are together. It walks through all of them.
func Outcomes(tx *db.Tx, m *Message, night korea.Night) ([]Outcome, error) {
	from, until := night.Bounds()
	const day, ahead = 24 * time.Hour, 9 * time.Hour // Korea has no other time
	rows, err := tx.Query(`SELECT class, step, state, reason, CASE WHEN handed_at = 0 THEN 0 WHEN (handed_at + ?) % ? >= ? OR (handed_at + ?) % ? < ? THEN 2 ELSE 1 END AS hours,
		COUNT(*), MIN(handed_at), MAX(handed_at) FROM recipient WHERE site_id = ? AND message_id = ?
		GROUP BY class, step, state, reason, hours ORDER BY class, step, state, reason, hours`,
		ahead.Microseconds(), day.Microseconds(), from.Microseconds(), ahead.Microseconds(), day.Microseconds(), until.Microseconds(), m.Site, m.ID)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (o Outcome, err error) {
		var class, step, hours int
		if err := r.Scan(&class, &step, &o.State, &o.Reason, &hours, &o.Count, &o.First, &o.Last); err != nil {
			return o, err
		}
		if class >= len(m.Classes) || step < 1 || step > len(m.Classes[class].Steps) {
			return o, fmt.Errorf("a recipient is at step %d of class %d, which there is not", step, class)
		}
		o.Channel, o.Handed, o.Night = m.Classes[class].Steps[step-1].Channel, hours > 0, hours == 2
		return o, nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the recipients of message %s: %w", m.ID, err)
	}
	return list, nil
}

// Told is somebody with what he agreed to and what he was to see.
type Told struct {
	Shown
	Consent Consent
	Legs    []provider.Leg // what each of his steps shows, in their order
}

// maxTold bounds the people of one number in one message.
const maxTold = 20

// Told gives everyone with a number in a message; none is no error.
func (s *Service) Told(tx *db.Tx, m *Message, to korea.Number) ([]Told, error) {
	people, _, _, err := s.Recipients(tx, m, Filter{To: to, Limit: maxTold})
	if err != nil || len(people) == 0 {
		return nil, err
	}
	content, err := s.Content(tx, m)
	if err != nil {
		return nil, err
	}
	words := NewWording(content)
	out := make([]Told, len(people))
	for i, p := range people {
		name := BatchName{m.Key, p.Seq.Batch()}
		bodies, err := s.People(tx, map[Key]*Message{m.Key: m}, []BatchName{name})
		if err != nil {
			return nil, err
		}
		of := bodies[name][int(p.Seq)-name.No*BatchSize]
		out[i] = Told{Shown: p, Consent: content.Consent(of)}
		for _, step := range p.Steps {
			out[i].Legs = append(out[i].Legs, words.Leg(step.Channel, of, ""))
		}
	}
	return out, nil
}
