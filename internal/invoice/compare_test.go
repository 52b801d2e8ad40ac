package invoice

import (
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/delivery"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

func TestWhatALineDiffersInFollowsFromItAndTheLeg(t *testing.T) {
	const won = money.Won
	month := terms{account: "a", from: 1000, until: 2000, agreed: map[string]money.Amount{"sms": 8 * won, "lms": 25 * won}, priced: true}
	sms := func(e End) *leg {
		l := leg{Reference: delivery.Reference{Step: 1, Try: 1}, End: e, Account: "a", Channel: provider.SMS}
		if e == Charged {
			l.Charge = 18 * won
		}
		return &l
	}
	bill := func(o Outcome, price money.Amount, channel string) line {
		return line{No: 2, Outcome: o, Price: price * won, Billed: price > 0, Channel: channel, Sent: 1500}
	}
	otherAccount := sms(Charged)
	otherAccount.Account = "b"
	notWritten := sms(Open)
	notWritten.Account = ""
	late := bill(Delivered, 8, "sms")
	late.Sent = 2000
	first := twins{decides: 2}
	for name, tt := range map[string]struct {
		line line
		leg  *leg
		at   twins
		want string // kind refund claim
	}{
		"as it should be":                 {bill(Delivered, 8, "sms"), sms(Charged), first, ""},
		"failed for nothing":              {bill(Failed, 0, "sms"), sms(ReportedNo), first, ""},
		"nothing said, billed":            {bill("", 8, ""), sms(Charged), first, ""},
		"unknown":                         {bill(Delivered, 8, "sms"), nil, first, "unknown_to_us 0.00 8.00"},
		"unknown, not billed":             {bill(Failed, 0, "sms"), nil, first, ""},
		"of another account":              {bill(Delivered, 8, "sms"), otherAccount, first, "unknown_to_us 0.00 8.00"},
		"in a first call":                 {bill(Delivered, 8, "sms"), notWritten, first, "not_final 0.00 0.00"},
		"twice":                           {bill(Delivered, 9, "mms"), sms(Charged), twins{decides: 1}, "billed_twice 0.00 9.00"},
		"twice, the second for nothing":   {bill(Failed, 0, "sms"), sms(Charged), twins{decides: 1}, ""},
		"on an earlier invoice":           {bill(Delivered, 8, "sms"), sms(Charged), twins{decides: 2, earlier: twin{line: 9}}, "billed_twice 0.00 8.00"},
		"delivered there, failed here":    {bill(Delivered, 8, "sms"), sms(ReportedNo), first, "billed_as_delivered 0.00 8.00"},
		"nothing said, failed here":       {bill("", 8, "sms"), sms(ReportedNo), first, "billed_as_delivered 0.00 8.00"},
		"failed there too, but billed":    {bill(Failed, 8, "sms"), sms(ReportedNo), first, "billed_though_failed 0.00 8.00"},
		"charged here, failed there":      {bill(Failed, 0, "sms"), sms(Charged), first, "charged_but_failed 18.00 0.00"},
		"charged here, failed and billed": {bill(Failed, 8, "sms"), sms(Charged), first, "billed_though_failed 0.00 8.00, charged_but_failed 18.00 0.00"},
		"late":                            {bill(Delivered, 8, "sms"), sms(Late), first, "delivered_late 0.00 0.00"},
		"released without a report":       {bill(Delivered, 8, "sms"), sms(Released), first, "delivered_late 0.00 0.00"},
		"released, not billed":            {bill(Delivered, 0, "sms"), sms(Released), first, ""},
		"for nothing":                     {bill(Delivered, 0, "sms"), sms(Charged), first, "not_billed 0.00 0.00"},
		"late for nothing":                {bill("", 0, "sms"), sms(Late), first, "not_billed 0.00 0.00"},
		"dearer":                          {bill(Delivered, 10, "sms"), sms(Charged), first, "other_price 0.00 2.00"},
		"cheaper":                         {bill(Delivered, 7, "sms"), sms(Charged), first, "other_price 0.00 0.00"},
		"as LMS":                          {bill(Delivered, 25, "lms"), sms(Charged), first, "other_channel 0.00 17.00"},
		"as LMS, dearer":                  {bill(Delivered, 30, "lms"), sms(Charged), first, "other_channel 0.00 22.00, other_price 0.00 0.00"},
		"as what has no agreed price":     {bill(Delivered, 8, "other"), sms(Charged), first, "other_channel 0.00 0.00"},
		"failed here and dearer":          {bill(Delivered, 10, "sms"), sms(ReportedNo), first, "billed_as_delivered 0.00 10.00, other_price 0.00 0.00"},
		"after the month":                 {late, sms(Charged), first, "outside_period 0.00 0.00"},
	} {
		var got []string
		for _, d := range compare(month, tt.line, tt.leg, tt.at) {
			got = append(got, fmt.Sprintf("%s %s %s", d.Kind, d.Refund, d.Claim))
		}
		if text := strings.Join(got, ", "); text != tt.want {
			t.Errorf("%s: got %q, want %q", name, text, tt.want)
		}
	}
}

func TestAFileWithoutPricesBillsTheAgreedOnes(t *testing.T) {
	bare := terms{account: "a", from: 1, until: 2, agreed: map[string]money.Amount{"sms": 8 * money.Won}}
	l := line{No: 2, Outcome: Delivered, Billed: true, Channel: "sms"}
	failed := &leg{End: ReportedNo, Account: "a", Channel: provider.SMS}
	got := compare(bare, l, failed, twins{decides: 2})
	if len(got) != 1 || got[0].Kind != BilledAsDelivered || got[0].Claim != 8*money.Won {
		t.Errorf("got %+v, want 8 won to claim", got)
	}
}
