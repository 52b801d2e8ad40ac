package message

import (
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// LogLine is one step of one recipient in the send log.
type LogLine struct {
	Place
	To         korea.Number
	Step       int
	Channel    provider.Channel
	Provider   string
	Attempt    id.ID
	State      Progress
	Reason     provider.Reason
	Code       string
	Cost       money.Amount
	HandedAt   db.Time
	SentAt     db.Time
	ReportedAt db.Time
}

// LogFilter narrows the send log; zero values do not.
type LogFilter struct {
	Message  id.ID
	To       korea.Number
	Provider string
	State    Progress
	From     db.Time // handed over at or after
	Until    db.Time // handed over before
	Before   Spot    // go on below this spot
	Limit    int
}

// Spot is a place in the send log, which runs from the newest message down, and
// in each from the last recipient to the first.
type Spot struct {
	Message id.ID
	Seq     int64
	Step    int // of this recipient the steps below it are still to come; 0 = none
}

// edge is the first recipient that is wholly above the spot.
func (s Spot) edge() int64 {
	if s.Step > 0 {
		return s.Seq + 1
	}
	return s.Seq
}

// scanBudget is the number of rows one reading looks at; a narrow filter over a
// long history gives a short page and where to go on, never a long wait.
const scanBudget = 20_000

// SendLog reads the send log. more tells that there may be lines below next.
func (s *Service) SendLog(tx *db.Tx, siteID string, f LogFilter) (lines []LogLine, next Spot, more bool, err error) {
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return nil, next, false, err
	}
	r := &logReader{s: s, tx: tx, key: key, site: siteID, f: f, at: f.Before, messages: map[Key]*Message{}}
	for left := scanBudget; left > 0; {
		page, end, looked, err := r.page(min(left, max(200, f.Limit)))
		if err != nil {
			return nil, next, false, fmt.Errorf("read send log of site %s: %w", siteID, err)
		}
		if looked == 0 {
			return lines, next, false, nil
		}
		left -= looked
		for _, one := range page {
			for _, line := range r.wanted(one) {
				if len(lines) == f.Limit {
					return lines, r.at, true, nil
				}
				lines = append(lines, line)
				r.at = Spot{one.ID, int64(one.Seq), line.Step}
			}
			r.at = Spot{one.ID, int64(one.Seq), 0}
		}
		r.at = end
	}
	return lines, r.at, true, nil
}

type logReader struct {
	s        *Service
	tx       *db.Tx
	key      *site.Key
	site     string
	f        LogFilter
	at       Spot
	messages map[Key]*Message
}

// page reads the next recipients below the present spot, and says how many rows
// it looked at and down to which spot; none looked at is the end of the log.
func (r *logReader) page(limit int) (list []Recipient, end Spot, looked int, err error) {
	if r.f.To != "" {
		return r.pageOfNumber(limit)
	}
	if list, err = r.below(limit); err != nil || len(list) == 0 {
		return nil, r.at, 0, err
	}
	last := list[len(list)-1]
	return list, Spot{last.ID, int64(last.Seq), 0}, len(list), nil
}

// below reads the next recipients: the rest of the present spot's message first,
// then older messages.
func (r *logReader) below(limit int) ([]Recipient, error) {
	if !r.at.Message.IsZero() {
		list, err := r.read(`message_id = ? AND seq < ?`, limit, r.at.Message, r.at.edge())
		if err != nil || len(list) > 0 || r.f.Message == r.at.Message {
			return list, err
		}
		if r.f.Message.IsZero() {
			return r.read(`message_id < ?`, limit, r.at.Message)
		}
		return nil, nil
	}
	if !r.f.Message.IsZero() {
		return r.read(`message_id = ?`, limit, r.f.Message)
	}
	return r.read(`message_id < ?`, limit, bound(r.f.Until))
}

// bound is an id above every id made before a time; ids begin with their
// millisecond.
func bound(until db.Time) id.ID {
	var top id.ID
	for i := range top {
		top[i] = 0xff
	}
	if until != 0 {
		ms := uint64(until.Time().UnixMilli() + 1)
		for i := range 6 {
			top[i] = byte(ms >> (40 - 8*i))
		}
	}
	return top
}

func (r *logReader) read(where string, limit int, args ...any) ([]Recipient, error) {
	args = append(append([]any{r.site}, args...), limit)
	rows, err := r.tx.Query(`SELECT `+columnList(recipientSelect)+` FROM recipient WHERE site_id = ? AND `+where+
		` ORDER BY message_id DESC, seq DESC LIMIT ?`, args...)
	list, err := db.Collect(rows, err, func(x *sql.Rows) (Recipient, error) { return scanRecipient(x) })
	if err != nil {
		return nil, err
	}
	return list, r.resolve(list)
}

// resolve loads the messages that the rows belong to.
func (r *logReader) resolve(list []Recipient) error {
	var missing []Key
	for _, one := range list {
		if r.messages[one.Key] == nil {
			missing = append(missing, one.Key)
		}
	}
	found, err := ReadMessages(r.tx, missing)
	if err != nil {
		return err
	}
	for k, m := range found {
		r.messages[k] = m
	}
	return r.s.resolve(r.messages, list)
}

