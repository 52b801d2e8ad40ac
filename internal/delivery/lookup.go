package delivery

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
)

// This file asks accounts what became of calls, and sees to it that one that does not answer
// holds up no other.

const (
	// leftAlone is how long an account is not asked after a look-up that it did not answer.
	leftAlone = time.Minute
	// accountsAtOnce bounds the accounts that are asked at a time.
	accountsAtOnce = 8
)

var errLeftAlone = errors.New("the account did not answer a look-up lately")

// lookUp asks what became of a call.
func (s *Service) lookUp(ctx context.Context, k *carrier, a attempt) (found provider.Lookup, err error) {
	err = k.ask(func() error {
		found, err = k.Adapter.Lookup(ctx, a.enquiry())
		return err
	})
	return found, err
}

// ask has an account asked something, unless it is left alone.
func (k *carrier) ask(question func() error) error {
	if k.health.leftAlone() {
		return errLeftAlone
	}
	return k.health.question(question)
}

// perAccount does something about calls, of several accounts at a time, and of each account
// about so many calls at a time.
func perAccount(calls []attempt, atOnce int, do func(attempt) error) error {
	errs := make([]error, len(calls))
	byAccount := map[string][]int{}
	for i, a := range calls {
		byAccount[a.Provider] = append(byAccount[a.Provider], i)
	}
	var all errgroup.Group
	all.SetLimit(accountsAtOnce)
	for _, list := range byAccount {
		all.Go(func() error {
			var g errgroup.Group
			g.SetLimit(atOnce)
			for _, i := range list {
				g.Go(func() error {
					errs[i] = fault.Contain("the look at a call", func() error { return do(calls[i]) })
					return nil
				})
			}
			return g.Wait()
		})
	}
	_ = all.Wait() // each error is in its place
	return errors.Join(errs...)
}
