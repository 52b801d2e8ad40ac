package simulator

import (
	"strconv"
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
	silent   bool   // the message stays with the carrier, no report ever
	twice    bool   // every report is sent a second time
	late     bool   // its report comes Options.Late after the usual time
	contrary bool   // a failed Alimtalk is reported delivered once a text was delivered
	fault    fault  // what the first request that hands over to it meets
	early    bool   // the report comes before the reply to the hand-over
	forced   bool   // code decides every leg
	code     uint16 // the vendor's raw code
}

// outcomes is the table of the contract for numbers 010-00BB-xxxx, by BB.
// Numbers beyond it, and all others, are delivered.
var outcomes = [...]outcome{
	0:  {},
	1:  {kakao: notOnKakao},
	2:  {kakao: notOnKakao, text: absent},
	3:  {text: absent},
	4:  {silent: true},
	5:  {twice: true},
	6:  {late: true},
	7:  {kakao: notOnKakao, contrary: true},
	8:  {fault: errorAfter},
	9:  {fault: cutAfter},
	10: {fault: errorBefore},
	11: {fault: tooMany},
	12: {fault: hangs},
	13: {early: true},
}

// forcedBlock is the BB of the numbers whose last four digits are a raw code.
const forcedBlock = 99

// outcomeOf looks a number up in the table.
func outcomeOf(to phone) outcome {
	switch block, ok := to.block(); {
	case !ok:
		return outcome{}
	case block == forcedBlock:
		return outcome{forced: true, code: uint16(to % 10_000)}
	default:
		return outcomes[block]
	}
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

// block is the BB of a number 010-00BB-xxxx that the table names.
func (p phone) block() (bb int, ok bool) {
	if p/1_000_000 != 1_01000 {
		return 0, false
	}
	bb = int(p / 10_000 % 100)
	return bb, bb < len(outcomes) || bb == forcedBlock
}

// tabled says whether the table decides about a number, and no scenario does.
func (p phone) tabled() bool {
	_, ok := p.block()
	return ok
}
