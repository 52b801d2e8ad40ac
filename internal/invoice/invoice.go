package invoice

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// State is where an invoice stands.
type State string

// The states. One that a crash left before ready goes on when its file is imported again.
const (
	Reading   State = "reading"   // lines are stored
	Comparing State = "comparing" // lines are matched and compared
	Ready     State = "ready"
)

// Invoice is one file of a carrier, with what came of the comparison.
type Invoice struct {
	ID       id.ID        `json:"-"`
	Name     string       `json:"id"`
	Provider string       `json:"provider" doc:"Name of the account."`
	State    State        `json:"state" enum:"reading,comparing,ready"`
	Month    string       `json:"month" doc:"The Korean month that is billed, such as 2026-11."`
	Lines    int64        `json:"lines"`
	Billed   int64        `json:"billed_lines" doc:"Lines that bill something."`
	Amount   money.Amount `json:"amount" doc:"What the lines bill, without VAT."`
	Stated   money.Amount `json:"stated_total" doc:"The total that the carrier states, without VAT; 0.00 = none was given."`
	Off      string       `json:"total_off,omitempty" doc:"Stated total minus amount, with its sign; left out where they are equal or none was given."`
	Kinds    []KindSum    `json:"differences" doc:"By kind; kinds without any are left out."`
	Created  time.Time    `json:"created_at"`
	Compared *time.Time   `json:"compared_at" doc:"null = not yet."`
	Posted   *time.Time   `json:"posted_at" doc:"When a refund was first posted; from then on the invoice stays as it is."`
}

// KindSum sums up the differences of one kind.
type KindSum struct {
	Kind    Kind         `json:"kind"`
	Korean  string       `json:"text_ko"`
	English string       `json:"text_en"`
	Count   int64        `json:"count"`
	Refund  money.Amount `json:"refund"`
	Claim   money.Amount `json:"claim"`
}

// Service reads, compares and applies invoices. It is safe for concurrent use.
type Service struct {
	d        *db.DB
	keys     *site.Keys
	messages *message.Service
	ledger   *credit.Ledger
	kinds    map[string]string
}

// New makes the service; kinds gives the kind of each provider account by its name.
func New(d *db.DB, keys *site.Keys, messages *message.Service, ledger *credit.Ledger, kinds map[string]string) *Service {
	return &Service{d: d, keys: keys, messages: messages, ledger: ledger, kinds: kinds}
}

// legKey is what lines find their leg by.
func legKey(ref string) id.ID { return digestOf("leg " + ref) }

// callKey is the same for a call.
func callKey(call string) id.ID { return digestOf("call " + call) }

func digestOf(text string) id.ID {
	sum := sha256.Sum256([]byte(text))
	return id.ID(sum[:16])
}

const invoiceColumns = `id, provider, state, kst_month, line_count, billed_count, amount, stated, tally, created_at, compared_at, posted_at`

func scanInvoice(r *sql.Rows) (v Invoice, err error) {
	var tally []byte
	var created, compared, posted db.Time
	if err = r.Scan(&v.ID, &v.Provider, &v.State, &v.Month, &v.Lines, &v.Billed, &v.Amount, db.Maybe(&v.Stated), &tally, &created, &compared, &posted); err != nil {
		return v, err
	}
	if err = json.Unmarshal(tally, &v.Kinds); err != nil {
		return v, fmt.Errorf("read tally of invoice %s: %w", v.ID, err)
	}
	for i, k := range v.Kinds {
		v.Kinds[i].Korean, v.Kinds[i].English = k.Kind.Korean(), k.Kind.English()
	}
	v.Name = v.ID.Text(id.Invoice)
	if off := v.Stated - v.Amount; off != 0 && v.Stated != 0 && v.State != Reading {
		v.Off = off.String()
	}
	v.Created, v.Compared, v.Posted = created.Time(), maybe(compared), maybe(posted)
	return v, nil
}

func maybe(at db.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	t := at.Time()
	return &t
}

// Find reads an invoice by its public id.
func Find(tx *db.Tx, name string) (Invoice, error) {
	d, err := id.Parse(id.Invoice, name)
	if err != nil {
		return Invoice{}, fault.Missing("invoice", fmt.Sprintf("%.60s", name))
	}
	rows, err := tx.Query(`SELECT `+invoiceColumns+` FROM invoice WHERE id = ?`, d)
	list, err := db.Collect(rows, err, scanInvoice)
	if err != nil {
		return Invoice{}, fmt.Errorf("read invoice %s: %w", name, err)
	}
	if len(list) == 0 {
		return Invoice{}, fault.Missing("invoice", name)
	}
	return list[0], nil
}

// List gives invoices, the newest first, those before one; the zero id = from the newest.
func List(tx *db.Tx, before id.ID, limit int) ([]Invoice, error) {
	query, args := `SELECT `+invoiceColumns+` FROM invoice`, []any{}
	if !before.IsZero() {
		query, args = query+` WHERE id < ?`, append(args, before)
	}
	rows, err := tx.Query(query+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
	list, err := db.Collect(rows, err, scanInvoice)
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	return list, nil
}

// View is Find in a transaction of its own.
func (s *Service) View(ctx context.Context, name string) (v Invoice, err error) {
	err = s.d.View(ctx, "invoice_view", func(tx *db.Tx) error {
		v, err = Find(tx, name)
		return err
	})
	return v, err
}
