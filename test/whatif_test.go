package test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/server"
)

// TestReplayingWhatReallyRanGivesTheRealCostToTheWon sends by every strategy, and asks what
// it would have been like otherwise.
func TestReplayingWhatReallyRanGivesTheRealCostToTheWon(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		c := configured(t, database, "http://127.0.0.1:0")
		p := start(t, c, server.Roles...)
		office := operator(t, c)
		shop := caller(t, p.URL(), tenant(t, office, "shop", map[string]string{"alimtalk": "9.0125", "sms": "18", "lms": "45"}))
		day := korea.Day(time.Now())
		var want money.Amount
		var delivered int64
		for i, strategy := range []client.Strategy{client.AlimtalkFirst, client.SMSOnly, client.CostOptimized} {
			people := slices.Concat(recipients(fmt.Sprintf("010-100%d", i), 13), recipients("010-0001", 5), recipients("010-0002", 2), recipients("010-0003", 3), recipients("010-0007", 2))
			draft := client.Draft{Strategy: strategy, Text: &client.Text{Body: greeting}, Recipients: people}
			if strategy != client.SMSOnly {
				draft.Alimtalk = &client.Alimtalk{TemplateCode: "RESERVE_01"}
			}
			m, err := shop.Send(within(t), draft)
			if err != nil {
				t.Fatal(err)
			}
			last, err := shop.Wait(within(t), m.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			cost, err := money.Parse(string(last.ActualCost))
			if err != nil {
				t.Fatal(err)
			}
			want += cost
			delivered += last.Counts.Delivered
		}
		ask := func(q client.WhatIf) client.Replay {
			t.Helper()
			q.From, q.To = day, korea.Day(time.Now())
			out, err := shop.AskWhatIf(within(t), q)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		as := ask(client.WhatIf{})
		if as.Actual.Cost != client.Amount(want.String()) || as.Actual.Delivered != delivered || as.Recipients != 75 || as.Messages != 3 {
			t.Errorf("really %+v, want a cost of %s and %d of 75 delivered", as.Actual, want, delivered)
		}
		if diff := cmp.Diff(as.Actual, as.Alternative); diff != "" || as.Extrapolated.Recipients != 0 {
			t.Errorf("replayed as it was (-real +replayed):\n%s%+v", diff, as.Extrapolated)
		}
		texts := ask(client.WhatIf{Strategy: client.SMSOnly})
		if texts.Actual.Cost != as.Actual.Cost || texts.Extrapolated.Recipients == 0 || texts.Alternative.Cost == as.Actual.Cost {
			t.Errorf("by texts alone: %+v", texts)
		}
		free := ask(client.WhatIf{Prices: map[string]client.Amount{"alimtalk": "0.00", "sms": "0.00"}})
		if free.Alternative.Cost != "0.00" || free.Alternative.Delivered != delivered || free.ByTemplate[len(free.ByTemplate)-1].Verdict != "cheaper" {
			t.Errorf("for nothing: %+v", free)
		}
	})
}
