package message

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// advertising is a text advertisement to people whose consents are attested.
func advertising(text string) Request {
	r := textOnly(text)
	r.Text.Advertising, r.Text.OptOut, r.Text.Evidence = true, "080-123-4567", "회원 가입 기록"
	return r
}

func TestAnAdvertisementThatCannotBeRightIsRefusedAtItsPlace(t *testing.T) {
	s := one(t)
	change := func(with func(*Request)) Request {
		r := advertising("세일")
		with(&r)
		return r
	}
	for name, c := range map[string]struct {
		r       Request
		pointer string
	}{
		"an Alimtalk":             {change(func(r *Request) { r.Strategy, r.TemplateCode = AlimtalkFirst, "RESERVE_01" }), "/text/advertising"},
		"perhaps an Alimtalk":     {change(func(r *Request) { r.Strategy, r.TemplateCode = CostOptimized, "RESERVE_01" }), "/text/advertising"},
		"no number to opt out by": {change(func(r *Request) { r.Text.OptOut = "" }), "/text/opt_out_number"},
		"no free number":          {change(func(r *Request) { r.Text.OptOut = "02-123-4567" }), "/text/opt_out_number"},
		"a mark in disguise":      {change(func(r *Request) { r.Text.Body = "[광고] 세일" }), "/text/body"},
		"a subject in disguise":   {change(func(r *Request) { r.Text.Subject = "(광 고)" }), "/text/subject"},
		"a long subject":          {change(func(r *Request) { r.Text.Subject = strings.Repeat("가", 18) }), "/text/subject"},
		"nothing but blanks":      {change(func(r *Request) { r.Text.Body = " \n" }), "/text/body"},
		"evidence of blanks":      {change(func(r *Request) { r.Text.Evidence = "  " }), "/text/consent_evidence"},
		"long evidence":           {change(func(r *Request) { r.Text.Evidence = strings.Repeat("가", 501) }), "/text/consent_evidence"},
		"an unknown night":        {change(func(r *Request) { r.Night = "never" }), "/night"},
	} {
		_, err := s.service.Draft(ctx, s.name, c.r)
		t.Run(name, func(t *testing.T) { wantFault(t, err, fault.Invalid, fault.CodeValidation, c.pointer) })
	}
	for name, with := range map[string]func(*Request){
		"/night":                 func(r *Request) { r.Night = NightHold },
		"/text/opt_out_number":   func(r *Request) { r.Text.OptOut = "0801234567" },
		"/text/consent_evidence": func(r *Request) { r.Text.Evidence = "x" },
	} {
		r := textOnly("안내")
		with(&r)
		_, err := s.service.Draft(ctx, s.name, r)
		t.Run("information with "+name, func(t *testing.T) { wantFault(t, err, fault.Invalid, fault.CodeValidation, name) })
	}
}

func TestWhatAnAdvertisementShowsCountsBeforeItsPriceIsChosen(t *testing.T) {
	s := one(t)
	if n, _ := korea.Bytes("(광고)\n무료수신거부 0801234567"); n != 30 {
		t.Fatalf("the marks have %d bytes, want 30", n)
	}
	for size, want := range map[int]provider.Channel{60: provider.SMS, 61: provider.LMS} {
		receipt := s.accept(advertising(strings.Repeat("a", size)), 1)
		if receipt.Tally.Planned[want] != 1 {
			t.Errorf("a text of %d bytes beside its marks is planned as %v, want one %s", size, receipt.Tally.Planned, want)
		}
	}
	m := s.find(s.accept(advertising("세일"), 1).Message)
	s.view(func(tx *db.Tx) error {
		content, err := s.service.Content(tx, m)
		if want := "(광고)세일\n무료수신거부 0801234567"; content.Text.Body != want {
			t.Errorf("the text is %q, want %q", content.Text.Body, want)
		}
		if want := (&Advert{OptOut: "0801234567", Marked: true, Told: true, Evidence: "회원 가입 기록"}); !cmp.Equal(content.Advert(), want) {
			t.Error(cmp.Diff(want, content.Advert()))
		}
		return err
	})
	r := advertising(strings.Repeat("긴 글 ", 30))
	r.Text.Subject = "가을 세일"
	d := s.draft(r)
	if d.content.Text.Subject != "(광고)가을 세일" {
		t.Errorf("the subject is %q", d.content.Text.Subject)
	}
}

