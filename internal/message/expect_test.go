package message

import (
	"testing"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

func TestTheExpectedCostFollowsWhatArrivedLately(t *testing.T) {
	known := func(arrived, tried int64) reach {
		r := reach{}
		r[provider.Alimtalk].arrived, r[provider.Alimtalk].tried = arrived, tried
		return r
	}
	both := known(700, 1000)
	both[provider.SMS].arrived, both[provider.SMS].tried = 90, 100
	kakao, sms := Step{provider.Alimtalk, 9 * money.Won}, Step{provider.SMS, 18 * money.Won}
	for _, c := range []struct {
		name  string
		reach reach
		steps []Step
		want  money.Amount
	}{
		{"nothing learned: the first step arrives", reach{}, []Step{kakao, sms}, 9_000 * money.Won},
		{"70 % by Alimtalk, the others by text", known(700, 1000), []Step{kakao, sms}, (6_300 + 5_400) * money.Won},
		{"of the texts a tenth fails", both, []Step{kakao, sms}, (6_300 + 4_860) * money.Won},
		{"a text alone", both, []Step{sms}, 16_200 * money.Won},
		{"Alimtalk alone", both, []Step{kakao}, 6_300 * money.Won},
		{"nobody is on Kakao", known(0, 500), []Step{kakao, sms}, 18_000 * money.Won},
	} {
		if got := c.reach.expected([]Class{{Steps: c.steps}}, []int64{1000}); got != c.want {
			t.Errorf("%s: expected %s, want %s", c.name, got, c.want)
		}
	}
}
