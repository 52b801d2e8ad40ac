package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

func TestAnOrderIsReadWhole(t *testing.T) {
	o, err := readOrder([]byte(exampleOrder), &order{withoutCount: true})
	if err != nil {
		t.Fatal(err)
	}
	want := message.Request{Title: "11월 예약 안내", Strategy: message.AlimtalkFirst, TemplateCode: "RESERVE_01",
		Text:     &message.TextRequest{From: "0261234567", Subject: "예약 안내", Body: "#{이름}님, 예약이 확정되었습니다.", MaxChannel: provider.MMS},
		ValidFor: 24 * time.Hour, Metadata: json.RawMessage(`{"order":"A-1"}`), WaitForRecharge: 10 * time.Second}
	if diff := cmp.Diff(want, o.Request); diff != "" {
		t.Errorf("the request differs (-want +got):\n%s", diff)
	}
	if o.named != 1 {
		t.Errorf("got %d recipients, want 1", o.named)
	}
	for body, want := range map[string]message.Request{
		`{"strategy":"cost_optimized","scheduled_at":"2026-12-01T09:00:00+09:00","allow_duplicates":true,"title":null,"text":null,"metadata":null}`: {
			Strategy: message.CostOptimized, ScheduledAt: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), AllowDuplicates: true},
		`{"strategy":"sms_only","wait_for_recharge":0}`:  {Strategy: message.SMSOnly},
		`{"strategy":"sms_only","wait_for_recharge":30}`: {Strategy: message.SMSOnly, WaitForRecharge: 30 * time.Second},
		`{"strategy":"\u0073ms_only","text":{"body":"\ud83d\ude00\n\"","replace_unsupported":true,"max_channel":"sms","from":null}}`: {
			Strategy: message.SMSOnly, Text: &message.TextRequest{Body: "😀\n\"", ReplaceUnsupported: true, MaxChannel: provider.SMS}},
	} {
		o, err := readOrder([]byte(body), &order{})
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if o.ScheduledAt = o.ScheduledAt.UTC(); want.ScheduledAt.IsZero() {
			o.ScheduledAt = time.Time{}
		}
		if !strings.Contains(body, "wait_for_recharge") {
			want.WaitForRecharge = message.UsualWait
		}
		if diff := cmp.Diff(want, o.Request); diff != "" {
			t.Errorf("%s: the request differs (-want +got):\n%s", body, diff)
		}
	}
}

func TestNULIsFoundHoweverItIsEscaped(t *testing.T) {
	for text, want := range map[string]bool{
		`"\u0000"`: true, `"x\u0000y"`: true, `"\\u0000"`: false, `"\\\u0000"`: true, `"\\\\u0000"`: false, `"u0000"`: false, `"\u00001"`: true,
		`"\\u0000\u0000"`: true, `"\u0001"`: false,
	} {
		if got := hasNUL([]byte(text)); got != want {
			t.Errorf("hasNUL(%s): got %v, want %v", text, got, want)
		}
	}
}

// FuzzReadOrder compares the reading with encoding/json: nothing panics, what is not
// JSON of text is refused, and what is accepted says what a second reader reads.
func FuzzReadOrder(f *testing.F) {
	for _, c := range badOrders {
		if len(c.body) < 2000 {
			f.Add([]byte(c.body))
		}
	}
	for _, s := range []string{exampleOrder, text, ` { } `, `{"strategy" : "sms_only" , "valid_for" : 1e3}`, `{"metadata":{"a":[{"b":"]}\\\""}]},"strategy":"x"}`, `nul`, `{"\u0074itle":"x","strategy":""}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := readOrder(body, &order{})
		sound := utf8.Valid(body) && json.Valid(body)
		if err != nil {
			return
		}
		if !sound || bytes.Contains(body, []byte{0}) {
			t.Fatalf("accepted %q", body)
		}
		var twin struct {
			Title    *string
			Strategy string
			Metadata map[string]any
			Text     *struct{ Body, From, Subject string }
			Alimtalk *struct {
				TemplateCode string `json:"template_code"`
			}
			Recipients []struct {
				To        string
				Variables map[string]string
			}
		}
		if err := json.Unmarshal(body, &twin); err != nil {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", body, err)
		}
		if string(o.Strategy) != twin.Strategy || twin.Title != nil && *twin.Title != o.Title || len(twin.Recipients) != o.named {
			t.Fatalf("%q: read strategy %q, title %q, %d recipients; want %q, %v, %d", body, o.Strategy, o.Title, o.named, twin.Strategy, twin.Title, len(twin.Recipients))
		}
		if o.recipients == nil {
			return
		}
		r := &reading{data: o.recipients}
		variables := map[string]string{}
		r.elements(func(i int) {
			to := r.person(variables).To
			if want := twin.Recipients[i]; to != want.To || len(variables)+len(want.Variables) > 0 && !reflect.DeepEqual(variables, want.Variables) {
				t.Fatalf("%q: read recipient %d as %q %v, want %v", body, i, to, variables, want)
			}
		})
	})
}

// FuzzLines feeds bodies of lines: nothing panics, and a refusal names its line.
func FuzzLines(f *testing.F) {
	f.Add([]byte(exampleLines))
	f.Add([]byte(head + "\n\r\n{\"to\":\"1\"}\n[]\n"))
	f.Add([]byte(head + `{"to":"` + strings.Repeat("x", 100) + `"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		l := newLines(bytes.NewReader(body))
		for {
			line, err := l.next()
			if err != nil {
				return
			}
			if !json.Valid(line) || !utf8.Valid(line) || bytes.ContainsAny(line, "\n") {
				t.Fatalf("gave the line %q", line)
			}
			r := &reading{data: line, path: l.path()}
			r.person(map[string]string{})
			if r.at != len(bytes.TrimRight(line, " \t\r")) && r.wrong == 0 {
				t.Fatalf("read %q up to byte %d", line, r.at)
			}
		}
	})
}