func TestASitesOwnNumberStandsInItsAdvertisements(t *testing.T) {
	s := one(t)
	number := "080-1111-2222"
	s.update(func(tx *db.Tx) error {
		_, err := site.SetRules(tx, s.name, site.RulesChange{OptOutNumber: &number})
		return err
	})
	r := advertising("세일")
	r.Text.OptOut = ""
	if d := s.draft(r); d.content.Text.Body != "(광고)세일\n무료수신거부 08011112222" {
		t.Errorf("the text is %q", d.content.Text.Body)
	}
	if d := s.draft(advertising("세일")); d.content.Advert().OptOut != "0801234567" {
		t.Errorf("a number of its own: got %s", d.content.Advert().OptOut)
	}
}

func TestNobodyIsSentAdvertisingWithoutConsent(t *testing.T) {
	s := one(t)
	r := advertising("#{이름} 세일")
	r.Text.Evidence, r.Text.MaxChannel = "", provider.SMS
	d := s.draft(r)
	long := strings.Repeat("가", 40)
	for _, c := range []Candidate{
		{To: phone(0), Variables: map[string]string{"이름": "김"}, ConsentAt: s.time().Add(-time.Hour)},
		{To: phone(1), Variables: map[string]string{"이름": "김"}},
		{To: phone(2), Variables: map[string]string{"이름": "김"}, ConsentAt: s.time().Add(time.Hour)},
		{To: phone(3), Variables: map[string]string{"이름": long}},
		{To: phone(4)},
		{To: phone(5), Variables: map[string]string{"이름": "김"}, NightConsent: true},
		{To: phone(6), Variables: map[string]string{"이름": "김"}, ConsentAt: s.time().Add(4 * time.Minute)},
	} {
		s.must(d.Take(ctx, c))
	}
	receipt, err := d.Accept(ctx, nil)
	s.must(err)
	want := map[string]int64{NoConsent: 3, OverMaxChannel: 1, MissingVariable: 1}
	if diff := cmp.Diff(want, receipt.RejectedBy); diff != "" || receipt.Accepted != 2 {
		t.Errorf("%d accepted, rejected\n%s", receipt.Accepted, diff)
	}
	if code := receipt.Rejections[0].Code; receipt.Rejections[0].Index != 1 || code != NoConsent {
		t.Errorf("the first rejection is %+v", receipt.Rejections[0])
	}
}

// TestConsentsAreKeptWithTheirRecipients reads them back from the batch, beside variables.
func TestConsentsAreKeptWithTheirRecipients(t *testing.T) {
	onEach(t, func(s *shop) {
		at := time.Date(2026, 1, 5, 0, 0, 0, 0, korea.Seoul)
		d := s.draft(advertising("#{이름} 세일"))
		who := map[string]string{"이름": "김"}
		for i, c := range []Candidate{{ConsentAt: at}, {ConsentAt: at, NightConsent: true}, {NightConsent: true}, {}} {
			c.To, c.Variables = phone(i), who
			s.must(d.Take(ctx, c))
		}
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		m := s.find(receipt.Message)
		s.view(func(tx *db.Tx) error {
			content, err := s.service.Content(tx, m)
			if err != nil {
				return err
			}
			bodies, err := s.service.People(tx, map[Key]*Message{m.Key: m}, []BatchName{{m.Key, 0}})
			if err != nil {
				return err
			}
			var got []Consent
			for _, p := range bodies[BatchName{m.Key, 0}] {
				got = append(got, content.Consent(p))
				if leg := NewWording(content).Leg(provider.SMS, p, "solapi"); leg.Text != "(광고)김 세일\n무료수신거부 0801234567" || !leg.Advertising {
					t.Errorf("the leg is %+v", leg)
				}
			}
			if diff := cmp.Diff([]Consent{{At: db.At(at)}, {db.At(at), true}, {Night: true}, {}}, got); diff != "" {
				t.Error(diff)
			}
			if content.Advert().Nightly != 2 {
				t.Errorf("%d consents to the night are counted, want 2", content.Advert().Nightly)
			}
			return nil
		})
	})
}

