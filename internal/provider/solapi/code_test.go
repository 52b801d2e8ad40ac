package solapi

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/provider"
)

// documented is the vendor's whole list, by what each code means here.
var documented = map[provider.Reason]string{
	"":                           "2000 3000 4000",
	provider.InvalidNumber:       "1011 2011 3010 3011 3049",
	provider.NumberAbsent:        "3032",
	provider.NumberSuspended:     "3045",
	provider.RecipientPowerOff:   "3043",
	provider.OutOfCoverage:       "3042",
	provider.HandsetBusy:         "3041 3044 3046",
	provider.HandsetUnsupported:  "3050 3051",
	provider.NetworkFailure:      "1058 3056 3057 3058",
	provider.Expired:             "3040",
	provider.RecipientRejected:   "3047 1060 2060",
	provider.OptedOut:            "1061 2061",
	provider.SpamBlocked:         "3054 3055 2254",
	provider.SenderSpoofBlock:    "3059 3048",
	provider.SenderBlocked:       "1064 2064 2063",
	provider.SenderNotRegistered: "1062 2062 3013",
	provider.NotKakaoUser:        "3104",
	provider.KakaoUndeliverable:  "3107",
	provider.ChannelBlocked:      "1041 3101 3106",
	provider.NotChannelFriend:    "3102",
	provider.TemplateMismatch:    "1043 1044 1045 1046 1047 1048 1049 1050 1052 1053 3103",
	provider.TemplateNotFound:    "1042 3105",
	provider.OutsideHours:        "3108",
	provider.Duplicate:           "1026",
	provider.ContentTooLong:      "1031 1014",
	provider.ContentCharacters:   "1027 1028 1029",
	provider.ContentMissing:      "1010 1013 1025 1032 1033",
	provider.AttachmentError:     "1023 1034 1051",
	provider.AdultCheck:          "3060",
	provider.AuthFailed:          "1020",
	provider.ProviderBalance:     "1030 2230",
	provider.ProviderInternal:    "1024 2024 3012 3024 3052 3053",
	provider.UnrecognisedCode:    "1021 1022 3014 3031",
}

func TestEveryDocumentedCodeHasItsReasonAndItsWords(t *testing.T) {
	want, got := map[code]provider.Reason{}, map[code]provider.Reason{}
	for reason, codes := range documented {
		for c := range strings.FieldsSeq(codes) {
			want[code(c)] = reason
		}
	}
	for c, m := range meanings {
		got[c] = m.reason
		if m.text == "" {
			t.Errorf("code %s has no words", c)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("codes (-list +table):\n%s", diff)
	}
}

func TestACodeIsFinalOnlyWhenItCertainlyIs(t *testing.T) {
	for c, want := range map[code]verdict{
		"2000": {},
		"3000": {},
		"4000": {final: true, delivered: true},
		"3104": {final: true, reason: provider.NotKakaoUser},
		"1999": {final: true, reason: provider.UnrecognisedCode},
		"2999": {final: true, reason: provider.UnrecognisedCode},
		"3999": {final: true, reason: provider.UnrecognisedCode},
		"4001": {}, "5000": {}, "0000": {}, "": {}, "300": {}, "30000": {}, "3x00": {}, "ERROR": {},
	} {
		if got := c.verdict(); got != want {
			t.Errorf("%q: got %+v, want %+v", c, got, want)
		}
	}
	for _, c := range slices.Sorted(maps.Keys(meanings)) {
		v := c.verdict()
		if v.final && !v.delivered && v.reason == "" || !v.final && v.reason != "" {
			t.Errorf("%s: a failure has a reason and nothing else has, got %+v", c, v)
		}
	}
}
