package message

import (
	"sync"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/queue"
)

// turns gives what sites want to send its place in the fair order: of each site one batch
// after another, spaced by what it weighs. So a site that has much waiting is not served
// before one that comes later with little, and two that have much take turns, by their
// weights.
//
// It is one process's memory, and no more than an order: a process that starts anew lets
// every site begin at the present again, and what stands in rows keeps its place.
type turns struct {
	mu   sync.Mutex
	next map[string]db.Time // where a site's next recipients stand, while that is in the future
}

const (
	// perPerson spaces the recipients of one site: a full batch takes its turn ten seconds
	// after the one before. That holds as long as a batch takes less, however slow the
	// providers are.
	perPerson = db.Time(rankStep / BatchSize)
	// farthest bounds how long a site can be passed by others.
	farthest = 3 * time.Hour
	// sweepTurns is how many sites are remembered before those are forgotten that wait for
	// nothing.
	sweepTurns = 10_000
)

// take gives the place of a site's next people, which become due at a time.
func (t *turns) take(site string, due db.Time, people int64, weight int) db.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil || len(t.next) >= sweepTurns {
		t.sweep(due)
	}
	at := min(max(due, t.next[site]), due.Add(farthest))
	t.next[site] = at + spaced(people, weight)
	return at
}

// sweep forgets the sites whose turn has come. More than so many that all wait are
// forgotten too: then all begin at the present again.
func (t *turns) sweep(now db.Time) {
	kept := map[string]db.Time{}
	for site, next := range t.next {
		if next > now {
			kept[site] = next
		}
	}
	if t.next = kept; len(kept) >= sweepTurns {
		t.next = map[string]db.Time{}
	}
}

func spaced(people int64, weight int) db.Time {
	return db.Time(people) * perPerson / db.Time(max(weight, 1))
}

// inTurn gives the jobs of a message's first steps, which are all about batches that follow
// each other, their places in the fair order.
func (s *Service) inTurn(m *Message, weight int, jobs []queue.Job) {
	var people int64
	for _, j := range jobs {
		people += int64(j.Weight)
	}
	if len(jobs) == 0 {
		return
	}
	at := s.turns.take(m.Site, jobs[0].Due, people, weight)
	for i := range jobs {
		jobs[i].Rank = at
		at += spaced(int64(jobs[i].Weight), weight)
	}
}
