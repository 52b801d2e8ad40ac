package simulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// with is a message with other fields; nil takes one away.
func with(m map[string]any, changes ...any) map[string]any {
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(m, changes[i].(string))
			continue
		}
		m[changes[i].(string)] = changes[i+1]
	}
	return m
}

func sms1(changes ...any) map[string]any { return with(text(someone, "r"), changes...) }

func ata1(options ...any) map[string]any {
	m := alimtalk(someone, "r")
	m["kakaoOptions"] = with(m["kakaoOptions"].(map[string]any), options...)
	return m
}

func TestAMessageIsCheckedAtRegistration(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret, Senders: []string{sender}}}
	})
	buttons := func(b ...any) []any { return b }
	link := map[string]string{"buttonName": "보기", "buttonType": "WL", "linkMo": "https://m.example.com"}
	for _, c := range []struct {
		name       string
		message    map[string]any
		code, kind string
	}{
		{"a text of 90 bytes", sms1("text", strings.Repeat("가", 45)), "2000", "SMS"},
		{"a text of 92 bytes becomes long", sms1("text", strings.Repeat("가", 46)), "2000", "LMS"},
		{"a subject makes it long", sms1("subject", "제목"), "2000", "LMS"},
		{"types in any case", sms1("type", "lMs"), "2000", "LMS"},
		{"SMS of 92 bytes", sms1("type", "SMS", "text", strings.Repeat("가", 46)), "1031", "SMS"},
		{"CRLF counts two", sms1("type", "SMS", "text", strings.Repeat("가", 44)+"\r\n"+"a"), "1031", "SMS"},
		{"LMS of 2,000 bytes", sms1("text", strings.Repeat("가", 1000)), "2000", "LMS"},
		{"LMS of 2,002 bytes", sms1("text", strings.Repeat("가", 1001)), "1031", "LMS"},
		{"subject on SMS", sms1("type", "SMS", "subject", "제목"), "1013", "SMS"},
		{"subject of 40 bytes", sms1("subject", strings.Repeat("가", 20)), "2000", "LMS"},
		{"subject of 41 bytes", sms1("subject", strings.Repeat("가", 20)+"a"), "1014", "LMS"},
		{"emoji in a text", sms1("text", "안녕 😀"), "1029", "SMS"},
		{"emoji in a subject", sms1("subject", "😀"), "1029", "LMS"},
		{"decomposed Hangul", sms1("text", "\u1112\u1161\u11ab"), "1029", "SMS"},
		{"Hangul outside KS X 1001", sms1("text", "뷁펲똠"), "2000", "SMS"},
		{"a control character", sms1("text", "안녕\u0007"), "1028", "SMS"},
		{"no text", sms1("text", nil), "1010", "SMS"},
		{"no sender", sms1("from", nil), "1010", "SMS"},
		{"a sender with hyphens", sms1("from", "02-6123-4567"), "1011", "SMS"},
		{"a sender not registered", sms1("from", "0299999999"), "1062", "SMS"},
		{"no recipient", sms1("to", ""), "1010", "SMS"},
		{"a recipient with hyphens", sms1("to", "010-1234-5678"), "1011", "SMS"},
		{"a recipient without its zero", sms1("to", "1012345678"), "1011", "SMS"},
		{"an unknown type", sms1("type", "PIGEON"), "1025", "SMS"},
		{"a type that is not carried here", sms1("type", "RCS_SMS"), "1025", "SMS"},
		{"no type and no detection", sms1("autoTypeDetect", false), "1010", "SMS"},
		{"another country", sms1("country", "1"), "1058", "SMS"},
		{"Korea by its code", sms1("country", "82"), "2000", "SMS"},
		{"MMS without an image", sms1("type", "MMS"), "1034", "MMS"},
		{"an image nobody uploaded", sms1("imageId", "ST01FZ260101000000000AbCdEfGhIjK"), "1023", "MMS"},
		{"Kakao options on a text", with(ata1(), "type", "SMS"), "1033", "SMS"},
		{"custom fields that are no texts", sms1("customFields", map[string]any{"n": 1}), "1032", "SMS"},
		{"custom fields that are no object", sms1("customFields", "ref"), "1032", "SMS"},
		{"a custom key of 31", sms1("customFields", map[string]string{strings.Repeat("가", 31): "v"}), "1032", "SMS"},
		{"a custom value of 101", sms1("customFields", map[string]string{"k": strings.Repeat("v", 101)}), "1032", "SMS"},
		{"a custom value of 100", sms1("customFields", map[string]string{"k": strings.Repeat("가", 100), "a\"b": "c\\d"}), "2000", "SMS"},

		{"Alimtalk", ata1(), "2000", "ATA"},
		{"Alimtalk with emoji", with(ata1(), "text", "안녕 😀"), "2000", "ATA"},
		{"Alimtalk of 1,001 characters", with(ata1(), "text", strings.Repeat("가", 1001)), "1031", "ATA"},
		{"a channel of another form", ata1("pfId", "@demo"), "1041", "ATA"},
		{"a template of another form", ata1("templateId", "RESERVE_01"), "1042", "ATA"},
		{"no template but the type", with(ata1("templateId", nil), "type", "ATA"), "1042", "ATA"},
		{"no sender without fail-over", with(ata1(), "from", nil), "2000", "ATA"},
		{"no sender with fail-over", with(ata1("disableSms", false), "from", nil), "1010", "ATA"},
		{"Friendtalk", ata1("templateId", nil), "2000", "CTA"},
		{"Friendtalk with an image nobody uploaded", ata1("templateId", nil, "imageId", "x"), "1051", "CTI"},
		{"a good button", ata1("buttons", buttons(link)), "2000", "ATA"},
		{"a button in another SDK's words", ata1("buttons", buttons(map[string]string{"name": "보기", "type": "WL", "linkMobile": "https://m.example.com"})), "2000", "ATA"},
		{"six buttons", ata1("buttons", buttons(link, link, link, link, link, link)), "1050", "ATA"},
		{"a button of no known type", ata1("buttons", buttons(map[string]string{"buttonName": "보기", "buttonType": "ZZ"})), "1044", "ATA"},
		{"a web button without a link", ata1("buttons", buttons(map[string]string{"buttonName": "보기", "buttonType": "WL"})), "1045", "ATA"},
		{"an app button with one link", ata1("buttons", buttons(map[string]string{"buttonName": "앱", "buttonType": "AL", "linkAnd": "app://x"})), "1045", "ATA"},
		{"a link of 101", ata1("buttons", buttons(map[string]string{"buttonName": "보기", "buttonType": "WL", "linkMo": strings.Repeat("h", 101)})), "1048", "ATA"},
		{"a button name of 15", ata1("buttons", buttons(map[string]string{"buttonName": strings.Repeat("가", 15), "buttonType": "MD"})), "1049", "ATA"},
		{"delivery tracking on Friendtalk", ata1("templateId", nil, "buttons", buttons(map[string]string{"buttonName": "조회", "buttonType": "DS"})), "1053", "CTA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, r := w.with(t).newGroup(c.message)
			if got := r.ResultList[0]; got.StatusCode != c.code || got.Type != c.kind || got.StatusMessage == "" || !wellFormed(got.MessageID, messagePrefix) {
				t.Errorf("registered: got %+v, want %s as %s", got, c.code, c.kind)
			}
		})
	}
}

