package provider

// Reason is a normalised reason of failure, the same for every provider. The list
// is closed: what cannot be understood is UnrecognisedCode. The provider's own
// code and words are kept beside it.
type Reason string

// The reasons. Those of one group differ in what can be done about them.
const (
	InvalidNumber       Reason = "invalid_number"
	NumberAbsent        Reason = "number_absent"
	NumberSuspended     Reason = "number_suspended"
	RecipientPowerOff   Reason = "recipient_power_off"
	OutOfCoverage       Reason = "out_of_coverage"
	HandsetBusy         Reason = "handset_busy"
	HandsetUnsupported  Reason = "handset_unsupported"
	NetworkFailure      Reason = "network_failure"
	Expired             Reason = "expired"
	RecipientRejected   Reason = "recipient_rejected"
	OptedOut            Reason = "opted_out"
	SpamBlocked         Reason = "spam_blocked"
	AdultCheck          Reason = "adult_check"
	ForeignNotAllowed   Reason = "foreign_not_allowed"
	Duplicate           Reason = "duplicate"
	Cancelled           Reason = "cancelled"
	UnrecognisedCode    Reason = "unrecognised_code"
	NotKakaoUser        Reason = "not_kakao_user"
	KakaoUndeliverable  Reason = "kakao_undeliverable"
	AlimtalkBlocked     Reason = "alimtalk_blocked_by_user"
	NotChannelFriend    Reason = "not_channel_friend"
	ChannelBlocked      Reason = "channel_blocked_or_invalid"
	TemplateMismatch    Reason = "template_mismatch"
	TemplateNotFound    Reason = "template_not_found"
	TemplateNotApproved Reason = "template_not_approved"
	OutsideHours        Reason = "outside_hours"
	AdvertRule          Reason = "advert_rule"
	ContentTooLong      Reason = "content_too_long"
	ContentCharacters   Reason = "content_bad_characters"
	ContentMissing      Reason = "content_missing"
	AttachmentError     Reason = "attachment_error"
	SenderNotRegistered Reason = "sender_not_registered"
	SenderSpoofBlock    Reason = "sender_spoof_block"
	SenderBlocked       Reason = "sender_blocked_by_authority"
	AuthFailed          Reason = "auth_failed"
	ProviderBalance     Reason = "insufficient_provider_balance"
	ProviderQuota       Reason = "provider_quota"
	ProviderRateLimited Reason = "provider_rate_limited"
	ProviderInternal    Reason = "provider_internal"
)

// nature is what follows from a reason, and how it is said to people.
type nature struct {
	fallsBack bool // a text may succeed where this Alimtalk failed
	operators bool // the operator's failure: the leg waits, the recipient has not failed
	korean    string
	english   string
}

