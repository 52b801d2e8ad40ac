package korea

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestBytesCountsAsTheCarriersDo(t *testing.T) {
	for text, want := range map[string]int{
		"":        0,
		"안녕하세요":   10,
		"ABC 123": 7,
		"뷁":       2,
		"펲":       2,
		"똠":       2,
		"(광고)[가게] 가을 세일 최대 30% 할인! https://ex.kr/a 무료수신거부 0801234567": 77,
		"가\n나":                                 5,
		"가\r\n나":                               5,
		"가\r나":                                 5,
		"\r\n\r\n":                             2,
		"\t":                                   1,
		"\u1112\u1161\u11ab\u1100\u1173\u11af": 4, // decomposed, as file names of a Mac are
		"\u2126":                               2, // OHM SIGN, composed to the Greek letter
		"#{이름}님":                               9,
		"10,000￦ 할인":                           13,
	} {
		if n, bad := Bytes(text); n != want || bad != nil {
			t.Errorf("Bytes(%q) = %d, %q; want %d and nothing bad", text, n, bad, want)
		}
	}
	for _, r := range "①℃㎡♥★☎→※…“”·㈜™®€￦～▶韓あ’" {
		if n, bad := Bytes(string(r)); n != 2 || bad != nil {
			t.Errorf("Bytes(%q) = %d, %q; want 2 and nothing bad", r, n, bad)
		}
	}
}

func TestBytesNamesWhatCannotBeSent(t *testing.T) {
	for _, text := range []string{
		"😀", "⏰", "✔", "☀", "❤", "•", "–", "—", "©", "é", "₩", "\u00a0", "\u200b", "〜",
		"\x00", "\a", "\x1b", "\x7f", "\u0080", "\u2028", "\ufffd", "\U0010ffff",
	} {
		r, _ := utf8.DecodeRuneInString(text)
		if _, bad := Bytes("가" + text + "나"); !cmp.Equal(bad, []rune{r}) {
			t.Errorf("Bytes with %U: bad = %U, want it named", r, bad)
		}
	}
	for text, want := range map[string][]rune{
		"❤️":                     {'❤', 0xfe0f},
		"b😀a⏰😀c⏰":                {'😀', '⏰'},
		"e\u0301":                {'é'},
		"가\xff나":                 {utf8.RuneError},
		"😀" + "가" + "\r\n" + "✔": {'😀', '✔'},
	} {
		if _, bad := Bytes(text); !cmp.Equal(bad, want) {
			t.Errorf("Bytes(%q): bad = %U, want %U", text, bad, want)
		}
	}
}

func TestEveryModernSyllableTakesTwoBytes(t *testing.T) {
	for r := rune(0xac00); r <= 0xd7a3; r++ {
		if n, bad := Bytes(string(r)); n != 2 || bad != nil {
			t.Fatalf("Bytes(%c) = %d, %q", r, n, bad)
		}
		if n, bad := Bytes(norm.NFD.String(string(r))); n != 2 || bad != nil {
			t.Fatalf("Bytes of %c decomposed = %d, %q", r, n, bad)
		}
	}
}

func TestBytesAgreesWithTheEncoderOnTheWholePlane(t *testing.T) {
	encoder := korean.EUCKR.NewEncoder()
	for r := rune(0); r < 1<<16; r++ {
		if r == '\r' || r >= 0xd800 && r <= 0xdfff {
			continue
		}
		normal := norm.NFC.String(string(r))
		raw, err := encoder.String(normal)
		sends := err == nil && (!unicode.IsControl(r) || r == '\n' || r == '\t')
		n, bad := Bytes(string(r))
		if sends != (bad == nil) {
			t.Fatalf("%U: bad = %U, the encoder says %v", r, bad, err)
		}
		if sends && n != len(raw) {
			t.Fatalf("%U: %d bytes, the encoder writes %d", r, n, len(raw))
		}
	}
}