func TestALargeAdvertisementCountsItsConsentsToTheEnd(t *testing.T) {
	s := newHouse(t, dbtest.Engines()[0], Options{}).open(t, 1_000_000)
	d := s.draft(advertising("세일"))
	const n = (keepBatches + 2) * BatchSize
	for i := range n {
		s.must(d.Take(ctx, Candidate{To: phone(i), NightConsent: true}))
	}
	receipt, err := d.Accept(ctx, nil)
	s.must(err)
	m := s.find(receipt.Message)
	s.view(func(tx *db.Tx) error {
		content, err := s.service.Content(tx, m)
		if err == nil && content.Advert().Nightly != n {
			t.Errorf("%d consents to the night are counted, want %d", content.Advert().Nightly, n)
		}
		return err
	})
}

func TestAnAdvertisementThatRefusesTheNightIsNotAcceptedForIt(t *testing.T) {
	s := newHouse(t, dbtest.Engines()[0], Options{}).open(t, 100_000)
	at := func(hour, minute int) time.Time { return time.Date(2027, 3, 1, hour, minute, 0, 0, korea.Seoul) }
	for _, c := range []struct {
		name      string
		now       time.Time
		scheduled time.Time
		night     NightRule
		nightly   bool
		pointer   string // "" = accepted
	}{
		{"at once by day", at(12, 0), time.Time{}, NightRefuse, false, ""},
		{"at once at night", at(20, 50), time.Time{}, NightRefuse, false, "/night"},
		{"at once just before", at(20, 49), time.Time{}, NightRefuse, false, ""},
		{"at once at night with consents", at(22, 0), time.Time{}, NightRefuse, true, ""},
		{"for the night", at(12, 0), at(22, 0), NightRefuse, false, "/scheduled_at"},
		{"for the night with consents", at(12, 0), at(22, 0), NightRefuse, true, ""},
		{"for the last moment", at(12, 0), at(20, 49), NightRefuse, false, ""},
		{"for the first moment", at(12, 0), at(32, 0), NightRefuse, false, ""},
		{"for too early", at(12, 0), at(31, 59), NightRefuse, false, "/scheduled_at"},
		{"by day from the night", at(22, 0), at(34, 0), NightRefuse, false, ""},
		{"for the night, to wait", at(12, 0), at(22, 0), NightHold, false, ""},
		{"at once at night, to wait", at(22, 0), time.Time{}, "", false, ""},
	} {
		s.now.Store(c.now.UnixMicro())
		r := advertising("세일")
		r.Night, r.ScheduledAt = c.night, c.scheduled
		d := s.draft(r)
		s.must(d.Take(ctx, Candidate{To: phone(0), NightConsent: c.nightly}))
		_, err := d.Accept(ctx, nil)
		if c.pointer == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		t.Run(c.name, func(t *testing.T) { wantFault(t, err, fault.Invalid, fault.CodeValidation, c.pointer) })
	}
}

func TestAnAdvertisementThatRefusesTheNightCannotBeMovedIntoIt(t *testing.T) {
	s := newHouse(t, dbtest.Engines()[0], Options{}).open(t, 1000)
	s.now.Store(time.Date(2027, 3, 1, 12, 0, 0, 0, korea.Seoul).UnixMicro())
	r := advertising("세일")
	r.Night, r.ScheduledAt = NightRefuse, s.time().Add(time.Hour)
	key := s.accept(r, 1).Message
	_, err := s.service.Reschedule(ctx, key, s.time().Add(10*time.Hour))
	wantFault(t, err, fault.Invalid, fault.CodeValidation, "/scheduled_at")
	if _, err := s.service.Reschedule(ctx, key, s.time().Add(2*time.Hour)); err != nil {
		t.Errorf("by day: %v", err)
	}
	if m := s.find(key); m.ScheduledAt != db.At(s.time().Add(2*time.Hour)) {
		t.Errorf("it is scheduled at %s", m.ScheduledAt.Time())
	}
}

func TestAnAdvertisementIsNotAcceptedByWhatIsRemembered(t *testing.T) {
	s := one(t)
	s.accept(textOnly("안내"), 1)
	_, err := s.service.DraftKnown(s.name, Known{Rev: 1}, advertising("세일"))
	if err != ErrOutdated {
		t.Errorf("got %v, want %v: whether a consent is of the past goes by the time of now", err, ErrOutdated)
	}
}
