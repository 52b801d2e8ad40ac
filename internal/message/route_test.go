package message

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/credit"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

var prices = credit.Prices{provider.Alimtalk: 9 * won, provider.SMS: 18 * won, provider.LMS: 45 * won, provider.MMS: 120 * won}

func dear(alimtalk money.Amount) credit.Prices {
	p := prices
	p[provider.Alimtalk] = alimtalk * won
	return p
}

func TestAStrategyGivesItsSteps(t *testing.T) {
	for _, c := range []struct {
		name     string
		strategy Strategy
		route    Route
		want     string
		hold     money.Amount
	}{
		{"Alimtalk then SMS", AlimtalkFirst, Route{Alimtalk: true, HasText: true, Text: provider.SMS, Prices: prices}, "alimtalk sms", 18},
		{"Alimtalk then LMS", AlimtalkFirst, Route{Alimtalk: true, HasText: true, Text: provider.LMS, Prices: prices}, "alimtalk lms", 45},
		{"Alimtalk dearer than its text", AlimtalkFirst, Route{Alimtalk: true, HasText: true, Text: provider.SMS, Prices: dear(20)}, "alimtalk sms", 20},
		{"Alimtalk alone", AlimtalkFirst, Route{Alimtalk: true, Prices: prices}, "alimtalk", 9},
		{"text alone", SMSOnly, Route{HasText: true, Text: provider.SMS, Prices: prices}, "sms", 18},
		{"text alone with a template", SMSOnly, Route{Alimtalk: true, HasText: true, Text: provider.LMS, Prices: prices}, "lms", 45},
		{"cheaper Alimtalk", CostOptimized, Route{Alimtalk: true, HasText: true, Text: provider.SMS, Prices: prices}, "alimtalk sms", 18},
		{"Alimtalk as dear as the text", CostOptimized, Route{Alimtalk: true, HasText: true, Text: provider.SMS, Prices: dear(18)}, "alimtalk sms", 18},
		{"Alimtalk dearer by the smallest part", CostOptimized, Route{Alimtalk: true, HasText: true, Text: provider.SMS, Prices: credit.Prices{provider.Alimtalk: 18*won + 1, provider.SMS: 18 * won}}, "sms", 18},
		{"Alimtalk cheaper than a long text", CostOptimized, Route{Alimtalk: true, HasText: true, Text: provider.LMS, Prices: dear(20)}, "alimtalk lms", 45},
		{"no approved template", CostOptimized, Route{HasText: true, Text: provider.SMS, Prices: prices}, "sms", 18},
		{"not on Kakao, and the text is dearer", AlimtalkFirst, Route{Alimtalk: true, HasText: true, Text: provider.SMS, Prices: prices, OffKakao: true}, "alimtalk sms", 18},
		{"not on Kakao, and the text is as dear", AlimtalkFirst, Route{Alimtalk: true, HasText: true, Text: provider.SMS, Prices: dear(18), OffKakao: true}, "sms", 18},
		{"not on Kakao, and there is no text", AlimtalkFirst, Route{Alimtalk: true, Prices: dear(200), OffKakao: true}, "alimtalk", 200},
		{"not on Kakao, where cost decides", CostOptimized, Route{Alimtalk: true, HasText: true, Text: provider.SMS, Prices: dear(18), OffKakao: true}, "sms", 18},
		{"not on Kakao, where cost wants Alimtalk", CostOptimized, Route{Alimtalk: true, HasText: true, Text: provider.LMS, Prices: dear(18), OffKakao: true}, "alimtalk lms", 45},
		{"no approved template for Alimtalk alone", AlimtalkFirst, Route{Prices: prices}, "", 0},
	} {
		steps := c.strategy.Steps(c.route)
		var names []string
		for _, s := range steps {
			names = append(names, s.Channel.String())
			if s.Price != c.route.Prices[s.Channel] {
				t.Errorf("%s: %s costs %s, want %s", c.name, s.Channel, s.Price, c.route.Prices[s.Channel])
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: steps %q, want %q", c.name, got, c.want)
		}
		if hold := (Class{Steps: steps}).Hold(); hold != c.hold*won {
			t.Errorf("%s: holds %s, want %d", c.name, hold, c.hold)
		}
	}
}

func ExampleStrategy_Steps() {
	prices := credit.Prices{provider.Alimtalk: 20 * money.Won, provider.SMS: 18 * money.Won, provider.LMS: 45 * money.Won}
	for _, text := range []provider.Channel{provider.SMS, provider.LMS} {
		steps := CostOptimized.Steps(Route{Alimtalk: true, HasText: true, Text: text, Prices: prices})
		fmt.Printf("%s:", text)
		for _, s := range steps {
			fmt.Printf(" %s for %s", s.Channel, s.Price)
		}
		fmt.Printf(", holds %s\n", Class{Steps: steps}.Hold())
	}
	// Output:
	// sms: sms for 18.00, holds 18.00
	// lms: alimtalk for 20.00 lms for 45.00, holds 45.00
}

func TestOnlyTheFourStrategiesAreValid(t *testing.T) {
	for s, want := range map[Strategy]bool{AlimtalkFirst: true, SMSOnly: true, CostOptimized: true, ByPolicy: true, "": false, "sms": false, "SMS_ONLY": false} {
		if s.Valid() != want {
			t.Errorf("%q is valid: %t, want %t", s, s.Valid(), want)
		}
	}
}

func TestClassesAreSharedAndBounded(t *testing.T) {
	var c classes
	for i := range maxClasses {
		class, err := c.add(Class{Steps: []Step{{provider.SMS, money.Amount(i)}}})
		if err != nil || int(class) != i {
			t.Fatalf("class %d, %v; want %d", class, err, i)
		}
	}
	if class, err := c.add(Class{Steps: []Step{{provider.SMS, 7}}}); err != nil || class != 7 || c.count[7] != 2 {
		t.Errorf("the same steps give class %d, %v, counted %d times; want 7, counted twice", class, err, c.count[7])
	}
	if _, err := c.add(Class{Steps: []Step{{provider.LMS, 7}}}); err == nil {
		t.Error("a class too many is taken")
	}
}

func TestATallySumsUpItsClasses(t *testing.T) {
	list := []Class{{Steps: []Step{{provider.Alimtalk, 9 * won}, {provider.SMS, 18 * won}}}, {Steps: []Step{{provider.Alimtalk, 9 * won}, {provider.LMS, 45 * won}}}, {Steps: []Step{{provider.SMS, 18 * won}}}}
	got, err := tally(list, []int64{10, 2, 3})
	want := Tally{Estimated: (90 + 18 + 54) * won, Held: (180 + 90 + 54) * won}
	want.Planned[provider.Alimtalk], want.Planned[provider.SMS] = 12, 3
	want.Fallback[provider.SMS], want.Fallback[provider.LMS] = 10, 2
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("tally, %v: -want +got\n%s", err, diff)
	}
	if _, err := tally([]Class{{Steps: []Step{{provider.SMS, 1 << 62}}}}, []int64{4}); err == nil {
		t.Error("a sum that does not fit is taken")
	}
}

