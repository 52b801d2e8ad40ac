package message

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// found gives the values of a pattern's variables in a text, where no value holds a letter of
// the pattern's own: then there is one answer.
func (p pattern) found(t *rapid.T, text string, values []string) {
	for i, s := range p.pieces {
		if s.value < 0 {
			rest, ok := strings.CutPrefix(text, s.literal)
			if !ok {
				t.Fatalf("piece %d: %q is not in front of %q", i, s.literal, text)
			}
			text = rest
			continue
		}
		end := len(text)
		if i+1 < len(p.pieces) {
			if end = strings.Index(text, p.pieces[i+1].literal); end < 0 {
				t.Fatalf("piece %d: %q is not in %q", i+1, p.pieces[i+1].literal, text)
			}
		}
		if text[:end] != values[s.value] {
			t.Fatalf("variable %d: got %q, want %q", s.value, text[:end], values[s.value])
		}
		text = text[end:]
	}
	if text != "" {
		t.Fatalf("left over: %q", text)
	}
}

var (
	kakaoLetters = rapid.StringOfN(rapid.RuneFrom([]rune("가나다 abc\n.!/:#{}")), 1, 8, -1)
	valueLetters = rapid.StringOfN(rapid.RuneFrom([]rune("하호히홍 XYZ💐é")), 1, 8, -1)
)

// worded is a text with variables that letters part, none of which a value has.
func worded(t *rapid.T, what string, variables int) string {
	var b strings.Builder
	for i := range rapid.IntRange(0, 4).Draw(t, what+" variables") {
		literal := strings.NewReplacer("#", "", "{", "", "}", "").Replace(kakaoLetters.Draw(t, fmt.Sprintf("%s literal %d", what, i)))
		literal = strings.Trim(literal, " ") + "가"
		fmt.Fprintf(&b, "%s#{v%d}", literal, rapid.IntRange(0, variables-1).Draw(t, fmt.Sprintf("%s variable %d", what, i)))
	}
	b.WriteString("나")
	return b.String()
}

func TestWhatIsRenderedGivesTheVariablesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const variables = 4
		values := make([]string, variables)
		var variable []string
		for i := range values {
			value := strings.Trim(valueLetters.Draw(t, fmt.Sprintf("value %d", i)), " ")
			if value == "" {
				value = "X"
			}
			values[i], variable = korea.Normalise(value), append(variable, fmt.Sprintf("v%d", i))
		}
		a := &Alimtalk{Body: worded(t, "body", variables), Title: worded(t, "title", variables),
			Buttons:      []provider.Button{{Type: "WL", Name: "보기", URLMobile: worded(t, "mobile", variables), URLPC: worded(t, "pc", variables)}, {Type: "BK", Name: "키"}},
			QuickReplies: []provider.Button{{Type: "AL", Name: "앱", SchemeIOS: worded(t, "ios", variables), SchemeAndroid: worded(t, "android", variables)}},
			Items: &provider.ItemList{Header: worded(t, "header", variables), Highlight: &provider.Item{Title: worded(t, "highlight", variables), Description: "설명"},
				Items: []provider.Item{{Title: "상품", Description: worded(t, "item", variables)}, {Title: "수량", Description: "1"}}, Summary: &provider.Item{Title: "합계", Description: worded(t, "sum", variables)}},
			Providers: map[string]ProviderTemplate{"solapi": {ChannelID: "C", TemplateID: "T"}}}
		w := NewWording(Content{Alimtalk: a, Variables: variable})
		leg := w.Leg(provider.Alimtalk, Person{Mobile: 12_345_678, Values: values}, "solapi")
		k := leg.Alimtalk
		for text, template := range map[string]string{
			leg.Text: a.Body, k.Title: a.Title, k.Buttons[0].URLMobile: a.Buttons[0].URLMobile, k.Buttons[0].URLPC: a.Buttons[0].URLPC,
			k.QuickReplies[0].SchemeIOS: a.QuickReplies[0].SchemeIOS, k.QuickReplies[0].SchemeAndroid: a.QuickReplies[0].SchemeAndroid,
			k.Items.Header: a.Items.Header, k.Items.Highlight.Title: a.Items.Highlight.Title, k.Items.Items[0].Description: a.Items.Items[0].Description,
			k.Items.Summary.Description: a.Items.Summary.Description,
		} {
			n := names{list: variable}
			p := compile(template, &n)
			p.found(t, text, values)
			if !p.matches(text) {
				t.Fatalf("%q does not match %q, of which it was made", text, template)
			}
		}
		k.Buttons[0].URLMobile, k.Buttons[0].URLPC = a.Buttons[0].URLMobile, a.Buttons[0].URLPC
		k.QuickReplies[0].SchemeIOS, k.QuickReplies[0].SchemeAndroid = a.QuickReplies[0].SchemeIOS, a.QuickReplies[0].SchemeAndroid
		k.Items.Header, k.Items.Highlight.Title = a.Items.Header, a.Items.Highlight.Title
		k.Items.Items[0].Description, k.Items.Summary.Description = a.Items.Items[0].Description, a.Items.Summary.Description
		if diff := cmp.Diff([]any{a.Buttons, a.QuickReplies, a.Items}, []any{k.Buttons, k.QuickReplies, k.Items}); diff != "" {
			t.Fatalf("something else changed (-template +leg):\n%s", diff)
		}
	})
}

