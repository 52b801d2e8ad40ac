package stat_test

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
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

func ExampleAsk() {
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, korea.Seoul)
	q, err := stat.Ask(now, "2026-11-01", "", "day,channel")
	fmt.Println(q.From, q.Until, err)
	_, err = stat.Ask(now, "", "tomorrow")
	fmt.Println(err)
	// Output:
	// 2026-11-01 2026-12-01 <nil>
	// the request is not valid; /to: want a day such as 2026-12-01
}

func ExampleTell() {
	rows := []stat.Row{
		{Day: "2026-11-30", Figures: stat.Figures{Delivered: 2, Cost: 18 * money.Won}, Final: 2, Success: stat.Rate{Part: 2, Whole: 2}},
		{Day: "2026-12-01", Figures: stat.Figures{Failed: 1}, Final: 1, Success: stat.Rate{Whole: 1}},
	}
	s, err := stat.Tell(stat.Query{From: "2026-11-30", Until: "2026-12-01", By: stat.ByDay}, rows)
	fmt.Println(s.Total.Final, s.Total.Cost, *s.Total.Success, err)
	// Output: 3 18.00 0.6666 <nil>
}