func TestEveryPairDecodesAsTheDecoderDoes(t *testing.T) {
	decoder := korean.EUCKR.NewDecoder()
	for lead := 0x80; lead <= 0xff; lead++ {
		for trail := 0; trail <= 0xff; trail++ {
			pair := []byte{byte(lead), byte(trail)}
			want, err := decoder.String(string(pair))
			if err != nil {
				t.Fatal(err)
			}
			valid := !strings.ContainsRune(want, utf8.RuneError)
			got, err := DecodeCP949(pair)
			if valid != (err == nil) || valid && got != want {
				t.Fatalf("DecodeCP949(% x) = %q, %v; the decoder gives %q", pair, got, err, want)
			}
		}
	}
}

func TestDecodeCP949NamesTheFirstBadByte(t *testing.T) {
	for _, c := range []struct {
		in     string
		offset int
	}{
		{"\x80", 0}, {"\xff", 0}, {"abc\x80", 3}, {"\xb0\xa1\xb0", 2}, {"a\xb0\xa1\xb0\x20z", 3}, {"\xc9\xa1", 0},
		{"\xfe\xa1", 0}, {"\xec\x9d\xb4", 0},
	} {
		text, err := DecodeCP949([]byte(c.in))
		var bad *BadByte
		if !errors.As(err, &bad) || bad.Offset != c.offset || bad.Byte != c.in[c.offset] || text != "" {
			t.Errorf("DecodeCP949(% x) = %q, %v; want a bad byte at %d", c.in, text, err, c.offset)
		}
	}
	for in, want := range map[string]string{"": "", "abc\n": "abc\n", "\xb0\xa1A": "가A", "\x94\xee\x8c\x63": "뷁똠"} {
		if got, err := DecodeCP949([]byte(in)); err != nil || got != want {
			t.Errorf("DecodeCP949(% x) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestEncodeCP949RefusesWhatBytesCallsBad(t *testing.T) {
	got, err := EncodeCP949("가\r\n각")
	if err != nil || string(got) != "\xb0\xa1\n\xb0\xa2" {
		t.Errorf("EncodeCP949 = % x, %v", got, err)
	}
	if got, err := EncodeCP949("가😀"); err == nil || !strings.Contains(err.Error(), "U+1F600") {
		t.Errorf("EncodeCP949 with an emoji = % x, %v; want an error that names it", got, err)
	}
}

func TestSettledCharactersAreComposedWhateverStandsAround(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !settled(r) || r >= 0xd800 && r <= 0xdfff {
			continue
		}
		p := norm.NFC.PropertiesString(string(r))
		if !norm.NFC.IsNormalString(string(r)) || !p.BoundaryBefore() || p.CCC() != 0 {
			t.Fatalf("%U is taken for settled, but NFC may change it", r)
		}
	}
}

func TestNormaliseComposesAndKeepsOnlyLF(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc\nd":                         "a\nb\nc\nd",
		"\r\r\n":                               "\n\n",
		"\u1112\u1161\u11ab\u1100\u1173\u11af": "한글",
		"e\u0301":                              "é",
	} {
		if got := Normalise(in); got != want {
			t.Errorf("Normalise(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "text")
		want := norm.NFC.String(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(in))
		if got := Normalise(in); got != want {
			t.Fatalf("Normalise(%q) = %q, want %q", in, got, want)
		}
	})
}

func TestReplaceOffersTheNearestKin(t *testing.T) {
	for in, want := range map[string]string{
		"9–18시 — 점심":         "9-18시 - 점심",
		"• 하나\n• 둘":          "· 하나\n· 둘",
		"₩10,000":            "￦10,000",
		"가\u00a0나":           "가 나",
		"가\u200b나\ufeff":     "가나",
		"1〜2":                "1～2",
		"그’날":                "그’날",
		"― “그대로” · ｅ\u3000끝": "― “그대로” · ｅ\u3000끝",
		"a\r\nb":             "a\nb",
		"\u1112\u1161\u200b\u11ab\u1100\u1173\u11af": "한글",
	} {
		if got := Replace(in); got != want {
			t.Errorf("Replace(%q) = %q; want %q", in, got, want)
		}
	}
}

func TestReplaceLeavesNothingThatCannotBeSent(t *testing.T) {
	for in, want := range map[string]string{
		"❤️ 그리고 😀 – é":      "? 그리고 ? - e",
		"e\u200b\u0301":     "e", // what came together is one letter
		"가\u0301 a\x07b\tc": "가 ab\tc",
		"1 ≮ 2":             "1 ? 2", // losing its stroke it would say something else
		"ǅ Ω":               "? Ω",
	} {
		if got := Replace(in); got != want {
			t.Errorf("Replace(%q) = %q; want %q", in, got, want)
		}
	}
}

func TestReplaceTouchesOnlyWhatCannotBeSentAndGivesWhatCan(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		kin := replacement(r)
		if kin == r {
			continue
		}
		if cp949().sendable.has(r) {
			t.Errorf("%U can be sent and is replaced", r)
		}
		if kin != -1 && !cp949().sendable.has(kin) {
			t.Errorf("%U becomes %U, which cannot be sent", r, kin)
		}
	}
}

func TestDescribeNamesAtMostTen(t *testing.T) {
	for want, bad := range map[string][]rune{
		"":                                  nil,
		"'😀' (U+1F600)":                     {'😀'},
		"'é' (U+00E9), U+200B, U+0301":      {'é', 0x200b, 0x301},
		"U+00A0, U+0007, '\ufffd' (U+FFFD)": {0xa0, 7, 0xfffd},
		"'a' (U+0061), 'b' (U+0062), 'c' (U+0063), 'd' (U+0064), 'e' (U+0065), 'f' (U+0066), 'g' (U+0067), 'h' (U+0068), 'i' (U+0069), 'j' (U+006A) and 2 more": []rune("abcdefghijkl"),
	} {
		if got := Describe(bad); got != want {
			t.Errorf("Describe(%q) = %q, want %q", bad, got, want)
		}
	}
}

func TestCutKeepsWholeCharacters(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"안녕하세요", 10, "안녕하세요"}, {"안녕하세요", 9, "안녕하세"}, {"a안녕", 4, "a안"}, {"abc", 2, "ab"},
		{"안", 1, ""}, {"안", 0, ""}, {"", 5, ""}, {"\u1112\u1161\u11ab\u1100\u1173\u11af", 3, "한"}, {"a\r\nb", 2, "a\n"}, {"😀b", 2, "😀"},
	} {
		if got := Cut(c.in, c.limit); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
	subject := Cut(strings.Repeat("예약 ", 30), SubjectBytes)
	if n, _ := Bytes(subject); n != SubjectBytes {
		t.Errorf("a long subject is cut to %d bytes, want %d", n, SubjectBytes)
	}
}

