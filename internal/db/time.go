package db

import "time"

// Time is an instant in microseconds since 1970 UTC, as every table stores it.
// Zero means absent.
type Time int64

// At gives t in microseconds, cutting off what is finer; the zero time.Time is absent.
func At(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMicro())
}

// Time gives the instant in UTC; an absent one is the zero time.Time.
func (t Time) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t)).UTC()
}

// Add gives the instant d later.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Microseconds()) }

// Sub gives the time from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Microsecond }

// IsZero reports whether the instant is absent.
func (t Time) IsZero() bool { return t == 0 }
