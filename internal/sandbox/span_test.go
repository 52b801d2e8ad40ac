package sandbox

import (
	"testing"
	"time"
)

func TestATimeIsReadAsPeopleWriteIt(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"73h": 73 * time.Hour, "1h30m": 90 * time.Minute, "500ms": 500 * time.Millisecond,
		"P3DT1H": 73 * time.Hour, "PT90M": 90 * time.Minute, "P2W": 14 * 24 * time.Hour, "P1DT2H3M4S": 26*time.Hour + 3*time.Minute + 4*time.Second, "PT0S": 0,
	} {
		if got, err := ReadSpan(text); err != nil || got != want {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "73", "three days", "P", "PT", "P1Y", "P1M", "P3DT", "P-1D", "p3d", "P999999999W", "P1DT", "P1.5D", "1d"} {
		if got, err := ReadSpan(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func FuzzReadSpan(f *testing.F) {
	for _, seed := range []string{"73h", "P3DT1H", "PT999999999H", "P999999999W999999999D", "-1h", "P"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ReadSpan(text); err == nil && len(text) > 0 && text[0] == 'P' && d < 0 {
			t.Errorf("%q is %s", text, d)
		}
	})
}