// with is the same world in a subtest.
func (w *world) with(t *testing.T) *world {
	sub := *w
	sub.T = t
	return &sub
}

func TestWithoutStrictnessACharacterThatCannotBeSentIsReplaced(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct{ given, sent string }{{"안녕 😀!", "안녕 ?!"}, {"\u1112\u1161\u11ab글", "한글"}} {
		var r struct{ FailedMessageList []any }
		w.ok("POST", "/messages/v4/send-many/detail", map[string]any{"messages": []any{sms1("text", c.given)}, "strict": false}, &r)
		rows := w.sim.Received()
		if got := rows[len(rows)-1].Text; len(r.FailedMessageList) != 0 || got != c.sent {
			t.Errorf("%q: got %q, want %q", c.given, got, c.sent)
		}
	}
}

func TestAnAlimtalkIsRenderedFromItsVariables(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct {
		name, text string
		variables  map[string]string
		want       string
	}{
		{"the text as it came", "김하나님, 확정", nil, "김하나님, 확정"},
		{"variables in the text", "#{이름}님, #{시간} 확정", map[string]string{"#{이름}": "김하나", "시간": "3시"}, "김하나님, 3시 확정"},
		{"a template that is not known here", "", map[string]string{"#{이름}": "김하나", "#{시간}": "3시"}, "#{시간}=3시\n#{이름}=김하나"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.with(t)
			w.ok("POST", "/messages/v4/send-many/detail", map[string]any{"messages": []any{with(ata1("variables", c.variables), "text", c.text)}}, nil)
			rows := w.sim.Received()
			if got := rows[len(rows)-1]; got.Text != c.want || got.Channel != "alimtalk" {
				t.Errorf("received: got %+v, want %q", got, c.want)
			}
		})
	}
}

