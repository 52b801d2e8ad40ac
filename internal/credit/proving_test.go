package credit

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// lastProof is how the proofs stand.
func (w *world) lastProof() (p Proven) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { p, err = w.l.Proven(tx); return err })
	return p
}

func (w *world) asks() (p Proven) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { p, err = w.l.AskProof(tx); return err })
	return p
}

// takes claims the job that proves; ok is false when it is not there to be claimed.
func (w *world) takes() (j queue.Claimed, ok bool) {
	w.t.Helper()
	got, err := w.q.Claim(w.t.Context(), queue.Default, []string{KindProof}, 1)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(got) == 0 {
		return j, false
	}
	return got[0], true
}

// proving has a claimed job done, and gives what was told of it.
func (w *world) proving(j queue.Claimed, o Outcomes) (told []Proof, err error) {
	work := w.l.WorkOnProofs(w.d, o, func(_ context.Context, p Proof) { told = append(told, p) })
	return told, work.Handle(w.t.Context(), []queue.Claimed{j})
}

func TestTheLastProofIsKeptForAllProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.add(TopUp{Site: w.site("shop"), Kind: Payment, Amount: 1000 * won, Ref: "pay_1"})
		w.site("other")
		if p := w.lastProof(); p.EndedAt != 0 || p.Next != 0 || p.OK() {
			t.Errorf("before the first: got %+v", p)
		}
		w.do(w.l.PlanProof)
		w.do(w.l.PlanProof) // by a second worker
		if _, is := w.takes(); is {
			t.Fatal("it is proven at once after the start")
		}
		w.asks()
		j, is := w.takes()
		if _, twice := w.takes(); !is || twice {
			t.Fatal("want it in one pair of hands")
		}
		if p := w.lastProof(); p.RunningSince == 0 || p.EndedAt != 0 {
			t.Errorf("under way: got %+v", p)
		}
		told, err := w.proving(j, nil)
		if err != nil || len(told) != 1 || told[0].Sites != 2 {
			t.Fatalf("got %v, %v", told, err)
		}
		p := w.lastProof()
		if !p.OK() || p.Sites != 2 || p.Entries != told[0].Entries || p.Entries == 0 || p.BegunAt > p.EndedAt || p.Took != p.EndedAt.Sub(p.BegunAt) ||
			p.RunningSince != 0 || p.Next != p.EndedAt.Add(proveAgain) {
			t.Errorf("got %+v", p)
		}
		w.do(w.l.PlanProof) // of a worker that begins later
		if got := w.lastProof().Next; got != p.Next {
			t.Errorf("the next one is at %v, want it six hours after the last", got)
		}
	})
}

func TestAProofNamesWhatIsBroken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.add(TopUp{Site: w.site("shop"), Kind: Payment, Amount: 1000 * won, Ref: "pay_1"})
		w.do(func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE account SET available = ? WHERE site_id = ?`, 2000*won, "shop")
			return err
		})
		w.asks()
		j, _ := w.takes()
		if _, err := w.proving(j, nil); err != nil {
			t.Fatal(err)
		}
		p := w.lastProof()
		if p.OK() || p.Broken == 0 || int64(len(p.First)) != p.Broken || p.First[0].Site != "shop" || p.First[0].Row == "" || p.First[0].Detail == "" {
			t.Errorf("got %+v, want the account of shop named", p)
		}
	})
}

func TestACrowdThatAsksForAProofGetsOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.site("shop")
		for range 3 {
			w.asks()
		}
		j, _ := w.takes()
		for range 3 {
			if p := w.asks(); p.RunningSince == 0 {
				t.Errorf("got %+v, want the one that is under way", p)
			}
		}
		if _, err := w.proving(j, nil); err != nil {
			t.Fatal(err)
		}
		p := w.asks()
		if at := p.EndedAt.Add(proveRest); p.Next != at || w.asks().Next != at {
			t.Errorf("the next one begins at %v, want it a minute after the end of the last, %v", p.Next, at)
		}
		w.do(func(tx *db.Tx) error { // it took long
			_, err := tx.Exec(`UPDATE credit_proof SET took = ? WHERE name = ?`, time.Hour.Microseconds(), proofKey)
			return errors.Join(err, w.q.Drop(tx, KindProof, proofKey))
		})
		if p = w.asks(); p.Next != p.EndedAt.Add(time.Hour) {
			t.Errorf("the next one begins at %v, want it an hour after the end of the last", p.Next)
		}
		n := 0
		err := audit.Each(t.Context(), d, audit.Filter{Action: "ledger.proof_asked"}, func(audit.Entry) error { n++; return nil })
		if err != nil || n != 3 {
			t.Errorf("%d entries in the audit log, %v; want three, of those who had it planned", n, err)
		}
	})
}

func TestAProofThatFailsSaysSoAndLeavesTheLastOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		m := w.hold(w.topped("shop"), 10*won)
		w.settle(Settlement{Site: "shop", Message: m})
		w.asks()
		j, _ := w.takes()
		broken := errors.New("the disk is away")
		_, err := w.proving(j, func(*db.Tx, string, []id.ID) (map[id.ID]Outcome, error) { return nil, broken })
		if !errors.Is(err, broken) {
			t.Fatalf("got %v", err)
		}
		w.do(func(tx *db.Tx) error { return w.q.Fail(tx, "error", j) }) // as the workers do
		if p := w.lastProof(); p.EndedAt != 0 || p.Stuck != "error" || p.Next == 0 {
			t.Errorf("got %+v, want no proof, and why", p)
		}
	})
}

// topped is a site with some credit.
func (w *world) topped(name string) string {
	w.t.Helper()
	w.add(TopUp{Site: w.site(name), Kind: Payment, Amount: 1000 * won, Ref: "pay_" + strings.ToLower(name)})
	return name
}
