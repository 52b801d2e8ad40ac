package queue

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
)

// promise is what the queue owes for one key, told from outside.
type promise struct {
	there   bool
	asked   db.Time // the earliest run that somebody asked for and that no claim has served; never = none
	rank    db.Time
	holder  id.ID   // the valid lease
	until   db.Time // of holder
	tries   int
	buried  bool
	dropped bool
	put     bool // since the claim
}

// model is the promises of all keys, and every claim that was ever made, valid or not.
type model struct {
	*world
	rt     *rapid.T
	lane   Lane // of its own, so that runs share a database
	keys   map[string]*promise
	claims []Claimed
}

const modelBury = 3

func (m *model) job(key string, due, rank db.Time) Job {
	return Job{Lane: m.lane, Kind: "k", Key: string(m.lane) + key, Due: due, Rank: rank}
}

func (m *model) promise(c Claimed) *promise { return m.keys[c.Key[len(m.lane):]] }

func (m *model) check(err error) {
	if err != nil {
		m.rt.Fatal(err)
	}
}

func (m *model) put(rt *rapid.T) {
	var jobs []Job
	for range rapid.IntRange(1, 3).Draw(rt, "jobs") {
		key := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(rt, "key")
		due := m.now.Add(time.Duration(rapid.IntRange(-5, 90).Draw(rt, "due")) * time.Second)
		rank := due.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "rank")) * time.Second)
		jobs = append(jobs, m.job(key, due, rank))
	}
	m.check(m.try(func(tx *db.Tx) error { return m.q.Put(tx, jobs...) }))
	for _, j := range jobs {
		p := m.keys[j.Key[len(m.lane):]]
		if !p.there {
			*p = promise{there: true, asked: never, rank: never}
		}
		if p.buried {
			p.buried, p.tries, p.rank = false, 0, never
		}
		p.asked, p.rank = min(p.asked, j.Due), min(p.rank, j.Rank)
		p.dropped, p.put = false, true
	}
}

// release makes a held promise wait again, from due on at the latest.
func (p *promise) release(due db.Time) {
	p.holder = id.ID{}
	p.asked = min(p.asked, due)
	p.rank = max(p.rank, p.asked)
}

func (p *promise) fail(due db.Time) {
	p.tries++
	if p.tries >= modelBury && !p.put {
		p.buried, p.holder = true, id.ID{}
		return
	}
	p.release(due)
}

func (m *model) claim(rt *rapid.T) {
	most := rapid.IntRange(1, 6).Draw(rt, "max")
	lease := id.New()
	var got []Claimed
	m.check(m.try(func(tx *db.Tx) (err error) {
		got, err = m.q.claim(tx, lease, m.lane, []string{"k"}, most, 0, alsoLater)
		return err
	}))
	var due []string
	for key, p := range m.keys {
		if p.there && !p.holder.IsZero() && p.until <= m.now { // the claim takes back what ran out
			if p.dropped {
				*p = promise{}
				continue
			}
			p.fail(m.now)
		}
		if p.there && p.holder.IsZero() && !p.buried && p.asked <= m.now {
			due = append(due, key)
		}
	}
	slices.SortFunc(due, func(a, b string) int {
		return cmp.Or(cmp.Compare(m.keys[a].rank, m.keys[b].rank), cmp.Compare(a, b))
	})
	due = due[:min(len(due), most)]
	if len(got) != len(due) {
		rt.Fatalf("claimed %v, want %v", keys(got), due)
	}
	for i, c := range got {
		p := m.promise(c)
		if c.Key[len(m.lane):] != due[i] || c.Tries != p.tries || c.Rank != p.rank {
			rt.Fatalf("claim %d: got %s with %d tries and rank %d, want %s with %d and %d", i, c.Key, c.Tries, c.Rank, due[i], p.tries, p.rank)
		}
		p.holder, p.until, p.asked, p.put = c.Lease, c.Until, never, false
	}
	m.claims = append(m.claims, got...)
}

