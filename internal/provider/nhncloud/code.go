package nhncloud

import "creditmsg/internal/provider"

// verdict is what a result code means for a recipient.
type verdict struct {
	final, delivered bool
	provider.Failure // of a final failure; its text also of a success
}

const codeDelivered = "1000"

// verdictOf judges a result code of either product. Outside the lists a code is a final
// failure; none at all is no end.
func verdictOf(code string, alimtalk bool) verdict {
	find := provider.CarrierFailure
	if alimtalk {
		find = provider.KakaoFailure
	}
	switch {
	case code == "", alimtalk && provider.KakaoUnderway(code):
		return verdict{}
	case code == codeDelivered:
		return verdict{true, true, provider.Failure{Text: "발송 성공"}}
	}
	f, ok := find(code)
	if !ok {
		f = provider.Failure{Reason: provider.UnrecognisedCode, Text: "알려지지 않은 결과 코드"}
	}
	return verdict{true, false, f}
}
