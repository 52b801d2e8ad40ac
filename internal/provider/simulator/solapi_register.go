package simulator

import (
	"encoding/json"
	"net/http"
	"time"
)

// addMessages registers messages in a group that waits.
func (s *Simulator) addMessages(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	g, err := s.findGroup(a, r)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	var body struct {
		Messages        []wireMessage `json:"messages"`
		AllowDuplicates *bool         `json:"allowDuplicates"` // for this call; absent = the group's
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	drafts, err := s.prepare(a, g.strict == nil || *g.strict, body.Messages)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	repeats := g.allowDuplicates
	if body.AllowDuplicates != nil {
		repeats = *body.AllowDuplicates
	}
	added, err := s.register(g, drafts, body.Messages, repeats, time.Now())
	if err != nil {
		return nil, err
	}
	errors := 0
	out := make([]byte, 0, 64+len(added)*320)
	out = append(out, `{"resultList":[`...)
	for i, m := range added {
		if i > 0 {
			out = append(out, ',')
		}
		if m.code != codeRegistered {
			errors++
		}
		out = s.appendResult(out, m)
	}
	out = append(out, `],"errorCount":`...)
	out = appendInt(out, errors)
	return json.RawMessage(append(out, '}')), nil
}

// prepare checks the messages of a request, recipients apart.
func (s *Simulator) prepare(a *account, strict bool, messages []wireMessage) ([]draft, error) {
	if len(messages) == 0 {
		return nil, invalid("messages는 1건 이상이어야 합니다.")
	}
	if recipientCount(messages) > requestMost {
		return nil, refuse(http.StatusRequestEntityTooLarge, "RecipientsTooMany", "한 번에 10,000건까지 요청할 수 있습니다.")
	}
	c := s.newChecker(a, strict)
	drafts := make([]draft, len(messages))
	for i := range messages {
		drafts[i] = c.check(&messages[i])
	}
	return drafts, nil
}

func recipientCount(messages []wireMessage) int {
	n := 0
	for i := range messages {
		n += len(messages[i].To.all())
	}
	return n
}

// register stores one message per recipient, refused ones too, in the order of
// the request. The caller holds the lock.
func (s *Simulator) register(g *group, drafts []draft, wire []wireMessage, repeats bool, now time.Time) ([]*message, error) {
	if g.status != pending {
		return nil, invalid("대기 중인 그룹에만 메시지를 추가할 수 있습니다.")
	}
	if len(g.messages)+recipientCount(wire) > groupMost {
		return nil, refuse(http.StatusRequestEntityTooLarge, "RecipientsTooMany", "한 그룹에는 1,000,000건까지 추가할 수 있습니다.")
	}
	if !repeats && g.seen == nil {
		g.seen = map[phone]struct{}{}
		for _, m := range g.messages {
			if !m.refused() {
				g.seen[m.to] = struct{}{}
			}
		}
	}
	added := make([]*message, 0, len(drafts))
	for i := range drafts {
		for _, to := range wire[i].To.all() {
			m := s.store(g, &drafts[i], to, repeats, now)
			added = append(added, m)
			g.count.Total++
			if m.code != codeRegistered {
				g.count.RegisteredFailed++
				continue
			}
			g.count.RegisteredSuccess++
			g.charged[m.kind]++
			if g.seen != nil {
				g.seen[m.to] = struct{}{}
			}
		}
	}
	g.updated = now
	return added, nil
}

// store makes the message of d to one recipient.
func (s *Simulator) store(g *group, d *draft, to string, repeats bool, now time.Time) *message {
	number := packPhone(to)
	m := s.messages.add(message{group: g, kakao: d.kakao, extra: d.extra, text: d.text, subject: d.subject,
		from: d.from, fields: d.fields, to: number, created: now.UnixMilli(), kind: d.kind, code: d.code})
	if d.auto {
		m.flags |= auto
	}
	if d.mismatch {
		m.flags |= mismatched
	}
	if m.code == 0 {
		m.code = s.admit(g, to, number, repeats)
	}
	g.messages = append(g.messages, m)
	return m
}

// admit checks a recipient.
func (s *Simulator) admit(g *group, to string, number phone, repeats bool) uint16 {
	if to == "" {
		return 1010
	}
	if !receiverForm(to) {
		return 1011
	}
	if _, again := g.seen[number]; again && !repeats {
		return 1026
	}
	if g.vendor.patient {
		return codeRegistered
	}
	if o := outcomeOf(number); o.forced && o.code >= 1000 && o.code < 2000 {
		return o.code
	}
	if code := s.refusal(number); code != 0 {
		return code
	}
	return codeRegistered
}
