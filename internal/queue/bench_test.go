package queue

import (
	"fmt"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// crowd is how many jobs wait besides those that are claimed: half in line, half
// not due yet.
const crowd = 100_000

// BenchmarkClaimInACrowd claims and ends fifty jobs at a time.
func BenchmarkClaimInACrowd(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		b.Run(engine, func(b *testing.B) {
			w := newWorld(b, dbtest.Open(b, engine), Options{})
			for chunk := range crowd / 5000 {
				jobs := make([]Job, 5000)
				for n := range jobs {
					jobs[n] = send(fmt.Sprintf("%03d-%04d", chunk, n))
					jobs[n].Due = w.now.Add(time.Duration(chunk%2) * time.Hour)
				}
				w.put(jobs...)
			}
			for b.Loop() {
				got := w.claim(50)
				if len(got) != 50 {
					b.Fatalf("claimed %d jobs, want 50", len(got))
				}
				if err := w.done(got...); err != nil {
					b.Fatal(err)
				}
				fresh := make([]Job, len(got))
				for n, c := range got {
					fresh[n] = c.Job
				}
				w.put(fresh...)
			}
		})
	}
}

// BenchmarkPut puts five thousand new jobs at a time.
func BenchmarkPut(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		b.Run(engine, func(b *testing.B) {
			w := newWorld(b, dbtest.Open(b, engine), Options{})
			jobs := make([]Job, 5000)
			round := 0
			for b.Loop() {
				for n := range jobs {
					jobs[n] = send(fmt.Sprintf("%d-%d", round, n))
				}
				w.must(func(tx *db.Tx) error { return w.q.Put(tx, jobs...) })
				round++
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(round*len(jobs)), "us/job")
		})
	}
}
