package invoice

import (
	"slices"

	"creditmsg/internal/fault"
)

// Kind says how a line, our charge and their report differ.
type Kind string

// The kinds. The list is closed.
const (
	UnknownToUs        Kind = "unknown_to_us"
	BilledTwice        Kind = "billed_twice"
	BilledAsDelivered  Kind = "billed_as_delivered"
	BilledThoughFailed Kind = "billed_though_failed"
	ChargedButFailed   Kind = "charged_but_failed"
	NotBilled          Kind = "not_billed"
	OtherChannel       Kind = "other_channel"
	OtherPrice         Kind = "other_price"
	DeliveredLate      Kind = "delivered_late"
	NotFinal           Kind = "not_final"
	OutsidePeriod      Kind = "outside_period"
)

// Kinds are all kinds, in the order in which they are listed everywhere.
var Kinds = []Kind{UnknownToUs, BilledTwice, BilledAsDelivered, BilledThoughFailed, ChargedButFailed, NotBilled,
	OtherChannel, OtherPrice, DeliveredLate, NotFinal, OutsidePeriod}

var sentences = map[Kind]struct{ korean, english string }{
	UnknownToUs:        {"청구되었으나 당사 발송 기록이 없습니다", "billed, but we sent nothing like it through this account"},
	BilledTwice:        {"같은 발송 건이 두 번 청구되었습니다", "the same leg is billed a second time"},
	BilledAsDelivered:  {"실패로 보고된 건이 성공으로 청구되었습니다 (고객에게 과금하지 않음)", "billed as delivered, but reported to us as failed, and the site was not charged"},
	BilledThoughFailed: {"청구서에 실패로 적힌 건에 요금이 청구되었습니다", "the invoice itself says that it failed, and bills it"},
	ChargedButFailed:   {"고객에게 과금했으나 청구서에는 실패로 적혀 있습니다 (환불 제안)", "charged to the site, but the invoice says that it failed: a refund is proposed"},
	NotBilled:          {"전송 성공 건이 청구서에 없습니다 (업체 누락)", "delivered, but not billed: their omission"},
	OtherChannel:       {"과금한 채널과 다른 채널로 청구되었습니다", "billed as another channel than was sent and charged"},
	OtherPrice:         {"합의한 단가와 다른 단가로 청구되었습니다", "billed at another unit price than agreed"},
	DeliveredLate:      {"대기 시간이 지나 해제한 뒤 전송된 건입니다 (고객에게 과금하지 않음)", "delivered there, but released here before: nothing is charged to the site"},
	NotFinal:           {"아직 전송 결과를 기다리는 건입니다 (나중에 다시 대조)", "billed, but here it still waits for its report: import the file again later"},
	OutsidePeriod:      {"청구 기간 밖에 발송된 건입니다 (이웃한 달의 건일 수 있음)", "sent outside of the invoice's month: it belongs to a neighbouring one"},
}

// Korean says the kind to a person, in Korean.
func (k Kind) Korean() string { return sentences[k].korean }

// English says the kind to a person, in English.
func (k Kind) English() string { return sentences[k].english }

// ParseKind reads a kind's name.
func ParseKind(pointer, name string) (Kind, error) {
	if k := Kind(name); slices.Contains(Kinds, k) {
		return k, nil
	}
	return "", fault.Check(pointer, "%.40q is no kind of difference: use one of %v", name, Kinds)
}
