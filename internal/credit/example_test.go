package credit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// shop opens a new database with the site "shop", which has paid 100 won.
func shop() (*db.DB, *credit.Ledger, func()) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "credit")
	check(err)
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "example.db"), db.Options{})
	check(err)
	check(d.Migrate(ctx))
	keys := site.NewKeys(d, nil)
	ledger := credit.NewLedger(keys, queue.New(d, queue.Options{}))
	check(d.Update(ctx, "example_open", func(tx *db.Tx) error {
		if _, err := site.Create(tx, keys, "shop", "The Shop"); err != nil {
			return err
		}
		if err := ledger.Open(tx, "shop"); err != nil {
			return err
		}
		_, err := ledger.Add(tx, credit.TopUp{Site: "shop", Kind: credit.Payment, Amount: 100 * money.Won})
		return err
	}))
	return d, ledger, func() {
		check(d.Close())
		check(os.RemoveAll(dir))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// Two messages ask for their worst case; the second is more than is left.
func ExampleLedger_Reserve() {
	d, ledger, done := shop()
	defer done()
	check(d.Update(context.Background(), "example_reserve", func(tx *db.Tx) error {
		refused, err := ledger.Reserve(tx, []credit.Hold{
			{Site: "shop", Message: id.New(), Amount: 90 * money.Won},
			{Site: "shop", Message: id.New(), Amount: 18 * money.Won},
		})
		for i, r := range refused {
			if r == nil {
				fmt.Println("hold", i, "is taken")
			} else {
				fmt.Println("hold", i, "needs", r.Needed, "of", r.Available)
			}
		}
		return err
	}))
	// Output:
	// hold 0 is taken
	// hold 1 needs 18.00 of 10.00
}

// Of five recipients two got the Alimtalk and one the text instead.
func ExampleLedger_Settle() {
	d, ledger, done := shop()
	defer done()
	m := id.New()
	check(d.Update(context.Background(), "example_settle", func(tx *db.Tx) error {
		if _, err := ledger.Reserve(tx, []credit.Hold{{Site: "shop", Message: m, Amount: 90 * money.Won}}); err != nil {
			return err
		}
		return ledger.Settle(tx, []credit.Settlement{{Site: "shop", Message: m, Released: 54 * money.Won, Delivered: []credit.Delivered{
			{Channel: provider.Alimtalk, Count: 2, Price: 9 * money.Won},
			{Channel: provider.SMS, Count: 1, Price: 18 * money.Won},
		}}})
	}))
	check(d.View(context.Background(), "example_read", func(tx *db.Tx) error {
		a, err := ledger.Account(tx, "shop")
		fmt.Println("available", a.Available, "held", a.Held, "spent", a.Spent)
		return err
	}))
	// Output: available 64.00 held 0.00 spent 36.00
}

// A repeated key gives the first entry.
func ExampleLedger_Add() {
	d, ledger, done := shop()
	defer done()
	for range 2 {
		check(d.Update(context.Background(), "example_add", func(tx *db.Tx) error {
			e, err := ledger.Add(tx, credit.TopUp{Site: "shop", Kind: credit.Bonus, Amount: 5 * money.Won, Key: "welcome"})
			fmt.Println(e.Seq, e.Kind, e.Amount, "from", e.Debit, "makes", e.AvailableAfter)
			return err
		}))
	}
	// Output:
	// 2 bonus 5.00 from bonus makes 105.00
	// 2 bonus 5.00 from bonus makes 105.00
}

// Somebody changes a balance behind the ledger's back.
func ExampleLedger_Prove() {
	d, ledger, done := shop()
	defer done()
	ctx := context.Background()
	check(d.Update(ctx, "example_tamper", func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE account SET available = available + 1`)
		return err
	}))
	proof, err := ledger.Prove(ctx, d, nil, nil)
	check(err)
	for _, b := range proof.Broken {
		fmt.Printf("%s, law %d, %s: %s\n", b.Site, b.Law, b.Row, b.Detail)
	}
	// Output:
	// shop, law 1, account: it has 100.0001 available and 0.00 held, the last entry says 100.00 and 0.00
	// shop, law 1, account: it has 100.0001 available, its lots have 100.00
	// shop, law 1, account: it has 100.0001 available, its entries make 100.00
}
