package korea

import (
	"strings"
	"testing"
)

func TestBlockedWordsAreFoundHoweverTheyAreWritten(t *testing.T) {
	for _, c := range []struct{ word, text string }{
		{"카지노", "카지노"},
		{"카지노", "지금 카지노에서"},
		{"카지노", "온라인카지노"},
		{"카지노", "카 지 노"},
		{"카지노", "온라인카.지.노"},
		{"카지노", "온라인카 지\n노에서"},
		{"카지노", "여기 카지 노 있음"},
		{"카지노", "카★지♥노"},
		{"카지노", "카\u200b지\ufeff노"},
		{"카지노", "온라인카\u200b지노"},
		{"카지노", "카\u3164지\uffa0노"},
		{"카지노", "카\u00ad지\u034f노"},
		{"카지노", "\u1100\u1161\u110c\u1175\u1102\u1169"}, // 가지노 is another word

		{"가지노", "\u1100\u1161\u110c\u1175\u1102\u1169"},
		{"카지노", "ㅋㅏㅈㅣㄴㅗ"},
		{"카지노", "카\u0338지\u0338노\u0338"},
		{"casino", "CASINO"},
		{"casino", "ＣａＳｉＮｏ"},
		{"casino", "𝗰𝗮𝘀𝗶𝗻𝗼"},
		{"casino", "c.a.s.i.n.o"},
		{"CaSino", "casinos"},
		{"ÉTÉ", "e\u0301te\u0301"},
		{"100%당첨", "오늘 100% 당첨"},
		{"100%당첨", "１００당첨"},
		{"bit.ly", "https://bit.ly/abc"},
		{"무료 거부", "완전무료 거부"}, // it has the blank itself
		{"무료 거부", "완전무료거부"},
		{"도박", "온라인 도 박 사이트"},
		{"도박", "도박"},
	} {
		found, there := CompileWords([]string{c.word}).Find(LettersOf(c.text))
		want := !strings.HasPrefix(c.text, "\u1100") || c.word == "가지노"
		if there != want || there && found != c.word {
			t.Errorf("%q in %q: found %v %q", c.word, c.text, there, found)
		}
	}
}

func TestOtherWordsAreLeftAlone(t *testing.T) {
	for _, c := range []struct{ word, text string }{
		{"도박", "포도 박스 할인"},
		{"카지노", "카지"},
		{"카지노", "카지 않은 노인"},
		{"카지노", "모카지 노래"}, // a word ends in 카지
		{"sex", "Mars exit"},
		{"대출", "그대 출발"},
		{"카지노", ""},
		{"카지노", "카1지1노"},
		{"바다이야기", "바다 이 이야기"},
	} {
		if found, there := CompileWords([]string{c.word}).Find(LettersOf(c.text)); there {
			t.Errorf("%q was found in %q", found, c.text)
		}
	}
}

func TestTheFirstWordOfATextIsTold(t *testing.T) {
	w := CompileWords([]string{"도박", "대출", "대출상담", "\u200b", ""})
	if w.Len() != 3 {
		t.Errorf("there are %d words, want 3", w.Len())
	}
	if found, _ := w.Find(LettersOf("급한 대출상담은 도박 없이")); found != "대출" {
		t.Errorf("found %q, want the first at the first place", found)
	}
}

func TestAWordIsCheckedBeforeItIsLookedFor(t *testing.T) {
	for _, word := range []string{"", " ", "★!", "\u200b", "가\n나", "\xff", strings.Repeat("가", MaxWord+1), "가" + strings.Repeat(" ", 2*MaxWord)} {
		if _, err := CheckWord(word); err == nil {
			t.Errorf("%q is taken for a word", word)
		}
	}
	for word, letters := range map[string]string{" 카 지 노 ": "카지노", "Ｃasino": "casino", strings.Repeat("가", MaxWord): strings.Repeat("가", MaxWord), "①": "1"} {
		if got, err := CheckWord(word); err != nil || got.String() != letters {
			t.Errorf("%q has the letters %q, %v; want %q", word, got, err, letters)
		}
	}
}

func FuzzAWordIsFoundInEveryTextThatHasIt(f *testing.F) {
	for _, s := range [][3]string{{"앞", "카지노", "뒤"}, {"a ", "Casino", "s"}, {"", "100%", ""}, {"ㅋ", "ㅏ", "ㅈ"}, {"ᏸ", "Ὴ", "\u0338"}} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, before, word, after string) {
		if _, err := CheckWord(word); err != nil {
			return
		}
		w := CompileWords([]string{word})
		LettersOf(before + after) // whatever it is
		// A blank on both sides keeps neighbours from joining the letters of the word.
		if _, found := w.Find(LettersOf(before + " " + word + " " + after)); !found {
			t.Fatalf("%q is not found between %q and %q", word, before, after)
		}
	})
}
