package korea

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseMobileReadsEverySpellingOfOneNumber(t *testing.T) {
	for _, text := range []string{
		"01012345678", "010-1234-5678", "010.1234.5678", "010 1234 5678", " 010 1234 5678 ",
		"(010) 1234 5678", "(010)1234-5678", "010) 1234-5678", "1012345678", "10-1234-5678",
		"821012345678", "82-10-1234-5678", "82 010 1234 5678", "+821012345678", "+82 10-1234-5678",
		"+82 (0)10 1234 5678", "+82 010-1234-5678", "(+82) 10-1234-5678", "+82-(0)10-1234-5678",
		"00821012345678", "0082 10 1234 5678", "0082-010-1234-5678",
		"０１０１２３４５６７８", "０１０－１２３４－５６７８", "＋８２ １０ １２３４ ５６７８",
		"010\u00a01234\u00a05678", "010\u30001234\u30005678", "010\t1234\t5678", "\u202a010-1234-5678\u202c",
		"\ufeff01012345678", "010\u200b12345678",
		"010‐1234‐5678", "010‑1234‑5678", "010‒1234‒5678", "010–1234–5678", "010—1234—5678", "010―1234―5678",
		"010−1234−5678", "010﹣1234﹣5678", "010ㅡ1234ㅡ5678", "010ー1234ー5678", "010─1234─5678",
		"010．1234．5678", "010·1234·5678", "010ㆍ1234ㆍ5678", "（010）1234-5678",
	} {
		got, err := ParseMobile(text)
		if err != nil || got != "01012345678" {
			t.Errorf("ParseMobile(%q) = %q, %v; want 01012345678", text, got, err)
		}
	}
}

func TestParseMobileRefusesWhatCannotReceive(t *testing.T) {
	for text, want := range map[string]error{
		"":                  errEmpty,
		" - ":               errEmpty,
		"+":                 errEmpty,
		"전화없음":              errLetters,
		"abc":               errLetters,
		"010-1234-567a":     errLetters,
		"010-1234-5678 집":   errLetters,
		"'01012345678":      errLetters,
		"010/1234/5678":     errLetters,
		"010-1234-5678\x00": errLetters,
		"010-1234-567\xff":  errLetters,
		"010+12345678":      errLetters,
		"++821012345678":    errLetters,
		"+1 415 555 2671":   errForeign,
		"+1012345678":       errForeign,
		"+01012345678":      errForeign,
		"0014155552671":     errForeign,
		"0100000":           errNotMobile,
		"12345":             errNotMobile,
		"112":               errNotMobile,
		"82":                errNotMobile,
		"0082":              errNotMobile,
		"010-12345-6789":    errNotMobile,
		"010-123-4567":      errNotMobile,
		"031-123-4567":      errNotMobile,
		"02-1234-5678":      errNotMobile,
		"070-1234-5678":     errNotMobile,
		"0502-1234-5678":    errNotMobile,
		"1588-1234":         errNotMobile,
		"080-123-4567":      errNotMobile,
		"8210-1234-567":     errNotMobile,
		"1112345678":        errNotMobile,
		"01234567890123456": errNotMobile,
		"011-1234-5678":     errClosed,
		"011-234-5678":      errClosed,
		"016-1234-5678":     errClosed,
		"017-234-5678":      errClosed,
		"018-1234-5678":     errClosed,
		"019-1234-5678":     errClosed,
		"+82 11-234-5678":   errClosed,
	} {
		if got, err := ParseMobile(text); err != want || got != "" {
			t.Errorf("ParseMobile(%q) = %q, %v; want the error %q", text, got, err, want)
		}
	}
}

func TestParseSenderFollowsTheNumberingPlan(t *testing.T) {
	for text, dashed := range map[string]string{
		"010-1234-5678":     "010-1234-5678",
		"1012345678":        "010-1234-5678",
		"+82 10 1234 5678":  "010-1234-5678",
		"02-123-4567":       "02-123-4567",
		"0261234567":        "02-6123-4567",
		"+82 2 6123 4567":   "02-6123-4567",
		"82-02-6123-4567":   "02-6123-4567",
		"031-123-4567":      "031-123-4567",
		"032-1234-5678":     "032-1234-5678",
		"033 123 4567":      "033-123-4567",
		"041-123-4567":      "041-123-4567",
		"044-1234-5678":     "044-1234-5678",
		"051-123-4567":      "051-123-4567",
		"055-123-4567":      "055-123-4567",
		"061-123-4567":      "061-123-4567",
		"(064) 123-4567":    "064-123-4567",
		"070-1234-5678":     "070-1234-5678",
		"070-123-4567":      "070-123-4567",
		"0502-123-4567":     "0502-123-4567",
		"0507-1234-5678":    "0507-1234-5678",
		"0508-1234-5678":    "0508-1234-5678",
		"1588-1234":         "1588-1234",
		"1661 1234":         "1661-1234",
		"1899.1234":         "1899-1234",
		"+82 1588 1234":     "1588-1234",
		"0303-1234-5678":    "0303-1234-5678",
		"０２－６１２３－４５６７":      "02-6123-4567",
		"0082 31 123 4567":  "031-123-4567",
		"+82 (0)31 1234567": "031-123-4567",
	} {
		got, err := ParseSender(text)
		if err != nil || got.Dashed() != dashed {
			t.Errorf("ParseSender(%q) = %q, %v; want %s", text, got, err, dashed)
		}
		if want := strings.ReplaceAll(dashed, "-", ""); string(got) != want {
			t.Errorf("ParseSender(%q) = %q, want the digits %q", text, got, want)
		}
	}
}

