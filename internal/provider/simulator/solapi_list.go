package simulator

import (
	"encoding/json"
	"iter"
	"net/http"
	"slices"
)

// messageFields are those that messages can be filtered by.
var messageFields = []string{"messageId", "groupId", "to", "from", "type", "statusCode", "status", "country", "dateCreated", "dateUpdated"}

// field reads a field of m.
func (s *Simulator) field(m *message) fieldOf {
	return func(field string) (string, bool) {
		switch field {
		case "messageId":
			return s.idOf(m), true
		case "groupId":
			return m.group.id, true
		case "to":
			return m.to.String(), true
		case "from":
			return m.from, true
		case "type":
			return m.kind.String(), true
		case "country":
			return "82", true
		case "status":
			return m.state(), true
		case "statusCode":
			code := appendCode(nil, m.code)
			return string(code[1:5]), true
		case "dateCreated", "dateUpdated":
			at := m.created
			if field == "dateUpdated" {
				at = m.updated()
			}
			text := appendStamp(nil, at)
			return string(text[1 : len(text)-1]), true
		}
		return "", false
	}
}

// listMessages lists the account's messages, newest first.
func (s *Simulator) listMessages(a *account, r *http.Request) (any, error) {
	q := r.URL.Query()
	p, err := paging(q)
	if err != nil {
		return nil, err
	}
	filters, err := conditions(q, messageFields...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	things, started := s.candidates(a, filters, p)
	matching := func(yield func(*message) bool) {
		for m := range things {
			if all(filters, s.field(m)) && !yield(m) {
				return
			}
		}
	}
	return s.writeMessages(cut(&p, matching, started, s.idOf), &p), nil
}

// candidates are the messages worth filtering, and whether they begin at the
// start key already.
func (s *Simulator) candidates(a *account, filters []condition, p page) (iter.Seq[*message], bool) {
	for _, c := range filters {
		if c.op != "in" && c.op != "eq" {
			continue
		}
		switch c.field {
		case "messageId":
			return s.named(a, c.values), false
		case "groupId":
			if g := s.groups[c.values[0]]; g != nil && g.account == a && len(c.values) == 1 {
				return func(yield func(*message) bool) {
					for _, m := range slices.Backward(g.messages) {
						if !yield(m) {
							return
						}
					}
				}, false
			}
		}
	}
	from, started := uint64(s.messages.n), false
	if p.start != nil {
		if n, ok := s.ids.slot(*p.start); ok {
			from, started = min(from, n+1), true
		}
	}
	return func(yield func(*message) bool) {
		for n := from; n > 0; n-- {
			m := s.messages.at(n - 1)
			if m.group.account == a && !m.has(removed) && !yield(m) {
				return
			}
		}
	}, started
}

// named are the messages of a with these ids.
func (s *Simulator) named(a *account, ids []string) iter.Seq[*message] {
	return func(yield func(*message) bool) {
		for _, id := range ids {
			if m := s.findMessage(a, id); m != nil && !yield(m) {
				return
			}
		}
	}
}

// groupMessages lists the messages of one group in the order they were added.
func (s *Simulator) groupMessages(a *account, r *http.Request) (any, error) {
	p, err := paging(r.URL.Query())
	if err != nil {
		return nil, err
	}
	filters, err := conditions(r.URL.Query(), messageFields...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findGroup(a, r)
	if err != nil {
		return nil, err
	}
	rest, started := g.messages, false
	if p.start != nil {
		if m := s.findMessage(a, *p.start); m != nil {
			// Messages of a group are in the order of their numbers.
			at, found := slices.BinarySearchFunc(rest, m.slot, func(m *message, slot uint32) int { return int(m.slot) - int(slot) })
			if found {
				rest, started = rest[at:], true
			}
		}
	}
	matching := func(yield func(*message) bool) {
		for _, m := range rest {
			if all(filters, s.field(m)) && !yield(m) {
				return
			}
		}
	}
	return s.writeMessages(cut(&p, matching, started, s.idOf), &p), nil
}

// writeMessages writes a page of messages as an object by id.
func (s *Simulator) writeMessages(shown []*message, p *page) json.RawMessage {
	b := append(make([]byte, 0, 128+len(shown)*1024), `{"startKey":`...)
	b = appendKey(b, p.start)
	b = append(b, `,"nextKey":`...)
	b = appendKey(b, p.next)
	b = append(b, `,"limit":`...)
	b = appendInt(b, p.limit)
	b = append(b, `,"messageList":{`...)
	for i, m := range shown {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, s.idOf(m)...)
		b = append(b, '"', ':')
		b = s.appendStored(b, m)
	}
	return append(b, '}', '}')
}

func appendKey(b []byte, key *string) []byte {
	if key == nil {
		return append(b, "null"...)
	}
	return appendText(b, *key)
}

// groupFields are those that groups can be filtered by.
var groupFields = []string{"groupId", "status", "dateCreated", "dateUpdated", "scheduledDate", "appId"}

func (g *group) field(field string) (string, bool) {
	switch field {
	case "groupId":
		return g.id, true
	case "status":
		return g.status, true
	case "appId":
		return g.agent.AppID, true
	case "dateCreated":
		return stamp(g.created), true
	case "dateUpdated":
		return stamp(g.updated), true
	case "scheduledDate":
		return stamp(g.scheduled), !g.scheduled.IsZero()
	}
	return "", false
}

// listGroups lists the account's groups, newest first.
func (s *Simulator) listGroups(a *account, r *http.Request) (any, error) {
	p, err := paging(r.URL.Query())
	if err != nil {
		return nil, err
	}
	filters, err := conditions(r.URL.Query(), groupFields...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	matching := func(yield func(*group) bool) {
		for _, g := range slices.Backward(a.groups) {
			if all(filters, g.field) && !yield(g) {
				return
			}
		}
	}
	shown := cut(&p, matching, false, func(g *group) string { return g.id })
	b := append([]byte(nil), `{"startKey":`...)
	b = appendKey(b, p.start)
	b = append(b, `,"nextKey":`...)
	b = appendKey(b, p.next)
	b = append(b, `,"limit":`...)
	b = appendInt(b, p.limit)
	b = append(b, `,"groupList":{`...)
	for i, g := range shown {
		if i > 0 {
			b = append(b, ',')
		}
		view, err := json.Marshal(g.view())
		if err != nil {
			return nil, err
		}
		b = append(append(appendText(b, g.id), ':'), view...)
	}
	return json.RawMessage(append(b, '}', '}')), nil
}
