package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// This file makes the calls of a plan, and sees to it that an account which does not
// answer holds up nobody: whoever waits for it leaves it alone, and takes what was not
// begun to another one.

// callAll makes the calls of one plan, a few at a time. Those that began with it come
// first, so that none waits. It returns when they are over, or earlier when those that
// are not all hang and could go elsewhere.
func (s *Service) callAll(ctx context.Context, calls []*call) error {
	if len(s.carriers.list) == 1 {
		return s.makeAll(ctx, calls)
	}
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
	look := time.NewTicker(s.o.Hang)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-look.C:
		}
		if s.allHang(calls) {
			close(left)
			return s.rescue(ctx, calls)
		}
	}
}

func (s *Service) makeAll(ctx context.Context, calls []*call) error {
	var g errgroup.Group
	g.SetLimit(callsAtOnce)
	for _, c := range calls {
		g.Go(func() error { return s.once(c, func() error { return s.make(ctx, c) }) })
	}
	return g.Wait()
}

// once does what becomes of a call, unless somebody else does.
func (s *Service) once(c *call, do func() error) error {
	if !c.taken.CompareAndSwap(false, true) {
		return nil
	}
	defer c.over.Store(true)
	if err := do(); err != nil {
		return fmt.Errorf("attempt %s: %w", c.attempt.ID, err)
	}
	return nil
}

// rescue puts back the calls that were not begun.
func (s *Service) rescue(ctx context.Context, calls []*call) error {
	for _, c := range calls {
		if err := s.once(c, func() error { return s.putBack(context.WithoutCancel(ctx), c, 0) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) allHang(calls []*call) bool {
	for _, c := range calls {
		if !c.over.Load() && !s.hangs(c) {
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
		n.not = c.carrier.Account.Name
		list = append(list, n)
	}
	return list
}