func TestParseSenderRefusesWhatCannotSend(t *testing.T) {
	for text, want := range map[string]error{
		"":                errEmpty,
		"상호":              errLetters,
		"Shop":            errLetters,
		"112":             errSpecial,
		"119":             errSpecial,
		"114":             errSpecial,
		"1339":            errSpecial,
		"080-123-4567":    errTollFree,
		"060-700-1234":    errTollFree,
		"011-123-4567":    errClosed,
		"+1 415 555 2671": errForeign,
		"034-123-4567":    errSender,
		"045-123-4567":    errSender,
		"056-123-4567":    errSender,
		"065-123-4567":    errSender,
		"0501-123-4567":   errSender,
		"0509-123-4567":   errSender,
		"030-123-4567":    errSender,
		"1788-1234":       errSender,
		"1288-1234":       errSender,
		"6123-4567":       errSender,
		"02-1588-12345":   errSender,
		"02-12-3456":      errSender,
		"010-123-4567":    errSender,
		"031-12-34567":    nil,
	} {
		if got, err := ParseSender(text); err != want {
			t.Errorf("ParseSender(%q) = %q, %v; want the error %v", text, got, err, want)
		}
	}
}

// The patterns are those of the published numbering plan, so the table in the
// code is checked against a second way to write it.
var senderPatterns = regexp.MustCompile(`^(010\d{8}|02\d{7,8}|0(3[1-3]|4[1-4]|5[1-5]|6[1-4])\d{7,8}|070\d{7,8}|050[2-8]\d{7,8}|1[568]\d{6}|030\d{9})$`)

func TestParseSenderAgreesWithThePatternsOfThePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`0?[1-9]?[0-9]{1,3}[0-9]{6,9}`).Filter(func(s string) bool {
			return !strings.HasPrefix(s, "82") && !strings.HasPrefix(s, "00") && !(len(s) == 10 && s[:2] == "10")
		}).Draw(t, "digits")
		_, err := ParseSender(text)
		if got, want := err == nil, senderPatterns.MatchString(text); got != want {
			t.Errorf("ParseSender(%s) accepted = %v, the pattern says %v", text, got, want)
		}
	})
}

func TestMaskHidesTheMiddle(t *testing.T) {
	for text, want := range map[string]string{
		"01012345678":      "010****5678",
		"010-1234-5678":    "010****5678",
		"０１０１２３４５６７８":      "010****5678",
		"0261234567":       "026****4567",
		"15881234":         "****1234",
		"1234567":          "****",
		"112":              "****",
		"":                 "****",
		"Kim, no number":   "****",
		"+82 10 1234 5678": "821****5678",
	} {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestMobileNumbersPackIntoEightDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Uint32Range(0, 99_999_999).Draw(t, "digits")
		n := MobileNumber(u)
		if want := Number(fmt.Sprintf("010%08d", u)); n != want {
			t.Fatalf("MobileNumber(%d) = %q, want %q", u, n, want)
		}
		if got, ok := n.Mobile(); !ok || got != u {
			t.Fatalf("%q.Mobile() = %d, %v; want %d", n, got, ok, u)
		}
	})
	for _, n := range []Number{"", "0212345678", "010123456789", "0101234567x", "15881234"} {
		if u, ok := n.Mobile(); ok {
			t.Errorf("%q.Mobile() = %d, true; it is no mobile", n, u)
		}
	}
	if n := MobileNumber(100_000_000); n != "" {
		t.Errorf("MobileNumber(100000000) = %q, want none", n)
	}
}

func TestDashedLeavesForeignTextAlone(t *testing.T) {
	for _, n := range []Number{"", "112", "abc", "0101"} {
		if got := n.Dashed(); got != string(n) {
			t.Errorf("%q.Dashed() = %q", n, got)
		}
	}
}

