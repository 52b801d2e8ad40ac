package sandbox

import (
	"context"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// MostAtOnce bounds one advance of a clock.
const MostAtOnce = 90 * 24 * time.Hour

// Clock is where the clock of a test site stands.
type Clock struct {
	Site  string
	Now   db.Time       // true time
	Ahead time.Duration // how far the clock is ahead of it
	Due   int64         // jobs of the site that are due or being worked on, and calls under way
}

// At is what the clock shows.
func (c Clock) At() db.Time { return c.Now.Add(c.Ahead) }

// Clock tells where the clock of a test site stands. Faults: NotFound, Conflict for a live site.
func (s *Service) Clock(tx *db.Tx, siteID string) (Clock, error) {
	if err := s.movable(siteID); err != nil {
		return Clock{}, err
	}
	ahead, err := site.Ahead(tx, siteID)
	if err != nil {
		return Clock{}, err
	}
	due, err := s.due(tx, siteID)
	return Clock{siteID, tx.Now, ahead, due}, err
}

// movable refuses a live site.
func (s *Service) movable(siteID string) error {
	if err := s.on(); err != nil {
		return err
	}
	if !site.IsTest(siteID) {
		return fault.New(fault.Conflict, fault.CodeStateConflict,
			"%s is a live site and goes by the true time; only its test site has a clock that can be moved: use a token that begins with cm_test_", siteID)
	}
	return nil
}

func (s *Service) due(tx *db.Tx, siteID string) (int64, error) {
	n, err := s.queue.Busy(tx, siteID)
	if err != nil || s.o.Busy == nil {
		return n, err
	}
	more, err := s.o.Busy(tx, siteID)
	return n + more, err
}

// Advance sets the clock of a test site forward: everything of it that waits is as much
// older afterwards. Faults: Invalid for a time that is not above zero and at most MostAtOnce,
// Conflict (state_conflict) for a live site and for one with too much under way.
func (s *Service) Advance(tx *db.Tx, siteID string, by time.Duration) (Clock, error) {
	if err := s.movable(siteID); err != nil {
		return Clock{}, err
	}
	if by <= 0 || by > MostAtOnce {
		return Clock{}, fault.Check("/by", "want more than nothing and at most %d days, such as 73h or P3DT1H", MostAtOnce/(24*time.Hour))
	}
	by = max(by.Truncate(time.Microsecond), time.Microsecond) // as exact as times are stored
	if _, err := site.Advance(tx, siteID, by); err != nil {
		return Clock{}, err
	}
	for _, shift := range s.o.Shifts {
		if err := shift(tx, siteID, by); err != nil {
			return Clock{}, err
		}
	}
	// A lot's expiry is covered by the chain and does not move; its job would warn in vain.
	if err := s.queue.Shift(tx, siteID, by, credit.KindLot); err != nil {
		return Clock{}, err
	}
	return s.Clock(tx, siteID)
}

// How long Settled waits, and how often it looks.
const (
	SettleFor  = 30 * time.Second
	firstPause = 20 * time.Millisecond
	mostPause  = 400 * time.Millisecond
)

// Settled waits until nothing of a test site is due or under way, but no longer than
// SettleFor, and reports whether it came to that. Reports that a simulator has not sent yet
// are not waited for.
func (s *Service) Settled(ctx context.Context, siteID string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, SettleFor)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		var due int64
		err := s.d.View(ctx, "sandbox_settled", func(tx *db.Tx) (err error) {
			due, err = s.due(tx, siteID)
			return err
		})
		if ctx.Err() != nil {
			return false, nil
		}
		if err != nil || due == 0 {
			return err == nil, err
		}
		rest := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			rest.Stop()
			return false, nil
		case <-rest.C:
		}
	}
}
