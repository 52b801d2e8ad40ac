package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/fault"
)

// This file makes the calls of a plan, and sees to it that an account which does not
// answer holds up nobody: whoever waits for it leaves it alone, and takes what was not
// begun to another one.

// callAll makes the calls of one plan, a few at a time. Those that began with it come
// first, so that none waits. It returns when they are over, or earlier when those that
// are not all hang: nobody is helped by a worker that waits with them, and those who can
// go elsewhere do. Where there is but one account, everybody waits for it anyway.
func (s *Service) callAll(ctx context.Context, calls []*call) error {
	var waited, watched []*call
	for _, c := range calls {
		if s.carriers.alone(c.carrier) {
			waited = append(waited, c)
		} else {
			watched = append(watched, c)
		}
	}
	if len(watched) == 0 {
		return s.makeAll(ctx, waited)
	}
	other := make(chan error, 1)
	go func() { other <- s.makeAll(ctx, waited) }()
	return errors.Join(s.watchAll(ctx, watched), <-other)
}

// watchAll makes calls and leaves those alone that hang.
func (s *Service) watchAll(ctx context.Context, calls []*call) error {
	for _, c := range calls {
		c.needs = needs(c)
	}
	done := make(chan error, 1)
	left := make(chan struct{})
	s.calls.Go(func() {
		err := s.makeAll(ctx, calls)
		select {
		case <-left:
			if err != nil {
				s.o.Log.ErrorContext(ctx, "calls left to themselves", slog.Any("error", err))
			}
		case done <- err:
		}
	})
	look := time.NewTicker(s.lookEvery(ctx))
	defer look.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-look.C:
		}
		if allHang(calls) {
			close(left)
			return s.rescue(ctx, calls)
		}
	}
}

// lookEvery is how often a worker looks whether all that it waits for hangs. There are few
// workers for single messages, and somebody waits for each: they leave an account that is
// known to hang almost at once. The others could soon have a great many large calls under
// way at one that is only slow.
func (s *Service) lookEvery(ctx context.Context) time.Duration {
	if ctx.Value(calmly{}) == nil {
		return s.o.Hang / 8
	}
	return s.o.Hang
}

// makeAll makes calls, callsAtOnce to each account at a time: those to one that hangs must not
// keep the others from being begun.
func (s *Service) makeAll(ctx context.Context, calls []*call) error {
	byAccount := map[*carrier][]*call{}
	for _, c := range calls {
		byAccount[c.carrier] = append(byAccount[c.carrier], c)
	}
	var all errgroup.Group
	for _, list := range byAccount {
		all.Go(func() error {
			var g errgroup.Group
			g.SetLimit(callsAtOnce)
			for _, c := range list {
				g.Go(func() error { return s.once(c, func() error { return s.make(ctx, c) }) })
			}
			return g.Wait()
		})
	}
	return all.Wait()
}

// once does what becomes of a call, unless somebody else does.
func (s *Service) once(c *call, do func() error) error {
	if !c.taken.CompareAndSwap(false, true) {
		return nil
	}
	defer c.over.Store(true)
	// What is left of a call that panicked, recovery finds, as after a crash.
	if err := fault.Contain("the call", do); err != nil {
		return fmt.Errorf("attempt %s: %w", c.attempt.ID, err)
	}
	return nil
}

// rescue puts back the calls that were not begun and could go elsewhere.
func (s *Service) rescue(ctx context.Context, calls []*call) error {
	for _, c := range calls {
		if !s.elsewhere(c) {
			continue // as good there as anywhere
		}
		if err := s.once(c, func() error { return s.putBack(context.WithoutCancel(ctx), c, 0) }); err != nil {
			return err
		}
	}
	return nil
}

// allHang reports whether all calls that are not over are to accounts that do not answer.
func allHang(calls []*call) bool {
	for _, c := range calls {
		if !c.over.Load() && !c.carrier.health.hanging() {
			return false
		}
	}
	return true
}

// hangs reports whether a call waits for an account that does not answer while its people
// could go elsewhere.
func (s *Service) hangs(c *call) bool { return c.carrier.health.hanging() && s.elsewhere(c) }

// elsewhere reports whether all people of a call could go with another account now.
func (s *Service) elsewhere(c *call) bool {
	return len(c.needs) > 0 && !slices.ContainsFunc(c.needs, func(n need) bool { return !s.carriers.elsewhere(n) })
}

// needs gives what another account would have to carry of a call.
func needs(c *call) (list []need) {
	for i, r := range c.members {
		if i > 0 && r.Key == c.members[i-1].Key && r.Channel() == c.members[i-1].Channel() {
			continue
		}
		n := c.plan.facts[r.Key].need(r)
		n.not, n.large = c.carrier.Account.Name, c.plan.large
		list = append(list, n)
	}
	return list
}
