package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"creditmsg/internal/money"
)

const (
	requestMost = 10_000    // recipients in one request
	groupMost   = 1_000_000 // messages in one group
	aheadMost   = 6         // months that a schedule may lie ahead
)

// group is what is sent together.
type group struct {
	id              string
	vendor          *vendor
	account         *account
	agent           agent
	customFields    map[string]string
	hint            json.RawMessage
	strict          *bool // nil: refused like true, shown like false
	allowDuplicates bool

	status    string
	created   time.Time
	updated   time.Time
	scheduled time.Time
	sent      time.Time
	completed time.Time
	log       []logLine

	messages []*message
	seen     map[phone]struct{} // registered numbers while they may not repeat and nothing is sent
	open     int                // messages handed over and not final
	early    *early             // whom the reply to the hand-over waits for
	resends  int
	count    groupCount
	charged  [kinds]int
	prices   [kinds]money.Amount
	paid     groupMoney
}

// The states of a group.
const (
	pending   = "PENDING"
	sending   = "SENDING"
	scheduled = "SCHEDULED"
	complete  = "COMPLETE"
	failed    = "FAILED"
	deleted   = "DELETED"
)

// agent is what a client says of itself.
type agent struct {
	SDKVersion string `json:"sdkVersion"`
	OSPlatform string `json:"osPlatform"`
	AppID      string `json:"appId"`
}

type logLine struct {
	CreateAt string `json:"createAt"`
	Message  string `json:"message"`
}

// groupCount counts the messages of a group.
type groupCount struct {
	Total             int `json:"total"`
	SentTotal         int `json:"sentTotal"`
	SentFailed        int `json:"sentFailed"`
	SentSuccess       int `json:"sentSuccess"`
	SentPending       int `json:"sentPending"`
	SentReplacement   int `json:"sentReplacement"`
	Refund            int `json:"refund"`
	RegisteredFailed  int `json:"registeredFailed"`
	RegisteredSuccess int `json:"registeredSuccess"`
}

// groupMoney is what a group cost.
type groupMoney struct{ requested, replacement, refund money.Amount }

// newGroup opens a group of a vendor. The caller holds the lock.
func (s *Simulator) newGroup(v *vendor, a *account, g group, now time.Time) *group {
	if g.id == "" {
		g.id = s.ids.group(now)
	}
	g.vendor, g.account = v, a
	g.status, g.created = pending, now
	g.prices = s.prices
	g.note(now, "메시지 그룹이 생성되었습니다.")
	s.groups[g.id] = &g
	a.groups = append(a.groups, &g)
	return &g
}

// seqOf is the place of a message in its group, from 1.
func (g *group) seqOf(m *message) int {
	// Those of one request were numbered one after another.
	if at := int(m.slot) - int(g.messages[0].slot); at >= 0 && at < len(g.messages) && g.messages[at] == m {
		return at + 1
	}
	return slices.Index(g.messages, m) + 1
}

// note writes a line in the group's log.
func (g *group) note(now time.Time, text string) {
	g.updated = now
	g.log = append(g.log, logLine{stamp(now), text})
}

// findGroup is the group of a that the path of r names. The caller holds the lock.
func (s *Simulator) findGroup(a *account, r *http.Request) (*group, error) {
	id := r.PathValue("group")
	if !wellFormed(id, groupPrefix) {
		return nil, invalid("groupId의 형식이 올바르지 않습니다.")
	}
	g, ok := s.groups[id]
	if !ok || g.account != a {
		return nil, notFound("그룹을 찾을 수 없습니다.")
	}
	return g, nil
}

// sendable says why a group cannot be sent or scheduled now.
func (g *group) sendable() error {
	switch g.status {
	case deleted:
		return refuse(http.StatusBadRequest, "DeletedGroup", "삭제된 그룹입니다.")
	case failed:
		return refuse(http.StatusBadRequest, "FailedGroup", "실패한 그룹입니다.")
	case scheduled:
		return refuse(http.StatusConflict, "ScheduledGroup", "예약된 그룹입니다.")
	case sending:
		return refuse(http.StatusConflict, "GroupInProcessing", "발송 중인 그룹입니다.")
	case complete:
		return refuse(http.StatusConflict, "AlreadySent", "이미 발송된 그룹입니다.")
	}
	return nil
}

// onGroup runs do under the lock and answers with the group as it then is.
func (s *Simulator) onGroup(a *account, r *http.Request, do func(g *group, now time.Time) error) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findGroup(a, r)
	if err != nil {
		return nil, err
	}
	if err := do(g, time.Now()); err != nil {
		return nil, err
	}
	return g.hold(g.view()), nil
}

