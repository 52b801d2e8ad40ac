package nhncloud

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/provider"
)

func TestWhoCalledANumberToOptOutIsReportedAsThat(t *testing.T) {
	got, err := parse([]byte(`{"event":"UNSUBSCRIBE","hooks":[
		{"hookId":"1","recipientNo":"01012345678","unsubscribeNo":"0801234567","enterpriseName":"가게","createdDateTime":"2026-12-01T10:00:00.000+09:00"},
		{"hookId":"2","recipientNo":"02-123-4567","unsubscribeNo":"0801234567"},
		{"hookId":"3","recipientNo":"010-2345-6789","unsubscribeNo":"080-1234-5678"},
		{"hookId":"4","recipientNo":"01012345678","unsubscribeNo":"0212345678"}]}`))
	want := []provider.Report{
		{To: "01012345678", OptOut: "0801234567", At: time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)},
		{To: "01023456789", OptOut: "08012345678"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
