package queue_test

import (
	"context"

	"creditmsg/internal/db"
	"creditmsg/internal/queue"
)

func ExampleQueue_Put() {
	var d *db.DB // from db.Open
	q := queue.New(d, queue.Options{})

	// In the transaction that makes the rows which the job is about:
	schedule := func(tx *db.Tx, batch string, at db.Time) error {
		return q.Put(tx, queue.Job{Lane: queue.Send, Kind: "send", Key: batch, Site: "demo", Due: at})
	}
	_ = schedule
}

func ExampleQueue_Run() {
	var d *db.DB // from db.Open
	q := queue.New(d, queue.Options{})

	handle := func(ctx context.Context, jobs []queue.Claimed) error {
		// … call the provider here, outside any transaction …
		return d.Update(ctx, "send", func(tx *db.Tx) error {
			// … write what came out of it, and end the jobs with it …
			return q.Done(tx, jobs...)
		})
	}
	run := func(ctx context.Context) error {
		return q.Run(ctx, queue.Work{Lane: queue.Send, Kind: "send", Max: 50, Workers: 8, Handle: handle})
	}
	_ = run
}
