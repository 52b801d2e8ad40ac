package stat_test

import (
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

func ExampleAppend() {
	// In the transaction that makes recipients final:
	settle := func(tx *db.Tx) error {
		return stat.Append(tx, stat.Delta{
			Site: "demo", Channel: provider.SMS, Strategy: "sms_only", Provider: "solapi",
			Figures: stat.Figures{Delivered: 2, Failed: 1, Cost: 36 * money.Won},
		})
	}
	_ = settle
}

func ExampleRead() {
	// In any transaction:
	november := func(tx *db.Tx) error {
		days, err := stat.Read(tx, "demo", stat.Query{From: "2026-11-01", Until: "2026-11-30", By: stat.ByDay})
		for _, r := range days {
			fmt.Println(r.Day, r.Final, r.Cost)
		}
		return err
	}
	_ = november
}

func ExampleRate() {
	r := stat.Rate{Part: 2, Whole: 3}
	n, ok := r.PerTenThousand()
	fmt.Printf("%d of %d, %d.%02d %% %t\n", r.Part, r.Whole, n/100, n%100, ok)
	_, ok = stat.Rate{}.PerTenThousand()
	fmt.Println(ok)
	// Output:
	// 2 of 3, 66.66 % true
	// false
}
