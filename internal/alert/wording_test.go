package alert

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/korea"
	"creditmsg/internal/payment"
	"creditmsg/internal/provider"
)

var update = flag.Bool("update", false, "write the golden files anew")

// at is a moment that Koreans call the 30th, and most others the 29th.
var at = time.Date(2026, 11, 29, 15, 30, 0, 0, time.UTC)

// said are the views of the golden files, by kind and what is special.
var said = map[string]view{
	"low":                  {facts: facts{Level: 20_000 * won, Available: 19_500*won + 5_000}},
	"low forecast":         {facts: facts{Level: 20_000 * won, Available: 19_500 * won, RunsOut: at, Recharging: true}},
	"expiring":             {facts: facts{Amount: 3_000 * won, Days: 1, Expires: at}},
	"failed":               {facts: facts{Amount: 1_000 * won, Total: 1_100 * won, Payment: "pay_1", Reason: reason{payment.CardDeclined}}},
	"failed auto":          {facts: facts{Amount: 50_000 * won, Total: 55_000 * won, Payment: "pay_1", Auto: true, Reason: reason{payment.CardDeclined}}},
	"failed dead":          {facts: facts{Amount: 50_000 * won, Total: 55_000 * won, Payment: "pay_1", Auto: true, Reason: reason{payment.CardDead}}},
	"failed operators":     {facts: facts{Amount: 50_000 * won, Total: 55_000 * won, Payment: "pay_1", Auto: true, Reason: reason{payment.BadCredentials}}},
	"unknown":              {facts: facts{Amount: 50_000 * won, Total: 55_000 * won, Payment: "pay_1", Auto: true}},
	"cancel_refused":       {facts: facts{Amount: 50_000 * won, Total: 55_000 * won, Payment: "pay_1", Reason: reason{payment.NotCancellable}}},
	"stopped_cap":          {facts: facts{Available: 900 * won, Threshold: 10_000 * won}},
	"stopped_no_card":      {facts: facts{Available: 900 * won, Threshold: 10_000 * won}},
	"disabled":             {facts: facts{Declines: 3, Payment: "pay_1", Reason: reason{payment.CardDead}}},
	"owed":                 {facts: facts{Owed: 1_234_567 * won}},
	"operator_owed":        {facts: facts{Owed: 1_234_567 * won, Amount: 20_000 * won}},
	"operator_failed":      {facts: facts{Gateway: "toss", Total: 55_000 * won, Payment: "pay_1", Reason: reason{payment.BadCredentials}}},
	"operator_strange":     {facts: facts{Gateway: "toss", Total: 55_000 * won, Payment: "pay_1", What: "another amount was taken: 50000.00"}},
	"operator_differ":      {facts: facts{Gateway: "toss", Day: "2026-11-28", Differences: 3, Kinds: map[string]int{"not_ours": 1, "other_amount": 2}}},
	"operator_differ once": {facts: facts{Gateway: "toss", Day: "2026-11-28", Differences: 1, Kinds: map[string]int{"not_at_gateway": 1}}},
	"cap":                  {facts: facts{What: "recipients", Period: "day", Percent: 70, Limit: "10000", Used: "7012", ResetsAt: at}},
	"cap refused":          {facts: facts{What: "won", Period: "month", Percent: 100, Limit: "5000000.00", Used: "4999990.50", ResetsAt: at, Refused: true}},
	"done": {Title: "11월 예약 안내", facts: facts{sending: sending{Message: "msg_01m8mfv6w8e5ms979be5q3efzb", Status: "done", Accepted: 1_000, Delivered: 990, Failed: 10,
		By: sentBy{Alimtalk: 800, SMS: 190}, Cost: 10_620 * won}}},
	"done cancelled": {facts: facts{sending: sending{Message: "msg_01m8mfv6w8e5ms979be5q3efzb", Status: "cancelled", Accepted: 1_000_000, Delivered: 100_000, Failed: 100_000,
		Expired: 7, Gone: 799_993, By: sentBy{LMS: 100_000}, Cost: 4_500_000 * won}}},
	"review":                    {Title: "11월 예약 안내", facts: facts{sending: sending{Message: "msg_01m8mfv6w8e5ms979be5q3efzb", Accepted: 12_345}}},
	"sender":                    {facts: facts{State: "approved"}},
	"sender rejected":           {facts: facts{State: "rejected"}},
	"sender blocked":            {facts: facts{State: "blocked"}},
	"operator_sender":           {},
	"operator_refund":           {facts: facts{Amount: 12_345*won + 5_000}},
	"series_failed":             {Title: "월요일 안내", facts: facts{sending: sending{Series: "ser_01m8mfv6w8e5ms979be5q3efzb", Planned: at, Next: at.AddDate(0, 0, 7), Code: "insufficient_credit"}}},
	"series_failed last":        {facts: facts{sending: sending{Series: "ser_01m8mfv6w8e5ms979be5q3efzb", Planned: at, Code: "template_not_approved"}}},
	"webhook_disabled":          {Title: "주문 시스템", facts: facts{Endpoint: "whk_01m8mfv6w8e5ms979be5q3efzb", Failing: at, KeptDays: 30, Reason: reason{"failing"}}},
	"webhook_failing":           {Title: "주문 시스템", facts: facts{Endpoint: "whk_01m8mfv6w8e5ms979be5q3efzb", Failing: at, Disabled: at.AddDate(0, 0, 5)}},
	"webhook_disabled gone":     {facts: facts{Endpoint: "whk_01m8mfv6w8e5ms979be5q3efzb", Reason: reason{"gone"}}},
	"operator_disabled":         {facts: facts{Declines: 3, Payment: "pay_1", Reason: reason{payment.CardDeclined}}},
	"operator_provider_low":     {facts: facts{Provider: "solapi-1", Unit: provider.UnitWon, Available: 49_999*won + 9_999, Threshold: 50_000 * won}},
	"operator_provider_low sms": {facts: facts{Provider: "aligo", Unit: provider.UnitSMS, Available: 1_234 * won, Threshold: 5_000 * won}},
	"person_invitation":         {Person: person{Site: "우리 <가게>", Roles: "owner, finance", Expires: at}},
	"person_invitation all":     {Person: person{Roles: "operator", Expires: at}},
	"person_password_reset":     {Person: person{Expires: at, From: "203.0.113.1"}},
	"person_password_changed":   {Person: person{From: "2001:db8::1"}},
	"person_factor_added":       {Person: person{From: "203.0.113.1"}},
	"person_factor_removed":     {},
	"person_signed_in":          {Person: person{From: "203.0.113.1"}},
	"operator_provider_low new": {facts: facts{Provider: "sendgo", Unit: "stars", Available: 1_234 * won, Threshold: 5_000 * won}},
}

