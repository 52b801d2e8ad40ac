package message

// rejectedKo says in Korean why somebody was not accepted, by the code of his rejection. The
// detail says the same in English, with what is particular to him.
var rejectedKo = map[string]string{
	InvalidNumber:        "휴대전화 번호가 아닙니다 (010과 여덟 자리 숫자)",
	OptedOut:             "수신을 거부한 번호입니다",
	MissingVariable:      "본문의 변수에 넣을 값이 비어 있습니다",
	UnsupportedCharacter: "문자로 보낼 수 없는 글자가 있습니다",
	TextTooLong:          "내용이 보낼 수 있는 길이보다 깁니다",
	OverMaxChannel:       "허용한 종류보다 긴 문자가 필요합니다",
	BlockedWord:          "금지된 낱말이 있습니다",
	NoConsent:            "광고 수신 동의가 확인되지 않았습니다",
	DuplicateRecently:    "같은 내용을 최근에 받은 번호입니다",
}

// Korean says the reason in Korean.
func (r Rejection) Korean() string {
	if text := rejectedKo[r.Code]; text != "" {
		return text
	}
	return r.Code
}
