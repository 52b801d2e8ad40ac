package invoice

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// Request says what a file is and how to read it.
type Request struct {
	Provider  string            // name of our account at the carrier
	Kind      string            // of the carrier; "" = that of the configured account
	Month     string            // that is billed, such as 2026-11; "" = that of most lines
	Columns   map[string]string // field → name of its column, where the file has names of its own
	Delivered []string          // result codes that mean delivered; nil = the kind's, or plain words
	VAT       bool              // prices include VAT, where no column says so
	Total     string            // that the carrier states, without VAT, in won; "" = none
	Prices    map[string]string // agreed unit price by channel, without VAT
}

// run is one import on its way.
type run struct {
	*Service
	Request
	terms
	id      id.ID // of the invoice
	token   id.ID // of this import
	calls   bool  // some lines are to be found by call and number
	lines   int64
	billed  int64
	amount  money.Amount
	stated  money.Amount // 0 = no total was given
	tally   map[Kind]*KindSum
	pending []Difference
	n       int64
	beside  []id.ID // invoices of the same account for the months before and after
}

// Import reads a file, stores its lines, and compares them. A file that was imported before
// is the same invoice: compared anew, or given as it is once a refund of it was posted.
// Faults: Invalid and Malformed with the places in the file, nothing being stored then;
// Conflict when somebody else begins to import the same file meanwhile.
func (s *Service) Import(ctx context.Context, file io.ReadSeeker, r Request) (Invoice, error) {
	j := &run{Service: s, Request: r, tally: map[Kind]*KindSum{}}
	if err := j.check(); err != nil {
		return Invoice{}, err
	}
	digest, err := digestFile(file, r.Provider)
	if err != nil {
		return Invoice{}, err
	}
	if err := j.survey(ctx, file); err != nil {
		return Invoice{}, err
	}
	posted, err := j.begin(ctx, digest)
	if err != nil || posted {
		return s.after(ctx, j, err)
	}
	for _, act := range []func(context.Context) error{
		j.clear, func(ctx context.Context) error { return j.store(ctx, file) }, j.resolve, j.match, j.missing, j.end,
	} {
		if err := act(ctx); err != nil {
			return Invoice{}, fmt.Errorf("import invoice %s: %w", j.id.Text(id.Invoice), err)
		}
	}
	return s.after(ctx, j, nil)
}

func (s *Service) after(ctx context.Context, j *run, err error) (Invoice, error) {
	if err != nil {
		return Invoice{}, err
	}
	return s.View(ctx, j.id.Text(id.Invoice))
}

// check reads the request.
func (j *run) check() error {
	j.account = j.Provider
	if j.Kind == "" {
		kind, known := j.kinds[j.Provider]
		if !known {
			return fault.Check("/provider", "there is no account %.40q: configured are %v", j.Provider, slices.Sorted(maps.Keys(j.kinds)))
		}
		j.Kind = kind
	}
	if j.Provider == "" || !isWord(j.Provider) {
		return fault.Check("/provider", "want the name of a provider account")
	}
	j.agreed = map[string]money.Amount{}
	for channel, text := range j.Prices {
		a, err := money.Parse(text)
		if !slices.Contains(channelNames(), channel) || err != nil {
			return fault.Check("/prices", "want a price by channel, such as sms=8.4: channels are %v", channelNames())
		}
		j.agreed[channel] = a
	}
	if j.Total != "" {
		var err error
		if j.stated, err = money.Parse(j.Total); err != nil || j.stated == 0 {
			return fault.Check("/total", "want the total without VAT, an amount of won above 0")
		}
	}
	if j.Month != "" {
		return j.within(j.Month)
	}
	return nil
}

// within sets the month.
func (j *run) within(month string) error {
	from, err := time.ParseInLocation("2006-01", month, korea.Seoul)
	if err != nil || from.Year() < 2000 || from.Year() > 2199 {
		return fault.Check("/month", "want a month such as 2026-11")
	}
	j.Month, j.from, j.until = month, db.At(from), db.At(from.AddDate(0, 1, 0))
	return nil
}

// digestFile is what a file is known by, for one account.
func digestFile(file io.ReadSeeker, account string) (id.ID, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return id.ID{}, fmt.Errorf("read the invoice: %w", err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return id.ID{}, fmt.Errorf("read the invoice: %w", err)
	}
	return id.ID(h.Sum([]byte(nil))[:16]), nil
}

// mostComplaints bounds the faults of a file that are listed.
const mostComplaints = 100