func (s *Simulator) createGroup(a *account, r *http.Request) (any, error) {
	var body struct {
		agent
		Strict          *bool             `json:"strict"`
		CustomFields    map[string]string `json:"customFields"`
		Hint            json.RawMessage   `json:"hint"`
		AllowDuplicates bool              `json:"allowDuplicates"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.newGroup(solapi, a, group{agent: body.agent, strict: body.Strict, customFields: body.CustomFields,
		hint: body.Hint, allowDuplicates: body.AllowDuplicates}, time.Now())
	return g.view(), nil
}

func (s *Simulator) getGroup(a *account, r *http.Request) (any, error) {
	return s.onGroup(a, r, func(*group, time.Time) error { return nil })
}

func (s *Simulator) sendGroup(a *account, r *http.Request) (any, error) {
	return s.onGroup(a, r, func(g *group, now time.Time) error {
		if err := g.sendable(); err != nil {
			return err
		}
		return s.handOverAsked(g, now, true)
	})
}

func (s *Simulator) scheduleGroup(a *account, r *http.Request) (any, error) {
	var body struct {
		ScheduledDate string `json:"scheduledDate"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	return s.onGroup(a, r, func(g *group, now time.Time) error {
		due, err := scheduleTime(body.ScheduledDate, now)
		if err != nil {
			return err
		}
		if err := g.sendable(); err != nil {
			return err
		}
		return s.schedule(g, due, now)
	})
}

// scheduleTime reads a date to send at.
func scheduleTime(text string, now time.Time) (time.Time, error) {
	due, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || due.After(now.AddDate(0, aheadMost, 0)) {
		return due, refuse(http.StatusBadRequest, "InvalidScheduledDate", "예약 일시는 6개월 이내의 ISO 8601 일시여야 합니다.")
	}
	return due, nil
}

func (s *Simulator) unscheduleGroup(a *account, r *http.Request) (any, error) {
	return s.onGroup(a, r, func(g *group, now time.Time) error {
		if g.status != scheduled {
			return refuse(http.StatusBadRequest, "InvalidStatus", "예약된 그룹이 아닙니다.")
		}
		g.fail(now, codeNotSent, "예약이 취소되었습니다.")
		return nil
	})
}

func (s *Simulator) resendGroup(a *account, r *http.Request) (any, error) {
	return s.onGroup(a, r, func(g *group, now time.Time) error {
		if g.status != failed {
			return refuse(http.StatusBadRequest, "InvalidStatus", "실패한 그룹만 재발송할 수 있습니다.")
		}
		g.revive()
		return s.handOverAsked(g, now, false)
	})
}

func (s *Simulator) deleteGroup(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	g, ok := s.groups[r.PathValue("group")]
	s.mu.Unlock()
	if ok && g.account != a {
		return nil, refuse(http.StatusForbidden, "Forbidden", "접근 권한이 없습니다.")
	}
	return s.onGroup(a, r, func(g *group, now time.Time) error {
		if g.status != pending {
			return refuse(http.StatusBadRequest, "NotOperationalStatus", "대기 중인 그룹만 삭제할 수 있습니다.")
		}
		g.status = deleted
		g.note(now, "메시지 그룹이 삭제되었습니다.")
		return nil
	})
}

// fail ends a group whose messages were not sent.
func (g *group) fail(now time.Time, code uint16, text string) {
	g.status, g.completed = failed, now
	g.note(now, text)
	for _, m := range g.messages {
		if m.code == codeRegistered {
			m.code = code
		}
	}
}

// revive makes the messages that were never sent ready again.
func (g *group) revive() {
	for _, m := range g.messages {
		if m.code == codeNotSent || m.code == codeNoMoney {
			m.code, m.processed, m.reported = codeRegistered, 0, 0
		}
	}
	g.completed, g.scheduled = time.Time{}, time.Time{}
	g.resends++
}

func (s *Simulator) deleteMessages(a *account, r *http.Request) (any, error) {
	var body struct {
		MessageIDs []string `json:"messageIds"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	type result struct {
		MessageID  string `json:"messageId"`
		ResultCode string `json:"resultCode"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findGroup(a, r)
	switch {
	case err != nil:
		return nil, err
	case g.status != pending:
		return nil, refuse(http.StatusBadRequest, "InvalidGroupStatus", "대기 중인 그룹에서만 메시지를 삭제할 수 있습니다.")
	case len(body.MessageIDs) == 0:
		return nil, invalid("messageIds가 필요합니다.")
	}
	results, errors := make([]result, 0, len(body.MessageIDs)), 0
	for _, id := range body.MessageIDs {
		m := s.findMessage(a, id)
		if m == nil || m.group != g {
			errors++
			results = append(results, result{id, "ResourceNotFound"})
			continue
		}
		g.remove(m)
		results = append(results, result{id, "Success"})
	}
	g.messages = slices.DeleteFunc(g.messages, func(m *message) bool { return m.has(removed) })
	g.updated = time.Now()
	return struct {
		GroupID    string   `json:"groupId"`
		ErrorCount int      `json:"errorCount"`
		ResultList []result `json:"resultList"`
	}{g.id, errors, results}, nil
}

// remove takes m out of the counts and marks it.
func (g *group) remove(m *message) {
	m.flags |= removed
	g.count.Total--
	if m.code != codeRegistered {
		g.count.RegisteredFailed--
		return
	}
	g.count.RegisteredSuccess--
	g.charged[m.kind]--
	delete(g.seen, m.to)
}
