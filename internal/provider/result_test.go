package provider

import "testing"

// TestEveryRawCodeHasAReasonOfTheList holds the shared lists of codes to reasons that are in
// the closed list and words in Korean.
func TestEveryRawCodeHasAReasonOfTheList(t *testing.T) {
	for name, list := range map[string]map[string]Failure{"kakao": kakaoFailures, "carriers": carrierFailures} {
		for code, f := range list {
			if _, known := reasons[f.Reason]; !known || f.Text == "" {
				t.Errorf("%s %s: got %+v", name, code, f)
			}
			if KakaoUnderway(code) && name == "kakao" {
				t.Errorf("%s is a failure and no end at once", code)
			}
		}
	}
}

func TestSomeRawCodesMeanWhatTheirListsSay(t *testing.T) {
	for code, want := range map[string]Reason{"3019": NotKakaoUser, "3020": AlimtalkBlocked, "3016": TemplateMismatch, "3018": KakaoUndeliverable, "4156": ProviderQuota} {
		if f, ok := KakaoFailure(code); !ok || f.Reason != want {
			t.Errorf("kakao %s: got %v %v, want %s", code, f, ok, want)
		}
	}
	for code, want := range map[string]Reason{"2003": RecipientPowerOff, "3001": NumberAbsent, "3019": SenderBlocked, "3023": SenderNotRegistered, "E915": Duplicate, "S004": ProviderQuota} {
		if f, ok := CarrierFailure(code); !ok || f.Reason != want {
			t.Errorf("carrier %s: got %v %v, want %s", code, f, ok, want)
		}
	}
	if _, ok := KakaoFailure("0000"); ok {
		t.Error("a success is no failure")
	}
}
