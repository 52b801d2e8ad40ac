package message

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

func TestAPolicyGivesTheStepsWhoseConditionsHold(t *testing.T) {
	yes, no := true, false
	most := 20 * won
	noon, night := time.Date(2026, 12, 1, 12, 0, 0, 0, korea.Seoul), time.Date(2026, 12, 1, 23, 0, 0, 0, korea.Seoul)
	long := &When{TextIs: []string{"lms", "mms"}}
	kakaoForLong := PolicySteps{{PartAlimtalk, long}, {PartText, nil}}
	both := func(text provider.Channel) Route {
		return Route{Alimtalk: true, HasText: true, Text: text, Prices: prices, Due: noon}
	}
	with := func(r Route, change func(*Route)) Route { change(&r); return r }
	for _, c := range []struct {
		name   string
		policy PolicySteps
		route  Route
		want   string
	}{
		{"a long text has Alimtalk first", kakaoForLong, both(provider.LMS), "alimtalk lms"},
		{"a short text goes at once", kakaoForLong, both(provider.SMS), "sms"},
		{"without an approved template", kakaoForLong, with(both(provider.LMS), func(r *Route) { r.Alimtalk = false }), "lms"},
		{"the text before the Alimtalk", PolicySteps{{PartText, nil}, {PartAlimtalk, nil}}, both(provider.SMS), "sms alimtalk"},
		{"the first of two steps with one part", PolicySteps{{PartText, &When{TextIs: []string{"sms"}}}, {PartAlimtalk, nil}, {PartText, nil}}, both(provider.SMS), "sms alimtalk"},
		{"the second where the first does not hold", PolicySteps{{PartText, &When{TextIs: []string{"sms"}}}, {PartAlimtalk, nil}, {PartText, nil}}, both(provider.LMS), "alimtalk lms"},
		{"a price at its bound", PolicySteps{{PartText, &When{PriceAtMost: &most}}, {PartAlimtalk, nil}}, with(both(provider.SMS), func(r *Route) { r.Prices[provider.SMS] = 20 * won }), "sms alimtalk"},
		{"a price above its bound", PolicySteps{{PartText, &When{PriceAtMost: &most}}, {PartAlimtalk, nil}}, with(both(provider.SMS), func(r *Route) { r.Prices[provider.SMS] = 20*won + 1 }), "alimtalk"},
		{"not dearer", PolicySteps{{PartAlimtalk, &When{NotDearer: true}}, {PartText, nil}}, with(both(provider.SMS), func(r *Route) { r.Prices = dear(18) }), "alimtalk sms"},
		{"dearer", PolicySteps{{PartAlimtalk, &When{NotDearer: true}}, {PartText, nil}}, with(both(provider.SMS), func(r *Route) { r.Prices = dear(19) }), "sms"},
		{"not dearer than nothing", PolicySteps{{PartAlimtalk, &When{NotDearer: true}}, {PartText, nil}, {PartAlimtalk, nil}}, with(both(0), func(r *Route) { r.HasText = false }), "alimtalk"},
		{"reported off Kakao", PolicySteps{{PartAlimtalk, &When{OffKakao: &no}}, {PartText, nil}}, with(both(provider.SMS), func(r *Route) { r.OffKakao = true }), "sms"},
		{"not reported", PolicySteps{{PartAlimtalk, &When{OffKakao: &no}}, {PartText, nil}}, both(provider.SMS), "alimtalk sms"},
		{"only who was reported", PolicySteps{{PartText, &When{OffKakao: &yes}}, {PartAlimtalk, nil}}, both(provider.SMS), "alimtalk"},
		{"by day", PolicySteps{{PartAlimtalk, &When{Hours: &Hours{"08:00", "21:00"}}}, {PartText, nil}}, both(provider.SMS), "alimtalk sms"},
		{"at night", PolicySteps{{PartAlimtalk, &When{Hours: &Hours{"08:00", "21:00"}}}, {PartText, nil}}, with(both(provider.SMS), func(r *Route) { r.Due = night }), "sms"},
		{"two conditions of which one holds", PolicySteps{{PartAlimtalk, &When{NotDearer: true, TextIs: []string{"lms"}}}, {PartText, nil}}, both(provider.SMS), "sms"},
	} {
		var names []string
		for _, s := range ByPolicy.Steps(with(c.route, func(r *Route) { r.Policy = c.policy })) {
			names = append(names, s.Channel.String())
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAPolicyThatCannotBeRightIsRefusedWithItsPlace(t *testing.T) {
	minus := -money.Won
	last := PolicyStep{PartText, nil}
	for name, c := range map[string]struct {
		policy PolicySteps
		want   []string
	}{
		"no steps":                      {nil, []string{"/steps"}},
		"too many":                      {append(make(PolicySteps, mostPolicySteps), last), []string{"/steps"}},
		"a part that is none":           {PolicySteps{{"fax", nil}, last}, []string{"/steps/0/send"}},
		"a step nobody takes":           {PolicySteps{last, {PartText, &When{NotDearer: true}}}, []string{"/steps/1"}},
		"conditions that say nothing":   {PolicySteps{{PartAlimtalk, &When{}}, last}, []string{"/steps/0/when"}},
		"a kind that is no text":        {PolicySteps{{PartAlimtalk, &When{TextIs: []string{"alimtalk"}}}, last}, []string{"/steps/0/when/text_is/0"}},
		"a kind given twice":            {PolicySteps{{PartAlimtalk, &When{TextIs: []string{"sms", "sms"}}}, last}, []string{"/steps/0/when/text_is/1"}},
		"every kind":                    {PolicySteps{{PartAlimtalk, &When{TextIs: []string{"sms", "lms", "mms"}}}, last}, []string{"/steps/0/when/text_is"}},
		"a negative price":              {PolicySteps{{PartAlimtalk, &When{PriceAtMost: &minus}}, last}, []string{"/steps/0/when/price_at_most"}},
		"hours that are none":           {PolicySteps{{PartAlimtalk, &When{Hours: &Hours{"8", "21:00"}}}, last}, []string{"/steps/0/when/hours"}},
		"hours without end":             {PolicySteps{{PartAlimtalk, &When{Hours: &Hours{"08:00", "08:00"}}}, last}, []string{"/steps/0/when/hours"}},
		"somebody for whom none holds":  {PolicySteps{{PartAlimtalk, &When{NotDearer: true}}, {PartText, &When{TextIs: []string{"sms"}}}}, []string{"/steps"}},
		"two things at once":            {PolicySteps{{"fax", nil}, {PartAlimtalk, &When{}}, last}, []string{"/steps/0/send", "/steps/1/when"}},
		"Alimtalk for some, then texts": {PolicySteps{{PartAlimtalk, &When{NotDearer: true}}, last}, nil},
	} {
		var got []string
		if f := fault.Of(c.policy.Check()); f != nil {
			for _, field := range f.Fields {
				got = append(got, field.Pointer)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// TestEverybodyIsSentSomethingByAPolicyThatIsTaken tries every mix of small policies against every
// route: what Check lets pass never leaves out somebody whose message has the parts that everybody
// is sent.
func TestEverybodyIsSentSomethingByAPolicyThatIsTaken(t *testing.T) {
	yes, no := true, false
	whens := []*When{nil, {NotDearer: true}, {TextIs: []string{"sms"}}, {OffKakao: &yes}, {OffKakao: &no}, {Hours: &Hours{"08:00", "21:00"}}}
	var all []PolicyStep
	for _, part := range []Part{PartAlimtalk, PartText} {
		for _, w := range whens {
			all = append(all, PolicyStep{part, w})
		}
	}
	taken := 0
	for _, a := range all {
		for _, b := range all {
			p := PolicySteps{a, b}
			if p.Check() != nil {
				continue
			}
			taken++
			for bits := range 8 {
				r := Route{Alimtalk: p.always(PartAlimtalk) || bits&1 > 0, HasText: p.always(PartText) || bits&2 > 0, Text: provider.LMS, Prices: prices, OffKakao: bits&4 > 0}
				if len(p.Steps(r)) == 0 {
					t.Fatalf("%+v leaves out %+v", p, r)
				}
			}
		}
	}
	if taken < 20 {
		t.Errorf("only %d policies were taken", taken)
	}
}
