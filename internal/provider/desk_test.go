package provider

import (
	"errors"
	"testing"

	"creditmsg/internal/money"
)

func TestABalanceIsReadToTheTenThousandth(t *testing.T) {
	for text, want := range map[string]money.Amount{
		"0": 0, "100000": 100_000 * money.Won, "1.5": money.Won + 5000, "-3.0001": -3*money.Won - 1, "12.34567890": 12*money.Won + 3456, "7.00001": 7 * money.Won,
	} {
		if got, err := ReadBalance(text); err != nil || got != want {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "1,000", "1.2345x", "1e3", "1.", "99999999999999999999"} {
		if got, err := ReadBalance(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}

func TestADenialSaysWhetherTheSameWouldBeDeniedAgain(t *testing.T) {
	for reason, want := range map[Reason]bool{
		TemplateMismatch: true, ContentMissing: true, UnrecognisedCode: true, ProviderInternal: false, ProviderRateLimited: false, ProviderBalance: false, AuthFailed: false,
	} {
		if got := (&Denial{Reason: reason}).Judged(); got != want {
			t.Errorf("%s: got %v, want %v", reason, got, want)
		}
	}
	var d *Denial
	if !errors.As(Undone("add the template", errors.New("no connection")), &d) || d.Judged() || d.Error() != "add the template: denied: no connection" {
		t.Errorf("undone: got %v", d)
	}
	if !errors.As(NotOffered("add the template"), &d) || !d.Judged() {
		t.Errorf("not offered: got %v", d)
	}
}

func TestTheKindOfATemplateFollowsFromItsParts(t *testing.T) {
	adds := []Button{{Type: "AC", Name: "채널 추가"}}
	for want, f := range map[string]TemplateForm{"BA NONE": {}, "EX TEXT": {Extra: "x", Emphasis: &Emphasis{}}, "AD ITEM_LIST": {Buttons: adds, Items: &ItemList{}},
		"MI NONE": {Buttons: adds, Extra: "x"}} {
		if got := f.Kind() + " " + f.Stress(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
