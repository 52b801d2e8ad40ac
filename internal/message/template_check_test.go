package message

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
)

// good is a template with every part that can stand together.
func good() Template {
	return Template{Code: "GOOD", Channel: "@demo", Body: "#{이름}님", State: TemplateDraft,
		Buttons: []provider.Button{{Type: "AC", Name: "채널 추가"}, {Type: "WL", Name: "보기", URLMobile: "https://m.example/#{번호}", URLPC: "#{주소}"}},
		TemplateParts: TemplateParts{QuickReplies: []provider.Button{{Type: "BK", Name: "네"}}, Extra: "덧붙임", Category: "001001",
			Items: &provider.ItemList{Header: "#{머리}", Highlight: &provider.Item{Title: "#{제목}", Description: "설명"},
				Items:   []provider.Item{{Title: "상품", Description: "#{상품}"}, {Title: "수량", Description: "#{수량}개"}},
				Summary: &provider.Item{Title: "합계", Description: "#{금액}원"}}}}
}

func TestATemplateThatCanBeRegisteredIsTaken(t *testing.T) {
	for name, change := range map[string]func(*Template){
		"a table":  func(*Template) {},
		"its body": func(t *Template) { t.Body = strings.Repeat("가", 700) },
		"a title": func(t *Template) {
			t.Items, t.Emphasis = nil, &provider.Emphasis{Title: strings.Repeat("가", 46) + "#{이}", Subtitle: strings.Repeat("a", 50)}
		},
		"as long as may be": func(t *Template) { t.Items, t.Extra, t.Body = nil, "", strings.Repeat("가", 1000) },
		"every button": func(t *Template) {
			t.QuickReplies = nil
			t.Buttons = []provider.Button{{Type: "AL", Name: "앱", SchemeIOS: "a://", SchemeAndroid: "b://#{번호}", URLMobile: "http://m.example"}, {Type: "DS", Name: "배송 조회"},
				{Type: "BF", Name: "서식", FormID: "123"}, {Type: "P1", Name: "결제", PluginID: "plug-in_1"}, {Type: "TN", Name: "전화", Phone: "02-6123-4567"}}
		},
		"every other button": func(t *Template) {
			t.QuickReplies = nil
			t.Buttons = []provider.Button{{Type: "AC", Name: "채널 추가"}, {Type: "BK", Name: "키워드"}, {Type: "MD", Name: "전달"}, {Type: "BC", Name: "상담"}, {Type: "BT", Name: "봇"}}
		},
		"quick replies": func(t *Template) {
			t.QuickReplies = []provider.Button{{Type: "WL", Name: "1", URLMobile: "https://a.kr"}, {Type: "AL", Name: "2", SchemeIOS: "a", SchemeAndroid: "b"},
				{Type: "BC", Name: "3"}, {Type: "BT", Name: "4"}, {Type: "BF", Name: "5", FormID: "1"}}
		},
		"40 variables": func(t *Template) {
			*t = Template{Code: "X", Channel: "@demo", State: TemplateDraft}
			for i := range 40 {
				t.Body += fmt.Sprintf("#{v%d}", i)
			}
			t.Body += "#{v0}"
		},
		"a marker that is no variable": func(t *Template) { t.Extra = "#{ } #{" },
	} {
		one := good()
		change(&one)
		if err := one.check(); err != nil {
			f, _ := errors.AsType[*fault.Error](err)
			t.Errorf("%s: %v %+v", name, err, f.Fields)
		}
	}
}

