package vendor

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// View is a provider account as it was last heard of.
type View struct {
	Name, Kind string // Kind "" = it is not configured here
	LowBalance money.Amount

	TellsBalance bool // its vendor does, or did
	Balance      provider.Balance
	BalanceAt    db.Time // 0 = it was never heard
	BalanceWrong string  // why the last question was not answered; "" = it was

	ListsSenders bool
	SendersAt    db.Time
	SendersWrong string
}

// Low reports whether the balance is below the threshold.
func (v *View) Low() bool {
	return v.TellsBalance && v.BalanceAt != 0 && v.LowBalance > 0 && v.Balance.Left < v.LowBalance
}

// row is what is kept of an account.
type row struct {
	account      string
	unit         provider.Unit
	balance      money.Amount
	balanceAt    db.Time
	balanceWrong string
	told         bool
	sendersAt    db.Time
	sendersWrong string
	stored       bool
}

var rowColumns = []string{"account", "unit", "balance", "balance_at", "balance_wrong", "told", "senders_at", "senders_wrong"}

func scanRow(r *sql.Rows) (row, error) {
	out := row{stored: true}
	return out, r.Scan(&out.account, db.Maybe(&out.unit), db.Maybe(&out.balance), db.Maybe(&out.balanceAt), db.Maybe(&out.balanceWrong), &out.told,
		db.Maybe(&out.sendersAt), db.Maybe(&out.sendersWrong))
}

func (r *row) columns() []db.Column {
	balance := db.Col("balance", []money.Amount{r.balance})
	if r.balanceAt == 0 {
		balance = db.Opt("balance", []money.Amount{0})
	}
	return []db.Column{db.Col("account", []string{r.account}), db.Opt("unit", []provider.Unit{r.unit}), balance, db.Opt("balance_at", []db.Time{r.balanceAt}),
		db.Opt("balance_wrong", []string{r.balanceWrong}), db.Col("told", []bool{r.told}), db.Opt("senders_at", []db.Time{r.sendersAt}),
		db.Opt("senders_wrong", []string{r.sendersWrong})}
}

// change lets f change what is kept of an account. It locks the row.
func (s *Service) change(tx *db.Tx, account string, f func(*row) error) error {
	rows, err := tx.LookupForUpdate("vendor_account", rowColumns, db.Col("account", []string{account}))
	found, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return fmt.Errorf("read provider account %s: %w", account, err)
	}
	r := row{account: account}
	if len(found) > 0 {
		r = found[0]
	}
	if err := f(&r); err != nil {
		return err
	}
	if r.stored {
		err = tx.UpdateMany("vendor_account", []string{"account"}, r.columns()...)
	} else if err = tx.InsertMany("vendor_account", r.columns()...); isDuplicate(err) {
		err = fmt.Errorf("%w: %w", db.ErrStale, err) // another made it
	}
	if err != nil {
		return fmt.Errorf("write provider account %s: %w", account, err)
	}
	return nil
}

func isDuplicate(err error) bool {
	_, is := errors.AsType[*db.Duplicate](err)
	return is
}

// askBalance is the question about an account's money.
func (s *Service) askBalance(ctx context.Context, a *Account) (func(*db.Tx) error, time.Duration) {
	b := a.holds(provider.HoldsBalance)
	if b == nil {
		return nil, 0
	}
	asked, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	balance, wrong := b.Balance(asked)
	if wrong != nil {
		s.o.Log.WarnContext(ctx, "balance not told", "provider", a.Name, "error", wrong)
	}
	return func(tx *db.Tx) error {
		return s.change(tx, a.Name, func(r *row) error {
			if r.balanceWrong = words(wrong); wrong != nil {
				return nil
			}
			r.unit, r.balance, r.balanceAt = balance.Unit, balance.Left, tx.Now
			return s.cross(tx, a, r)
		})
	}, balanceEvery
}

// cross tells the operator of a balance that has fallen below its threshold, once.
func (s *Service) cross(tx *db.Tx, a *Account, r *row) error {
	low := a.LowBalance > 0 && r.balance < a.LowBalance
	tell := low && !r.told
	r.told = low
	if !tell {
		return nil
	}
	data, err := json.Marshal(map[string]any{"provider": a.Name, "kind": a.Kind, "available": r.balance, "threshold": a.LowBalance, "unit": r.unit})
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return credit.Announce(tx, s.queue, event.Event{Site: site.Operator, Type: "provider.balance_low", Ref: a.Name, Data: data})
}

// Views lists the accounts in the order of the configuration, and after them those that are
// known though they are not configured here.
func (s *Service) Views(tx *db.Tx) ([]View, error) {
	rows, err := tx.Query(`SELECT account, unit, balance, balance_at, balance_wrong, told, senders_at, senders_wrong FROM vendor_account ORDER BY account`)
	found, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("read provider accounts: %w", err)
	}
	all := make([]View, len(s.accounts), len(s.accounts)+len(found))
	at := map[string]int{}
	for i, a := range s.accounts {
		tells, lists := a.holds(provider.HoldsBalance) != nil, a.holds(provider.HoldsSenders) != nil
		all[i] = View{Name: a.Name, Kind: a.Kind, LowBalance: a.LowBalance, TellsBalance: tells, ListsSenders: lists}
		at[a.Name] = i
	}
	for _, r := range found {
		i, configured := at[r.account]
		if !configured {
			i = len(all)
			all = append(all, View{Name: r.account, TellsBalance: r.balanceAt != 0 || r.balanceWrong != "", ListsSenders: r.sendersAt != 0 || r.sendersWrong != ""})
		}
		v := &all[i]
		if v.TellsBalance {
			v.Balance, v.BalanceAt, v.BalanceWrong = provider.Balance{Left: r.balance, Unit: r.unit}, r.balanceAt, r.balanceWrong
		}
		if v.ListsSenders {
			v.SendersAt, v.SendersWrong = r.sendersAt, r.sendersWrong
		}
	}
	return all, nil
}
