package delivery

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatIsLargeStepsAsideForWhatIsSmallButNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c calm
		waits := func(what string, want time.Duration) {
			t.Helper()
			start := time.Now()
			if c.wait(t.Context()); time.Since(start) != want {
				t.Errorf("%s: waited %s, want %s", what, time.Since(start), want)
			}
		}
		waits("nothing is under way", 0)
		first, second := c.rush(), c.rush()
		go func() { time.Sleep(20 * time.Millisecond); first() }()
		waits("one of two ends", aside)
		go func() { time.Sleep(30 * time.Millisecond); second() }()
		waits("the last one ends", 30*time.Millisecond)
		waits("nothing is under way any more", 0)
		defer c.rush()()
		waits("the next one", aside)
	})
}
