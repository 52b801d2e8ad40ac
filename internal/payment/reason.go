package payment

// Reason is a normalised reason why money was not taken or given back, the same for every
// gateway. The list is closed; the gateway's own code and words are kept beside it.
type Reason string

// The reasons.
const (
	CardDeclined   Reason = "card_declined"    // limit, balance, or the issuer's word: may go later
	CardDead       Reason = "card_dead"        // expired, lost, removed: never goes again
	NeedsPayer     Reason = "needs_payer"      // the issuer wants the payer to confirm it
	PayerLeft      Reason = "payer_left"       // closed the window, or let the time pass
	AccountLapsed  Reason = "account_lapsed"   // nothing arrived on the account in time
	BadCredentials Reason = "bad_credentials"  // ours at the gateway
	BadRequest     Reason = "bad_request"      // what we asked was not understood
	AmountTooSmall Reason = "amount_too_small" // below what the gateway charges
	GatewayFailure Reason = "gateway_failure"  // it failed inside, or could not be reached
	GatewayBusy    Reason = "gateway_busy"     // asked to come later
	NotCancellable Reason = "not_cancellable"  // too late, or never for this kind of payment
	BadBankAccount Reason = "bad_bank_account" // where money was to be given back to
	NotSupported   Reason = "not_supported"    // the gateway does not do this
	UnknownRefusal Reason = "unknown_refusal"  // a code that we do not know
)

// nature is what follows from a reason, and how it is said to people.
type nature struct {
	operators bool // the operator must act: it is not the payer's doing
	dead      bool // the card is to be registered anew
	korean    string
	english   string
}

var reasons = map[Reason]nature{
	CardDeclined:   {false, false, "카드사에서 승인을 거절했습니다 (한도 초과, 잔액 부족 등)", "the card was declined (limit, balance or the issuer's decision)"},
	CardDead:       {false, true, "더 이상 사용할 수 없는 카드입니다. 카드를 다시 등록하세요", "the card cannot be used any more; register a card again"},
	NeedsPayer:     {false, true, "카드사가 본인 확인을 요구합니다. 카드를 다시 등록하세요", "the issuer wants the payer to confirm; register the card again"},
	PayerLeft:      {false, false, "결제가 완료되지 않았습니다 (취소 또는 시간 초과)", "the payment was not completed (cancelled, or too late)"},
	AccountLapsed:  {false, false, "입금 기한이 지났습니다", "nothing was paid in by the date due"},
	BadCredentials: {true, false, "결제 업체 인증에 실패했습니다 (운영자 확인 필요)", "the gateway did not accept the operator's credentials"},
	BadRequest:     {true, false, "결제 요청이 올바르지 않습니다 (운영자 확인 필요)", "the gateway did not understand the request"},
	AmountTooSmall: {false, false, "결제 업체의 최소 결제 금액보다 작습니다", "the amount is below what the gateway charges"},
	GatewayFailure: {false, false, "결제 업체 시스템에서 오류가 발생했습니다", "the gateway failed inside or could not be reached"},
	GatewayBusy:    {false, false, "결제 업체가 잠시 후 다시 시도하도록 요청했습니다", "the gateway asked to come again later"},
	NotCancellable: {false, false, "취소할 수 없는 결제입니다", "the payment cannot be cancelled"},
	BadBankAccount: {false, false, "환불 계좌가 올바르지 않습니다", "the account to refund to is not right"},
	NotSupported:   {false, false, "이 결제 업체에서 지원하지 않습니다", "the gateway does not support this"},
	UnknownRefusal: {false, false, "결제가 거절되었습니다 (알려지지 않은 코드)", "the payment was refused with a code we do not know"},
}

// Operators reports whether the operator must act, and nothing is to be held against the payer.
func (r Reason) Operators() bool { return r.nature().operators }

// Dead reports whether the stored card is to be registered anew before it is charged again.
func (r Reason) Dead() bool { return r.nature().dead }

// Korean says the reason to a person, in Korean.
func (r Reason) Korean() string { return r.nature().korean }

// English says the reason to a person, in English.
func (r Reason) English() string { return r.nature().english }

// nature treats a reason outside the list as one that is not known.
func (r Reason) nature() nature {
	if n, ok := reasons[r]; ok {
		return n
	}
	return reasons[UnknownRefusal]
}