// survey reads the file once to its end before anything is stored: every fault of it is
// found, and the month that most lines are of.
func (j *run) survey(ctx context.Context, file io.ReadSeeker) error {
	r, err := j.open(file)
	if err != nil {
		return err
	}
	j.priced = r.priced
	var bad []fault.Field
	wrong, lines, months := 0, 0, map[string]int{}
	for ; ctx.Err() == nil; lines++ {
		l, faults, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		wrong += len(faults)
		bad = append(bad, faults[:min(len(faults), mostComplaints-len(bad))]...)
		if l.Sent != 0 {
			months[korea.Month(l.Sent.Time())]++
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case wrong > 0:
		f := fault.New(fault.Invalid, fault.CodeValidation, "%d of the file's cells cannot be read, and nothing was imported; correct them, or say what the columns are", wrong)
		f.Fields = bad
		return f
	case lines == 0:
		return fault.Check("/lines/1", "the file has no line below its header")
	}
	return j.mostly(months)
}

func (j *run) open(file io.ReadSeeker) (*reader, error) {
	return openReader(file, j.Kind, j.Columns, j.Delivered, j.VAT)
}

// mostly takes the month that most lines are of, unless one was given.
func (j *run) mostly(months map[string]int) error {
	if j.Month != "" {
		return nil
	}
	best := ""
	for _, m := range slices.Sorted(maps.Keys(months)) {
		if best == "" || months[m] > months[best] {
			best = m
		}
	}
	if best == "" {
		return fault.Check("/month", "say which month the invoice is for, such as 2026-11: no column says when a message was sent")
	}
	return j.within(best)
}

// begin makes the invoice's row or takes it over; posted says that it stays as it is.
func (j *run) begin(ctx context.Context, digest id.ID) (posted bool, err error) {
	j.token = id.New()
	return posted, j.d.Update(ctx, "invoice_begin", func(tx *db.Tx) error {
		agreed, err := json.Marshal(j.agreed)
		if err != nil {
			return err
		}
		posted, j.id = false, id.New()
		err = tx.InsertAbsent("invoice", []string{"provider", "digest"}, "id",
			db.Col("id", []id.ID{j.id}), db.Same("provider", j.Provider, 1), db.Col("digest", []id.ID{digest}), db.Col("run", []id.ID{j.token}),
			db.Same("state", string(Reading), 1), db.Same("kst_month", j.Month, 1), db.Same("line_count", 0, 1), db.Same("billed_count", 0, 1),
			db.Same("amount", money.Amount(0), 1), db.Opt("stated", []money.Amount{j.stated}), db.Same("agreed", string(agreed), 1), db.Same("tally", "[]", 1),
			db.Same("created_at", tx.Now, 1), db.Same("compared_at", db.Time(0), 1), db.Same("posted_at", db.Time(0), 1))
		if err != nil {
			return fmt.Errorf("begin invoice: %w", err)
		}
		var at db.Time
		rows, err := tx.LookupForUpdate("invoice", []string{"id", "posted_at"}, db.Same("provider", j.Provider, 1), db.Col("digest", []id.ID{digest}))
		_, err = db.Collect(rows, err, scanInto(&j.id, &at))
		if err != nil {
			return fmt.Errorf("find invoice: %w", err)
		}
		if posted = at != 0; posted {
			return nil
		}
		if err := audit.Note(tx, audit.Change{Action: "invoice.imported", Ref: j.id.Text(id.Invoice), After: audit.Fields{"provider": j.Provider, "month": j.Month}}); err != nil {
			return err
		}
		return tx.UpdateMany("invoice", []string{"id"}, db.Col("id", []id.ID{j.id}), db.Col("run", []id.ID{j.token}),
			db.Same("state", string(Reading), 1), db.Same("kst_month", j.Month, 1), db.Same("amount", money.Amount(0), 1),
			db.Same("line_count", 0, 1), db.Same("billed_count", 0, 1), db.Opt("stated", []money.Amount{j.stated}),
			db.Same("agreed", string(agreed), 1), db.Same("tally", "[]", 1), db.Same("compared_at", db.Time(0), 1))
	})
}

// step is one small transaction of an import, under the lock of the invoice's row.
func (j *run) step(ctx context.Context, name string, do func(tx *db.Tx) error) error {
	return j.d.Update(ctx, name, func(tx *db.Tx) error {
		var token id.ID
		rows, err := tx.LookupForUpdate("invoice", []string{"run"}, db.Col("id", []id.ID{j.id}))
		if _, err = db.Collect(rows, err, scanInto(&token)); err != nil {
			return fmt.Errorf("lock invoice: %w", err)
		}
		if token != j.token {
			return fault.New(fault.Conflict, fault.CodeStateConflict, "the same file is being imported anew by somebody else, whose import counts")
		}
		return do(tx)
	})
}

// end writes what came of it.
func (j *run) end(ctx context.Context) error {
	var list []KindSum
	for _, k := range Kinds {
		if t := j.tally[k]; t != nil {
			list = append(list, *t)
		}
	}
	text, err := json.Marshal(slices.Concat([]KindSum{}, list))
	if err != nil {
		return err
	}
	return j.step(ctx, "invoice_end", func(tx *db.Tx) error {
		return tx.UpdateMany("invoice", []string{"id"}, db.Col("id", []id.ID{j.id}), db.Same("state", string(Ready), 1),
			db.Same("tally", string(text), 1), db.Same("compared_at", tx.Now, 1))
	})
}
