package sandbox

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/fault"
)

// iso is a duration as ISO 8601 writes it, without years and months, which have no length.
var iso = regexp.MustCompile(`^P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$`)

// isoUnits are the lengths of its parts.
var isoUnits = []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second}

// ReadSpan reads a time as people write it: 73h, 90m or 1h30m, or as ISO 8601 does: P3DT1H.
func ReadSpan(text string) (time.Duration, error) {
	if !strings.HasPrefix(text, "P") {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, fault.Say("%q is not a time such as 73h, 90m or P3DT1H", text)
		}
		return d, nil
	}
	parts := iso.FindStringSubmatch(text)
	if parts == nil || strings.HasSuffix(text, "T") || text == "P" {
		return 0, fault.Say("%q is not a time such as P3DT1H, of weeks, days, hours, minutes and seconds", text)
	}
	var sum time.Duration
	for i, unit := range isoUnits {
		n, _ := strconv.ParseInt(parts[i+1], 10, 64) // digits, or empty for none
		if n > int64(math.MaxInt64-sum)/int64(unit) {
			return 0, fault.Say("%q is too long", text)
		}
		sum += time.Duration(n) * unit
	}
	return sum, nil
}
