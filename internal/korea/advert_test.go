package korea

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAnAdvertisementShowsItsMarkAndTheWayToOptOut(t *testing.T) {
	const number = Number("0801234567")
	for _, c := range []struct {
		name, body string
		optOut     Number
		want       string
		marked     bool
		told       bool
	}{
		{"both are put there", "가을 세일", number, "(광고)가을 세일\n무료수신거부 0801234567", true, true},
		{"both are there", "(광고)[가게] 세일 무료수신거부 0801234567", number, "(광고)[가게] 세일 무료수신거부 0801234567", false, false},
		{"the number of the text alone counts", "(광고)세일\n무료수신거부 0801234567", "", "(광고)세일\n무료수신거부 0801234567", false, false},
		{"only the mark is there", "(광고)세일", number, "(광고)세일\n무료수신거부 0801234567", false, true},
		{"only the way out is there", "세일\n무료거부 080-123-4567", number, "(광고)세일\n무료거부 080-123-4567", true, false},
		{"brackets", "세일 [무료 수신 거부]0801234567", number, "(광고)세일 [무료 수신 거부]0801234567", true, false},
		{"a colon", "세일 무료수신거부: 080 123 4567", number, "(광고)세일 무료수신거부: 080 123 4567", true, false},
		{"in brackets as a whole", "세일 (무료수신거부 0801234567)", number, "(광고)세일 (무료수신거부 0801234567)", true, false},
		{"eleven digits", "세일", "08012345678", "(광고)세일\n무료수신거부 08012345678", true, true},
		{"blank lines at the end go", "세일 \n\n", number, "(광고)세일\n무료수신거부 0801234567", true, true},
		{"blank lines after the number stay", "세일\n무료수신거부 0801234567\n", number, "(광고)세일\n무료수신거부 0801234567\n", true, false},
		{"what is blank before the mark goes", " \n\u200b(광고)세일", number, "(광고)세일\n무료수신거부 0801234567", false, true},
		{"the word alone is no mark", "광고주 여러분께", number, "(광고)광고주 여러분께\n무료수신거부 0801234567", true, true},
		{"another bracket is no mark", "[가게] 광고 안내", number, "(광고)[가게] 광고 안내\n무료수신거부 0801234567", true, true},
		{"a mark that is not first is put in front", "세일 (광고)", number, "(광고)세일 (광고)\n무료수신거부 0801234567", true, true},
		{"variables are letters", "#{이름}님 세일", number, "(광고)#{이름}님 세일\n무료수신거부 0801234567", true, true},
		{"free refusal of another sort", "무료 거부반응 검사", number, "(광고)무료 거부반응 검사\n무료수신거부 0801234567", true, true},
		{"line ends are normalised", "세일\r\n오늘", number, "(광고)세일\n오늘\n무료수신거부 0801234567", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Advertise(c.body, c.optOut)
			want := Ad{c.want, c.optOut, c.marked, c.told}
			if want.OptOut == "" {
				want.OptOut = number
			}
			if err != nil || got != want {
				t.Fatalf("got %+v, %v; want %+v", got, err, want)
			}
			again, err := Advertise(got.Body, got.OptOut)
			if err != nil || again.Body != got.Body || again.Marked || again.Told {
				t.Errorf("what was made so is checked to %+v, %v", again, err)
			}
		})
	}
}

