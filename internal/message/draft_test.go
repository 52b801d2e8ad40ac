package message

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

func TestARequestThatCannotBeRightIsRefusedAtItsPlace(t *testing.T) {
	s := one(t)
	s.template("INSPECTING", "a", TemplateInspecting)
	text := func(change func(*TextRequest)) Request {
		r := kakaoFirst()
		r.Text = &TextRequest{Body: "a"}
		change(r.Text)
		return r
	}
	at := func(d time.Duration) Request { r := kakaoFirst(); r.ScheduledAt = s.time().Add(d); return r }
	valid := func(d time.Duration) Request { r := kakaoFirst(); r.ValidFor = d; return r }
	for _, c := range []struct {
		name          string
		r             Request
		code, pointer string
	}{
		{"no strategy", Request{}, fault.CodeValidation, "/strategy"},
		{"no template", Request{Strategy: AlimtalkFirst, Text: &TextRequest{Body: "a"}}, fault.CodeValidation, "/alimtalk"},
		{"sms_only without text", Request{Strategy: SMSOnly}, fault.CodeValidation, "/text"},
		{"cost_optimized without text", Request{Strategy: CostOptimized, TemplateCode: "RESERVE_01"}, fault.CodeValidation, "/text"},
		{"empty text", textOnly(""), fault.CodeValidation, "/text/body"},
		{"valid for nothing", valid(time.Millisecond), fault.CodeValidation, "/valid_for"},
		{"valid for too long", valid(31 * 24 * time.Hour), fault.CodeValidation, "/valid_for"},
		{"scheduled in the past", at(-61 * time.Second), fault.CodeValidation, "/scheduled_at"},
		{"scheduled too far ahead", at(60*24*time.Hour + time.Second), fault.CodeValidation, "/scheduled_at"},
		{"unknown template", Request{Strategy: AlimtalkFirst, TemplateCode: "NONE"}, fault.CodeUnknownTemplate, "/alimtalk/template_code"},
		{"unknown template of cost_optimized", Request{Strategy: CostOptimized, TemplateCode: "NONE", Text: &TextRequest{Body: "a"}}, fault.CodeUnknownTemplate, "/alimtalk/template_code"},
		{"template not approved", Request{Strategy: AlimtalkFirst, TemplateCode: "INSPECTING"}, fault.CodeTemplateNotApproved, "/alimtalk/template_code"},
		{"sender not registered", text(func(t *TextRequest) { t.From = "0299999999" }), fault.CodeSenderNotRegistered, "/text/from"},
		{"sender no number", text(func(t *TextRequest) { t.From = "우리" }), fault.CodeSenderNotRegistered, "/text/from"},
		{"subject too long", text(func(t *TextRequest) { t.Subject = strings.Repeat("가", 20) + "a" }), fault.CodeValidation, "/text/subject"},
		{"subject cannot be sent", text(func(t *TextRequest) { t.Subject = "😀" }), fault.CodeValidation, "/text/subject"},
	} {
		_, err := s.service.Draft(ctx, s.name, c.r)
		if err == nil {
			t.Errorf("%s: taken", c.name)
			continue
		}
		t.Run(c.name, func(t *testing.T) { wantFault(t, err, fault.Invalid, c.code, c.pointer) })
	}
	for _, r := range []Request{at(-60 * time.Second), at(60 * 24 * time.Hour), valid(time.Second), valid(30 * 24 * time.Hour),
		text(func(t *TextRequest) { t.From = "02-6123-4567" }), text(func(t *TextRequest) { t.Subject = strings.Repeat("가", 20) }),
		text(func(t *TextRequest) { t.Subject, t.ReplaceUnsupported = "“안내”", true })} {
		if _, err := s.service.Draft(ctx, s.name, r); err != nil {
			t.Errorf("refused at its limit: %v", err)
		}
	}
}

