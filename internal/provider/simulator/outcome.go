package simulator

import (
	"strconv"
	"strings"
	"time"
)

// verdict is how a leg ends at the handset; each wire format has its own code
// for it.
type verdict uint8

const (
	delivered  verdict = iota
	notOnKakao         // the number has no KakaoTalk
	absent             // the number has no subscriber
)

// outcome is what happens to the legs sent to one number.
type outcome struct {
	kakao    verdict
	text     verdict
	silent   bool          // the message stays with the carrier, no report ever
	twice    bool          // every report is sent a second time
	late     time.Duration // added to the usual time of a report
	contrary bool          // a failed Alimtalk is reported delivered once a text was delivered
	forced   bool          // code decides every leg
	code     uint16        // the vendor's raw code
}

// outcomes is the table of the contract for numbers 010-00BB-xxxx, by BB.
// Numbers beyond it, and all others, are delivered.
var outcomes = [...]outcome{
	0: {},
	1: {kakao: notOnKakao},
	2: {kakao: notOnKakao, text: absent},
	3: {text: absent},
	4: {silent: true},
	5: {twice: true},
	6: {late: time.Minute},
	7: {kakao: notOnKakao, contrary: true},
}

// forcedPrefix begins the numbers whose last four digits are a raw code.
const forcedPrefix = "0100099"

// outcomeOf looks a number (digits) up in the table.
func outcomeOf(to string) outcome {
	if len(to) != 11 || !strings.HasPrefix(to, "01000") {
		return outcome{}
	}
	if code, ok := strings.CutPrefix(to, forcedPrefix); ok {
		n, _ := strconv.ParseUint(code, 10, 16)
		return outcome{forced: true, code: uint16(n)}
	}
	if n := int(to[5]-'0')*10 + int(to[6]-'0'); n < len(outcomes) {
		return outcomes[n]
	}
	return outcome{}
}

// phone is a number of up to 18 digits in eight bytes: its digits after a 1,
// which keeps leading zeros.
type phone uint64

// packPhone packs digits; anything else gives 0.
func packPhone(digits string) phone {
	if len(digits) == 0 || len(digits) > 18 {
		return 0
	}
	p := phone(1)
	for i := range len(digits) {
		d := digits[i] - '0'
		if d > 9 {
			return 0
		}
		p = p*10 + phone(d)
	}
	return p
}

// String is the digits again.
func (p phone) String() string {
	if p == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(p), 10)[1:]
}
