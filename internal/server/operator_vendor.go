package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
	"creditmsg/internal/vendor"
)

// ProviderAccount is a provider account as it was last heard of.
type ProviderAccount struct {
	Name      string        `json:"name"`
	Kind      string        `json:"kind"`
	Left      *money.Amount `json:"left"` // null where the vendor does not tell it, or was not heard yet
	Unit      provider.Unit `json:"unit,omitempty"`
	Threshold *money.Amount `json:"threshold"`
	Low       bool          `json:"low"`
	At        *time.Time    `json:"at"`
	Problem   string        `json:"problem,omitempty"`
}

// Rest says what is left, to people.
func (a ProviderAccount) Rest() string {
	switch {
	case a.Left == nil && a.Problem != "":
		return "it does not answer: " + a.Problem
	case a.Left == nil && slices.Contains(balanceKinds, a.Kind):
		return "not asked yet"
	case a.Left == nil:
		return "the vendor tells no balance"
	}
	return a.Left.Grouped() + " " + unitNames[a.Unit]
}

var unitNames = map[provider.Unit]string{provider.UnitWon: "won", provider.UnitCredit: "credits", provider.UnitSMS: "SMS"}

func accountOf(v vendor.View) ProviderAccount {
	a := ProviderAccount{Name: v.Name, Kind: v.Kind, Low: v.Low(), Problem: v.BalanceWrong}
	if v.TellsBalance && v.BalanceAt != 0 {
		at := v.BalanceAt.Time()
		a.Left, a.Unit, a.At = &v.Balance.Left, v.Balance.Unit, &at
	}
	if v.LowBalance > 0 {
		a.Threshold = &v.LowBalance
	}
	return a
}

// Providers lists the provider accounts as they were last heard of.
func (p *Operator) Providers(ctx context.Context) (all List[ProviderAccount], err error) {
	err = p.d.Snapshot(ctx, "operator_providers", func(tx *db.Tx) error {
		all.Data = []ProviderAccount{}
		views, err := p.vendors.Views(tx)
		for _, v := range views {
			all.Data = append(all.Data, accountOf(v))
		}
		return err
	})
	return all, err
}

// AskProvider asks a configured provider account for its balance and sender numbers now.
// NotFound.
func (p *Operator) AskProvider(ctx context.Context, name string) (ProviderAccount, error) {
	v, err := p.vendors.Ask(ctx, name)
	if err != nil {
		return ProviderAccount{}, err
	}
	return accountOf(v), nil
}

// checkBalances finds accounts that will soon send nothing any more.
func (p *Operator) checkBalances(tx *db.Tx) (Check, error) {
	views, err := p.vendors.Views(tx)
	var low, mute, rest []string
	for _, v := range views {
		a := accountOf(v)
		switch {
		case !v.TellsBalance:
		case a.Low:
			low = append(low, fmt.Sprintf("%s has %s, less than %s", a.Name, a.Rest(), a.Threshold.Grouped()))
		case a.Problem != "":
			mute = append(mute, a.Name+": "+a.Problem)
		case a.Left != nil:
			rest = append(rest, a.Name+" "+a.Rest())
		}
	}
	switch {
	case len(low) > 0:
		return Check{"balances", CheckWrong, strings.Join(low, "; ") + "; top up in the vendor's console, then run: creditmsg provider ask NAME"}, err
	case len(mute) > 0:
		return Check{"balances", CheckNote, "not told when last asked: " + strings.Join(mute, "; ")}, err
	case len(rest) == 0:
		return Check{"balances", CheckOK, "no vendor has told one"}, err
	}
	return Check{"balances", CheckOK, strings.Join(rest, ", ")}, err
}

// checkSenders finds approved sender numbers that a vendor does not list: it would refuse
// their messages.
func (p *Operator) checkSenders(tx *db.Tx) (Check, error) {
	var numbers []korea.Number
	owners := map[korea.Number]string{}
	err := eachSite(tx, func(s site.Site) error {
		if site.IsTest(s.ID) {
			return nil // no vendor has to have its numbers
		}
		list, err := site.Senders(tx, s.ID)
		for _, one := range list {
			if one.State == site.Approved {
				numbers, owners[one.Number] = append(numbers, one.Number), s.ID
			}
		}
		return err
	})
	if err != nil {
		return Check{}, err
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	standing, err := p.vendors.StandingOf(tx, numbers)
	if err != nil {
		return Check{}, err
	}
	var missing []string
	for _, n := range numbers {
		for _, at := range standing[n] {
			if at.State != provider.SenderUsable {
				missing = append(missing, fmt.Sprintf("%s of %s is %s at %s", n.Dashed(), owners[n], at.State, at.Account))
			}
		}
	}
	if len(missing) == 0 {
		return Check{"senders", CheckOK, fmt.Sprintf("the vendors that list sender numbers have those of the sites (%d)", len(numbers))}, nil
	}
	const shown = 3
	more := ""
	if len(missing) > shown {
		more = fmt.Sprintf(", and %d more", len(missing)-shown)
	}
	return Check{"senders", CheckNote, strings.Join(missing[:min(len(missing), shown)], ", ") + more + "; messages from there are refused by that vendor until it is registered in its console"}, nil
}
