package simulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"creditmsg/internal/korea"
)

// sensID is the id of a message: a UUID that is made from its number.
func (s *Simulator) sensID(m *message) string {
	a, b := mix(s.ids.key^uint64(m.slot)), mix(uint64(m.slot))
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a>>32), uint16(a>>16), a&0xfff, b>>52, b&0xffffffffffff)
}

// sensList lists the messages of one request.
func (s *Simulator) sensList(mine func(*message) bool) call {
	return func(a *account, r *http.Request) (any, error) {
		request := r.URL.Query().Get("requestId")
		if request == "" {
			return nil, sensInvalid("requestId is required here")
		}
		return s.sensFind(a, func(m *message) bool { return mine(m) && m.group.id == request })
	}
}

// sensOne gives one message.
func (s *Simulator) sensOne(mine func(*message) bool) call {
	return func(a *account, r *http.Request) (any, error) {
		return s.sensFind(a, func(m *message) bool { return mine(m) && s.sensID(m) == r.PathValue("message") })
	}
}

func (s *Simulator) sensFind(a *account, wanted func(*message) bool) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []map[string]any
	for _, g := range a.groups {
		if g.vendor != sens {
			continue
		}
		for _, m := range g.messages {
			if wanted(m) {
				rows = append(rows, s.sensRow(m))
			}
		}
	}
	if rows == nil {
		return nil, sensNoRows
	}
	return map[string]any{"statusCode": "202", "statusName": "success", "messages": rows, "pageIndex": 0, "pageSize": len(rows),
		"itemCount": len(rows), "hasMore": false}, nil
}

// sensRow is a message as the lists show it.
func (s *Simulator) sensRow(m *message) map[string]any {
	row := map[string]any{"requestId": m.group.id, "messageId": s.sensID(m), "requestTime": sensTime(m.created), "countryCode": "82",
		"to": m.to.String(), "content": m.text}
	final := m.has(reached) || m.has(missed)
	if final {
		row["completeTime"] = sensTime(m.reported)
	}
	if m.kind.kakao() {
		row["plusFriendId"], row["templateCode"], row["requestStatusCode"] = m.kakao.pfID, m.kakao.templateID, m.sensTaken()
		row["messageStatusName"] = "processing"
		if final {
			row["messageStatusCode"], row["messageStatusName"] = m.relayCode(), sensWord(m)
		}
		return row
	}
	row["type"], row["contentType"], row["from"], row["subject"] = m.kind.String(), "COMM", m.from, m.subject
	switch {
	case m.refused(): // taken with the others, and failed
		row["status"], row["statusCode"], row["statusName"], row["completeTime"] = "COMPLETED", sensBadNumber, "fail", sensTime(m.created)
	case final:
		row["status"], row["statusCode"], row["statusName"] = "COMPLETED", m.relayCode(), sensWord(m)
	case m.code == codeCarrier:
		row["status"] = "PROCESSING"
	default:
		row["status"] = "READY"
	}
	return row
}

func sensTime(milli int64) string {
	return time.UnixMilli(milli).In(korea.Seoul).Format("2006-01-02 15:04:05")
}

func sensWord(m *message) string {
	if m.has(reached) {
		return "success"
	}
	return "fail"
}

// relayCode is the result code, as SENS and SendGo give it, of a message that is final.
func (m *message) relayCode() string {
	switch {
	case m.raw != 0:
		return strconv.Itoa(int(m.raw))
	case m.code == codeNotOnKakao:
		return sensNotOnKakao
	case m.code == codeAbsent:
		return sensAbsent
	case m.code == codeDelivered && m.kind.kakao():
		return sensKakao
	case m.code == codeDelivered:
		return sensDelivered
	}
	return strconv.Itoa(int(m.code))
}
