package stat

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

func TestAMarginIsWhatSitesPayLessWhatVendorsCharge(t *testing.T) {
	q := Query{From: "2026-11-01", Until: "2026-11-30", By: ByChannel | ByProvider}
	rows := []Row{
		{Channel: provider.Alimtalk, Provider: "solapi", Figures: Figures{Delivered: 10, Cost: 90 * money.Won, Upstream: 65 * money.Won, Priced: 10}},
		{Channel: provider.SMS, Provider: "aligo", Figures: Figures{Delivered: 4, Cost: 40 * money.Won, Upstream: 48 * money.Won, Priced: 3}},
		{Channel: provider.SMS, Figures: Figures{Refunded: 10 * money.Won}},
		{Channel: provider.LMS, Provider: "sens", Figures: Figures{Failed: 3}},
	}
	got, err := TellMargin(q, rows)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) *string { return &s }
	want := Margin{From: q.From, To: q.Until, GroupBy: []string{"channel", "provider"}, Data: []MarginLine{
		{Channel: "alimtalk", Provider: text("solapi"), Delivered: 10, Revenue: 90 * money.Won, Upstream: 65 * money.Won, Margin: 25 * money.Won, Rate: text("0.2777")},
		{Channel: "sms", Provider: text("aligo"), Delivered: 4, Revenue: 40 * money.Won, Upstream: 48 * money.Won, Margin: -8 * money.Won, Unpriced: 1, Rate: text("-0.2000")},
		{Channel: "sms", Provider: text(""), Revenue: -10 * money.Won, Margin: -10 * money.Won},
		{Channel: "lms", Provider: text("sens")},
	}, Total: MarginLine{Delivered: 14, Revenue: 120 * money.Won, Upstream: 113 * money.Won, Margin: 7 * money.Won, Unpriced: 1, Rate: text("0.0583")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("margin (-want +got):\n%s", diff)
	}
}

func TestAMarginThatDoesNotFitIsAnError(t *testing.T) {
	for _, f := range []Figures{{Cost: math.MinInt64, Refunded: 1}, {Cost: math.MinInt64, Upstream: 1}} {
		if _, err := TellMargin(Query{}, []Row{{Figures: f}}); !errors.Is(err, ErrOverflow) {
			t.Errorf("%+v: got %v, want ErrOverflow", f, err)
		}
	}
}
