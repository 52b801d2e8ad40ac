package api

import (
	"fmt"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
	"creditmsg/internal/stat"
)

func TestTheForecastTellsWhenTheCreditRunsOutAndWhatScheduledMessagesHold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const path = "/v1/credit/forecast"
		got := w.get(path).is(200).json()
		if got["runs_out_on"] != nil || got["add_for_30_days"] != "0.00" || got["available"] != "150000.00" || got["scheduled_held"] != "0.00" {
			t.Errorf("a new site: got %v", got)
		}
		w.longAgo("old")
		for range 2 {
			w.send(over(fmt.Sprintf(`"scheduled_at":%q`, time.Now().Add(time.Hour).Format(time.RFC3339))))
		}
		w.send(text)
		if got = w.get(path).is(200).json(); got["available"] != "149946.00" || got["scheduled_held"] != "36.00" {
			t.Errorf("two of three are scheduled: got %v", got)
		}
		got = w.operate("GET", path+"?site=old", "").is(200).json()
		days := got["days"].([]any)
		today, err := korea.ParseDay(got["today"].(map[string]any)["day"].(string))
		w.must(err)
		if got["available"] != "150000.00" || got["scheduled_held"] != "0.00" || got["mean_7_days"] != "10000.00" || got["mean_28_days"] != "10000.00" ||
			got["runs_out_on"] != korea.Day(today.AddDate(0, 0, 14)) || got["add_for_30_days"] != "150000.00" {
			t.Errorf("got %v", got)
		}
		if len(days) != 28 || days[27].(map[string]any)["day"] != korea.Day(today.AddDate(0, 0, -1)) || days[0].(map[string]any)["spent"] != "10000.00" {
			t.Errorf("got days %v", days)
		}
	})
}

// longAgo makes a site that has been there for a year, has spent 10,000 won on each day of the last
// month before today, and has 150,000 left.
func (w *world) longAgo(name string) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		now := tx.Now
		defer func() { tx.Now = now }()
		tx.Now = now.Add(-365 * 24 * time.Hour)
		if _, err := site.Create(tx, w.keys, name, name); err != nil {
			return err
		}
		if err := w.ledger.Open(tx, name); err != nil {
			return err
		}
		for ago := range 30 {
			tx.Now = now.Add(-time.Duration(ago+1) * 24 * time.Hour)
			if err := stat.Append(tx, stat.Delta{Site: name, Channel: provider.SMS, Strategy: "sms_only", Figures: stat.Figures{Cost: 10_000 * money.Won}}); err != nil {
				return err
			}
		}
		tx.Now = now
		_, err := w.ledger.Add(tx, credit.TopUp{Site: name, Kind: credit.Adjustment, Amount: 150_000 * money.Won})
		return err
	})
}
