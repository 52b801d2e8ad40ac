package credit

import (
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// KindTell is the job that is put with every event about money: people may have to be told
// of it. Its key is the event's id, its site the event's.
const KindTell = "tell"

// Announce appends events about money, each with a job of KindTell, in the transaction in
// which they happened: whatever the order in which transactions commit, no event is passed
// over. The jobs are fresh rows, so it may be called under an account's lock.
func Announce(tx *db.Tx, q *queue.Queue, events ...event.Event) error {
	return announce(tx, q, event.AppendAs, events)
}

// AnnounceTo is Announce where it is known who listens.
func AnnounceTo(tx *db.Tx, q *queue.Queue, l event.Listeners, events ...event.Event) error {
	return announce(tx, q, l.AppendAs, events)
}

func announce(tx *db.Tx, q *queue.Queue, appendAs func(*db.Tx, []id.ID, ...event.Event) error, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	ids, jobs := make([]id.ID, len(events)), make([]queue.Job, len(events))
	for i, e := range events {
		ids[i] = id.New()
		jobs[i] = queue.Job{Lane: queue.Default, Kind: KindTell, Key: ids[i].String(), Site: e.Site, New: true}
	}
	if err := appendAs(tx, ids, events...); err != nil {
		return err
	}
	if err := q.Put(tx, jobs...); err != nil {
		return fmt.Errorf("have %d events told: %w", len(events), err)
	}
	return nil
}
