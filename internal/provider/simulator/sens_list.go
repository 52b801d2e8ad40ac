package simulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"creditmsg/internal/korea"
)

// sensPageMost is how many rows a page has of who asks by request.
const sensPageMost = 1000

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
		rows, err := s.sensFind(a, func(m *message) bool { return mine(m) && m.group.id == request })
		if err != nil {
			return nil, err
		}
		return s.sensPage(r, rows)
	}
}

// sensPage shows one page of rows, by the number or the token that is asked for.
func (s *Simulator) sensPage(r *http.Request, rows []map[string]any) (any, error) {
	size := s.options.SENSPage
	if size <= 0 {
		size = sensPageMost
	}
	q, at := r.URL.Query(), 0
	if text := orElse(q.Get("nextToken"), q.Get("pageIndex")); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, sensInvalid("pageIndex or nextToken is not valid")
		}
		at = min(n, len(rows))
	}
	first := min(at*size, len(rows))
	last := min(first+size, len(rows))
	if first == last {
		return nil, sensNoRows
	}
	reply := sensRows(rows[first:last])
	reply["pageIndex"], reply["pageSize"] = at, size
	if last < len(rows) {
		reply["hasMore"], reply["nextToken"] = true, strconv.Itoa(at+1)
	}
	return reply, nil
}

// sensRows is the reply that shows rows, as its only page.
func sensRows(rows []map[string]any) map[string]any {
	return map[string]any{"statusCode": "202", "statusName": "success", "messages": rows, "pageIndex": 0, "pageSize": len(rows),
		"itemCount": len(rows), "hasMore": false}
}

// sensOne gives one message.
func (s *Simulator) sensOne(mine func(*message) bool) call {
	return func(a *account, r *http.Request) (any, error) {
		rows, err := s.sensFind(a, func(m *message) bool { return mine(m) && s.sensID(m) == r.PathValue("message") })
		if err != nil {
			return nil, err
		}
		return sensRows(rows), nil
	}
}

func (s *Simulator) sensFind(a *account, wanted func(*message) bool) (rows []map[string]any, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	return rows, nil
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
