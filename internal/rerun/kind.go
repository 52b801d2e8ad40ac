package rerun

import (
	"slices"

	"creditmsg/internal/fault"
)

// Kind says what would be otherwise.
type Kind string

// The kinds. The list is closed.
const (
	WouldDeliver        Kind = "would_deliver"
	WouldFail           Kind = "would_fail"
	WouldFallBack       Kind = "would_fall_back"
	WouldRetry          Kind = "would_retry"
	EarlierDelivered    Kind = "earlier_delivered"
	ChargedButFailed    Kind = "charged_but_failed"
	DeliveredNotCharged Kind = "delivered_not_charged"
	Contradiction       Kind = "contradiction"
	NoEnd               Kind = "no_end"
	SameEnd             Kind = "same_end"
	Disputed            Kind = "disputed"
	OptedOut            Kind = "opted_out"
)

// Kinds are all kinds, in the order in which they are listed everywhere.
var Kinds = []Kind{WouldDeliver, WouldFail, WouldFallBack, WouldRetry, EarlierDelivered, ChargedButFailed, DeliveredNotCharged,
	Contradiction, NoEnd, SameEnd, Disputed, OptedOut}

var sentences = map[Kind]struct{ korean, english string }{
	WouldDeliver:        {"결과를 기다리던 건이 전송 성공으로 처리됩니다 (과금)", "still waits for its report, and would be delivered and charged"},
	WouldFail:           {"결과를 기다리던 건이 전송 실패로 처리됩니다 (보류액 반환)", "still waits for its report, and would fail: what is held for it is released"},
	WouldFallBack:       {"결과를 기다리던 건이 실패하여 다음 단계로 대체 발송됩니다", "still waits for its report, and would fall back to its next step"},
	WouldRetry:          {"운영자 쪽 사유로 실패하여 다시 발송됩니다", "still waits for its report, and would be sent again: the failure is the operator's"},
	EarlierDelivered:    {"앞 단계가 전송 성공이었습니다. 뒤 단계가 실패하면 앞 단계로 과금합니다", "an earlier step was delivered: it counts if the present one does not deliver"},
	ChargedButFailed:    {"고객에게 과금했으나 전송 실패였습니다 (환불)", "charged to the site, but the report says that it failed: refunded"},
	DeliveredNotCharged: {"실패·만료로 처리했으나 전송 성공이었습니다 (고객에게 과금하지 않음)", "failed or given up, but the report says delivered: the carrier bills it, the site is not charged"},
	Contradiction:       {"확정된 결과와 다른 보고입니다 (기록만 함)", "says otherwise than what ended the leg: it is noted, and nothing moves"},
	NoEnd:               {"확정의 근거가 된 보고가 최종 결과가 아니었습니다", "the report that ended the leg is no end after all; another one may follow"},
	SameEnd:             {"확정의 근거가 되지 않았던 다른 보고가 같은 결과입니다 (그대로 둠)", "another report, which did not count when it came, says what the leg's end is: it stays so"},
	Disputed:            {"더 먼저 왔거나 확정의 근거가 된 다른 보고의 결과가 다릅니다 (그대로 둠)", "another letter, which came before or ended the leg, says otherwise: nothing moves"},
	OptedOut:            {"읽지 못했던 보고에 080 수신거부가 들어 있습니다", "a letter that could not be read tells of people who opted out"},
}

// Korean says the kind to a person, in Korean.
func (k Kind) Korean() string { return sentences[k].korean }

// English says the kind to a person, in English.
func (k Kind) English() string { return sentences[k].english }

// ParseKind reads a kind's name; "" stays "".
func ParseKind(pointer, name string) (Kind, error) {
	if k := Kind(name); name == "" || slices.Contains(Kinds, k) {
		return k, nil
	}
	return "", fault.Check(pointer, "%.40q is no kind of difference: use one of %v", name, Kinds)
}

// Outcome is what an application made of a difference.
type Outcome string

// The outcomes. An empty one: it was not come to.
const (
	Applied        Outcome = "applied"
	Skipped        Outcome = "skipped"         // it would be another by now
	ReturnedBefore Outcome = "returned_before" // the leg was given back by an invoice or another run
	Noted          Outcome = "noted"           // nothing follows from it
)
