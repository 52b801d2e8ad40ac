package simulator

import (
	"encoding/json"
	"strings"
	"time"

	"creditmsg/internal/money"
)

// kind is a message type this simulator carries.
type kind uint8

const (
	unknownKind kind = iota
	sms
	lms
	mms
	ata // Alimtalk
	cta // Friendtalk
	cti // Friendtalk with an image
	kinds
)

var kindNames = [kinds]string{"SMS", "SMS", "LMS", "MMS", "ATA", "CTA", "CTI"}

// channels are the kinds as our own API names them.
var channels = [kinds]string{"sms", "sms", "lms", "mms", "alimtalk", "friendtalk", "friendtalk"}

func (k kind) String() string { return kindNames[k] }

func (k kind) kakao() bool { return k >= ata }

// lower is the name in price lists and counters.
func (k kind) lower() string { return strings.ToLower(kindNames[k]) }

// kindOf reads a type in any case.
func kindOf(name string) kind {
	name = strings.ToUpper(name)
	for k := sms; k < kinds; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return unknownKind
}

// priceTable is won by kind: the defaults with the given ones over them.
func priceTable(given map[string]money.Amount) [kinds]money.Amount {
	table := [kinds]money.Amount{sms: 18 * money.Won, lms: 45 * money.Won, mms: 110 * money.Won,
		ata: 13 * money.Won, cta: 13 * money.Won, cti: 20 * money.Won}
	for name, price := range given {
		if k := kindOf(name); k != unknownKind {
			table[k] = price
		}
	}
	return table
}

// Codes of a message that the simulator itself sets. A code from 1000 to 1999
// refuses a message at registration; every other but 2000 and 3000 is final.
const (
	codeMissing    = 1010
	codeForm       = 1011
	codeTooLong    = 1031
	codeRegistered = 2000
	codeCarrier    = 3000
	codeDelivered  = 4000
	codeNotSent    = 2024 // its group was cancelled or failed before sending
	codeNoMoney    = 2230
	codeAbsent     = 3032
	codeFailed     = 3031 // for a reason that only the raw code tells
	codeNotOnKakao = 3104

	kakaoMismatch = 3016 // Kakao's own code of a text that is not its template's
)

// message is one message as the vendor stores it. A million of them wait in
// memory, so it is flat: no map, no identifier, times in milliseconds, and what
// many share (group, sender, Kakao options) is shared.
type message struct {
	group     *group
	kakao     *kakaoPart // nil for texts
	extra     *extraPart // nil for most
	text      string
	subject   string
	from      string
	fields    string // customFields as the JSON that came, or empty
	to        phone
	created   int64 // milliseconds since 1970
	processed int64 // handed to the carrier; 0 = not yet
	reported  int64 // report arrived; 0 = not yet
	slot      uint32
	code      uint16 // where it stands
	raw       uint16 // the vendor's own code of its end, when something forced that
	kind      kind
	flags     flag
	twist     twist
}

// flag marks a message.
type flag uint8

const (
	auto        flag = 1 << iota // its type was detected
	replacement                  // the vendor's own fail-over
	removed                      // deleted from its group
	reached                      // the handset got it
	missed                       // the handset did not get it
	mismatched                   // it is not what its template makes
)

func (m *message) has(f flag) bool { return m.flags&f != 0 }

// outcome is what the table says of its number.
func (m *message) outcome() outcome { return outcomeOf(m.to) }

// verdict is the final code that the table gives the message, and the vendor's raw code
// where that was forced: codeRegistered or codeCarrier mean that it stays there for ever.
func (m *message) verdict(o outcome) (code, raw uint16) {
	v := o.text
	if m.kind.kakao() {
		v = o.kakao
	}
	switch {
	case o.forced:
		return m.group.vendor.life(o.code), o.code
	case m.has(mismatched):
		return m.group.vendor.life(kakaoMismatch), kakaoMismatch
	case m.twist.code != 0:
		return m.group.vendor.life(m.twist.code), m.twist.code
	case o.silent:
		return codeCarrier, 0
	case v == notOnKakao:
		return codeNotOnKakao, 0
	case v == absent:
		return codeAbsent, 0
	}
	return codeDelivered, 0
}

// state is the word for its code.
func (m *message) state() string {
	switch m.code {
	case codeRegistered:
		return "PENDING"
	case codeCarrier:
		return "SENDING"
	case codeDelivered:
		return "COMPLETE"
	}
	return "FAILED"
}

// kakaoPart is what a Kakao message says besides its text; equal ones are shared.
type kakaoPart struct {
	pfID, templateID   string
	imageID, title     string
	buttons            string // JSON array as it came, or empty
	disableSMS, adFlag bool
}

// extraPart is what few messages have.
type extraPart struct {
	imageID         string
	pictures        []Shown
	replacementText string
	replacements    []draft // fail-over messages that remain, in order
}

// slab holds messages at fixed addresses.
type slab struct {
	chunks [][]message
	n      uint32
}

const chunkLength = 1024

// add makes room for one message and numbers it.
func (s *slab) add(m message) *message {
	if s.n%chunkLength == 0 {
		s.chunks = append(s.chunks, make([]message, chunkLength))
	}
	at := &s.chunks[s.n/chunkLength][s.n%chunkLength]
	m.slot = s.n
	*at = m
	s.n++
	return at
}

// at is the n-th message, nil when there is none.
func (s *slab) at(n uint64) *message {
	if n >= uint64(s.n) {
		return nil
	}
	return &s.chunks[n/chunkLength][n%chunkLength]
}

// idOf is the identifier of m.
func (s *Simulator) idOf(m *message) string {
	return s.ids.message(uint64(m.slot), time.UnixMilli(m.created))
}

// findMessage is the message of a that id names, or nil.
func (s *Simulator) findMessage(a *account, id string) *message {
	n, ok := s.ids.slot(id)
	if !ok {
		return nil
	}
	m := s.messages.at(n)
	if m == nil || m.group.account != a || m.has(removed) || s.idOf(m) != id {
		return nil
	}
	return m
}

// wireMessage is a message as a request has it.
type wireMessage struct {
	To              recipients      `json:"to"`
	From            string          `json:"from"`
	Text            string          `json:"text"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	ImageID         string          `json:"imageId"`
	Country         string          `json:"country"`
	AutoTypeDetect  *bool           `json:"autoTypeDetect"`
	KakaoOptions    *wireKakao      `json:"kakaoOptions"`
	CustomFields    json.RawMessage `json:"customFields"`
	Replacements    []wireMessage   `json:"replacements"`
	ReplacementText string          `json:"replacementText"`
}

// wireKakao is the kakaoOptions of a request.
type wireKakao struct {
	PfID       string            `json:"pfId"`
	TemplateID string            `json:"templateId"`
	Variables  map[string]string `json:"variables"`
	DisableSMS bool              `json:"disableSms"`
	AdFlag     bool              `json:"adFlag"`
	ImageID    string            `json:"imageId"`
	Title      string            `json:"title"`
	Buttons    json.RawMessage   `json:"buttons"`
}

// recipients is `to`: one number or a list of them.
type recipients struct {
	one  string
	many []string
}

// UnmarshalJSON reads a string or an array of strings.
func (t *recipients) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		t.many = []string{}
		return json.Unmarshal(b, &t.many)
	}
	return json.Unmarshal(b, &t.one)
}

// all are the numbers; a single one may be empty.
func (t *recipients) all() []string {
	if t.many != nil {
		return t.many
	}
	return []string{t.one}
}
