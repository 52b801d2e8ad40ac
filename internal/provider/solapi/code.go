package solapi

import "creditmsg/internal/provider"

// code is the vendor's status code of a message. The first digit says where it
// stands: 1 refused at registration, 2 inside Solapi, 3 at the carrier or Kakao,
// 4000 done.
type code string

const (
	codeAccepted  code = "2000"
	codeAtCarrier code = "3000"
	codeDelivered code = "4000"
)

// UnmarshalJSON takes the code as text or as a number and never fails. The decoder
// gives it one whole value; a text with escapes is no code of any form.
func (c *code) UnmarshalJSON(body []byte) error {
	switch n := len(body); {
	case n >= 2 && body[0] == '"':
		*c = code(body[1 : n-1])
	case n > 0 && isDigit(body[0]):
		*c = code(body)
	}
	return nil
}

// verdict is what a code means for a recipient.
type verdict struct {
	final, delivered bool
	reason           provider.Reason // of a final failure
}

// verdict judges the code. Outside the list, the classes 1 to 3 are final
// failures; anything else is not known to be final.
func (c code) verdict() verdict {
	switch c {
	case codeDelivered:
		return verdict{final: true, delivered: true}
	case codeAccepted, codeAtCarrier:
		return verdict{}
	}
	if m, ok := meanings[c]; ok {
		return verdict{final: true, reason: m.reason}
	}
	if len(c) == 4 && c[0] >= '1' && c[0] <= '3' && isDigit(c[1]) && isDigit(c[2]) && isDigit(c[3]) {
		return verdict{final: true, reason: provider.UnrecognisedCode}
	}
	return verdict{}
}

// registration reports whether the code refuses a message when it is added.
func (c code) registration() bool { return c.verdict().final && c[0] == '1' }

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// meaning is one row of the vendor's list.
type meaning struct {
	reason provider.Reason // empty for the three codes that are no failure
	text   string
}

