package provider

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAChannelIsReadExactlyAsItIsWritten(t *testing.T) {
	want := map[Channel]string{Alimtalk: "alimtalk", SMS: "sms", LMS: "lms", MMS: "mms"}
	if len(want) != Channels {
		t.Fatalf("got %d channels, want %d", len(want), Channels)
	}
	for c, name := range want {
		if c.String() != name {
			t.Errorf("String: got %q, want %q", c.String(), name)
		}
		if got, err := ParseChannel(name); err != nil || got != c {
			t.Errorf("ParseChannel(%q): got %v, %v, want %v", name, got, err, c)
		}
	}
	for _, name := range []string{"", "SMS", "sms ", "kakao"} {
		if got, err := ParseChannel(name); err == nil {
			t.Errorf("ParseChannel(%q): got %v, want an error", name, got)
		}
	}
}

func TestAChannelIsAValueAndAKeyOfJSON(t *testing.T) {
	type prices struct {
		First Channel         `json:"first"`
		Won   map[Channel]int `json:"won"`
	}
	in := prices{LMS, map[Channel]int{Alimtalk: 9, MMS: 120}}
	body, err := json.Marshal(in)
	if want := `{"first":"lms","won":{"alimtalk":9,"mms":120}}`; err != nil || string(body) != want {
		t.Fatalf("Marshal: got %s, %v, want %s", body, err, want)
	}
	var out prices
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("Unmarshal: %v", err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if err := json.Unmarshal([]byte(`{"first":"fax"}`), &out); err == nil {
		t.Error("a channel that does not exist was read")
	}
	if _, err := json.Marshal(Channel(9)); err == nil {
		t.Error("a channel that does not exist was written")
	}
}

func TestTheZeroOutcomeIsUnknown(t *testing.T) {
	if got := (Result{}).Outcome; got != Unknown {
		t.Errorf("zero outcome: got %v, want %v", got, Unknown)
	}
	for o, want := range map[Outcome]string{Unknown: "unknown", Accepted: "accepted", Refused: "refused", NotSent: "not_sent"} {
		if o.String() != want {
			t.Errorf("String: got %q, want %q", o.String(), want)
		}
	}
}