func TestPlainFieldsNeverKnowsWhatTheReaderRefuses(t *testing.T) {
	for _, c := range []struct {
		raw   string
		plain bool
	}{
		{`{"ref":"a.b"}`, true}, {`{"a":"b","c":"d"}`, true}, {`{"a":""}`, true}, {`{}`, false}, {`{"a":1}`, false}, {`{"a": "b"}`, false},
		{`{"a":"\""}`, false}, {`{"a":{"b":"c"}}`, false}, {`["a"]`, false}, {`{"a":"` + strings.Repeat("x", 101) + `"}`, false},
	} {
		if got := plainFields([]byte(c.raw)); got != c.plain {
			t.Errorf("%s: got %v, want %v", c.raw, got, c.plain)
		}
	}
}

func FuzzPlainFields(f *testing.F) {
	for _, seed := range []string{`{"ref":"a"}`, `{"a":"b","c":"d"}`, `{"a":[1]}`, `{"a":"b"},{"c":"d"}`, `{"":""}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) || !plainFields([]byte(raw)) {
			return
		}
		var fields map[string]string
		if err := json.Unmarshal([]byte(raw), &fields); err != nil {
			t.Errorf("%s: known as good, but %v", raw, err)
		}
		for k, v := range fields {
			if len(k) > fieldKeyLimit || len(v) > fieldValueLimit {
				t.Errorf("%s: known as good, but %q or %q is too long", raw, k, v)
			}
		}
	})
}

func FuzzAppendText(f *testing.F) {
	f.Add("안녕 \"하\\나\"\r\n\t\u0001 \u2028 </script>")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		var back string
		if err := json.Unmarshal(appendText(nil, s), &back); err != nil || back != s {
			t.Errorf("%q: got %q, %v", s, back, err)
		}
	})
}

func TestEveryStoredCodeIsWrittenInFourDigits(t *testing.T) {
	for _, code := range []uint16{1, 42, 1026, 2000, 9999} {
		if got, want := string(appendCode(nil, code)), fmt.Sprintf(`"%04d"`, code); got != want {
			t.Errorf("code: got %s, want %s", got, want)
		}
	}
}

func TestATextMatchesItsTemplateOrNot(t *testing.T) {
	for _, c := range []struct {
		content, text string
		want          bool
	}{
		{"안내", "안내", true}, {"안내", "안내.", false}, {"#{a}님", "김하나님", true}, {"#{a}님", "김하나", false}, {"#{a}", "", true},
		{"안녕 #{a}님 #{b}시", "안녕 하나님 3시", true}, {"안녕 #{a}님 #{b}시", "안녕 하나 3시", false}, {"안녕 #{a}님", "반가워 하나님", false},
		{"#{a}\n#{b}", "하나\n둘", true}, {"#{a}\n#{b}", "하나 둘", false},
	} {
		if got := matches(c.content, c.text); got != c.want {
			t.Errorf("%q to %q: got %v, want %v", c.text, c.content, got, c.want)
		}
	}
}
