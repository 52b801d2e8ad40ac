package test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// moment is a place in the life of a call, or of a report, at which the program can die.
type moment string

const (
	groupOpened  moment = "its group is opened, and the program does not know yet"
	groupFilled  moment = "its group is filled, and the program does not know yet"
	sendAsked    moment = "it is on its way to the provider, who never gets it"
	sendTaken    moment = "the provider took it, and the program does not know yet"
	reportComing moment = "reports are on their way to the program"
	reportTaken  moment = "reports are answered for"
)

// callMoments are those at which a call is being made.
var callMoments = []moment{sendTaken, sendAsked, groupFilled, sendTaken, sendAsked, groupOpened}

// before names the moment of a request that is not carried out yet.
func before(r *http.Request) moment {
	if strings.HasSuffix(r.URL.Path, "/send") {
		return sendAsked
	}
	return ""
}

// after names the moment of a request that was carried out and is not answered yet.
func after(r *http.Request) moment {
	switch {
	case strings.HasSuffix(r.URL.Path, "/send"):
		return sendTaken
	case r.Method == http.MethodPut:
		return groupFilled
	case r.Method == http.MethodPost:
		return groupOpened
	}
	return ""
}

// snare waits for a moment and kills there.
type snare struct {
	at     moment
	skip   int           // guarded by mortal.mu; so many of its kind are let go
	kill   func()        // the program, or the database server
	sprung chan struct{} // closed after kill
}

// strike kills when this is the moment, and hangs up on a program that is dead.
func (m *mortal) strike(rw http.ResponseWriter, at moment) bool {
	m.mu.Lock()
	s := m.snare
	if at == "" || s == nil || s.at != at || s.skip > 0 {
		if s != nil && s.at == at {
			s.skip--
		}
		m.mu.Unlock()
		return false
	}
	m.snare = nil
	m.mu.Unlock()
	s.kill()
	dead := m.serve == nil
	close(s.sprung)
	if dead && rw != nil {
		hangUp(rw)
	}
	return dead
}

// pile holds reports back until some have gathered, so that many are being taken in
// at one moment.
type pile struct {
	waiting int
	full    chan struct{}
}

// pileSize is how many reports the simulator sends at once.
const pileSize = 4

func (m *mortal) gather() {
	m.mu.Lock()
	p := m.pile
	if p != nil {
		if p.waiting++; p.waiting == pileSize {
			m.pile = nil
			close(p.full)
		}
	}
	m.mu.Unlock()
	if p == nil {
		return
	}
	select {
	case <-p.full:
	case <-time.After(time.Second): // the last ones of a wave
	}
}

// tally counts the kills by what they hit, as the database tells right afterwards.
type tally struct {
	kills, calling, legs, letters int
	seen                          map[id.ID]bool // what earlier kills hit
}

func newTally() tally { return tally{seen: map[id.ID]bool{}} }

func (k tally) String() string {
	return fmt.Sprintf("%d kills, %d while calling, %d while reports were taken in", k.kills, k.calling, k.letters)
}

// strikeAt kills at a moment, after letting some of its kind go. It reports false when
// the moment did not come in time.
func (m *mortal) strikeAt(at moment, skip int, kill func()) bool {
	m.t.Helper()
	s := &snare{at: at, skip: skip, kill: kill, sprung: make(chan struct{})}
	m.mu.Lock()
	m.snare = s
	if at == reportTaken {
		m.pile = &pile{full: make(chan struct{})}
	}
	m.mu.Unlock()
	select {
	case <-s.sprung:
	case <-time.After(20 * time.Second):
		m.mu.Lock()
		m.pile = nil
		missed := m.snare == s
		if missed {
			m.snare = nil
		}
		m.mu.Unlock()
		if missed {
			return false
		}
		<-s.sprung
	}
	return true
}

// count looks at the database while nobody else does: calls that the dead program was
// making, and reports that it had answered for and not applied.
func (m *mortal) count(at moment) {
	m.t.Helper()
	type found struct {
		id   id.ID
		legs int
	}
	var calls, letters []found
	scan := func(r *sql.Rows) (f found, err error) { return f, r.Scan(&f.id, &f.legs) }
	err := m.look.View(within(m.t), "look", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT id, legs FROM attempt WHERE state = 'calling'`)
		if calls, err = db.Collect(rows, err, scan); err != nil {
			return err
		}
		rows, err = tx.Query(`SELECT id, reports FROM inbox WHERE state = 'new'`)
		letters, err = db.Collect(rows, err, scan)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	fresh := func(list []found) (n, legs int) {
		for _, f := range list {
			if !m.tally.seen[f.id] {
				m.tally.seen[f.id] = true
				n, legs = n+1, legs+f.legs
			}
		}
		return n, legs
	}
	making, legs := fresh(calls)
	taken, reports := fresh(letters)
	m.tally.kills++
	m.tally.legs += legs
	if making > 0 {
		m.tally.calling++
	}
	if taken > 0 {
		m.tally.letters++
	}
	m.t.Logf("kill %d, when %s: %d calls of %d legs were being made, %d letters of %d reports taken in", m.tally.kills, at, making, legs, taken, reports)
}

// haunt kills the program until enough kills have hit what they should.
func (m *mortal) haunt() {
	m.t.Helper()
	want := m.size
	for i := 0; m.tally.calling < want.calls || m.tally.letters < want.letters || m.tally.kills < want.calls+want.letters; i++ {
		at, skip := callMoments[i%len(callMoments)], m.size.every+i%3
		if m.tally.letters < want.letters && (i%4 == 3 || m.tally.calling >= want.calls) {
			at = reportTaken
		}
		if i > 4*(want.calls+want.letters) {
			m.t.Fatalf("too few kills hit what they should: %s", m.tally)
		}
		if !m.strikeAt(at, skip, m.kill) {
			m.t.Logf("no chance to kill it when %s", at)
			continue
		}
		m.count(at)
		m.revive()
	}
}
