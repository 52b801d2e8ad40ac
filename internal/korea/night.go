package korea

import (
	"fmt"
	"strings"
	"time"
)

// Night is the part of every Korean day in which advertising reaches nobody who did not
// consent to that separately. The law means 21:00 to 08:00 (정보통신망법 제50조 제3항); what
// is handed over shortly before would be read after it began, so that From is the last
// moment of a hand-over: 20:50 where nothing else is said, as Kakao has it.
//
// From and Until are times of day since midnight; a zero Night is 20:50 to 08:00. It
// covers From itself and not Until.
type Night struct{ From, Until time.Duration }

// The usual night, and when the law's own begins.
const (
	nightFrom  = 20*time.Hour + 50*time.Minute
	nightUntil = 8 * time.Hour
	LegalNight = 21 * time.Hour
)

func (n Night) filled() Night {
	if n.From == 0 {
		n.From = nightFrom
	}
	if n.Until == 0 {
		n.Until = nightUntil
	}
	return n
}

// Bounds gives the times of day at which the night begins and ends.
func (n Night) Bounds() (from, until time.Duration) {
	n = n.filled()
	return n.From, n.Until
}

// Valid reports whether the night is one that the law allows: it begins at 21:00 at the
// latest and after its end, which is 08:00 at the earliest.
func (n Night) Valid() bool {
	n = n.filled()
	return n.From <= LegalNight && n.Until >= nightUntil && n.Until < n.From
}

// Covers reports whether a moment lies in the night.
func (n Night) Covers(at time.Time) bool {
	n = n.filled()
	return Hours(n).Cover(at)
}

// End gives the first moment from at on that the night does not cover; at itself by day.
func (n Night) End(at time.Time) time.Time {
	n = n.filled()
	return Hours{From: n.Until, Until: n.From}.Next(at)
}

// Left is how long it is until the night begins, from a moment by day.
func (n Night) Left(at time.Time) time.Duration {
	n = n.filled()
	return Hours{From: n.Until, Until: n.From}.Left(at)
}

// String writes the night as 20:50–08:00.
func (n Night) String() string {
	n = n.filled()
	return Clock(n.From) + "–" + Clock(n.Until)
}

func midnight(at time.Time) time.Time {
	local := at.In(Seoul)
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, Seoul)
}

func timeOfDay(at time.Time) time.Duration { return at.Sub(midnight(at)) }

// ParseClock reads a time of day such as 20:50, which is the time since midnight.
func ParseClock(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", strings.TrimSpace(text))
	if err != nil || len(strings.TrimSpace(text)) != len("15:04") {
		return 0, fmt.Errorf("read time of day %.40q: want one such as 20:50", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// Clock writes a time of day such as 20:50; what is finer than a minute is left out.
func Clock(since time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(since.Hours()), int(since.Minutes())%60)
}