func TestASenderThatIsNotApprovedCannotSend(t *testing.T) {
	s := one(t)
	s.update(func(tx *db.Tx) error {
		_, err := site.SetSender(tx, s.name, "0261234567", site.Blocked, "")
		return err
	})
	_, err := s.service.Draft(ctx, s.name, textOnly("a"))
	wantFault(t, err, fault.Invalid, fault.CodeSenderMissing, "/text/from")
	r := textOnly("a")
	r.Text.From = "0261234567"
	_, err = s.service.Draft(ctx, s.name, r)
	wantFault(t, err, fault.Invalid, fault.CodeSenderNotRegistered, "/text/from")
}

func TestASuspendedSiteCannotSend(t *testing.T) {
	s := one(t)
	s.update(func(tx *db.Tx) error { return site.SetState(tx, s.name, site.Suspended) })
	_, err := s.service.Draft(ctx, s.name, textOnly("a"))
	wantFault(t, err, fault.Locked, fault.CodeSiteSuspended, "")
}

func TestAChannelThatNobodyCarriesIsRefused(t *testing.T) {
	none := func(string, provider.Channel) bool { return false }
	s := newHouse(t, "sqlite", Options{Offered: none}).open(t, 100)
	_, err := s.service.Draft(ctx, s.name, textOnly("a"))
	wantFault(t, err, fault.Invalid, fault.CodeChannelNotAvailable, "/text")
	_, err = s.service.Draft(ctx, s.name, Request{Strategy: AlimtalkFirst, TemplateCode: "RESERVE_01"})
	wantFault(t, err, fault.Invalid, fault.CodeChannelNotAvailable, "/alimtalk")
	s = newHouse(t, "sqlite", Options{Accounts: func(string, provider.Channel) []string { return []string{"stranger"} }}).open(t, 100)
	_, err = s.service.Draft(ctx, s.name, Request{Strategy: AlimtalkFirst, TemplateCode: "RESERVE_01"})
	wantFault(t, err, fault.Invalid, fault.CodeChannelNotAvailable, "/alimtalk") // no account knows the template
}

// TestARecipientIsRejectedForTheFirstReasonInTheContractsOrder gives recipients
// with several things wrong at once.
func TestARecipientIsRejectedForTheFirstReasonInTheContractsOrder(t *testing.T) {
	s := one(t)
	r := kakaoFirst()
	r.Text.Body, r.Text.MaxChannel = "#{이름} #{글}", provider.SMS
	d := s.draft(r)
	long, longer := strings.Repeat("가", 50), strings.Repeat("가", 1001)
	for _, c := range []struct {
		to, name, text string
		want           string
	}{
		{phone(0), "김", "글", ""},
		{"02-123-4567", "", "", InvalidNumber},
		{"", "김", "글", InvalidNumber},
		{phone(0), "", "😀", "duplicate"},
		{phone(1), "", "😀", MissingVariable},
		{phone(1), "김", "", MissingVariable},
		{phone(1), "김", "😀" + longer, UnsupportedCharacter},
		{phone(1), "김", longer, TextTooLong},
		{phone(1), "김", long, OverMaxChannel},
		{phone(1), longer, "😀", UnsupportedCharacter}, // the Alimtalk would be too long as well
		{phone(1), "김", "글", ""},                      // none of the rejected ones counts as a duplicate
	} {
		before := d.receipt
		rejected, duplicate := before.Rejected, before.Duplicate
		s.must(d.Add(ctx, c.to, map[string]string{"이름": c.name, "글": c.text}))
		got := ""
		switch {
		case d.receipt.Rejected > rejected:
			got = d.receipt.Rejections[len(d.receipt.Rejections)-1].Code
		case d.receipt.Duplicate > duplicate:
			got = "duplicate"
		}
		if got != c.want {
			t.Errorf("to %q with %.12q, %.12q: %q, want %q", c.to, c.name, c.text, got, c.want)
		}
	}
}

