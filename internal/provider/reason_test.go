package provider

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// codeMap is the map of normalised results: whether a text may follow ("fall"),
// whether the failure is the operator's. The states accepted, sent_to_carrier,
// delivered and uncertain stand in Report.Final and Report.Delivered instead.
const codeMap = `
invalid_number
number_absent
number_suspended
recipient_power_off
out_of_coverage
handset_busy
handset_unsupported            fall
network_failure                fall
expired                        fall
recipient_rejected
opted_out
spam_blocked
sender_spoof_block
sender_blocked_by_authority
sender_not_registered
not_kakao_user                 fall
kakao_undeliverable            fall
alimtalk_blocked_by_user       fall
channel_blocked_or_invalid     fall
not_channel_friend             fall
template_mismatch              fall
template_not_found             fall
template_not_approved          fall
outside_hours
duplicate
content_too_long               fall
content_bad_characters
content_missing
attachment_error
advert_rule
adult_check
foreign_not_allowed
auth_failed                    operator
insufficient_provider_balance  operator
provider_quota                 operator
provider_rate_limited          operator
provider_internal              fall
cancelled
unrecognised_code
`

func TestTheReasonsAreThoseOfTheCodeMap(t *testing.T) {
	type row struct{ Falls, Operators bool }
	want, got := map[Reason]row{}, map[Reason]row{}
	for line := range strings.Lines(strings.TrimSpace(codeMap)) {
		fields := strings.Fields(line)
		want[Reason(fields[0])] = row{slices.Contains(fields, "fall"), slices.Contains(fields, "operator")}
	}
	for r := range reasons {
		got[r] = row{r.FallsBack(Alimtalk), r.Operators()}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-map +code):\n%s", diff)
	}
}

func TestEveryReasonIsSaidToPeopleInTwoLanguages(t *testing.T) {
	texts := map[string]Reason{}
	for _, r := range slices.Sorted(maps.Keys(reasons)) {
		hangul := strings.ContainsFunc(r.Korean(), func(c rune) bool { return unicode.Is(unicode.Hangul, c) })
		if !hangul {
			t.Errorf("%s in Korean: got %q", r, r.Korean())
		}
		ascii := !strings.ContainsFunc(r.English(), func(c rune) bool { return c > unicode.MaxASCII })
		if r.English() == "" || !ascii {
			t.Errorf("%s in English: got %q", r, r.English())
		}
		for _, text := range []string{r.Korean(), r.English()} {
			if other, taken := texts[text]; taken {
				t.Errorf("%s and %s are told in the same words: %q", r, other, text)
			}
			texts[text] = r
		}
	}
}

func TestAReasonOutsideTheListIsTreatedAsNotRecognised(t *testing.T) {
	for _, r := range []Reason{"", "of_a_newer_release"} {
		if r.FallsBack(SMS) || r.Operators() {
			t.Errorf("%q: got falls back %v, operator's %v, want neither", r, r.FallsBack(SMS), r.Operators())
		}
		if r.Korean() != UnrecognisedCode.Korean() || r.English() != UnrecognisedCode.English() {
			t.Errorf("%q: got %q and %q", r, r.Korean(), r.English())
		}
	}
}

// TestAnAlimtalkMayFollowATextThatAloneFails: what keeps a text from a phone need not keep an
// Alimtalk from it, but who wants to be left alone is.
func TestAnAlimtalkMayFollowATextThatAloneFails(t *testing.T) {
	for r, want := range map[Reason][2]bool{ // after an Alimtalk, after a text
		RecipientPowerOff: {false, true}, SenderSpoofBlock: {false, true}, NetworkFailure: {true, true}, NotKakaoUser: {true, true},
		OptedOut: {false, false}, RecipientRejected: {false, false}, SpamBlocked: {false, false}, SenderBlocked: {false, false}, NumberAbsent: {false, false},
	} {
		if got := [2]bool{r.FallsBack(Alimtalk), r.FallsBack(LMS)}; got != want {
			t.Errorf("%s falls back %v, want %v", r, got, want)
		}
	}
}