// finderBudget is the number of batches whose finders one page looks into; a
// message never has as many.
const finderBudget = 2000

// pageOfNumber finds the next recipients with the wanted number through the
// finders of the site's batches, newest message first. Batches are what it looks at.
func (r *logReader) pageOfNumber(limit int) (found []Recipient, end Spot, looked int, err error) {
	mobile, ok := r.f.To.Mobile()
	if !ok {
		return nil, r.at, 0, nil
	}
	hits, end, looked, err := r.finderHits(r.key.Fingerprint(mobile), limit)
	if err != nil {
		return nil, end, 0, err
	}
	for _, hit := range hits {
		where := `message_id = ? AND seq >= ? AND seq < ?`
		last := int64((hit.no + 1) * BatchSize)
		if hit.message == r.at.Message {
			last = min(last, r.at.edge())
		}
		list, err := r.read(where, BatchSize, hit.message, hit.no*BatchSize, last)
		if err != nil {
			return nil, end, 0, err
		}
		for _, one := range list {
			if got, ok := r.key.OpenNumber(one.ID, uint32(one.Seq), one.Mobile); ok && got == mobile {
				found = append(found, one)
			}
		}
	}
	return found, end, looked, nil
}

type finderHit struct {
	message id.ID
	no      int
}

// finderHits gives up to limit batches that may hold a number, and where it
// stopped to look.
func (r *logReader) finderHits(finger uint32, limit int) (hits []finderHit, end Spot, looked int, err error) {
	from := r.at.Message
	if from.IsZero() {
		from = bound(r.f.Until)
	}
	query, args := `SELECT message_id, no, finder FROM batch WHERE site_id = ? AND message_id <= ? ORDER BY message_id DESC, no DESC LIMIT ?`,
		[]any{r.site, from, finderBudget}
	if !r.f.Message.IsZero() {
		query, args = `SELECT message_id, no, finder FROM batch WHERE site_id = ? AND message_id = ? ORDER BY no DESC`, []any{r.site, r.f.Message}
	}
	rows, err := r.tx.Query(query, args...)
	_, err = db.Collect(rows, err, func(x *sql.Rows) (none struct{}, err error) {
		var h finderHit
		var finder []byte
		if err := x.Scan(&h.message, &h.no, &finder); err != nil {
			return none, err
		}
		passed := h.message == r.at.Message && int64(h.no*BatchSize) >= r.at.edge()
		if passed || len(hits) == limit {
			return none, nil
		}
		looked++
		end = Spot{h.message, int64(h.no * BatchSize), 0}
		if inFinder(finder, finger) {
			hits = append(hits, h)
		}
		return none, nil
	})
	return hits, end, looked, err
}

// wanted gives the lines of one recipient that pass the filter, the last step first.
func (r *logReader) wanted(one Recipient) []LogLine {
	mobile, _ := r.key.OpenNumber(one.ID, uint32(one.Seq), one.Mobile)
	shown := r.at.Step > 0 && r.at.Message == one.ID && r.at.Seq == int64(one.Seq)
	lines := slices.DeleteFunc(Lines(one), func(l LogLine) bool {
		return shown && l.Step >= r.at.Step ||
			r.f.Provider != "" && l.Provider != r.f.Provider ||
			r.f.State != "" && l.State != r.f.State ||
			r.f.From != 0 && l.HandedAt < r.f.From ||
			r.f.Until != 0 && (l.HandedAt == 0 || l.HandedAt >= r.f.Until)
	})
	slices.Reverse(lines)
	for i := range lines {
		lines[i].To = numberOf(mobile)
	}
	return lines
}

// Lines gives one line for each step that the recipient has reached, as the last
// thing known of it says.
func Lines(r Recipient) []LogLine {
	byStep := map[int]LogLine{}
	for _, l := range r.History {
		line := byStep[l.Step]
		switch l.What {
		case LegFailed, LegAgain:
			attempt, _ := id.ParseBare(l.Attempt)
			line = LogLine{Provider: l.Provider, Attempt: attempt, State: Failed, Reason: l.Reason, Code: l.Code,
				HandedAt: l.HandedAt, SentAt: l.SentAt, ReportedAt: l.ReportedAt}
		case LegDelivered:
			line.State, line.Reason, line.Code, line.ReportedAt = Delivered, "", "", l.At
		default:
			continue
		}
		byStep[l.Step] = line
	}
	byStep[r.Step] = LogLine{Provider: r.Provider, Attempt: r.Attempt, State: r.State, Reason: r.Reason, Code: r.Code,
		Cost: r.Cost(), HandedAt: r.HandedAt, SentAt: r.SentAt, ReportedAt: r.ReportedAt}
	var lines []LogLine
	for step := 1; step <= len(r.Steps); step++ {
		if line, ok := byStep[step]; ok {
			line.Place, line.Step, line.Channel = r.Place, step, r.Steps[step-1].Channel
			lines = append(lines, line)
		}
	}
	return lines
}