// end makes a move with some claim, valid or not, and checks that exactly the
// valid ones are let through.
func (m *model) end(move func(*db.Tx, Claimed) error, then func(p *promise, c Claimed)) func(*rapid.T) {
	return func(rt *rapid.T) {
		if len(m.claims) == 0 {
			rt.Skip("no claims yet")
		}
		c := rapid.SampledFrom(m.claims).Draw(rt, "claim")
		err := m.try(func(tx *db.Tx) error { return move(tx, c) })
		p := m.promise(c)
		valid := p.there && p.holder == c.Lease
		if valid != (err == nil) || !valid && !errors.Is(err, ErrLost) {
			rt.Fatalf("ended %s under a lease that is valid: %t; got %v", c.Key, valid, err)
		}
		switch {
		case !valid:
		case p.dropped:
			*p = promise{}
		default:
			then(p, c)
		}
	}
}

func (m *model) done(p *promise, _ Claimed) {
	if !p.put {
		*p = promise{}
		return
	}
	p.tries = 0
	p.release(never)
}

// failed takes the pause from the row, within its limits: it is partly random.
func (m *model) failed(p *promise, c Claimed) {
	whole := time.Second << p.tries
	r := m.row("k", c.Key)
	due := m.now.Add(whole)
	if asked := p.asked; r.due != never && r.due != asked {
		if r.due < m.now.Add(whole/2) || r.due > due {
			m.rt.Fatalf("%s failed: due in %v, want between %v and %v", c.Key, r.due.Sub(m.now), whole/2, whole)
		}
		due = r.due
	}
	p.fail(due)
}

func (m *model) drop(rt *rapid.T) {
	key := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(rt, "key")
	m.check(m.try(func(tx *db.Tx) error { return m.q.Drop(tx, "k", string(m.lane)+key) }))
	p := m.keys[key]
	if p.holder.IsZero() {
		*p = promise{}
		return
	}
	p.dropped, p.asked, p.put = true, never, false
}

func (m *model) renew(rt *rapid.T) {
	if len(m.claims) == 0 {
		rt.Skip("no claims yet")
	}
	c := rapid.SampledFrom(m.claims).Draw(rt, "claim")
	m.check(m.try(func(tx *db.Tx) error { return m.q.renew(tx, []Claimed{c}) }))
	if p := m.promise(c); p.there && p.holder == c.Lease {
		p.until = m.now.Add(m.q.o.Lease)
	}
}

// Puts, claims, ends, drops, renewals and passing time in any order: every job
// that is owed a run gets it, in order of rank, and no job is in two hands.
func TestNoWakeUpIsLostAndNoJobHasTwoValidLeases(t *testing.T) {
	run := 0
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, Options{Lease: 30 * time.Second, BuryAfter: modelBury})
		rapid.Check(t, func(rt *rapid.T) {
			run++
			m := &model{world: w, rt: rt, lane: Lane(fmt.Sprintf("lane-%07d-", run)), keys: map[string]*promise{}}
			for _, key := range []string{"a", "b", "c", "d", "e"} {
				m.keys[key] = &promise{}
			}
			later := func(tx *db.Tx) db.Time { return tx.Now.Add(10 * time.Second) }
			rt.Repeat(map[string]func(*rapid.T){
				"put":   m.put,
				"claim": m.claim,
				"done":  m.end(func(tx *db.Tx, c Claimed) error { return m.q.Done(tx, c) }, m.done),
				"again": m.end(func(tx *db.Tx, c Claimed) error { return m.q.Again(tx, later(tx), "x", c) },
					func(p *promise, _ Claimed) { p.release(m.now.Add(10 * time.Second)) }),
				"fail":  m.end(func(tx *db.Tx, c Claimed) error { return m.q.Fail(tx, "x", c) }, m.failed),
				"drop":  m.drop,
				"renew": m.renew,
				"time passes": func(rt *rapid.T) {
					m.now = m.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(rt, "seconds")) * time.Second)
				},
			})
		})
	})
}
