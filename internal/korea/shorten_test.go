package korea

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestATextIsShortenedByStepsThatSayTheSame(t *testing.T) {
	for _, c := range []struct{ from, to, kinds string }{
		{"안녕하세요  \n\n\n\n반갑습니다\n\n", "안녕하세요\n반갑습니다", "line_ends blank_lines no_blank_line"},
		{"가   나\u3000\u3000다", "가 나 다", "blanks"},
		{"ＡＢＣ　１２３！", "ABC 123!", "half_width"},
		{"“특별한” ‘날’", `"특별한" '날'`, "quotes"},
		{"곧 갑니다......", "곧 갑니다…", "dots"},
		{"곧 갑니다...", "곧 갑니다…", "dots"},
		{"★특가★ 오늘만", "특가 오늘만", "decorations"},
		{"세일 시작♥", "세일 시작", "decorations"},
		{"🎉 축하합니다 🎉", "축하합니다", "decorations"},
		{"안내\n━━━━━━━━\n내용", "안내\n내용", "rules"},
		{"가격 – 1,000원\u200b", "가격 - 1,000원", "replaced"},
		{"👍🏽 최고", "최고", "decorations"},
		{"1️⃣ 첫째", "1 첫째", "replaced"},
		{"  들여 쓴 줄\n  또 한 줄", " 들여 쓴 줄\n 또 한 줄", "blanks"},
	} {
		got, ok := Shorten(c.from, nil)
		var kinds []string
		for _, s := range got.Steps {
			kinds = append(kinds, string(s.Kind))
			if s.Count == 0 || len(s.Some) == 0 {
				t.Errorf("%q: the step %s shows nothing", c.from, s.Kind)
			}
		}
		if !ok || got.Text != c.to || strings.Join(kinds, " ") != c.kinds {
			t.Errorf("%q became %q (%v) by %v, want %q by %s", c.from, got.Text, ok, kinds, c.to, c.kinds)
		}
	}
}

func TestWhatMeansSomethingIsNotShortened(t *testing.T) {
	for _, text := range []string{
		"홍○○님", "▲3% △2%", "평점 ★★★☆☆ 좋아요", "★★★ 호텔 안내", "☎ 02-123-4567", "…", "#{이름}님,#{  날짜  }", "https://a.kr/?q=a...b★", "하나\n둘",
		"문의 help...me@shop.kr", "ก็ไทย   가", "",
	} {
		if got, ok := Shorten(text, nil); ok {
			t.Errorf("%q became %q by %v", text, got.Text, got.Steps)
		}
	}
	if got, ok := Shorten("#{이름}  님 ＃{가}", nil); !ok || got.Text != "#{이름} 님 ＃{가}" {
		t.Errorf("a sign of full width made a variable: %q", got.Text)
	}
}

func TestShorteningEndsWhenItIsEnough(t *testing.T) {
	text := "가  나\n\n\n★다★ ＡＢ"
	first, ok := Shorten(text, func(s string) bool { n, _ := Bytes(s); n0, _ := Bytes(text); return n < n0 })
	if !ok || len(first.Steps) != 1 || first.Steps[0].Kind != ShortenBlanks || first.Steps[0].Saved != 1 {
		t.Errorf("got %+v", first)
	}
	if c := first.Steps[0].Some[0]; c != (ShortenChange{"  ", " "}) {
		t.Errorf("it shows %q", c)
	}
}

func TestCharactersThatCannotBeSentAreFoundWithTheirPlaces(t *testing.T) {
	got := FindUnsendable("가😀나–😀\u200b é")
	want := []Unsendable{
		{'😀', []int{1, 4}, 2, "", false}, {'–', []int{3}, 1, "-", true}, {'\u200b', []int{5}, 1, "", true}, {'é', []int{7}, 1, "e", true},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.Character != w.Character || g.Count != w.Count || g.Substitute != w.Substitute || g.Known != w.Known || !slices.Equal(g.Places, w.Places) {
			t.Errorf("got %+v, want %+v", g, w)
		}
	}
	if got := FindUnsendable("가나다"); got != nil {
		t.Errorf("got %+v", got)
	}
	if got := FindUnsendable(strings.Repeat("😀", 300)); got[0].Count != 300 || len(got[0].Places) != mostPlaces {
		t.Errorf("got %d places of %d", len(got[0].Places), got[0].Count)
	}
}

// holdsShortened checks what Shorten promises of any text.
func holdsShortened(t rapid.TB, text string) {
	got, ok := Shorten(text, nil)
	before, _ := Bytes(text)
	after, bad := Bytes(got.Text)
	text = Normalise(text)
	switch {
	case after > before:
		t.Fatalf("%q grew to %q", text, got.Text)
	case ok && (len(bad) > 0 || after == before):
		t.Fatalf("%q became %q, which has %d bytes and cannot be sent for %q", text, got.Text, after, string(bad))
	case digitsOf(text) != digitsOf(got.Text):
		t.Fatalf("%q lost digits: %q", text, got.Text)
	case !slices.Equal(untouched.FindAllString(text, -1), untouched.FindAllString(got.Text, -1)):
		t.Fatalf("%q lost variables or links: %q", text, got.Text)
	case got.Text != Normalise(got.Text):
		t.Fatalf("%q became %q, which is not normal", text, got.Text)
	}
	sum := 0
	for _, s := range got.Steps {
		sum += s.Saved
	}
	if sum != before-after {
		t.Fatalf("%q: the steps save %d, in all %d", text, sum, before-after)
	}
	if again, _ := Shorten(got.Text, nil); ok {
		if n, _ := Bytes(again.Text); n > after {
			t.Fatalf("%q grew to %q the second time", got.Text, again.Text)
		}
	}
	runes := []rune(text)
	for _, u := range FindUnsendable(text) {
		for _, at := range u.Places {
			if runes[at] != u.Character {
				t.Fatalf("%q has %q at %d, not %q", text, runes[at], at, u.Character)
			}
		}
		if _, bad := Bytes(u.Substitute); len(bad) > 0 {
			t.Fatalf("%q is no substitute of %q", u.Substitute, u.Character)
		}
	}
}

func TestNoShortenedTextGrowsOrLosesVariablesLinksOrDigits(t *testing.T) {
	part := rapid.OneOf(
		rapid.SampledFrom([]string{"#{이름}", "#{", "}", "#", "{", "＃", "｛", "｝", "https://a.kr/가", "a@b.kr", ".kr", "w", "１", "2", "0", " ", "  ", "\t", "\u3000", "\n", "\n\n\n", "...", "…", "“", "’", "★", "♥♥", "☆", "😀", "👍🏽", "🇰🇷",
			"\u200b", "\ufe0f", "\u20e3", "é", "e\u0301", "가", "\u1100\u1161", "－", "ａ", "．", "━━━", "---", "○", "\ue000", "–", "ก"}),
		rapid.StringN(0, 4, 16),
	)
	rapid.Check(t, func(t *rapid.T) {
		holdsShortened(t, strings.Join(rapid.SliceOfN(part, 0, 30).Draw(t, "text"), ""))
	})
}

func FuzzShorten(f *testing.F) {
	for _, seed := range []string{"", "★특가★  #{이름}님...\n\n\nhttps://a.kr", "ＡＢ１２", "😀\u200d😀", "--- \n★ ★\n", "\ue000#{가}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) {
			holdsShortened(t, text)
		}
	})
}
