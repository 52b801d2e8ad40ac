package simulator

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/korea"
)

const (
	alimtalkLimit    = 1000 // characters of ATA and CTA
	friendImageLimit = 400  // characters of CTI
	fieldKeyLimit    = 30
	fieldValueLimit  = 100
)

// receiverForm says whether to looks like a Korean number, without separators.
func receiverForm(to string) bool {
	return len(to) >= 9 && len(to) <= 12 && to[0] == '0' && packPhone(to) != 0
}

// senderForm says whether from looks like a sender number: with an area code, or
// a representative number of eight digits.
func senderForm(from string) bool {
	if len(from) < 8 || len(from) > 12 || packPhone(from) == 0 {
		return false
	}
	return from[0] == '0' || len(from) == 8 && from[0] == '1' && strings.IndexByte("568", from[1]) >= 0
}

// draft is a message after the checks that do not depend on its recipient: what
// is stored, and the code that refuses it (0 = it may be sent).
type draft struct {
	kind     kind
	auto     bool
	mismatch bool // its text is not what its template makes; of vendors that see that late
	code     uint16
	from     string
	text     string
	subject  string
	fields   string
	kakao    *kakaoPart
	extra    *extraPart
}

// checker checks the messages of one request. What they have in common it keeps
// once.
type checker struct {
	sim     *Simulator
	account *account
	strict  bool     // characters outside EUC-KR are refused
	senders []string // that alone may be used; none = every one
	froms   map[string]string
	kakaos  map[kakaoPart]*kakaoPart
	last    string // the text before, which the next one often repeats
}

func (s *Simulator) newChecker(a *account, strict bool) *checker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &checker{sim: s, account: a, strict: strict, senders: s.registered(a), froms: map[string]string{}, kakaos: map[kakaoPart]*kakaoPart{}}
}

// check makes the draft of a message.
func (c *checker) check(w *wireMessage) draft {
	d := draft{from: c.share(w.From), text: w.Text, subject: w.Subject}
	d.fields, d.code = checkFields(w.CustomFields)
	if code := d.detect(w); code != 0 {
		d.code = code
		return d
	}
	if w.Country != "" && w.Country != "82" {
		d.code = 1058
		return d
	}
	for _, step := range []func(*draft, *wireMessage) uint16{c.checkFrom, c.checkKakao, c.checkText, c.checkImage, c.keepExtra} {
		if d.code == 0 {
			d.code = step(&d, w)
		}
	}
	if d.text == c.last {
		d.text = c.last
	}
	c.last = d.text
	return d
}

// share keeps one copy of a sender number.
func (c *checker) share(from string) string {
	if kept, ok := c.froms[from]; ok {
		return kept
	}
	c.froms[from] = from
	return from
}

// detect decides the type.
func (d *draft) detect(w *wireMessage) uint16 {
	if w.Type != "" {
		if d.kind = kindOf(w.Type); d.kind == unknownKind {
			return 1025
		}
		return 0
	}
	if w.AutoTypeDetect != nil && !*w.AutoTypeDetect {
		return 1010
	}
	d.auto = true
	n, _ := korea.Bytes(w.Text)
	switch k := w.KakaoOptions; {
	case k != nil && k.TemplateID != "":
		d.kind = ata
	case k != nil && k.ImageID != "":
		d.kind = cti
	case k != nil:
		d.kind = cta
	case w.ImageID != "":
		d.kind = mms
	case w.Subject != "" || n > korea.SMSBytes:
		d.kind = lms
	default:
		d.kind = sms
	}
	return 0
}

// checkFrom checks the sender: a Kakao message without fail-over needs none.
func (c *checker) checkFrom(d *draft, w *wireMessage) uint16 {
	switch {
	case d.from == "" && d.kind.kakao() && w.KakaoOptions != nil && w.KakaoOptions.DisableSMS:
		return 0
	case d.from == "":
		return 1010
	case !senderForm(d.from):
		return 1011
	case len(c.senders) > 0 && !slices.Contains(c.senders, d.from):
		return 1062
	}
	return 0
}

