package message

import (
	"slices"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
)

// What sites are told of their recipients, where they listen to that. Everybody is named by
// his place in the message: events hold no numbers.

// mostTold is how many recipients stand in one event, which stays below 20 kB.
const mostTold = 100

// movedTo is one recipient in an event.
type movedTo struct {
	Seq     Seq    `json:"seq"`
	Status  string `json:"status"`
	Channel string `json:"channel,omitempty"` // that it is at; nobody has one whose batch ended as a whole
	Step    int    `json:"step,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// peopleData is the data of an event about recipients.
type peopleData struct {
	Message    string    `json:"message_id"`
	Metadata   []byte    `json:"sealed_metadata,omitempty"`
	Recipients []movedTo `json:"recipients"`
}

// tell appends the events of what was written: of single recipients first, where their sites
// listen to that.
func (s *Service) tell(tx *db.Tx, w Writing, changes []Change, sums *sums) error {
	heard, err := listening(tx, w.Messages)
	if err != nil {
		return err
	}
	people, err := s.movedEvents(tx, w, changes, heard)
	if err != nil {
		return err
	}
	told, events := sums.events()
	if err := credit.AnnounceTo(tx, s.queue, heard, told...); err != nil {
		return err
	}
	return heard.Append(tx, append(people, events...)...)
}

// listening gives who listens to the sites of messages, without a question where these were
// locked for a change.
func listening(tx *db.Tx, messages map[Key]*Message) (event.Listeners, error) {
	all := event.Listeners{}
	var unasked []string
	for k, m := range messages {
		switch {
		case m.heard == nil:
			unasked = append(unasked, k.Site)
		case m.heard[k.Site] != 0:
			all[k.Site] = m.heard[k.Site]
		}
	}
	asked, others := event.AskListeners(unasked)
	if err := tx.Ask(asked); err != nil {
		return nil, err
	}
	for site, of := range others {
		all[site] = of
	}
	return all, nil
}

// moves are the recipients of messages that moved, of those that are final or not.
type moves map[Key][]movedTo

// movedEvents gives the events about single recipients that somebody listens to.
func (s *Service) movedEvents(tx *db.Tx, w Writing, changes []Change, heard event.Listeners) ([]event.Event, error) {
	if len(heard) == 0 {
		return nil, nil
	}
	ends, others := moves{}, moves{}
	for _, c := range changes {
		k := c.To.Key
		final := c.To.State.Final()
		if c.From.State == c.To.State && c.From.Step == c.To.Step || final && heard[k.Site]&event.OfRecipientEnds == 0 ||
			!final && heard[k.Site]&event.OfRecipientMoves == 0 {
			continue
		}
		into := others
		if final {
			into = ends
		}
		into[k] = append(into[k], movedTo{c.To.Seq, string(c.To.State), c.To.Channel().String(), c.To.Step, string(c.To.Reason)})
	}
	for _, b := range w.Batches {
		if heard[b.Message.Site]&event.OfRecipientEnds == 0 {
			continue
		}
		for i := range b.Size {
			ends[b.Message] = append(ends[b.Message], movedTo{Seq: Seq(int64(b.No)*BatchSize + i), Status: string(b.State.progress())})
		}
	}
	var out []event.Event
	for _, of := range []struct {
		kind string
		moves
	}{{event.RecipientProgress, others}, {event.RecipientDone, ends}} {
		for _, k := range of.keys() {
			list, err := s.peopleEvents(tx, w.Messages[k], of.kind, of.moves[k])
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
	}
	return out, nil
}

func (m moves) keys() []Key {
	keys := make([]Key, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

// peopleEvents gives the events about recipients of one message.
func (s *Service) peopleEvents(tx *db.Tx, m *Message, kind string, list []movedTo) (out []event.Event, err error) {
	key, err := s.keys.Site(tx, m.Site)
	if err != nil {
		return nil, err
	}
	content, err := m.Content(key)
	if err != nil {
		return nil, err
	}
	d := peopleData{Message: m.ID.Text("msg")}
	d.Metadata = event.Conceal(key.Seal, d.Message, content.Metadata)
	for part := range slices.Chunk(list, mostTold) {
		d.Recipients = part
		out = append(out, event.Event{Site: m.Site, Type: kind, Ref: d.Message, Data: []byte(jsonText(d))})
	}
	return out, nil
}
