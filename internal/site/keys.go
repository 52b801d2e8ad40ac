package site

import (
	"context"
	"crypto/cipher"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// Names of the installation's own keys.
const (
	BlobKey    = "blob"    // names in the blob store
	InboxKey   = "inbox"   // raw delivery reports before their site is known
	CursorKey  = "cursor"  // list cursors
	SigningKey = "signing" // heads of ledgers, and statements; later ones have a number behind
	PaperKey   = "paper"   // the operator's own billing profile, and his tax invoices
	ReplyKey   = "reply"   // kept replies to operators that are about no site
	PeopleKey  = "people"  // addresses, names and second factors of people
	TagKey     = "etag"    // of what is shown, so that nobody can try what it was made of

	CertificateKey = "certificate" // what certificates that were asked for need
)

// Keys gives the data keys of the sites and of the installation. They are made
// at their first use, insert-if-absent, and stored wrapped by the master key, or
// as they are when there is none. It is safe for concurrent use.
type Keys struct {
	d      *db.DB
	master cipher.AEAD // nil: keys are stored as they are
	broken error       // why there is no usable master key

	mu    sync.Mutex
	data  map[slot][]byte  // guarded by mu: data keys whose rows are committed
	ready map[slot]*Key    // guarded by mu: those of them that were used lately
	fresh map[slot]db.Time // guarded by mu: keys that a transaction made, by its Now; it may yet fail
}

// slot names a key: a site's or one of the installation's.
type slot struct{ table, name string }

func siteSlot(site string) slot         { return slot{"site_key", site} }
func installationSlot(name string) slot { return slot{"site_installation", name} }

func (s slot) column() string {
	if s.table == "site_key" {
		return "site_id"
	}
	return "name"
}

// context binds a wrapped key to its place.
func (s slot) context() string { return s.table + " " + s.name }

// Bounds of the memory for keys; beyond them a random one is forgotten. A key that is
// ready takes some 3 kB, which is much for very many sites, and is made of its data in
// microseconds.
const (
	dataMost  = 4096
	readyMost = 512
)

// NewKeys makes the key ring of an installation. The master key is 32 bytes, or
// nil to store data keys as they are; another length makes every use an error.
func NewKeys(d *db.DB, master []byte) *Keys {
	k := &Keys{d: d, data: map[slot][]byte{}, ready: map[slot]*Key{}, fresh: map[slot]db.Time{}}
	if len(master) > 0 {
		k.master, k.broken = aead(master, "master 1")
	}
	return k
}

// Prepare makes the installation's own keys, so that no later reader has to
// write. It also tells early that the master key is not the right one: sites may
// have keys before the installation has.
func (k *Keys) Prepare(ctx context.Context) error {
	return k.d.Update(ctx, "site_prepare_keys", func(tx *db.Tx) error {
		var one sql.NullString
		if err := tx.QueryRow(`SELECT MIN(site_id) FROM site_key WHERE stored IS NOT NULL`).Scan(&one); err != nil {
			return fmt.Errorf("find a key to try: %w", err)
		}
		if one.Valid {
			if _, err := k.Site(tx, one.String); err != nil {
				return err
			}
		}
		for _, name := range own {
			if _, err := k.Installation(tx, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// own are the keys that Prepare makes.
var own = []string{BlobKey, CursorKey, InboxKey, ReplyKey, SigningKey, CertificateKey, TagKey, PeopleKey}

// Complete makes them where any is absent, and opens none that is there: whoever only reads may
// be without the master key.
func (k *Keys) Complete(ctx context.Context) error {
	absent := false
	err := k.d.View(ctx, "site_complete_keys", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT name FROM site_installation`)
		there, err := db.Collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
		absent = slices.ContainsFunc(own, func(name string) bool { return !slices.Contains(there, name) })
		return err
	})
	if err != nil {
		return fmt.Errorf("look which keys the installation has: %w", err)
	}
	if !absent {
		return nil
	}
	return k.Prepare(ctx)
}

// Site gives a site's key. It reads through tx on the first use only. NotFound:
// no such site, or its key was erased.
func (k *Keys) Site(tx *db.Tx, site string) (*Key, error) {
	s := siteSlot(site)
	if key := k.get(s); key != nil {
		return key, nil
	}
	key, err := k.read(tx, s)
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.Missing("site", site)
	}
	return key, err
}

// Known gives a site's key if it is remembered, else nil.
func (k *Keys) Known(site string) *Key { return k.get(siteSlot(site)) }

// Ask gives the question for those of the sites' keys that are not remembered. When it has
// been answered Site need not look for each of them; what is wrong with one, Site tells.
func (k *Keys) Ask(tx *db.Tx, sites []string) db.Question {
	k.mu.Lock()
	defer k.mu.Unlock()
	var unknown []string
	for _, id := range sites {
		if k.data[siteSlot(id)] == nil {
			unknown = append(unknown, id)
		}
	}
	keep := func(r *sql.Rows) error {
		var id string
		var stored []byte
		err := r.Scan(&id, &stored)
		if err == nil {
			_, _ = k.keep(tx, siteSlot(id), stored)
		}
		return err
	}
	return db.Question{Table: "site_key", Cols: []string{"site_id", "stored"}, Key: []db.Column{db.Col("site_id", unknown)}, Row: keep}
}

// Installation gives one of the installation's own keys, and makes it when there
// is none; Prepare has done that for those named here.
func (k *Keys) Installation(tx *db.Tx, name string) (*Key, error) {
	s := installationSlot(name)
	if key := k.get(s); key != nil {
		return key, nil
	}
	key, err := k.read(tx, s)
	if !errors.Is(err, db.ErrNoRows) {
		return key, err
	}
	if err := k.add(tx, s); err != nil {
		return nil, err
	}
	return k.read(tx, s)
}

// create makes the key of a new site.
func (k *Keys) create(tx *db.Tx, site string) error { return k.add(tx, siteSlot(site)) }

// Bare counts the keys that are stored without a master key around them.
func (k *Keys) Bare(tx *db.Tx) (int, error) {
	n := 0
	for _, table := range []string{"site_key", "site_installation"} {
		rows, err := tx.Query(`SELECT stored FROM ` + table)
		list, err := db.Collect(rows, err, func(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) })
		if err != nil {
			return 0, fmt.Errorf("count keys without a master key: %w", err)
		}
		for _, stored := range list {
			if len(stored) > 0 && stored[0] == storedBare {
				n++
			}
		}
	}
	return n, nil
}

// add stores a new key unless there is one: whoever commits first decides.
func (k *Keys) add(tx *db.Tx, s slot) error {
	if k.broken != nil {
		return fmt.Errorf("use the master key: %w", k.broken)
	}
	k.mu.Lock()
	delete(k.data, s)
	delete(k.ready, s)
	k.fresh[s] = tx.Now
	k.mu.Unlock()
	tx.OnCommit(func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.fresh, s)
	})
	err := tx.InsertAbsent(s.table, []string{s.column()}, s.column(), db.Col(s.column(), []string{s.name}),
		db.Col("stored", [][]byte{wrap(k.master, s.context(), fresh())}), db.Col("created_at", []db.Time{tx.Now}))
	if err != nil {
		return fmt.Errorf("store the key of %s: %w", s.context(), err)
	}
	return nil
}

// read gives the key that stands in the table.
func (k *Keys) read(tx *db.Tx, s slot) (*Key, error) {
	var stored []byte
	err := tx.QueryRow(`SELECT stored FROM `+s.table+` WHERE `+s.column()+` = ?`, s.name).Scan(&stored)
	if err != nil {
		return nil, fmt.Errorf("read the key of %s: %w", s.context(), err)
	}
	return k.keep(tx, s, stored)
}

// keep makes a key ready, and remembers it unless this transaction made it: if it fails,
// another key may take its place.
func (k *Keys) keep(tx *db.Tx, s slot, stored []byte) (*Key, error) {
	if k.broken != nil {
		return nil, fmt.Errorf("use the master key: %w", k.broken)
	}
	if stored == nil {
		return nil, fault.New(fault.NotFound, fault.CodeNotFound, "the data of site %q was erased", s.name)
	}
	data, err := unwrap(k.master, s.context(), stored)
	if err != nil {
		return nil, fmt.Errorf("read the key of %s: %w", s.context(), err)
	}
	key, err := newKey(data)
	if err != nil {
		return nil, fmt.Errorf("read the key of %s: %w", s.context(), err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if made, ok := k.fresh[s]; !ok || made != tx.Now {
		put(k.data, s, data, dataMost)
		put(k.ready, s, key, readyMost)
	}
	return key, nil
}

func (k *Keys) get(s slot) *Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.ready[s]; key != nil {
		return key
	}
	data := k.data[s]
	if data == nil {
		return nil
	}
	key, err := newKey(data)
	if err != nil {
		return nil // reading it again tells why
	}
	put(k.ready, s, key, readyMost)
	return key
}

// put remembers a value, and forgets a random one when there are too many.
func put[V any](m map[slot]V, s slot, v V, most int) {
	if _, known := m[s]; !known && len(m) >= most {
		for old := range m {
			delete(m, old)
			break
		}
	}
	m[s] = v
}