// meanings is the vendor's list of codes. Where one code stands for two reasons,
// the nearer to its words was taken. 1058 and 3058 (no route) count as failures of
// the network, since nothing foreign is sent. 2063 blocks an account, and stays
// with 1064 under the authority's blocks, as the code map has it.
var meanings = map[code]meaning{
	codeAccepted:  {"", "정상 접수 (이통사로 접수 예정)"},
	codeAtCarrier: {"", "이통사로 접수됨, 결과 대기 중"},
	codeDelivered: {"", "발송 완료"},

	"1010": {provider.ContentMissing, "필수 값 누락"},
	"1011": {provider.InvalidNumber, "형식 오류"},
	"1013": {provider.ContentMissing, "SMS에는 제목을 넣을 수 없음"},
	"1014": {provider.ContentTooLong, "제목이 40바이트를 초과함"},
	"1020": {provider.AuthFailed, "계정이 없거나 비밀번호가 올바르지 않음"},
	"1021": {provider.UnrecognisedCode, "존재하지 않는 메시지"},
	"1022": {provider.UnrecognisedCode, "존재하지 않는 그룹"},
	"1023": {provider.AttachmentError, "존재하지 않는 이미지"},
	"1024": {provider.ProviderInternal, "서버 오류"},
	"1025": {provider.ContentMissing, "잘못된 메시지 유형"},
	"1026": {provider.Duplicate, "중복된 수신번호"},
	"1027": {provider.ContentCharacters, "UTF-8이 아닌 문자가 있음"},
	"1028": {provider.ContentCharacters, "출력할 수 없는 문자가 있음"},
	"1029": {provider.ContentCharacters, "EUC-KR로 표현할 수 없는 문자가 있음"},
	"1030": {provider.ProviderBalance, "잔액 부족"},
	"1031": {provider.ContentTooLong, "메시지 길이 초과"},
	"1032": {provider.ContentMissing, "잘못된 사용자 정의 필드(customFields)"},
	"1033": {provider.ContentMissing, "카카오가 아닌 메시지에 카카오 옵션이 있음"},
	"1034": {provider.AttachmentError, "이미지가 누락됨"},
	"1041": {provider.ChannelBlocked, "유효하지 않은 카카오톡 채널(pfId)"},
	"1042": {provider.TemplateNotFound, "유효하지 않은 템플릿 아이디"},
	"1043": {provider.TemplateMismatch, "템플릿과 내용이 일치하지 않음"},
	"1044": {provider.TemplateMismatch, "유효하지 않은 버튼"},
	"1045": {provider.TemplateMismatch, "유효하지 않은 버튼 링크"},
	"1046": {provider.TemplateMismatch, "템플릿의 버튼이 누락됨"},
	"1047": {provider.TemplateMismatch, "템플릿에 없는 버튼이 있음"},
	"1048": {provider.TemplateMismatch, "버튼 링크가 100자를 초과함"},
	"1049": {provider.TemplateMismatch, "버튼 이름이 14자를 초과함"},
	"1050": {provider.TemplateMismatch, "버튼이 5개를 초과함"},
	"1051": {provider.AttachmentError, "등록되지 않은 친구톡 이미지"},
	"1052": {provider.TemplateMismatch, "버튼 순서가 템플릿과 다름"},
	"1053": {provider.TemplateMismatch, "친구톡에는 배송 조회 버튼을 쓸 수 없음"},
	"1058": {provider.NetworkFailure, "전송 경로 없음"},
	"1060": {provider.RecipientRejected, "수신 차단된 번호"},
	"1061": {provider.OptedOut, "080 수신거부된 번호"},
	"1062": {provider.SenderNotRegistered, "발신번호 미등록"},
	"1064": {provider.SenderBlocked, "KISA 신고로 차단됨"},

	"2011": {provider.InvalidNumber, "형식 오류"},
	"2024": {provider.ProviderInternal, "서버 오류"},
	"2060": {provider.RecipientRejected, "수신 차단된 번호"},
	"2061": {provider.OptedOut, "080 수신거부된 번호"},
	"2062": {provider.SenderNotRegistered, "발신번호 미등록"},
	"2063": {provider.SenderBlocked, "차단된 계정"},
	"2064": {provider.SenderBlocked, "KISA 신고로 차단됨"},
	"2230": {provider.ProviderBalance, "잔액 부족"},
	"2254": {provider.SpamBlocked, "스팸 필터에 의해 차단됨"},

	"3010": {provider.InvalidNumber, "수신번호 형식 오류"},
	"3011": {provider.InvalidNumber, "형식 오류"},
	"3012": {provider.ProviderInternal, "상위 서버 오류"},
	"3013": {provider.SenderNotRegistered, "발신번호 형식 오류"},
	"3014": {provider.UnrecognisedCode, "알 수 없는 메시지 상태"},
	"3024": {provider.ProviderInternal, "서버 오류"},
	"3031": {provider.UnrecognisedCode, "전송할 수 없음"},
	"3032": {provider.NumberAbsent, "결번 (가입자 없음)"},
	"3040": {provider.Expired, "전송 시간 초과"},
	"3041": {provider.HandsetBusy, "단말기 통화 중"},
	"3042": {provider.OutOfCoverage, "음영 지역"},
	"3043": {provider.RecipientPowerOff, "단말기 전원 꺼짐"},
	"3044": {provider.HandsetBusy, "단말기 메시지 저장 공간 부족"},
	"3045": {provider.NumberSuspended, "단말기 일시 정지"},
	"3046": {provider.HandsetBusy, "기타 단말기 문제"},
	"3047": {provider.RecipientRejected, "수신자가 수신을 거부함"},
	"3048": {provider.SenderSpoofBlock, "번호도용 차단 (알 수 없는 코드로 표기됨)"},
	"3049": {provider.InvalidNumber, "형식 오류"},
	"3050": {provider.HandsetUnsupported, "단말기가 문자를 지원하지 않음"},
	"3051": {provider.HandsetUnsupported, "착신 측에 연결할 수 없음"},
	"3052": {provider.ProviderInternal, "통신사 운영자가 삭제함"},
	"3053": {provider.ProviderInternal, "통신사 대기열 가득 참"},
	"3054": {provider.SpamBlocked, "스팸 (통신사)"},
	"3055": {provider.SpamBlocked, "스팸 (nospam.or.kr 등록 번호)"},
	"3056": {provider.NetworkFailure, "무선망 전송 실패"},
	"3057": {provider.NetworkFailure, "무선망에서 단말기로 전송 실패"},
	"3058": {provider.NetworkFailure, "전송 경로 없음"},
	"3059": {provider.SenderSpoofBlock, "번호도용 문자차단 서비스에 가입된 발신번호"},
	"3060": {provider.AdultCheck, "성인 인증 실패"},

	"3101": {provider.ChannelBlocked, "유효하지 않은 발신 프로필 키"},
	"3102": {provider.NotChannelFriend, "채널 친구가 아님"},
	"3103": {provider.TemplateMismatch, "템플릿과 내용이 일치하지 않음"},
	"3104": {provider.NotKakaoUser, "카카오톡 미사용자"},
	"3105": {provider.TemplateNotFound, "등록되지 않은 템플릿"},
	"3106": {provider.ChannelBlocked, "유효하지 않은 카카오톡 채널"},
	"3107": {provider.KakaoUndeliverable, "72시간 내 카카오톡 미사용 또는 알림톡 차단"},
	"3108": {provider.OutsideHours, "발송 가능 시간(08:00~20:00)이 아님"},
}
