package provider_test

import (
	"fmt"

	"creditmsg/internal/provider"
)

func ExampleReason() {
	for _, r := range []provider.Reason{provider.NotKakaoUser, provider.OptedOut, provider.ProviderBalance} {
		fmt.Printf("%s: falls back %v, operator's %v: %s\n", r, r.FallsBack(provider.Alimtalk), r.Operators(), r.Korean())
	}
	// Output:
	// not_kakao_user: falls back true, operator's false: 카카오톡 사용자가 아닙니다
	// opted_out: falls back false, operator's false: 무료 수신거부(080)를 신청한 번호입니다
	// insufficient_provider_balance: falls back false, operator's true: 발송 업체 잔액이 부족합니다 (운영자 확인 필요)
}