func TestWhatKakaoWouldRefuseIsToldAtItsPlace(t *testing.T) {
	quick := func(b ...provider.Button) func(*Template) { return func(t *Template) { t.QuickReplies = b } }
	buttons := func(b ...provider.Button) func(*Template) {
		return func(t *Template) { t.QuickReplies, t.Buttons = nil, b }
	}
	bk := provider.Button{Type: "BK", Name: "네"}
	for place, list := range map[string][]func(*Template){
		"/code":    {func(t *Template) { t.Code = "한글" }},
		"/channel": {func(t *Template) { t.Channel = "" }},
		"/state":   {func(t *Template) { t.State = "fine" }},
		"/body": {
			func(t *Template) { t.Body = "" },
			func(t *Template) { t.Body = strings.Repeat("가", 701) },               // below a table
			func(t *Template) { t.Items, t.Body = nil, strings.Repeat("가", 998) }, // with the extra words
			func(t *Template) { t.Items, t.Extra, t.Body = nil, "", strings.Repeat("가", 1001) },
			func(t *Template) { t.Body = "#{ 이름}님" },
			func(t *Template) {
				for i := range 41 {
					t.Body += fmt.Sprintf("#{v%d}", i)
				}
			},
		},
		"/extra":                    {func(t *Template) { t.Extra = strings.Repeat("x", 501) }, func(t *Template) { t.Extra = "#{이름}" }},
		"/category":                 {func(t *Template) { t.Category = "1" }, func(t *Template) { t.Category = "abcdef" }},
		"/buttons":                  {buttons(bk, bk, bk, bk, bk, bk), func(t *Template) { t.Buttons = []provider.Button{bk, bk, bk} }},
		"/buttons/0/type":           {buttons(provider.Button{Type: "XX", Name: "x"}), buttons(provider.Button{Name: "x"})},
		"/buttons/0/name":           {buttons(provider.Button{Type: "BK"}), buttons(provider.Button{Type: "BK", Name: strings.Repeat("가", 15)}), buttons(provider.Button{Type: "BK", Name: "#{이름}"}), buttons(provider.Button{Type: "AC", Name: "채널추가"})},
		"/buttons/1":                {buttons(bk, provider.Button{Type: "AC", Name: "채널 추가"})},
		"/buttons/0/url_mobile":     {buttons(provider.Button{Type: "WL", Name: "x"}), buttons(provider.Button{Type: "WL", Name: "x", URLMobile: "example.com"}), buttons(provider.Button{Type: "WL", Name: "x", URLMobile: "https://" + strings.Repeat("x", 493)}), buttons(provider.Button{Type: "BK", Name: "x", URLMobile: "https://a.kr"}), buttons(provider.Button{Type: "WL", Name: "x", URLMobile: "https://a.kr/#{ a }"})},
		"/buttons/0/url_pc":         {buttons(provider.Button{Type: "WL", Name: "x", URLMobile: "https://a.kr", URLPC: "ftp://a.kr"})},
		"/buttons/0/scheme_ios":     {buttons(provider.Button{Type: "AL", Name: "x", SchemeAndroid: "a://"}), buttons(provider.Button{Type: "AC", Name: "채널 추가", SchemeIOS: "a://"})},
		"/buttons/0/scheme_android": {buttons(provider.Button{Type: "AL", Name: "x", SchemeIOS: "a://"})},
		"/buttons/0/biz_form_id":    {buttons(provider.Button{Type: "BF", Name: "x"}), buttons(provider.Button{Type: "BF", Name: "x", FormID: "a"}), buttons(provider.Button{Type: "WL", Name: "x", URLMobile: "https://a.kr", FormID: "1"})},
		"/buttons/0/plugin_id":      {buttons(provider.Button{Type: "P2", Name: "x"}), buttons(provider.Button{Type: "P3", Name: "x", PluginID: strings.Repeat("p", 25)}), buttons(provider.Button{Type: "P1", Name: "x", PluginID: "a b"})},
		"/buttons/0/phone_number":   {buttons(provider.Button{Type: "TN", Name: "x"}), buttons(provider.Button{Type: "TN", Name: "x", Phone: "call me"}), buttons(provider.Button{Type: "TN", Name: "x", Phone: "02-6123-4567-89"}), buttons(provider.Button{Type: "TN", Name: "x", Phone: "#{전화}"})},
		"/quick_replies":            {quick(bk, bk, bk, bk, bk, bk)},
		"/quick_replies/0/type":     {quick(provider.Button{Type: "AC", Name: "채널 추가"}), quick(provider.Button{Type: "TN", Name: "x", Phone: "021234567"})},
		"/quick_replies/0/name":     {quick(provider.Button{Type: "BK"})},
		"/emphasis":                 {func(t *Template) { t.Emphasis = &provider.Emphasis{Title: "a", Subtitle: "b"} }},
		"/emphasis/title": {func(t *Template) { t.Items, t.Emphasis = nil, &provider.Emphasis{Subtitle: "b"} }, func(t *Template) {
			t.Items, t.Emphasis = nil, &provider.Emphasis{Title: strings.Repeat("a", 51), Subtitle: "b"}
		}},
		"/emphasis/subtitle":               {func(t *Template) { t.Items, t.Emphasis = nil, &provider.Emphasis{Title: "a"} }, func(t *Template) { t.Items, t.Emphasis = nil, &provider.Emphasis{Title: "a", Subtitle: "#{b}"} }},
		"/item_list":                       {func(t *Template) { t.Items = &provider.ItemList{} }},
		"/item_list/header":                {func(t *Template) { t.Items.Header = strings.Repeat("a", 17) }},
		"/item_list/highlight/title":       {func(t *Template) { t.Items.Highlight.Title = "" }, func(t *Template) { t.Items.Highlight.Title = strings.Repeat("a", 31) }},
		"/item_list/highlight/description": {func(t *Template) { t.Items.Highlight.Description = strings.Repeat("a", 20) }},
		"/item_list/items":                 {func(t *Template) { t.Items.Items = t.Items.Items[:1] }, func(t *Template) { t.Items.Items = slices.Repeat(t.Items.Items[:1], 11) }},
		"/item_list/items/1/title":         {func(t *Template) { t.Items.Items[1].Title = strings.Repeat("a", 7) }, func(t *Template) { t.Items.Items[1].Title = "#{a}" }, func(t *Template) { t.Items.Items[1].Title = "" }},
		"/item_list/items/0/description":   {func(t *Template) { t.Items.Items[0].Description = strings.Repeat("a", 24) }, func(t *Template) { t.Items.Items[0].Description = "#{a }" }},
		"/item_list/summary":               {func(t *Template) { t.Items.Items = nil }},
		"/item_list/summary/title":         {func(t *Template) { t.Items.Summary.Title = "1234567" }},
		"/item_list/summary/description":   {func(t *Template) { t.Items.Summary.Description = strings.Repeat("1", 15) }},
	} {
		for i, change := range list {
			one := good()
			change(&one)
			f, wrong := errors.AsType[*fault.Error](one.check())
			if !wrong || !slices.ContainsFunc(f.Fields, func(at fault.Field) bool { return at.Pointer == place && at.Detail != "" }) {
				t.Errorf("%s, %d: got %+v", place, i, f)
			}
		}
	}
}