func TestARejectionSaysWhatIsWrong(t *testing.T) {
	s := one(t)
	d := s.draft(textOnly("#{이름}"))
	s.must(d.Add(ctx, phone(0), map[string]string{"이름": "김"}))
	s.must(d.Add(ctx, " 02-1 ", nil))
	s.must(d.Add(ctx, phone(1), nil))
	s.must(d.Add(ctx, phone(2), map[string]string{"이름": "\u00a0김😀"}))
	s.must(d.Add(ctx, phone(3), map[string]string{"이름": strings.Repeat("가", 1001)}))
	receipt, err := d.Accept(ctx, nil)
	s.must(err)
	want := []Rejection{
		{1, " 02-1 ", InvalidNumber, "not a Korean mobile number (010 and eight digits)", 0},
		{2, phone(1), MissingVariable, "the variable #{이름} is missing or empty", 0},
		{3, phone(2), UnsupportedCharacter, "these characters cannot be sent as text: ", 0},
		{4, phone(3), TextTooLong, "the text has 2002 CP949 bytes, at most 2000 can be sent", 0},
	}
	for i := range want {
		if want[i].Code == UnsupportedCharacter && strings.HasPrefix(receipt.Rejections[i].Detail, want[i].Detail) {
			want[i].Detail = receipt.Rejections[i].Detail
		}
	}
	if diff := cmp.Diff(want, receipt.Rejections); diff != "" {
		t.Errorf("rejections: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{InvalidNumber: 1, MissingVariable: 1, UnsupportedCharacter: 1, TextTooLong: 1}, receipt.RejectedBy); diff != "" {
		t.Errorf("by code: -want +got\n%s", diff)
	}
	if receipt.Total != 5 || receipt.Accepted != 1 || receipt.Rejected != 4 || receipt.Truncated() {
		t.Errorf("receipt %+v, want 5 given, 1 accepted, 4 rejected, none hidden", receipt)
	}
}

func TestADuplicateIsFoundInAnotherSpelling(t *testing.T) {
	s := one(t)
	d := s.draft(textOnly("a"))
	for _, to := range []string{"010-1234-5678", "+82 10 1234 5678", "01012345678", "０１０-１２３４-５６７８", "01012345679"} {
		s.must(d.Add(ctx, to, nil))
	}
	receipt, err := d.Accept(ctx, nil)
	s.must(err)
	want := []Duplicate{{1, "+82 10 1234 5678", 0, 0, 0}, {2, "01012345678", 0, 0, 0}, {3, "０１０-１２３４-５６７８", 0, 0, 0}}
	if diff := cmp.Diff(want, receipt.Duplicates); diff != "" || receipt.Duplicate != 3 || receipt.Accepted != 2 {
		t.Errorf("%d accepted, %d duplicates: -want +got\n%s", receipt.Accepted, receipt.Duplicate, diff)
	}
	s.wantMoney(964, 36, 0)
}

func TestDuplicatesAreSentWhereTheyAreAllowed(t *testing.T) {
	s := one(t)
	r := textOnly("a")
	r.AllowDuplicates = true
	d := s.draft(r)
	for range 3 {
		s.must(d.Add(ctx, phone(0), nil))
	}
	receipt, err := d.Accept(ctx, nil)
	s.must(err)
	if receipt.Accepted != 3 || receipt.Duplicate != 0 {
		t.Errorf("%d accepted, %d duplicates; want 3, none", receipt.Accepted, receipt.Duplicate)
	}
	list, _, _ := s.list(receipt.Message, Filter{To: "01010000000"})
	if len(list) != 3 {
		t.Errorf("%d recipients with the number, want 3", len(list))
	}
	s.wantMoney(946, 54, 0)
}

func TestCharactersThatCannotBeSentAreReplacedWhereThatIsAsked(t *testing.T) {
	s := one(t)
	for _, replace := range []bool{false, true} {
		r := textOnly("#{이름} – 확인")
		r.Text.ReplaceUnsupported = replace
		d := s.draft(r)
		for i, name := range []string{"김\u200b하나", "😀", "김하나"} {
			s.must(d.Add(ctx, phone(i), map[string]string{"이름": name}))
		}
		if want := map[bool]int64{false: 0, true: 3}[replace]; d.accepted != want {
			t.Errorf("replaced %t: %d accepted, rejected %v; want %d", replace, d.accepted, d.receipt.RejectedBy, want)
			continue
		}
		if !replace {
			continue
		}
		leg := NewWording(Content{Variables: d.names.list, Text: d.content.Text}).Leg(provider.SMS, Person{Values: []string{"김\u200b하나"}}, "")
		if want := "김하나 - 확인"; leg.Text != want {
			t.Errorf("sent %q, want %q", leg.Text, want)
		}
	}
}

func TestATextOfWhichNothingIsLeftIsNotSent(t *testing.T) {
	s := one(t)
	r := textOnly("#{이름}")
	r.Text.ReplaceUnsupported = true
	d := s.draft(r)
	for i, name := range []string{"\u200b", " \t", "\u00a0", "김"} {
		s.must(d.Add(ctx, phone(i), map[string]string{"이름": name}))
	}
	if d.accepted != 1 || d.receipt.RejectedBy[UnsupportedCharacter] != 3 {
		t.Errorf("%d accepted, rejected %v; want the one with a name", d.accepted, d.receipt.RejectedBy)
	}
}

func TestASubjectIsDroppedWhereTheTextIsAnSMS(t *testing.T) {
	s := one(t)
	r := textOnly("#{이름}")
	r.Text.Subject = "#{제목}"
	d := s.draft(r)
	s.must(d.Add(ctx, phone(0), map[string]string{"이름": "김", "제목": strings.Repeat("가", 21)}))                     // an SMS
	s.must(d.Add(ctx, phone(1), map[string]string{"이름": strings.Repeat("가", 50), "제목": strings.Repeat("가", 21)})) // too long a subject
	s.must(d.Add(ctx, phone(2), map[string]string{"이름": strings.Repeat("가", 50), "제목": "😀"}))                     // not sendable
	s.must(d.Add(ctx, phone(3), map[string]string{"이름": strings.Repeat("가", 50), "제목": strings.Repeat("가", 20)})) // the longest
	receipt, err := d.Accept(ctx, nil)
	s.must(err)
	if receipt.Tally.Planned[provider.SMS] != 1 || receipt.Tally.Planned[provider.LMS] != 1 {
		t.Errorf("planned %v, want one SMS and one LMS", receipt.Tally.Planned)
	}
	if diff := cmp.Diff(map[string]int64{TextTooLong: 1, UnsupportedCharacter: 1}, receipt.RejectedBy); diff != "" {
		t.Errorf("rejected: -want +got\n%s", diff)
	}
}

func TestTextIsCountedInNFCWithPlainLineEnds(t *testing.T) {
	s := one(t)
	d := s.draft(textOnly("#{글}"))
	decomposed := strings.Repeat("\u1112\u1161\u11ab", 45) // 한, in three code points
	s.must(d.Add(ctx, phone(0), map[string]string{"글": decomposed}))
	s.must(d.Add(ctx, phone(1), map[string]string{"글": strings.Repeat("a", 44) + "\r\n" + strings.Repeat("b", 45)}))
	if d.accepted != 2 || d.classes.count[0] != 2 || d.classes.list[0].Steps[0].Channel != provider.SMS {
		t.Errorf("classes %+v with %v, want two SMS of 90 bytes", d.classes.list, d.classes.count)
	}
}

func TestNobodyLeftIsRefusedWithTheReasons(t *testing.T) {
	s := one(t)
	_, err := s.draft(textOnly("a")).Accept(ctx, nil)
	wantFault(t, err, fault.Invalid, fault.CodeNoRecipients, "")
	d := s.draft(textOnly("a"))
	s.must(d.Add(ctx, "x", nil))
	_, err = d.Accept(ctx, nil)
	wantFault(t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
	s.wantMoney(1000, 0, 0)
}