func TestAnAdvertisementThatGoesAroundItsRulesIsRefused(t *testing.T) {
	const number = Number("0801234567")
	for _, c := range []struct {
		body   string
		optOut Number
		want   error
	}{
		{"[광고]세일", number, errAdMark},
		{"(광 고)세일", number, errAdMark},
		{"(광/고)세일", number, errAdMark},
		{"(광\u200b고)세일", number, errAdMark},
		{"( 광고 )세일", number, errAdMark},
		{"（광고）세일", number, errAdMark},
		{"<광.고>세일", number, errAdMark},
		{"\"광고\"세일", number, errAdMark},
		{"“광고” 세일", number, errAdMark},
		{"세일", "", ErrNoOptOut},
		{"(광고)세일", "", ErrNoOptOut},
		{"세일 무료수신거부 0807654321", number, errOptOutOther},
		{"무료수신거부 0801234567\n세일", number, errOptOutEnd},
		{"세일 무료수신거부 0801234567 (수신동의 2026.1.1)", number, errOptOutEnd},
		{"세일 무료수신거부", number, errOptOutEnd},
		{"세일 무료 수신 거부 0211112222", number, errOptOutEnd},
		{"세일 무료수신거부 #{번호}", number, errOptOutEnd},
		{"세일 무료거부 #{번호}", number, errOptOutEnd},
		{"세일 무료수신거부 080123456", number, errOptOutEnd},
		{"세일 무료수신거부 080123456789", number, errOptOutEnd},
		{"세일 무료수신거부 080123456789", "", errOptOutEnd},
	} {
		if got, err := Advertise(c.body, c.optOut); !errors.Is(err, c.want) || got != (Ad{}) {
			t.Errorf("Advertise(%q, %q) = %+v, %v; want %v", c.body, c.optOut, got, err, c.want)
		}
	}
}

func TestASubjectOfAnAdvertisementBeginsWithItsMark(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " \n": "", "가을 세일": "(광고)가을 세일", "(광고)가을 세일": "(광고)가을 세일", " (광고) 세일": "(광고) 세일", "광고": "(광고)광고",
	} {
		if got, err := AdvertiseSubject(in); err != nil || got != want {
			t.Errorf("AdvertiseSubject(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	if got, err := AdvertiseSubject("[광고] 세일"); !errors.Is(err, errAdMark) {
		t.Errorf("another spelling gives %q, %v; want %v", got, err, errAdMark)
	}
}

func TestANumberToOptOutByIsTollFree(t *testing.T) {
	for in, want := range map[string]Number{
		"0801234567": "0801234567", "080-123-4567": "0801234567", "080-1234-5678": "08012345678", " 080 123 4567 ": "0801234567",
		"+82 80-123-4567": "0801234567", "０８０１２３４５６７": "0801234567",
	} {
		if got, err := ParseOptOut(in); err != nil || got != want {
			t.Errorf("ParseOptOut(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "080", "080123456", "080123456789", "0212345678", "01012345678", "0601234567", "15881234", "080-123-456a", "무료"} {
		if got, err := ParseOptOut(in); !errors.Is(err, errOptOut) || got != "" {
			t.Errorf("ParseOptOut(%q) = %q, %v; want a refusal", in, got, err)
		}
	}
}

func FuzzAdvertise(f *testing.F) {
	for _, s := range []string{"세일", "(광고)세일", "(광 고)", "무료수신거부 080", "세일 무료거부 080-1234-5678", "\u200b(광고)", "#{a", "\r\n", "가\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		ad, err := Advertise(body, "0801234567")
		if err != nil {
			if ad != (Ad{}) {
				t.Fatalf("Advertise(%q) = %+v beside the error %v", body, ad, err)
			}
			return
		}
		if !strings.HasPrefix(ad.Body, AdMark) || !optOutWay.MatchString(ad.Body) || ad.OptOut != "0801234567" {
			t.Fatalf("Advertise(%q) = %+v, which breaks its own rules", body, ad)
		}
		if again, err := Advertise(ad.Body, ad.OptOut); err != nil || again.Marked || again.Told || again.Body != Normalise(ad.Body) {
			t.Fatalf("Advertise(%q) = %q, and once more %+v, %v", body, ad.Body, again, err)
		}
	})
}

func ExampleAdvertise() {
	ad, err := Advertise("[가게] 가을 세일", "0801234567")
	size, _ := Bytes(ad.Body)
	fmt.Println(ad.Body, err, size)
	// Output:
	// (광고)[가게] 가을 세일
	// 무료수신거부 0801234567 <nil> 46
}
