package delivery

import (
	"context"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

// TestWhatTheVendorChargesIsCountedForWhatArrived delivers an Alimtalk, fails one, and
// delivers the text after it; only Alimtalk has a known cost.
func TestWhatTheVendorChargesIsCountedForWhatArrived(t *testing.T) {
	s := still(t, "sqlite", worldOptions{costs: provider.Costs{provider.Alimtalk: 6*money.Won + money.Won/2}}).open(t)
	key := s.handed(request("alimtalk_first"), 2)
	s.says(key, 0, "4000")
	s.says(key, 1, "3104")
	s.pass(3e9)
	s.says(key, 1, "4000")
	var rows []stat.Row
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		q, err := stat.Ask(tx.Now.Time(), "", "", "channel")
		if err == nil {
			rows, err = stat.Read(tx, s.name, q)
		}
		return err
	}))
	got := map[provider.Channel]stat.Figures{}
	for _, r := range rows {
		got[r.Channel] = r.Figures
	}
	alimtalk := stat.Figures{Delivered: 1, Failed: 1, FellBack: 1, Cost: 9 * money.Won, Upstream: 6*money.Won + money.Won/2, Priced: 1}
	if sms := (stat.Figures{Delivered: 1, Cost: 18 * money.Won}); got[provider.Alimtalk] != alimtalk || got[provider.SMS] != sms {
		t.Errorf("counted %+v, want %+v and %+v", got, alimtalk, sms)
	}
}