func written(t *testing.T, l Language, name string) letter {
	t.Helper()
	kind, _, _ := strings.Cut(name, " ")
	v := said[name]
	v.ID, v.Name, v.Link, v.Number, v.At = "my-shop", "우리 <가게>", "https://credit.example", "evt_1", noon
	out, err := write(l, kind, v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test ./internal/alert -update writes it anew):\n%s", file, diff)
	}
}

func TestEveryAlertReadsAsItsGoldenFileInBothLanguages(t *testing.T) {
	for _, l := range []Language{Korean, English} {
		for name := range said {
			m := written(t, l, name)
			golden(t, string(l)+"_"+strings.ReplaceAll(name, " ", "_")+".txt", m.Subject+"\n\n"+m.text()+"\n\n"+m.Short+"\n")
		}
		page, err := written(t, l, "operator_differ").html()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, string(l)+".html", page)
	}
}

func TestEveryWordingIsInBothLanguagesAndHasItsGoldenFile(t *testing.T) {
	names := map[Language][]string{}
	for l, all := range wordings {
		for _, one := range all.Templates() {
			if name := one.Name(); !strings.Contains(name, ".tmpl") {
				names[l] = append(names[l], name)
			}
		}
		slices.Sort(names[l])
	}
	if diff := cmp.Diff(names[Korean], names[English]); diff != "" {
		t.Errorf("ko and en differ:\n%s", diff)
	}
	for _, name := range names[Korean] {
		if _, ok := said[name]; !ok && name != "link" && !strings.HasSuffix(name, "footer") {
			t.Errorf("%s has no golden file", name)
		}
	}
}

func TestTextsAreShortEnoughForAnSMS(t *testing.T) {
	for _, l := range []Language{Korean, English} {
		for name := range said {
			text := written(t, l, name).Short
			if n, bad := korea.Bytes(text); n > 90 || len(bad) > 0 {
				t.Errorf("%s %s: %d bytes, %v: %s", l, name, n, bad, text)
			}
		}
	}
}

func TestNothingOfAMailIsLoadedFromElsewhere(t *testing.T) {
	page, err := written(t, Korean, "low").html()
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<img", "src=", "<script", "<link", "url(", "@import", "<가게>"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
}

func TestATryIsFollowedByAnotherUntilDaysAreOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := result{outcome: delayed, slow: rapid.Bool().Draw(t, "slow")}
		age, tries := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "age")), 0
		for {
			next, pause := r.again(age)
			tries++
			if next.outcome == givenUp {
				break
			}
			if next != r || pause < firstPause*3/4 || pause > longestSlow || !r.slow && pause > longestPause {
				t.Fatalf("at %s: got %+v after %s", age, next, pause)
			}
			age += pause
		}
		if age < triedFor || age > triedFor+longestSlow || tries > 140 || r.slow && tries > 16 {
			t.Fatalf("given up after %s and %d tries", age, tries)
		}
	})
	for _, o := range []outcome{sent, refused, dropped} {
		if r, _ := (result{outcome: o}).again(triedFor); r.outcome != o {
			t.Errorf("%s became %s", o, r.outcome)
		}
	}
}
