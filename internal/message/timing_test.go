package message

import (
	"errors"
	"testing"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// TestAMessageFitsItsHoursTheNightAndItsValidity has the clock of Korea at the borders.
func TestAMessageFitsItsHoursTheNightAndItsValidity(t *testing.T) {
	day := func(hour, minute int) time.Time { return time.Date(2027, 3, 1, hour, minute, 0, 0, korea.Seoul) }
	hours := func(from, until string) *Tempo { return &Tempo{Window: &Hours{From: from, Until: until}} }
	at := func(h *Tempo, perMinute int64) *Tempo { h.PerMinute = perMinute; return h }
	ad := func(nightly int64) *Text { return &Text{Advert: &Advert{Nightly: nightly}} }
	refusing := &Text{Advert: &Advert{Refuse: true}}
	const people = 10
	for _, c := range []struct {
		name    string
		text    *Text
		tempo   *Tempo
		due     time.Time
		valid   time.Duration
		pointer string // "" = it fits
	}{
		{"no rule", &Text{}, nil, day(22, 0), time.Second, ""},
		{"before its hours, for long enough", &Text{}, hours("09:00", "18:00"), day(18, 0), 15 * time.Hour, ""},
		{"before its hours, too short", &Text{}, hours("09:00", "18:00"), day(18, 0), 15*time.Hour - time.Second, "/at"},
		{"in its last moment", &Text{}, hours("09:00", "18:00"), day(17, 59), time.Second, ""},
		{"too slow", &Text{}, &Tempo{PerMinute: 1}, day(12, 0), 10*time.Minute - time.Second, "/per_minute"},
		{"just fast enough", &Text{}, &Tempo{PerMinute: 1}, day(12, 0), 10 * time.Minute, ""},
		{"an advertisement by day", ad(0), nil, day(20, 49), time.Second, ""},
		{"it waits for the morning", ad(0), nil, day(20, 50), 11*time.Hour + 10*time.Minute, ""},
		{"it expires in the night", ad(0), nil, day(20, 50), 11*time.Hour + 10*time.Minute - time.Second, "/at"},
		{"it expires in the night for one", ad(people - 1), nil, day(20, 50), time.Hour, "/at"},
		{"everybody consented to the night", ad(people), nil, day(20, 50), time.Second, ""},
		{"no advertisement expires for the night", &Text{}, nil, day(20, 50), time.Second, ""},
		{"hours of the night alone", ad(0), hours("21:00", "23:00"), day(12, 0), 30 * 24 * time.Hour, "/send_window"},
		{"hours of the night alone, from its first moment to its last", ad(0), hours("20:50", "08:00"), day(12, 0), 30 * 24 * time.Hour, "/send_window"},
		{"hours over midnight, of the night alone", ad(people - 1), hours("22:00", "02:00"), day(23, 0), 30 * 24 * time.Hour, "/send_window"},
		{"hours of the night alone, with consents", ad(people), hours("21:00", "23:00"), day(12, 0), 24 * time.Hour, ""},
		{"hours of the night alone, of no advertisement", &Text{}, hours("21:00", "23:00"), day(12, 0), 24 * time.Hour, ""},
		{"hours that begin by day", ad(0), hours("20:49", "23:00"), day(12, 0), 24 * time.Hour, ""},
		{"hours that begin by day, due after that", ad(0), hours("20:49", "23:00"), day(20, 50), 24*time.Hour - time.Minute, ""},
		{"hours that end by day", ad(0), hours("21:00", "08:01"), day(12, 0), 20 * time.Hour, ""},
		{"hours that end by day, for too short", ad(0), hours("21:00", "08:01"), day(12, 0), 20*time.Hour - time.Second, "/at"},
		{"the last ones are let go into the night", ad(0), &Tempo{PerMinute: 1}, day(20, 45), 10 * time.Minute, "/per_minute"},
		{"they wait for the morning", ad(0), &Tempo{PerMinute: 1}, day(20, 45), 11*time.Hour + 20*time.Minute, ""},
		{"they wait for the morning, too slowly", ad(0), &Tempo{PerMinute: 1}, day(20, 45), 11*time.Hour + 20*time.Minute - time.Second, "/per_minute"},
		{"those who consented wait for nothing", ad(people), &Tempo{PerMinute: 1}, day(20, 45), 10 * time.Minute, ""},
		{"a pace through hours of two days, too slowly", ad(0), at(hours("20:45", "23:00"), 1), day(12, 0), 33*time.Hour - 10*time.Minute - time.Second, "/per_minute"},
		{"a pace through hours of two days", ad(0), at(hours("20:45", "23:00"), 1), day(12, 0), 33*time.Hour - 10*time.Minute, ""},
		{"an advertisement that is too slow", ad(0), at(hours("19:00", "20:00"), 1), day(19, 55), 5 * time.Minute, "/per_minute"},
		{"it refuses the night and is due in it", refusing, nil, day(7, 59), 24 * time.Hour, "/at"},
		{"it refuses the night, by day", refusing, nil, day(8, 0), 24 * time.Hour, ""},
		{"it refuses the night, and its hours come later", refusing, hours("09:00", "10:00"), day(22, 0), 24 * time.Hour, ""},
		{"it refuses the night, and its hours begin in it", refusing, hours("22:00", "10:00"), day(12, 0), 24 * time.Hour, "/at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			content := &Content{Text: c.text, Tempo: c.tempo}
			err := timing{content, people, c.due, c.valid}.fits(korea.Night{}, "/at")
			if c.pointer != "" {
				wantFault(t, err, fault.Invalid, fault.CodeValidation, c.pointer)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTheNextHourIsTheFirstOneThatMayBe goes through a day minute by minute, for all kinds of hours.
func TestTheNextHourIsTheFirstOneThatMayBe(t *testing.T) {
	var night korea.Night
	for _, h := range []Hours{{"07:00", "09:00"}, {"20:00", "22:00"}, {"21:00", "09:00"}, {"09:00", "18:00"}, {"18:00", "10:00"}, {"20:50", "08:00"}, {"22:00", "03:00"}} {
		c := &Content{Text: &Text{Advert: &Advert{}}, Tempo: &Tempo{Window: &h}}
		may := func(at time.Time) bool { return c.tempo().Hours().Cover(at) && !night.Covers(at) }
		begin := time.Date(2027, 3, 1, 0, 0, 0, 0, korea.Seoul)
		for m := range 24 * 60 {
			from := begin.Add(time.Duration(m) * time.Minute)
			want := from
			for !may(want) && want.Before(from.Add(24*time.Hour)) {
				want = want.Add(time.Minute)
			}
			got, ok := c.NextHour(Consent{}, night, from)
			if ok != may(want) || ok && !got.Equal(want) || !ok && !got.After(from) {
				t.Fatalf("%v from %s: got %s, %t, want %s, %t", h, minute(from), minute(got), ok, minute(want), may(want))
			}
		}
	}
}

func TestAMessageCannotBeMovedToWhereItWouldExpireBeforeItsHours(t *testing.T) {
	onEach(t, func(s *shop) {
		s.now.Store(time.Date(2027, 3, 1, 8, 0, 0, 0, korea.Seoul).UnixMicro())
		r := textOnly("a")
		r.ScheduledAt, r.ValidFor, r.Tempo.Window = s.time().Add(30*time.Minute), 2*time.Hour, &Hours{From: "09:00", Until: "10:00"}
		key := s.accept(r, 1).Message
		_, err := s.service.Reschedule(ctx, key, s.time().Add(3*time.Hour))
		wantFault(s.t, err, fault.Invalid, fault.CodeValidation, "/scheduled_at")
		if _, err := s.service.Reschedule(ctx, key, s.time().Add(time.Hour)); err != nil {
			s.t.Error(errors.Join(errors.New("into its hours"), err))
		}
	})
}
