package korea

import (
	"testing"
	"time"
)

func TestHoursCoverTheirPartOfTheKoreanDay(t *testing.T) {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 12, day, hour, minute, 0, 0, Seoul) }
	day, late, whole := Hours{9 * time.Hour, 18 * time.Hour}, Hours{22 * time.Hour, 2 * time.Hour}, Hours{}
	for _, c := range []struct {
		hours Hours
		at    time.Time
		next  time.Time
		left  time.Duration // from next on
	}{
		{day, at(1, 8, 59), at(1, 9, 0), 9 * time.Hour},
		{day, at(1, 9, 0), at(1, 9, 0), 9 * time.Hour},
		{day, at(1, 17, 59), at(1, 17, 59), time.Minute},
		{day, at(1, 18, 0), at(2, 9, 0), 9 * time.Hour},
		{late, at(1, 21, 59), at(1, 22, 0), 4 * time.Hour},
		{late, at(1, 23, 0), at(1, 23, 0), 3 * time.Hour},
		{late, at(2, 1, 59), at(2, 1, 59), time.Minute},
		{late, at(2, 2, 0), at(2, 22, 0), 4 * time.Hour},
		{whole, at(1, 0, 0), at(1, 0, 0), 24 * time.Hour},
		{whole, at(1, 23, 0), at(1, 23, 0), time.Hour},
	} {
		if got := c.hours.Next(c.at.UTC()); !got.Equal(c.next) {
			t.Errorf("%v after %v: %v, want %v", c.hours, c.at, got.In(Seoul), c.next)
		}
		if c.hours.Cover(c.at) != c.next.Equal(c.at) {
			t.Errorf("%v cover %v: %t", c.hours, c.at, c.hours.Cover(c.at))
		}
		if got := c.hours.Left(c.next); got != c.left {
			t.Errorf("%v after %v: %v are left, want %v", c.hours, c.next, got, c.left)
		}
	}
}

func TestHoursAreReadFromTwoTimesOfDay(t *testing.T) {
	if h, err := ParseHours("09:00", "18:30"); err != nil || h != (Hours{9 * time.Hour, 18*time.Hour + 30*time.Minute}) {
		t.Errorf("got %v, %v", h, err)
	}
	for _, wrong := range [][2]string{{"", ""}, {"9", "18:00"}, {"09:00", "24:00"}, {"09:00", "09:00"}} {
		if h, err := ParseHours(wrong[0], wrong[1]); err == nil {
			t.Errorf("%v: got %v", wrong, h)
		}
	}
}