func TestFitsAsksForLengthAndCharacters(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  bool
	}{
		{strings.Repeat("가", 45), SMSBytes, true},
		{strings.Repeat("가", 45) + "a", SMSBytes, false},
		{strings.Repeat("가", 1000), LMSBytes, true},
		{"😀", SMSBytes, false},
	} {
		if got := Fits(c.text, c.limit); got != c.want {
			t.Errorf("Fits(%.12q…, %d) = %v, want %v", c.text, c.limit, got, c.want)
		}
	}
}

func TestCountingANormalTextAllocatesNothing(t *testing.T) {
	text := strings.Repeat("가 나, ", 15)
	if n := testing.AllocsPerRun(100, func() { Bytes(text) }); n != 0 {
		t.Errorf("Bytes allocates %v times, want 0", n)
	}
}

func FuzzBytes(f *testing.F) {
	for _, s := range []string{"안녕", "\u1112\u1161\u11ab\r\n", "e\u0301😀", "\xff\x00", "❤️ ₩ – 〜", "Å郎"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, bad := Bytes(text)
		if m, again := Bytes(Normalise(text)); m != n || !cmp.Equal(again, bad) {
			t.Fatalf("Bytes(%q) = %d, %U; of the normal form %d, %U", text, n, bad, m, again)
		}
		raw, err := EncodeCP949(text)
		if (err == nil) != (bad == nil) || err == nil && len(raw) != n {
			t.Fatalf("Bytes(%q) = %d, %U; EncodeCP949 gives %d bytes, %v", text, n, bad, len(raw), err)
		}
		if err == nil {
			if back, err := DecodeCP949(raw); Normalise(back) != Normalise(text) {
				t.Fatalf("%q comes back as %q, %v", text, back, err)
			}
		}
		replaced := Replace(text)
		if again := Replace(replaced); again != replaced {
			t.Fatalf("Replace(%q) = %q, once more %q", text, replaced, again)
		}
		if m, left := Bytes(replaced); left != nil || m > n {
			t.Fatalf("Replace(%q) = %q: %d bytes of %d, %U left", text, replaced, m, n, left)
		}
		for _, limit := range []int{0, 1, n / 2, n} {
			cut := Cut(text, limit)
			if m, _ := Bytes(cut); m > limit || !strings.HasPrefix(Normalise(text), cut) {
				t.Fatalf("Cut(%q, %d) = %q of %d bytes", text, limit, cut, m)
			}
		}
	})
}

