package message

import (
	"database/sql"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/idem"
)

// crowdSize is how many sites send at once, each with credit for one message of two.
const crowdSize = 1000

// bid is one of the two messages of a site.
type bid struct {
	site    string
	once    *Once
	draft   *Draft
	receipt Receipt
	err     error
}

// TestAThousandSitesAtOnceEachSendWhatTheyCanAfford lets two messages of each site
// meet its credit for one, all at the same moment; where the database is a server, the
// two come through two processes.
func TestAThousandSitesAtOnceEachSendWhatTheyCanAfford(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			url := dbtest.Migrated(t, engine)
			processes := []*house{processOn(t, url)}
			if engine != "sqlite" {
				processes = append(processes, processOn(t, url))
			}
			c := &crowd{house: processes[0], t: t}
			c.gather()
			c.prepare(processes)
			c.bid()
			c.wantOneOfTwo()
			c.wantRows()
			c.wantBooks()
		})
	}
}

// crowd is many sites as one test sees them.
type crowd struct {
	*house
	t     *testing.T
	sites []string
	bids  []bid // two of each site, one after the other
}

// gather makes the sites, in one transaction.
func (c *crowd) gather() {
	c.t.Helper()
	for i := range crowdSize {
		c.sites = append(c.sites, fmt.Sprintf("site-%d", i))
	}
	err := c.d.Update(ctx, "test", func(tx *db.Tx) error {
		for _, name := range c.sites {
			if err := c.admit(tx, name, 18); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// prepare drafts the messages, the two of a site through different processes.
func (c *crowd) prepare(processes []*house) {
	c.bids = make([]bid, 2*len(c.sites))
	var writers sync.WaitGroup
	for w := range 64 {
		writers.Go(func() {
			for i := w; i < len(c.bids); i += 64 {
				b, name := &c.bids[i], c.sites[i/2]
				b.site, b.once = name, once(name, fmt.Sprint("order-", i%2), "a")
				if b.draft, b.err = processes[i%len(processes)].service.Draft(ctx, name, textOnly("a")); b.err == nil {
					b.err = b.draft.Add(ctx, phone(i), nil)
				}
				if b.err != nil {
					c.t.Errorf("draft %d of %s: %v", i%2, name, b.err)
				}
			}
		})
	}
	writers.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// bid sends all that is drafted, at once.
func (c *crowd) bid() {
	start := make(chan struct{})
	var senders sync.WaitGroup
	for i := range c.bids {
		b := &c.bids[i]
		senders.Go(func() {
			<-start
			b.receipt, b.err = b.draft.Accept(ctx, b.once)
		})
	}
	close(start)
	senders.Wait()
}

// wantOneOfTwo wants one message of each site to be accepted and the other refused for
// its price, its key free.
func (c *crowd) wantOneOfTwo() {
	c.t.Helper()
	keys := make([]idem.Key, len(c.bids))
	for i, b := range c.bids {
		keys[i] = b.once.Key
	}
	var found []idem.Found
	err := c.d.View(ctx, "test", func(tx *db.Tx) (err error) { found, err = idem.Find(tx, keys...); return err })
	if err != nil {
		c.t.Fatal(err)
	}
	ends, accepted := map[string]int{}, map[string]bool{}
	for i, b := range c.bids {
		var end string
		switch {
		case fault.Is(b.err, fault.NoCredit):
			f := fault.Of(b.err)
			end = fmt.Sprintf("%s for %s of %s", f.Code, f.Extra["needed"], f.Extra["available"])
		case b.err != nil:
			end = b.err.Error()
		case accepted[b.site]:
			end = "accepted as the second of its site"
		default:
			end, accepted[b.site] = "accepted", true
		}
		ends[fmt.Sprintf("%s, key taken: %t", end, found[i].Exists && !found[i].Mismatch)]++
	}
	want := map[string]int{"accepted, key taken: true": crowdSize, "insufficient_credit for 18.00 of 0.00, key taken: false": crowdSize}
	if diff := cmp.Diff(want, ends); diff != "" {
		c.t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// wantRows wants the rows of one message of each site and of nothing else, and the
// messages to be those that were answered for.
func (c *crowd) wantRows() {
	c.t.Helper()
	type count struct{ Rows, Sites int }
	each := count{crowdSize, crowdSize}
	want := map[string]count{
		"message": each, "batch": each, "reservation": each, "job": each, "idem": each, "event": each,
		"event WHERE type = 'message.accepted'": each,
		"entry":                                 {2 * crowdSize, crowdSize}, "entry WHERE kind = 'reserve'": each,
		"reject": {}, "recipient": {},
	}
	got, ids, answered := map[string]count{}, map[Key]bool{}, map[Key]bool{}
	err := c.d.View(ctx, "test", func(tx *db.Tx) error {
		for rows := range want {
			var n count
			if err := tx.QueryRow(`SELECT COUNT(*), COUNT(DISTINCT site_id) FROM `+rows).Scan(&n.Rows, &n.Sites); err != nil {
				return err
			}
			got[rows] = n
		}
		rows, err := tx.Query(`SELECT site_id, id FROM message`)
		keys, err := db.Collect(rows, err, func(r *sql.Rows) (k Key, err error) { return k, r.Scan(&k.Site, &k.ID) })
		for _, k := range keys {
			ids[k] = true
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, b := range c.bids {
		if b.err == nil {
			answered[b.receipt.Message] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(answered, ids); diff != "" {
		c.t.Errorf("messages (-answered +there):\n%s", diff)
	}
}

// wantBooks wants every site to have all its credit held, and proves the ledger.
func (c *crowd) wantBooks() {
	c.t.Helper()
	var spent int
	err := c.d.View(ctx, "test", func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM account WHERE available = 0 AND held = ? AND spent = 0`, int64(18*won)).Scan(&spent)
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if spent != crowdSize {
		c.t.Errorf("%d accounts have all their credit held, want %d", spent, crowdSize)
	}
	proof, err := c.ledger.Prove(ctx, c.d, nil, c.service.Outcomes)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, b := range proof.Broken {
		c.t.Errorf("ledger broken: %+v", b)
	}
	if proof.Sites != crowdSize || proof.Entries != 2*crowdSize {
		c.t.Errorf("%d sites and %d entries are proven, want %d and %d", proof.Sites, proof.Entries, crowdSize, 2*crowdSize)
	}
}
