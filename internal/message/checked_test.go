package message

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/optout"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// content opens what a message says.
func (s *shop) content(key Key) (c Content) {
	s.t.Helper()
	s.view(func(tx *db.Tx) error {
		m, err := Find(tx, key)
		if err == nil {
			c, err = s.service.Content(tx, m)
		}
		return err
	})
	return c
}

func TestAMessageKeepsWhatItWasCheckedBy(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		plain := s.content(s.accept(textOnly("안내"), 1).Message).Checked
		if plain == nil || plain.Rules != RulesVersion || plain.At == 0 || plain.SenderSince == 0 || plain.OptOuts != nil || plain.Words != (site.Words{}) || plain.Night != "" {
			s.t.Errorf("a message that nothing was asked for keeps %+v", plain)
		}
		s.block("", "카지노")
		s.block(s.name, "대출")
		s.within(time.Hour)
		s.update(func(tx *db.Tx) error {
			_, err := optout.New(s.keys).Add(tx, s.name, optout.ByAPI, []optout.Wish{{To: korea.Number(phone(7)), Scope: optout.All}, {To: korea.Number(phone(8)), Scope: optout.Advertising}})
			return err
		})
		var standing optout.Standing
		s.view(func(tx *db.Tx) (err error) { standing, err = optout.StandingOf(tx, s.name); return err })
		r := advertising("세일")
		r.By = "tok_1"
		got := s.content(s.accept(r, 1).Message)
		c := got.Checked
		if c.By != "tok_1" || c.Words != (site.Words{Own: site.DigestWords([]string{"대출"}), All: site.DigestWords([]string{"카지노"})}) || c.Window != 3600 || c.Night != "20:50–08:00" {
			s.t.Errorf("kept %+v", c)
		}
		if c.OptOuts == nil || c.OptOuts.Advertising != 1 || c.OptOuts.All != 1 || len(c.OptOuts.Digest) != 64 || standing.Count() != 2 {
			s.t.Errorf("of the opt-outs it keeps %+v", c.OptOuts)
		}
	})
}

// What a small message goes by is remembered; what it keeps of that is what holds.
func TestAKnownMessageKeepsTheListOfOptOutsThatHolds(t *testing.T) {
	s := own(t, "sqlite")
	for n := range 3 {
		s.update(func(tx *db.Tx) error {
			_, err := optout.New(s.keys).Add(tx, s.name, optout.ByAPI, []optout.Wish{{To: korea.Number(phone(90 + n)), Scope: optout.All}})
			return err
		})
		s.accept(textOnly("안내"), 1)
		d, err := s.service.DraftKnown(s.name, Known{Rev: s.rev()}, textOnly("안내"))
		s.must(err)
		receipt, err := s.add(d, 1).Accept(ctx, nil)
		s.must(err)
		if c := s.content(receipt.Message).Checked; c.OptOuts == nil || c.OptOuts.All != int64(n+1) {
			t.Errorf("with %d opt-outs it keeps %+v", n+1, c.OptOuts)
		}
	}
}

func TestConsentsAreSummedUp(t *testing.T) {
	s := own(t, "sqlite")
	r := advertising("세일")
	r.Text.Evidence = ""
	d := s.draft(r)
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	for n, c := range []Candidate{{ConsentAt: day(5), NightConsent: true}, {ConsentAt: day(2)}, {}, {ConsentAt: day(9), NightConsent: true}} {
		c.To = phone(n)
		s.must(d.Take(ctx, c))
	}
	receipt, err := d.Accept(ctx, nil)
	s.must(err)
	content := s.content(receipt.Message)
	ad := content.Advert()
	if ad.Dated != 3 || ad.Nightly != 2 || ad.Oldest != db.At(day(2)) || ad.Newest != db.At(day(9)) {
		t.Errorf("kept %+v", ad)
	}
}

func TestHandOversAreCountedByDayAndAtNight(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		for _, at := range []time.Duration{0, 8*time.Hour - time.Microsecond, 8 * time.Hour, 14 * time.Hour, 20*time.Hour + 50*time.Minute - time.Microsecond, 20*time.Hour + 50*time.Minute, 24*time.Hour - time.Microsecond} {
			now := s.time().In(korea.Seoul)
			next := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, korea.Seoul).Add(at)
			s.forward(next.Sub(now))
			key := s.accept(textOnly("안내"), 3).Message
			s.hand(key, func(r Recipient, at db.Time) Change {
				if r.Seq == 2 {
					return failing(r, at)
				}
				return HandOver(r, at)
			})
			var got []Outcome
			s.view(func(tx *db.Tx) error {
				m, err := Find(tx, key)
				if err == nil {
					got, err = Outcomes(tx, m, s.service.Night())
				}
				return err
			})
			handed := db.At(s.time())
			night := s.service.Night().Covers(s.time())
			want := []Outcome{
				{provider.SMS, Failed, provider.NumberAbsent, true, night, 1, handed, handed},
				{provider.SMS, Sent, "", true, night, 2, handed, handed},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				s.t.Errorf("at %s (-want +got):\n%s", korea.Clock(at), diff)
			}
		}
	})
}

func TestWhoWasNeverHandedOverHasNoHours(t *testing.T) {
	s := own(t, "sqlite")
	key := s.accept(kakaoFirst(), 2).Message
	s.hand(key, func(r Recipient, at db.Time) Change {
		r.HandedAt = 0
		return failing(r, at)
	})
	s.view(func(tx *db.Tx) error {
		m, err := Find(tx, key)
		s.must(err)
		got, err := Outcomes(tx, m, s.service.Night())
		if len(got) != 1 || got[0].Handed || got[0].Channel != provider.Alimtalk || got[0].Count != 2 || got[0].First != 0 {
			t.Errorf("got %+v", got)
		}
		return err
	})
}

func TestPeopleOfANumberAreToldWithTheirConsents(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		r := advertising("#{이름}님 세일")
		r.AllowDuplicates = true
		d := s.draft(r)
		for n := range BatchSize + 1 {
			s.must(d.Take(ctx, Candidate{To: phone(n % BatchSize), Variables: map[string]string{"이름": string(rune('가' + n/BatchSize))}, NightConsent: n == BatchSize, ConsentAt: time.Unix(int64(n+1), 0)}))
		}
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		s.view(func(tx *db.Tx) error {
			m, err := Find(tx, receipt.Message)
			s.must(err)
			told, err := s.service.Told(tx, m, korea.Number(phone(0)))
			s.must(err)
			if len(told) != 2 || told[0].Consent != (Consent{At: db.At(time.Unix(1, 0))}) || told[1].Consent != (Consent{db.At(time.Unix(BatchSize+1, 0)), true}) {
				s.t.Fatalf("told %+v", told)
			}
			if legs := told[1].Legs; len(legs) != 1 || legs[0].Text != "(광고)"+string(rune('가'+1))+"님 세일\n무료수신거부 0801234567" {
				s.t.Errorf("shows %+v", legs)
			}
			none, err := s.service.Told(tx, m, korea.Number(phone(5000)))
			if len(none) > 0 {
				s.t.Errorf("a stranger is told %+v", none)
			}
			return err
		})
	})
}