func FuzzDecodeCP949(f *testing.F) {
	for _, s := range []string{"abc", "\xb0\xa1", "\xb0", "\x80", "\xff\xff", "\xc9\xa1", "\x81\x41\x81\x5b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		want, err := korean.EUCKR.NewDecoder().String(string(in))
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeCP949(in)
		if valid := !strings.ContainsRune(want, utf8.RuneError); valid != (err == nil) || valid && got != want {
			t.Fatalf("DecodeCP949(% x) = %q, %v; want %q", in, got, err, want)
		}
		n := ScanCP949(in)
		if (n == len(in)) != (err == nil) {
			t.Fatalf("ScanCP949(% x) = %d beside the error %v", in, n, err)
		}
		if _, err := DecodeCP949(in[:n]); err != nil {
			t.Fatalf("ScanCP949(% x) = %d, but that much does not decode: %v", in, n, err)
		}
	})
}

func BenchmarkBytes(b *testing.B) {
	for name, text := range map[string]string{
		"sms":        "김하나님, 예약 R123456 확정되었습니다. 금액 632,000원. 문의 02-1588-1234 감사합니다 좋은 하루 되세요",
		"lms":        strings.Repeat("예약이 확정되었습니다. ", 90),
		"decomposed": norm.NFD.String("김하나님, 예약이 확정되었습니다."),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, bad := Bytes(text); bad != nil {
					b.Fatal(bad)
				}
			}
		})
	}
}

func BenchmarkTable(b *testing.B) {
	for b.Loop() {
		buildTable()
	}
}

func ExampleBytes() {
	n, bad := Bytes("예약이 확정되었습니다 😀")
	fmt.Println(n, Describe(bad))
	// Output: 24 '😀' (U+1F600)
}

func ExampleReplace() {
	fmt.Println(Replace("₩10,000 – 오늘만 ✔"))
	// Output: ￦10,000 - 오늘만 ?
}

func ExampleCut() {
	fmt.Println(Cut("내일 오후 세 시 예약을 다시 한 번 알려 드립니다", SubjectBytes))
	// Output: 내일 오후 세 시 예약을 다시 한 번 알려
}

func ExampleFits() {
	fmt.Println(Fits("예약 안내", SubjectBytes), Fits("예약 안내 ⏰", SubjectBytes))
	// Output: true false
}

func ExampleDecodeCP949() {
	text, err := DecodeCP949([]byte{0xb0, 0xa1, 0x20, 0x8c, 0x63})
	fmt.Println(text, err)
	_, err = DecodeCP949([]byte{'o', 'k', 0xff})
	fmt.Println(err)
	// Output:
	// 가 똠 <nil>
	// byte 0xFF at offset 2 is not CP949
}
