package client_test

import (
	"encoding/json"
	"testing"

	"creditmsg/client"
)

func TestAnAmountIsExactText(t *testing.T) {
	for text, want := range map[string]int64{`"18.00"`: 180000, `"0.0001"`: 1, `"-3.5"`: -35000, `"922337203685477.5807"`: 1<<63 - 1, `null`: 0, `"0"`: 0} {
		var a client.Amount
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got, err := a.Units(); got != want || err != nil {
			t.Errorf("%s is %d units, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{`18.00`, `"1e3"`, `"1,000"`, `""x`, `"1.00000"`, `"."`, `"+1"`, `"--1"`, `"922337203685477.5808"`, `"1.-5"`} {
		var a client.Amount
		if err := json.Unmarshal([]byte(text), &a); err == nil {
			t.Errorf("%s is read as %q", text, a)
		}
	}
}

func FuzzAmountUnits(f *testing.F) {
	for _, seed := range []string{"18.00", "-0.0001", "", "-", "1.", ".5", "9223372036854775807"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := client.Amount(text).Units()
		negative := len(text) > 0 && text[0] == '-'
		if err != nil && n != 0 || negative && n > 0 || !negative && n < 0 {
			t.Errorf("Units(%q) = %d, %v", text, n, err)
		}
	})
}