func TestALegSaysWhatThePhoneShows(t *testing.T) {
	content := Content{Variables: []string{"이름", "링크"}, Text: &Text{From: "0261234567", Body: "#{이름}님\r\n보세요 #{링크}"},
		Alimtalk: &Alimtalk{Body: "#{이름}님 안녕하세요", Buttons: []provider.Button{{Type: "WL", Name: "보기", URLMobile: "https://a.kr/#{링크}"}},
			Providers: map[string]ProviderTemplate{"solapi": {ChannelID: "C", TemplateID: "T"}}}}
	to := Person{Mobile: 12_345_678, Values: []string{"김하나", "x1"}}
	w := NewWording(content)
	want := provider.Leg{To: "01012345678", From: "0261234567", Channel: provider.Alimtalk, Text: "김하나님 안녕하세요",
		Alimtalk: &provider.Template{ChannelID: "C", TemplateID: "T", Buttons: []provider.Button{{Type: "WL", Name: "보기", URLMobile: "https://a.kr/x1"}},
			Names: []string{"이름", "링크"}, Values: []string{"김하나", "x1"}}}
	if diff := cmp.Diff(want, w.Leg(provider.Alimtalk, to, "solapi")); diff != "" {
		t.Errorf("Alimtalk: -want +got\n%s", diff)
	}
	want = provider.Leg{To: "01012345678", From: "0261234567", Channel: provider.SMS, Text: "김하나님\n보세요 x1"}
	if diff := cmp.Diff(want, w.Leg(provider.SMS, to, "solapi")); diff != "" {
		t.Errorf("SMS: -want +got\n%s", diff)
	}
}

func TestAnLMSWithoutASubjectUsesItsFirstLine(t *testing.T) {
	for _, c := range []struct{ subject, body, want string }{
		{"예약 안내", "첫 줄", "예약 안내"},
		{"#{이름}님께", "첫 줄", "김하나님께"},
		{"", "\n  첫 줄  \n둘째 줄", "첫 줄"},
		{"", strings.Repeat("가", 30), strings.Repeat("가", 20)},             // 40 bytes
		{"", "a" + strings.Repeat("가", 30), "a" + strings.Repeat("가", 19)}, // never half a letter
		{"", " \n ", ""},
	} {
		w := NewWording(Content{Variables: []string{"이름"}, Text: &Text{Subject: c.subject, Body: c.body}})
		to := Person{Values: []string{"김하나"}}
		if got := w.Leg(provider.LMS, to, "").Subject; got != c.want {
			t.Errorf("subject %q, body %q: sent with %q, want %q", c.subject, c.body, got, c.want)
		}
		if got := w.Leg(provider.SMS, to, "").Subject; got != "" {
			t.Errorf("an SMS is sent with subject %q", got)
		}
	}
}

func FuzzVariables(f *testing.F) {
	for _, seed := range []string{"", "#{a}", "x#{a}y#{ b }z", "#{", "#{}", "#{ }", "}#{a", "#{a#{b}}", "##{a}}", "#{가}나"} {
		f.Add(seed, "값")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		var n names
		p := compile(text, &n)
		values := make([]string, len(n.list))
		for i := range values {
			values[i] = value
		}
		filled := p.fill(values)
		if len(n.list) == 0 && filled != compile(filled, &names{}).fill(nil) {
			t.Errorf("%q without variables changes from %q when it is filled again", text, filled)
		}
		for _, name := range n.list {
			if strings.TrimSpace(name) != name || name == "" {
				t.Errorf("%q has a variable named %q", text, name)
			}
		}
	})
}