func TestAPatternMatchesWhatItCanMake(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"https://a.kr/#{번호}", "https://a.kr/17", true}, {"https://a.kr/#{번호}", "https://a.kr/#{번호}", true}, {"https://a.kr/#{번호}", "https://a.kr/", false},
		{"https://a.kr/#{번호}", "https://b.kr/17", false}, {"https://a.kr/#{번호}/x", "https://a.kr/17/x", true}, {"https://a.kr/#{번호}/x", "https://a.kr/17/y", false},
		{"https://a.kr", "https://a.kr", true}, {"https://a.kr", "https://a.kr/", false}, {"", "", true}, {"", "x", false},
		{"#{a}", "x", true}, {"#{a}", "", false}, {"#{a}#{b}", "x", false}, {"#{a}#{b}", "xy", true}, {"#{a}-#{b}", "x-y-z", true}, {"#{a}-#{b}", "-y", false},
		{"#{a}-#{b}-", "x-y-", true}, {"#{a}-#{b}-", "x--", false}, {"a#{a}a", "aa", false}, {"a#{a}a", "aaa", true}, {"#{a}aa", "aaa", true},
	} {
		var n names
		if got := compile(c.pattern, &n).matches(c.text); got != c.want {
			t.Errorf("%q of %q: got %v", c.text, c.pattern, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var n names
		p := compile(rapid.StringOf(rapid.RuneFrom([]rune("ab#{}가"))).Draw(t, "pattern"), &n)
		values := make([]string, len(n.list))
		for i := range values {
			values[i] = rapid.StringOfN(rapid.RuneFrom([]rune("ab가")), 1, 4, -1).Draw(t, "value")
		}
		if text := p.fill(values); !p.matches(text) {
			t.Fatalf("%q is not matched by the pattern that made it", text)
		}
	})
}

