package korea

import (
	"fmt"
	"testing"
	"time"
)

func kst(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05.999999", text, Seoul)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestTheNightBeginsAtItsFirstMomentAndEndsBeforeItsLast(t *testing.T) {
	usual, short := Night{}, Night{From: 21 * time.Hour, Until: 9 * time.Hour}
	for _, c := range []struct {
		night   Night
		at, end string // "" = by day
	}{
		{usual, "2026-12-01 08:00:00", ""},
		{usual, "2026-12-01 12:00:00", ""},
		{usual, "2026-12-01 20:49:59.999999", ""},
		{usual, "2026-12-01 20:50:00", "2026-12-02 08:00:00"},
		{usual, "2026-12-01 20:50:01", "2026-12-02 08:00:00"},
		{usual, "2026-12-01 23:59:59.999999", "2026-12-02 08:00:00"},
		{usual, "2026-12-02 00:00:00", "2026-12-02 08:00:00"},
		{usual, "2026-12-02 07:59:59.999999", "2026-12-02 08:00:00"},
		{usual, "2026-12-31 22:00:00", "2027-01-01 08:00:00"},
		{usual, "2028-02-28 22:00:00", "2028-02-29 08:00:00"},
		{short, "2026-12-01 20:55:00", ""},
		{short, "2026-12-01 21:00:00", "2026-12-02 09:00:00"},
		{short, "2026-12-01 08:30:00", "2026-12-01 09:00:00"},
	} {
		at := kst(t, c.at)
		want := at
		if c.end != "" {
			want = kst(t, c.end)
		}
		for _, zone := range []*time.Location{Seoul, time.UTC, time.FixedZone("west", -10*60*60)} {
			if got := c.night.Covers(at.In(zone)); got != (c.end != "") {
				t.Errorf("%s covers %s: %t", c.night, at.In(zone), got)
			}
			if got := c.night.End(at.In(zone)); !got.Equal(want) {
				t.Errorf("from %s the night %s ends at %s, want %s", at.In(zone), c.night, got.In(Seoul), want)
			}
		}
	}
}

func TestNoNightIsShorterThanTheLaws(t *testing.T) {
	for _, c := range []struct {
		night Night
		want  bool
	}{
		{Night{}, true},
		{Night{From: 21 * time.Hour}, true},
		{Night{From: 18 * time.Hour, Until: 10 * time.Hour}, true},
		{Night{From: 21*time.Hour + time.Minute}, false},
		{Night{Until: 7*time.Hour + 59*time.Minute}, false},
		{Night{From: 9 * time.Hour, Until: 9 * time.Hour}, false},
		{Night{From: time.Hour}, false},
	} {
		if got := c.night.Valid(); got != c.want {
			t.Errorf("%s: got %t, want %t", c.night, got, c.want)
		}
	}
}

func TestAfterItsEndThereIsNoNight(t *testing.T) {
	start := kst(t, "2026-12-01 00:00:00")
	for minutes := range 2 * 24 * 60 {
		at := start.Add(time.Duration(minutes) * time.Minute)
		end := (Night{}).End(at)
		if (Night{}).Covers(end) || end.Before(at) || end.Sub(at) > 12*time.Hour {
			t.Fatalf("from %s the night ends at %s", at, end)
		}
	}
}

func TestATimeOfDayIsReadAsItIsWritten(t *testing.T) {
	for _, text := range []string{"00:00", "08:00", "20:50", "23:59"} {
		if since, err := ParseClock(text); err != nil || Clock(since) != text {
			t.Errorf("%s is read as %s, %v", text, since, err)
		}
	}
	for _, text := range []string{"", "8:00", "24:00", "20:60", "20:50:00", "20.50", "8pm", "-1:00", "2050"} {
		if since, err := ParseClock(text); err == nil {
			t.Errorf("%q is read as %s, want an error", text, since)
		}
	}
}

func ExampleNight_End() {
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) // 21:00 in Korea
	fmt.Println(Night{}.Covers(at), Night{}.End(at))
	// Output: true 2026-12-02 08:00:00 +0900 KST
}