// reasons is the closed list. A reason falls back only when another channel can
// help and the person did not ask to be left alone. SenderBlocked is not the
// operator's: it is the site's number that was blocked, at every provider, and one
// site's number must not stop the route of all others. Template and channel
// reasons are worth an alert too, yet the text of that recipient can go.
var reasons = map[Reason]nature{
	InvalidNumber:      {false, false, "받는 번호의 형식이 올바르지 않습니다", "the recipient's number is not a valid phone number"},
	NumberAbsent:       {false, false, "없는 번호이거나 번호이동된 번호입니다", "the number is not in use"},
	NumberSuspended:    {false, false, "일시 정지된 번호입니다", "the number is suspended by its carrier"},
	RecipientPowerOff:  {false, false, "받는 분의 휴대폰 전원이 꺼져 있습니다", "the recipient's phone is switched off"},
	OutOfCoverage:      {false, false, "받는 분이 음영 지역에 있습니다", "the recipient's phone is out of coverage"},
	HandsetBusy:        {false, false, "받는 분의 휴대폰이 일시적으로 받을 수 없는 상태입니다 (통화 중, 메시지함 가득 참 등)", "the recipient's phone cannot take messages for now (busy, or its store is full)"},
	HandsetUnsupported: {true, false, "받는 분의 휴대폰이 이 메시지를 지원하지 않습니다", "the recipient's phone does not support this kind of message"},
	NetworkFailure:     {true, false, "이동통신망에서 전송에 실패했습니다", "the mobile network failed to deliver the message"},
	Expired:            {true, false, "제한 시간 안에 전달되지 않았습니다", "the message was not delivered within its time"},
	RecipientRejected:  {false, false, "받는 분이 수신을 거부했습니다", "the recipient blocks messages from this sender"},
	OptedOut:           {false, false, "무료 수신거부(080)를 신청한 번호입니다", "the recipient has opted out"},
	SpamBlocked:        {false, false, "스팸으로 분류되어 차단되었습니다", "the message was blocked as spam"},
	AdultCheck:         {false, false, "성인 인증이 필요한 메시지입니다", "the message needs an adult check that failed"},
	ForeignNotAllowed:  {false, false, "해외 번호로는 보낼 수 없습니다", "messages to foreign numbers are not allowed"},
	Duplicate:          {false, false, "같은 메시지가 이미 접수되었습니다", "the same message was already taken"},
	Cancelled:          {false, false, "발송이 취소되었습니다", "the message was cancelled"},
	UnrecognisedCode:   {false, false, "전송에 실패했습니다 (알려지지 않은 코드)", "the message failed with a code we do not know"},

	NotKakaoUser:        {true, false, "카카오톡 사용자가 아닙니다", "the recipient does not use KakaoTalk"},
	KakaoUndeliverable:  {true, false, "카카오톡으로 전달할 수 없는 상태입니다 (최근 미사용, 알림톡 차단 등)", "KakaoTalk cannot deliver to the recipient (inactive, or Alimtalk is blocked)"},
	AlimtalkBlocked:     {true, false, "받는 분이 알림톡 또는 채널을 차단했습니다", "the recipient blocks Alimtalk or this channel"},
	NotChannelFriend:    {true, false, "카카오톡 채널 친구가 아닙니다", "the recipient is not a friend of the Kakao channel"},
	ChannelBlocked:      {true, false, "카카오톡 채널(발신 프로필)이 차단되었거나 올바르지 않습니다", "the Kakao channel is blocked or not valid"},
	TemplateMismatch:    {true, false, "내용이나 버튼이 승인된 템플릿과 다릅니다", "the text or buttons differ from the approved template"},
	TemplateNotFound:    {true, false, "템플릿이 없거나 중지되었습니다", "the template does not exist or was stopped"},
	TemplateNotApproved: {true, false, "아직 승인되지 않은 템플릿입니다", "the template is not approved yet"},

	OutsideHours:        {false, false, "보낼 수 있는 시간이 아닙니다", "this kind of message may not be sent at this hour"},
	AdvertRule:          {false, false, "광고 표기 규정에 맞지 않습니다", "the message breaks the rules for advertising"},
	ContentTooLong:      {true, false, "내용이 너무 깁니다", "the content is too long"},
	ContentCharacters:   {false, false, "보낼 수 없는 문자가 들어 있습니다", "the content has characters that cannot be sent"},
	ContentMissing:      {false, false, "필수 항목이 없거나 형식이 올바르지 않습니다", "something required is missing or has a wrong form"},
	AttachmentError:     {false, false, "첨부 이미지에 문제가 있습니다", "the attached picture cannot be sent"},
	SenderNotRegistered: {false, false, "등록되지 않은 발신번호입니다", "the sender number is not registered"},
	SenderSpoofBlock:    {false, false, "번호도용 문자차단 서비스에 가입된 발신번호입니다", "the sender number is protected against spoofing by its owner"},
	SenderBlocked:       {false, false, "관계 기관에 의해 차단된 발신번호입니다", "the sender was blocked by the authority"},

	AuthFailed:          {false, true, "발송 업체 인증에 실패했습니다 (운영자 확인 필요)", "the provider did not accept the operator's credentials"},
	ProviderBalance:     {false, true, "발송 업체 잔액이 부족합니다 (운영자 확인 필요)", "the operator's balance at the provider does not suffice"},
	ProviderQuota:       {false, true, "발송 업체 발송 한도를 초과했습니다 (운영자 확인 필요)", "the operator's quota at the provider is used up"},
	ProviderRateLimited: {false, true, "발송 업체가 속도 제한을 요청했습니다", "the provider asked to slow down"},
	ProviderInternal:    {true, false, "발송 업체 시스템에서 오류가 발생했습니다", "the provider failed inside or could not be reached"},
}

// FallsBack reports whether the other part of a message may be sent instead of a leg over
// this channel that certainly failed for this reason: the text instead of an Alimtalk, or, of
// a site that wants it so, an Alimtalk instead of the text.
func (r Reason) FallsBack(from Channel) bool {
	return r.nature().fallsBack || from != Alimtalk && afterText[r]
}

// afterText are the reasons for which a text alone fails: Kakao keeps a message until the
// phone is back, and needs no sender number.
var afterText = map[Reason]bool{RecipientPowerOff: true, OutOfCoverage: true, HandsetBusy: true, ContentCharacters: true, AttachmentError: true,
	SenderNotRegistered: true, SenderSpoofBlock: true}

// Operators reports whether the failure is the operator's (credentials, balance,
// quota, speed) and never the recipient's, who therefore stays pending.
func (r Reason) Operators() bool { return r.nature().operators }

// Korean says the reason to a person, in Korean.
func (r Reason) Korean() string { return r.nature().korean }

// English says the reason to a person, in English.
func (r Reason) English() string { return r.nature().english }

// nature treats a reason outside the list, such as one stored by a newer release,
// as one that is not recognised.
func (r Reason) nature() nature {
	if n, ok := reasons[r]; ok {
		return n
	}
	return reasons[UnrecognisedCode]
}