// checkText checks what is written.
func (c *checker) checkText(d *draft, w *wireMessage) uint16 {
	switch {
	case strings.TrimSpace(d.text) == "":
		return 1010
	case unprintable(d.text) || unprintable(d.subject):
		return 1028
	case d.kind == cti && utf8.RuneCountInString(d.text) > friendImageLimit,
		d.kind.kakao() && utf8.RuneCountInString(d.text) > alimtalkLimit:
		return 1031
	case d.kind.kakao():
		return 0
	case w.KakaoOptions != nil:
		return 1033
	case d.kind == sms && d.subject != "":
		return 1013
	}
	text, okText := c.encodable(d.text)
	subject, okSubject := c.encodable(d.subject)
	d.text, d.subject = text, subject
	limit := korea.LMSBytes
	if d.kind == sms {
		limit = korea.SMSBytes
	}
	switch {
	case !okText || !okSubject:
		return 1029
	case carried(d.subject) > korea.SubjectBytes:
		return 1014
	case carried(d.text) > limit:
		return 1031
	}
	return 0
}

// encodable says whether text is within EUC-KR; without strictness what is not
// becomes a question mark. Decomposed Hangul is not, however it looks.
func (c *checker) encodable(text string) (string, bool) {
	_, bad := korea.Bytes(text)
	decomposed := korea.Normalise(text) != strings.ReplaceAll(text, "\r\n", "\n")
	switch {
	case len(bad) == 0 && !decomposed:
		return text, true
	case c.strict:
		return text, false
	}
	text = korea.Normalise(text)
	for _, r := range bad {
		text = strings.ReplaceAll(text, string(r), "?")
	}
	return text, true
}

// carried is how many bytes the carrier counts: both of a CRLF.
func carried(text string) int {
	n, _ := korea.Bytes(text)
	return n + strings.Count(text, "\r\n")
}

// unprintable finds control characters other than line ends and tabs.
func unprintable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r >= 0x7f && r <= 0x9f
	})
}

// checkImage checks the picture of an MMS.
func (c *checker) checkImage(d *draft, w *wireMessage) uint16 {
	switch {
	case d.kind != mms:
		return 0
	case w.ImageID == "":
		return 1034
	case !c.sim.hasFile(c.account, w.ImageID, "MMS"):
		return 1023
	}
	return 0
}

// keepExtra keeps what only few messages have.
func (c *checker) keepExtra(d *draft, w *wireMessage) uint16 {
	var x extraPart
	if shown, there := c.sim.findFile(c.account, w.ImageID, "MMS"); d.kind == mms && there {
		x.imageID, x.pictures = w.ImageID, []Shown{shown}
	}
	if d.kind.kakao() && !w.KakaoOptions.DisableSMS {
		x.replacementText = w.ReplacementText
		for i := range w.Replacements {
			next := w.Replacements[i]
			next.CustomFields, next.Replacements = w.CustomFields, nil
			if next.From == "" {
				next.From = w.From
			}
			if r := c.check(&next); r.code == 0 {
				x.replacements = append(x.replacements, r)
			}
		}
	}
	if x.imageID != "" || x.replacementText != "" || x.replacements != nil {
		d.extra = &x
	}
	return 0
}

// checkFields checks customFields and gives the JSON to keep.
func checkFields(raw json.RawMessage) (string, uint16) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return "", 0
	}
	if plainFields(raw) {
		return string(raw), 0
	}
	var fields map[string]string
	if json.Unmarshal(raw, &fields) != nil {
		return "", 1032
	}
	for key, value := range fields {
		if utf8.RuneCountInString(key) > fieldKeyLimit || utf8.RuneCountInString(value) > fieldValueLimit {
			return "", 1032
		}
	}
	return string(raw), 0
}

// plainFields knows good customFields without reading them: valid JSON of short
// strings with neither escapes nor spaces between them. It spares a map per
// message; whatever it does not know is read properly.
func plainFields(raw []byte) bool {
	if len(raw) < 2 || raw[0] != '{' {
		return false
	}
	for rest, limit := raw[1:], fieldKeyLimit; ; {
		if len(rest) == 0 || rest[0] != '"' {
			return false
		}
		end := bytes.IndexByte(rest[1:], '"')
		if end < 0 || end > limit || bytes.IndexByte(rest[1:1+end], '\\') >= 0 || end+2 >= len(rest) {
			return false
		}
		after := rest[end+2]
		switch {
		case limit == fieldKeyLimit && after == ':':
			limit = fieldValueLimit
		case limit == fieldValueLimit && after == ',':
			limit = fieldKeyLimit
		default:
			return limit == fieldValueLimit && after == '}' && end+3 == len(rest)
		}
		rest = rest[end+3:]
	}
}
