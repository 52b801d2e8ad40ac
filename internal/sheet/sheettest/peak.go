// Package sheettest measures what reading a list takes. It is for the tests of who reads
// lists, and reads nothing itself.
package sheettest

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// Peak is about how many bytes of memory do holds at one time, besides what is there before
// it: what collections find alive.
func Peak(do func()) uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	runtime.GC()
	metrics.Read(live)
	before := live[0].Value.Uint64()
	most := before
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-done:
				return
			case <-tick.C:
				metrics.Read(live)
				most = max(most, live[0].Value.Uint64())
			}
		}
	}()
	do()
	close(done)
	<-over
	return most - before
}
