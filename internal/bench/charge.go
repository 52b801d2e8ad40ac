package bench

import (
	"context"
	"errors"
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// The baselines of charge.
const (
	againstLock      = "lock"
	againstStatement = "statement"
)

// price is what one charge holds: an SMS.
const price = 18 * money.Won

// chargeContest compares holding the credit of one message: a reservation and an entry
// that stand, on a few hot accounts.
func chargeContest(r *run) (contest, error) {
	where := "one site"
	if r.o.Sites > 1 {
		where = fmt.Sprintf("%d sites", r.o.Sites)
	}
	c := contest{unit: "charge", product: side{
		what:  fmt.Sprintf("%d callers, %s: credit.Reserve in a group commit", r.o.Callers, where),
		round: chargeProduct,
	}}
	switch r.o.Against {
	case againstLock:
		c.baseline = side{what: where + ": BEGIN; SELECT account FOR UPDATE; INSERT reservation, entry; UPDATE account; COMMIT", round: chargeLocked}
	case againstStatement:
		if r.engine.name() != "postgres" {
			return contest{}, fault.Check("--against", "one statement that writes three tables is a thing of PostgreSQL; choose lock")
		}
		c.baseline = side{what: where + ": one statement that updates the account and inserts reservation and entry", round: chargeStated}
	default:
		return contest{}, fault.Check("--against", "%q is not lock or statement", r.o.Against)
	}
	return c, nil
}

// heldRows counts the reservations that stand with their entry.
func heldRows(prefix string) string {
	return "SELECT COUNT(*) FROM " + prefix + "reservation r JOIN " + prefix + "entry e ON e.site_id = r.site_id AND e.seq = r.seq" +
		" AND e.subject = r.message_id WHERE e.kind = 'reserve'"
}

// frozen is what a hold of one SMS keeps of its message.
var frozen = []byte(`[[{"c":"sms","p":"18.0000"}]]`)

// holder is the group in which callers' holds are committed, as those of messages are.
func (w *world) holder() *db.Group[credit.Hold, *credit.Refusal] {
	return db.NewApartGroup(w.d, "bench_charge", func(credit.Hold) (int, int) { return 2, 256 }, func(h credit.Hold) string { return h.Site },
		func(tx *db.Tx, holds []credit.Hold) ([]*credit.Refusal, error) { return w.ledger.Reserve(tx, holds) })
}

func chargeProduct(ctx context.Context, a *arena) (sample, error) {
	w, err := a.open(ctx)
	if err != nil {
		return sample{}, err
	}
	sites, err := w.furnish(ctx, a.o.Sites)
	if err != nil {
		return sample{}, err
	}
	g := w.holder()
	var answered int64
	out, err := a.measure(ctx, func(ctx context.Context) (err error) {
		answered, err = crowd(ctx, a.o.Callers, a.o.Lasting, func(ctx context.Context, caller, turn int) error {
			return hold(ctx, g, sites[(caller+turn*a.o.Callers)%len(sites)])
		})
		return err
	})
	if err != nil {
		return sample{}, err
	}
	if out.units, err = w.count(ctx, heldRows("")); err != nil {
		return sample{}, err
	}
	if err := w.tellGroups(ctx, a, out.units); err != nil {
		return sample{}, err
	}
	return out, errors.Join(counted(answered, out.units), w.prove(ctx, false))
}

func hold(ctx context.Context, g *db.Group[credit.Hold, *credit.Refusal], siteID string) error {
	refused, err := g.Join(ctx, credit.Hold{Site: siteID, Message: id.New(), Amount: price, Classes: frozen})
	if err == nil && refused != nil {
		err = fmt.Errorf("a hold of %s was refused: %s available", refused.Needed, refused.Available)
	}
	return err
}

// bareBooks are the tables of a baseline that holds credit.
type bareBooks struct {
	sites              []string
	reservation, entry *row
	lock               string // reads and locks an account
	update             string // writes it
}

// bareCharge makes the tables of the charging baselines, with the product's accounts
// and one of its holds as the pattern of the rows.
func bareCharge(ctx context.Context, a *arena) (*bareBooks, error) {
	w, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	sites, err := w.furnish(ctx, a.o.Sites)
	if err != nil {
		return nil, err
	}
	if err := hold(ctx, w.holder(), sites[0]); err != nil {
		return nil, err
	}
	s, err := a.engine.connect(ctx, a.url)
	if err != nil {
		return nil, err
	}
	b, err := newBareBooks(ctx, a, s, sites)
	return b, errors.Join(err, s.close())
}

func newBareBooks(ctx context.Context, a *arena, s session, sites []string) (*bareBooks, error) {
	b := &bareBooks{sites: sites,
		lock:   "SELECT available, held, seq FROM bare_account WHERE site_id = ?" + a.engine.words().lock,
		update: "UPDATE bare_account SET available = ?, held = ?, seq = ?, at = ?, hash = ? WHERE site_id = ?",
	}
	var err error
	if b.reservation, err = bareRow(ctx, s, "reservation", "seq > 0"); err != nil {
		return nil, err
	}
	if b.entry, err = bareRow(ctx, s, "entry", "kind = 'reserve'"); err != nil {
		return nil, err
	}
	if err := s.copyTable(ctx, "account", "bare_account"); err != nil {
		return nil, fmt.Errorf("copy table account: %w", err)
	}
	if err := s.plain(ctx, "INSERT INTO bare_account SELECT * FROM account"); err != nil {
		return nil, err
	}
	return b, s.plain(ctx, a.engine.words().analyze+"bare_account")
}

// charge holds the price on a locked account: what comes between BEGIN and COMMIT. It
// is what a careful program without batches does, four statements with two round trips
// for the transaction, and no work besides: the hash and the takes are given. more adds
// rows while the account is locked.
func (b *bareBooks) charge(ctx context.Context, s session, siteID string, m id.ID, more func() error) error {
	var available, held, seq int64
	if err := s.row(ctx, b.lock, []any{siteID}, &available, &held, &seq); err != nil {
		return err
	}
	if available < int64(price) {
		return errors.New("the baseline's account is empty")
	}
	if err := more(); err != nil {
		return err
	}
	available, held, seq = available-int64(price), held+int64(price), seq+1
	if err := b.reservation.add(ctx, s, "site_id", siteID, "message_id", m[:], "seq", seq); err != nil {
		return err
	}
	if err := b.entry.add(ctx, s, "site_id", siteID, "seq", seq, "subject", m[:], "available_after", available, "held_after", held); err != nil {
		return err
	}
	_, err := s.do(ctx, b.update, available, held, seq, seq, m[:], siteID)
	return err
}

func chargeLocked(ctx context.Context, a *arena) (sample, error) {
	b, err := bareCharge(ctx, a)
	if err != nil {
		return sample{}, err
	}
	return a.bareCrowd(ctx, func(ctx context.Context, s session, caller, turn int) error {
		return a.within(ctx, s, func() error {
			return b.charge(ctx, s, b.pick(a, caller, turn), id.New(), func() error { return nil })
		})
	}, countBare(heldRows("bare_")))
}

// pick spreads the callers over the sites as the product's round does.
func (b *bareBooks) pick(a *arena, caller, turn int) string {
	return b.sites[(caller+turn*a.o.Callers)%len(b.sites)]
}

func countBare(query string) func(context.Context, session) (int64, error) {
	return func(ctx context.Context, s session) (n int64, err error) { return n, s.row(ctx, query, nil, &n) }
}

// chargeStated does it all in one round trip and one commit: the least that a program
// that commits each charge for itself can do.
func chargeStated(ctx context.Context, a *arena) (sample, error) {
	b, err := bareCharge(ctx, a)
	if err != nil {
		return sample{}, err
	}
	// The columns of the two patterns that come from the updated account.
	fresh := map[string]string{"site_id": "a.site_id", "seq": "a.seq", "available_after": "a.available", "held_after": "a.held"}
	reservation, values := b.reservation.selecting(fresh, nil)
	entry, values := b.entry.selecting(fresh, values)
	text := "WITH a AS (UPDATE bare_account SET available = available - ?, held = held + ?, seq = seq + 1, at = at + 1, hash = ?" +
		" WHERE site_id = ? AND available >= ? RETURNING site_id, seq, available, held), r AS (" + reservation + ") " + entry
	message := func(m id.ID) []any {
		args := append(make([]any, 0, 5+len(values)), int64(price), int64(price), m[:])
		return append(append(args, nil, int64(price)), values...)
	}
	places := []int{}
	for i, name := range append(b.reservation.bound(fresh), b.entry.bound(fresh)...) {
		if name == "message_id" || name == "subject" {
			places = append(places, 5+i)
		}
	}
	return a.bareCrowd(ctx, func(ctx context.Context, s session, caller, turn int) error {
		m := id.New()
		args := message(m)
		args[3] = b.pick(a, caller, turn)
		for _, i := range places {
			args[i] = m[:]
		}
		n, err := s.do(ctx, text, args...)
		if err == nil && n != 1 {
			err = errors.New("the baseline's account is empty")
		}
		return err
	}, countBare(heldRows("bare_")))
}
