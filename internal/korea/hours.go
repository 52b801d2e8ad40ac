package korea

import (
	"time"

	"creditmsg/internal/fault"
)

// Hours are a part of every Korean day, from a time of day to another, each since midnight.
// They cover From and not Until, and go over midnight where Until comes first. From and Until
// that are the same are the whole day.
type Hours struct{ From, Until time.Duration }

// ErrHours says that two times of day are none, or the same. It goes to the user.
var ErrHours = fault.Say("want two different times of day such as 08:00 and 21:00")

// ParseHours reads two times of day, such as 08:00 and 21:00.
func ParseHours(from, until string) (Hours, error) {
	first, err := ParseClock(from)
	last, wrong := ParseClock(until)
	if err != nil || wrong != nil || first == last {
		return Hours{}, ErrHours
	}
	return Hours{first, last}, nil
}

// Cover reports whether a moment lies in the hours.
func (h Hours) Cover(at time.Time) bool {
	since := timeOfDay(at)
	if h.From < h.Until {
		return h.From <= since && since < h.Until
	}
	return since >= h.From || since < h.Until
}

// Next gives the first moment from at on that the hours cover; at itself within them.
func (h Hours) Next(at time.Time) time.Time {
	if h.Cover(at) {
		return at
	}
	begin := midnight(at).Add(h.From)
	if begin.Before(at) {
		begin = begin.Add(24 * time.Hour)
	}
	return begin
}

// Left is how long the hours go on from a moment that they cover; a day for the whole day.
func (h Hours) Left(at time.Time) time.Duration {
	left := h.Until - timeOfDay(at)
	if left <= 0 {
		left += 24 * time.Hour
	}
	return left
}
