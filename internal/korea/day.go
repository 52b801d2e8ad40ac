package korea

import (
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/fault"
)

// Seoul is Korean time. Korea has had no summer time since 1988, so a fixed
// offset is right for every moment this program meets, on machines without a
// time zone database too.
var Seoul = time.FixedZone("KST", 9*60*60)

// localForm is how people here write a moment, in Korean time.
const localForm = "2006-01-02 15:04"

// Day gives the Korean calendar day of t, such as 2026-12-01.
func Day(t time.Time) string { return t.In(Seoul).Format(time.DateOnly) }

// Month gives the Korean calendar month of t, such as 2026-12.
func Month(t time.Time) string { return t.In(Seoul).Format("2006-01") }

// ParseDay reads a Korean calendar day, such as 2026-12-01, and gives the moment at which it
// begins.
func ParseDay(text string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(text), Seoul)
	if err != nil {
		return time.Time{}, fmt.Errorf("read day %.40q: want one such as 2026-12-01", text)
	}
	return t, nil
}

// ParseMonth reads a Korean calendar month, such as 2026-12, and gives the moment at which it
// begins.
func ParseMonth(text string) (time.Time, error) {
	t, err := time.ParseInLocation("2006-01", text, Seoul)
	if err != nil {
		return time.Time{}, fmt.Errorf("read month %.40q: want one such as 2026-12", text)
	}
	return t, nil
}

// ParseTime reads a moment: RFC 3339 with its offset, or 2026-12-01 09:00 in
// Korean time.
func ParseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if len(text) == len(localForm) {
		if t, err := time.ParseInLocation(localForm, text, Seoul); err == nil {
			return t, nil
		}
	}
	t, err := time.Parse(time.RFC3339, text)
	// Parse lets a single-digit hour and a comma before the fraction pass; RFC 3339 has neither.
	if err != nil || text[len("2026-12-01T09")] != ':' || strings.Contains(text, ",") {
		return time.Time{}, fault.Say("read time %.40q: want 2026-12-01T09:00:00+09:00, or 2026-12-01 09:00 in Korean time", text)
	}
	return t, nil
}
