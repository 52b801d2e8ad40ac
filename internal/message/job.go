package message

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// Kinds of jobs that messages put. A job names a thing, never a list of people.
const (
	KindSend   = "send"   // hand over one step of one batch; worked by package delivery
	KindSingle = "single" // the same, of a message to one person: such as a one-time password, it has workers of its own
	KindAwait  = "await"  // look after the reports of one step of one batch; worked by package delivery
	KindLaunch = "launch" // make the send jobs of a message, when it is due
	KindCancel = "cancel" // take back what was not handed over
)

// rankStep spaces the batches of one message in the fair order of the queue: a
// small message that comes later passes those that are not begun yet. The last of a
// thousand batches is passed for three hours at most; see turns.
const rankStep = 10_000_000 // µs

// BatchKey names one step of one batch: the key of send and await jobs.
type BatchKey struct {
	Message Key
	Batch   int
	Step    int
}

// String is the job key: message/batch/step.
func (k BatchKey) String() string {
	return fmt.Sprintf("%s/%d/%d", k.Message.ID, k.Batch, k.Step)
}

// ReadBatchKey reads the key of a send or await job.
func ReadBatchKey(site, key string) (BatchKey, error) {
	k := BatchKey{Message: Key{Site: site}}
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return k, fmt.Errorf("read job key %q: want message/batch/step", key)
	}
	var err error
	if k.Message.ID, err = id.ParseBare(parts[0]); err != nil {
		return k, fmt.Errorf("read job key %q: %w", key, err)
	}
	if k.Batch, err = strconv.Atoi(parts[1]); err != nil {
		return k, fmt.Errorf("read job key %q: %w", key, err)
	}
	if k.Step, err = strconv.Atoi(parts[2]); err != nil {
		return k, fmt.Errorf("read job key %q: %w", key, err)
	}
	return k, nil
}

// SendJob hands over one step of one batch; it weighs its recipients.
func SendJob(m *Message, batch, step int, due db.Time) queue.Job {
	kind := KindSend
	if m.Accepted == 1 {
		kind = KindSingle
	}
	return queue.Job{Lane: queue.Send, Kind: kind, Key: BatchKey{m.Key, batch, step}.String(), Site: m.Site,
		Due: due, Rank: due + db.Time(batch*rankStep), Weight: int(min(m.Accepted-int64(batch)*BatchSize, BatchSize))}
}

// AwaitJob looks after the reports of one step of one batch.
func AwaitJob(m Key, batch, step int, due db.Time) queue.Job {
	return queue.Job{Lane: queue.Default, Kind: KindAwait, Key: BatchKey{m, batch, step}.String(), Site: m.Site, Due: due, Rank: due}
}

func launchJob(m Key, due db.Time) queue.Job {
	return queue.Job{Lane: queue.Send, Kind: KindLaunch, Key: m.ID.String(), Site: m.Site, Due: due, Rank: due}
}

func cancelJob(m Key, due db.Time) queue.Job {
	return queue.Job{Lane: queue.Default, Kind: KindCancel, Key: m.ID.String(), Site: m.Site, Due: due, Rank: due}
}

// firstJobs are the jobs that an accepted message begins with.
func (s *Service) firstJobs(m *Message, d *Draft) []queue.Job {
	var jobs []queue.Job
	switch {
	case m.State == StateReview: // until it is approved only its expiry matters
		jobs = append(jobs, launchJob(m.Key, m.ValidUntil().Add(time.Microsecond)))
	case m.State == StateScheduled, m.Batches > directBatches, d.request.Tempo.PerMinute > 0:
		jobs = append(jobs, launchJob(m.Key, m.Due()))
	default:
		for no := range m.Batches {
			jobs = append(jobs, SendJob(m, no, 1, m.CreatedAt))
		}
		s.inTurn(m, d.weight, jobs)
	}
	if saved := d.request.SavedText; !saved.IsZero() {
		jobs = append(jobs, usedJob(saved, m))
	}
	for i := range jobs {
		jobs[i].New = true
	}
	return jobs
}

// keyOf reads the key of a launch or cancel job.
func keyOf(j queue.Claimed) (Key, error) {
	m, err := id.ParseBare(j.Key)
	if err != nil {
		return Key{}, fmt.Errorf("read job key %q: %w", j.Key, err)
	}
	return Key{j.Site, m}, nil
}
