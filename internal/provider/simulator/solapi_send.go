package simulator

import (
	"encoding/json"
	"net/http"
	"time"
)

// sendRequest is the body of the calls that make a group, fill it and send it.
type sendRequest struct {
	Messages        []wireMessage `json:"messages"`
	AllowDuplicates bool          `json:"allowDuplicates"`
	ScheduledDate   *string       `json:"scheduledDate"`
	ShowMessageList bool          `json:"showMessageList"`
	Strict          *bool         `json:"strict"`
	Agent           agent         `json:"agent"`
	AppID           string        `json:"appId"` // one SDK puts it here
}

// sendOne sends one message.
func (s *Simulator) sendOne(a *account, r *http.Request) (any, error) {
	var body struct {
		sendRequest
		Message *wireMessage `json:"message"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if body.Message == nil || body.Message.To.many != nil {
		return nil, invalid("message가 필요하며 to는 번호 하나입니다.")
	}
	body.Messages = []wireMessage{*body.Message}
	g, added, err := s.sendAll(a, &body.sendRequest)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := added[0]
	if g.count.RegisteredSuccess == 0 {
		return nil, refuse(http.StatusBadRequest, "FailedToAddMessage", codeText(m.code))
	}
	b := append([]byte(nil), `{"groupId":"`...)
	b = append(b, g.id...)
	b = append(b, `",`...)
	return g.hold(json.RawMessage(append(b, s.appendResult(nil, m)[1:]...))), nil
}

// sendMany sends messages and answers with the group alone.
func (s *Simulator) sendMany(a *account, r *http.Request) (any, error) {
	var body sendRequest
	if err := read(r, &body); err != nil {
		return nil, err
	}
	g, _, err := s.sendAll(a, &body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return g.hold(g.view()), nil
}

// sendManyDetail sends messages and answers with those refused, the group, and on
// request those registered.
func (s *Simulator) sendManyDetail(a *account, r *http.Request) (any, error) {
	var body sendRequest
	if err := read(r, &body); err != nil {
		return nil, err
	}
	g, added, err := s.sendAll(a, &body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	view, err := json.Marshal(g.view())
	if err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, 4096+len(added)*200), `{"failedMessageList":[`...)
	first := true
	for _, m := range added {
		if !m.refused() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = s.appendResult(b, m)
	}
	b = append(append(b, `],"groupInfo":`...), view...)
	if body.ShowMessageList {
		b = s.appendAccepted(append(b, `,"messageList":`...), added)
	}
	return g.hold(json.RawMessage(append(b, '}'))), nil
}

// refused says that m was turned away at registration.
func (m *message) refused() bool { return m.code < codeRegistered }

// appendAccepted appends the registered messages, as they were then.
func (s *Simulator) appendAccepted(b []byte, added []*message) []byte {
	b = append(b, '[')
	first := true
	for _, m := range added {
		if m.refused() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, `{"messageId":"`...)
		b = append(b, s.idOf(m)...)
		b = append(b, `","statusCode":"2000","statusMessage":`...)
		b = appendText(b, codeText(codeRegistered))
		b = append(appendFields(b, m), '}')
	}
	return append(b, ']')
}

// sendAll makes a group of the request and sends or schedules it. Nothing stays
// of a request that is refused as a whole.
func (s *Simulator) sendAll(a *account, body *sendRequest) (*group, []*message, error) {
	drafts, err := s.prepare(a, body.Strict == nil || *body.Strict, body.Messages)
	if err != nil {
		return nil, nil, err
	}
	if body.Agent.AppID == "" {
		body.Agent.AppID = body.AppID
	}
	now := time.Now()
	due := now
	if body.ScheduledDate != nil {
		if due, err = scheduleTime(*body.ScheduledDate, now); err != nil {
			return nil, nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.newGroup(solapi, a, group{agent: body.Agent, strict: body.Strict, allowDuplicates: body.AllowDuplicates}, now)
	added, err := s.register(g, drafts, body.Messages, body.AllowDuplicates, now)
	if err != nil {
		return nil, nil, err
	}
	if g.count.RegisteredSuccess == 0 {
		g.fail(now, codeNotSent, "접수된 메시지가 없습니다.")
		return g, added, nil
	}
	if err := s.schedule(g, due, now); err != nil {
		if g.status == pending {
			s.discard(g)
		}
		return nil, nil, err
	}
	return g, added, nil
}

// discard forgets the newest group of its account.
func (s *Simulator) discard(g *group) {
	delete(s.groups, g.id)
	g.account.groups = g.account.groups[:len(g.account.groups)-1]
	for _, m := range g.messages {
		m.flags |= removed
	}
}