func TestReadingANumberAllocatesLittle(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _ = ParseMobile("01012345678") }); n != 0 {
		t.Errorf("ParseMobile of a national number allocates %v times, want 0", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = ParseMobile("+82 10-1234-5678") }); n > 1 {
		t.Errorf("ParseMobile of a decorated number allocates %v times, want at most 1", n)
	}
}

func FuzzParseMobile(f *testing.F) {
	for _, s := range []string{"01012345678", "+82 (0)10-1234-5678", "0082-10", "1012345678", "０１０", "\xff", "+", "82"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseMobile(text)
		if (err == nil) != isMobile(string(n)) {
			t.Fatalf("ParseMobile(%q) = %q, %v", text, n, err)
		}
		if err != nil {
			return
		}
		for _, again := range []string{string(n), n.Dashed(), "+82" + string(n[1:]), "82 0" + string(n[1:]), string(n[1:])} {
			if m, err := ParseMobile(again); m != n || err != nil {
				t.Fatalf("ParseMobile(%q) = %q, %v; want %q as of %q", again, m, err, n, text)
			}
		}
		if s, err := ParseSender(text); s != n || err != nil {
			t.Fatalf("ParseSender(%q) = %q, %v; want the mobile %q", text, s, err, n)
		}
	})
}

func FuzzParseSender(f *testing.F) {
	for _, s := range []string{"02-123-4567", "1588-1234", "+82 1588 1234", "0303-1234-5678", "080-123-4567", "112", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseSender(text)
		if err != nil {
			if n != "" {
				t.Fatalf("ParseSender(%q) = %q beside the error %v", text, n, err)
			}
			return
		}
		if !senderPatterns.MatchString(string(n)) {
			t.Fatalf("ParseSender(%q) = %q, which the plan does not have", text, n)
		}
		if m, err := ParseSender(n.Dashed()); m != n || err != nil {
			t.Fatalf("ParseSender(%q) = %q, %v; want %q again", n.Dashed(), m, err, n)
		}
	})
}

func BenchmarkParseMobile(b *testing.B) {
	for _, text := range []string{"01012345678", "010-1234-5678", "+82 10-1234-5678"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseMobile(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExampleParseMobile() {
	for _, text := range []string{"+82 (0)10-1234-5678", "1012345678", "02-6123-4567"} {
		n, err := ParseMobile(text)
		fmt.Println(n, err)
	}
	// Output:
	// 01012345678 <nil>
	// 01012345678 <nil>
	//  not a Korean mobile number: want 010 and eight digits
}

func ExampleParseSender() {
	n, err := ParseSender("02)6123-4567")
	fmt.Println(n, n.Dashed(), err)
	_, err = ParseSender("112")
	fmt.Println(err)
	// Output:
	// 0261234567 02-6123-4567 <nil>
	// special numbers of four digits or fewer cannot send text messages
}

func ExampleMask() {
	fmt.Println(Mask("010-1234-5678"))
	// Output: 010****5678
}

func ExampleNumber_Mobile() {
	digits, ok := Number("01000345678").Mobile()
	fmt.Println(digits, ok, MobileNumber(digits))
	// Output: 345678 true 01000345678
}

func TestMaskInHidesNumbersInsideAText(t *testing.T) {
	for in, want := range map[string]string{
		"발신번호 미등록: 02-6123-4567":               "발신번호 미등록: 026****4567",
		"to 01012345678, +82 10-9876-5432 (3)": "to 010****5678, 821****5432 (3)",
		"code 3013 after 1500 ms":              "code 3013 after 1500 ms",
		"010-1234-5678 없음":                     "010****5678 없음",
		"010 1234 5678 없음":                     "010****5678 없음",
		"01012345678없음":                        "010****5678없음",
		"+82 10 1234 5678":                     "821****5678",
		"+821012345678":                        "821****5678",
		"010.1234.5678, 02)6123-4567":          "010****5678, 026****4567",
		"０１０-１２３４-５６７８":                        "010****5678",
		"1588-1234":                            "****1234",
		"2026-11-22 18:00까지":                   "2026-11-22 18:00까지",
		"2026-11-22 010-1234-5678":             "2026-11-22 010****5678",
		"2026-11-2201":                         "202****2201",
		"2026-00-00 010-1234-5678":             "202****5678",
		"2026-11-22T09:00":                     "2026-11-22T09:00",
		strings.Repeat("2026-11-22 ", 1<<14):   strings.Repeat("2026-11-22 ", 1<<14),
		"신한 4330-1234-****-123*":               "신한 4330-1234-****-123*",
		"4330-1234-5678-123*":                  "433****8123*",
		"01012345678*":                         "010****5678*",
		"192.168.10.20":                        "192.168.10.20",
		"":                                     "",
	} {
		if got := MaskIn(in); got != want {
			t.Errorf("MaskIn(%q) = %q, want %q", in, got, want)
		}
	}
}