func TestButtonsThatAreNotTheTemplatesRefuseTheMessage(t *testing.T) {
	onEach(t, func(s *shop) {
		s.update(func(tx *db.Tx) error {
			_, err := AddTemplate(tx, Template{Site: s.name, Code: "BUTTONS", Channel: "@demo", Body: "#{이름}님", State: TemplateApproved,
				Buttons:       []provider.Button{{Type: "WL", Name: "보기", URLMobile: "https://m.example/#{번호}", URLPC: "https://example"}, {Type: "BK", Name: "키"}},
				TemplateParts: TemplateParts{QuickReplies: []provider.Button{{Type: "BC", Name: "상담"}}}})
			return err
		})
		view := provider.Button{Type: "WL", Name: "보기", URLMobile: "https://m.example/17", URLPC: "https://example"}
		key := provider.Button{Type: "BK", Name: "키"}
		other := func(change func(*provider.Button)) []provider.Button {
			b := view
			change(&b)
			return []provider.Button{b, key}
		}
		for name, c := range map[string]struct {
			buttons, quick []provider.Button
			place          string
		}{
			"none named":          {nil, nil, ""},
			"the same":            {[]provider.Button{view, key}, []provider.Button{{Type: "BC", Name: "상담"}}, ""},
			"without links":       {other(func(b *provider.Button) { b.URLMobile, b.URLPC = "", "" }), nil, ""},
			"as in the template":  {other(func(b *provider.Button) { b.URLMobile = "https://m.example/#{번호}" }), nil, ""},
			"one too few":         {[]provider.Button{view}, nil, "/alimtalk/buttons"},
			"none":                {[]provider.Button{}, nil, "/alimtalk/buttons"},
			"one too many":        {[]provider.Button{view, key, key}, nil, "/alimtalk/buttons"},
			"another order":       {[]provider.Button{key, view}, nil, "/alimtalk/buttons/0/type"},
			"another name":        {other(func(b *provider.Button) { b.Name = "보기 " }), nil, "/alimtalk/buttons/0/name"},
			"another fixed link":  {other(func(b *provider.Button) { b.URLPC = "https://example/" }), nil, "/alimtalk/buttons/0/url_pc"},
			"another fixed part":  {other(func(b *provider.Button) { b.URLMobile = "https://n.example/17" }), nil, "/alimtalk/buttons/0/url_mobile"},
			"a link that is none": {other(func(b *provider.Button) { b.SchemeIOS = "x://" }), nil, "/alimtalk/buttons/0/scheme_ios"},
			"no quick reply":      {nil, []provider.Button{}, "/alimtalk/quick_replies"},
			"another quick reply": {nil, []provider.Button{{Type: "BC", Name: "문의"}}, "/alimtalk/quick_replies/0/name"},
		} {
			d, err := s.service.Draft(ctx, s.name, Request{Strategy: AlimtalkFirst, TemplateCode: "BUTTONS", Buttons: c.buttons, QuickReplies: c.quick})
			f, _ := errors.AsType[*fault.Error](err)
			switch {
			case c.place == "" && err != nil:
				s.t.Errorf("%s: %v", name, err)
			case c.place != "" && (f == nil || f.Code != fault.CodeValidation || len(f.Fields) == 0 || f.Fields[0].Pointer != c.place):
				s.t.Errorf("%s: got %+v, want a fault at %s", name, f, c.place)
			}
			if err == nil {
				s.must(d.Discard(ctx))
			}
		}
	})
}

func TestTextsOfATemplateThatGrowTooLongWithTheirValuesAreRejected(t *testing.T) {
	onEach(t, func(s *shop) {
		s.update(func(tx *db.Tx) error {
			for code, parts := range map[string]TemplateParts{
				"TABLE": {Items: &provider.ItemList{Header: "#{a}", Items: []provider.Item{{Title: "가", Description: "#{a}"}, {Title: "나", Description: "1"}}, Summary: &provider.Item{Title: "합", Description: "#{a}"}}},
				"TITLE": {Emphasis: &provider.Emphasis{Title: "#{a}", Subtitle: "b"}}, "EXTRA": {Extra: strings.Repeat("x", 500)},
			} {
				if _, err := AddTemplate(tx, Template{Site: s.name, Code: code, Channel: "@demo", Body: "#{a}", State: TemplateApproved, TemplateParts: parts}); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			code string
			most int
		}{{"TABLE", 14}, {"TITLE", 50}, {"EXTRA", 500}} {
			d := s.draft(Request{Strategy: AlimtalkFirst, TemplateCode: c.code})
			s.must(d.Add(ctx, "01012345678", map[string]string{"a": strings.Repeat("가", c.most)}))
			s.must(d.Add(ctx, "01012345679", map[string]string{"a": strings.Repeat("가", c.most+1)}))
			if got := d.receipt.Rejections; d.accepted != 1 || len(got) != 1 || got[0].Code != TextTooLong || !strings.Contains(got[0].Detail, fmt.Sprint(c.most)) {
				s.t.Errorf("%s: %d accepted, %+v", c.code, d.accepted, got)
			}
			s.must(d.Discard(ctx))
		}
	})
}
