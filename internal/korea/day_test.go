package korea

import (
	"fmt"
	"testing"
	"time"
)

func TestDaysEndAtMidnightInSeoul(t *testing.T) {
	for _, c := range []struct{ at, day, month string }{
		{"2026-11-30T14:59:59.999999Z", "2026-11-30", "2026-11"},
		{"2026-11-30T15:00:00Z", "2026-12-01", "2026-12"},
		{"2026-12-31T15:00:00Z", "2027-01-01", "2027-01"},
		{"2028-02-28T20:00:00Z", "2028-02-29", "2028-02"},
		{"2026-11-30T23:00:00-05:00", "2026-12-01", "2026-12"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if day, month := Day(at), Month(at); day != c.day || month != c.month {
			t.Errorf("%s is of %s, %s; want %s, %s", c.at, day, month, c.day, c.month)
		}
	}
}

func TestAMonthBeginsAtMidnightInSeoul(t *testing.T) {
	at, err := ParseMonth("2026-12")
	if want := "2026-11-30T15:00:00Z"; err != nil || at.UTC().Format(time.RFC3339) != want || Month(at) != "2026-12" {
		t.Errorf("December begins at %s, %v; want %s", at.UTC(), err, want)
	}
	for _, in := range []string{"", "2026", "2026-13", "2026-00", "2026-1", "26-12", "2026-12-01", " 2026-12", "2026/12"} {
		if at, err := ParseMonth(in); err == nil {
			t.Errorf("ParseMonth(%q) = %s", in, at)
		}
	}
}

func TestParseTimeReadsBothForms(t *testing.T) {
	for in, want := range map[string]string{
		"2026-12-01 09:00":                 "2026-12-01T00:00:00Z",
		" 2026-12-01 09:00 ":               "2026-12-01T00:00:00Z",
		"2026-12-01 00:00":                 "2026-11-30T15:00:00Z",
		"2026-12-01T09:00:00+09:00":        "2026-12-01T00:00:00Z",
		"2026-12-01T09:00:00Z":             "2026-12-01T09:00:00Z",
		"2026-12-01T09:00:00.123456-05:00": "2026-12-01T14:00:00.123456Z",
		"2028-02-29 23:59":                 "2028-02-29T14:59:00Z",
	} {
		got, err := ParseTime(in)
		if err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("ParseTime(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
}

func TestParseTimeRefusesEverythingElse(t *testing.T) {
	for _, in := range []string{
		"", "now", "2026-12-01", "09:00", "2026-12-01 9:00", "2026-12-01 09:00:00", "2026-12-01 24:00", "2026-12-01 09:60",
		"2026-02-29 09:00", "2026-13-01 09:00", "2026-12-01T09:00", "2026-12-01T9:00:00Z", "2026-12-01T09:00:00,5Z",
		"2026-12-01T09:00:00", "2026/12/01 09:00", "2026-12-01 09:00 PM", "20261201T090000Z",
	} {
		if got, err := ParseTime(in); err == nil || !got.IsZero() {
			t.Errorf("ParseTime(%q) = %v, %v; want an error", in, got, err)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-12-01 09:00", "2026-12-01T09:00:00Z", "2026-12-01T09:00:00.5+09:00", "0000-01-01 00:00", "가"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := ParseTime(text)
		if err != nil {
			if !at.IsZero() {
				t.Fatalf("ParseTime(%q) = %v beside the error %v", text, at, err)
			}
			return
		}
		again, err := ParseTime(at.Format(time.RFC3339Nano))
		if err != nil || !again.Equal(at) {
			t.Fatalf("ParseTime(%q) = %v; written and read again %v, %v", text, at, again, err)
		}
	})
}

func ExampleParseTime() {
	at, err := ParseTime("2026-12-01 09:00")
	fmt.Println(at.UTC().Format(time.RFC3339), err)
	// Output: 2026-12-01T00:00:00Z <nil>
}

func ExampleDay() {
	at := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)
	fmt.Println(Day(at), Month(at))
	// Output: 2026-12-01 2026-12
}

func TestADayBeginsAtMidnightInKorea(t *testing.T) {
	got, err := ParseDay(" 2026-12-01 ")
	if want := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC); err != nil || !got.Equal(want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "2026-12", "2026-02-30", "2026-12-01 09:00", "1.12.2026", "20261201"} {
		if got, err := ParseDay(bad); err == nil {
			t.Errorf("%q was read as %v, want an error", bad, got)
		}
	}
}
