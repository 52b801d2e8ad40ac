package server

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/fault"
)

// runner works until its context ends, and returns nil then.
type runner func(ctx context.Context) error

// stage is what is stopped together: its runners, and after they have returned
// what must be brought to an end.
type stage struct {
	runners []runner
	after   []func(ctx context.Context) error
}

// runStages runs everything at once until ctx ends or a runner fails, then stops
// one stage after the other, in their order. It returns the error that stopped it,
// if any, and those of the stopping. A panic is an error like any other: what others have under
// way ends in order.
func runStages(ctx context.Context, stages []stage) error {
	g, end := errgroup.WithContext(ctx)
	work := context.WithoutCancel(ctx) // each stage is stopped in its turn, not by the signal
	stops := make([]func(), len(stages))
	for i, s := range stages {
		running, stop := context.WithCancel(work)
		var wg sync.WaitGroup
		for _, run := range s.runners {
			wg.Add(1)
			g.Go(func() error {
				defer wg.Done()
				return fault.Contain("a part of the program", func() error { return run(running) })
			})
		}
		stops[i] = func() { stop(); wg.Wait() }
	}
	<-end.Done()
	var errs []error
	for i, s := range stages {
		stops[i]()
		for _, finish := range s.after {
			errs = append(errs, finish(work))
		}
	}
	return errors.Join(append([]error{g.Wait()}, errs...)...)
}
