package invoice

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
)

// Calls are looked through in pages, those of lines without our reference also around the
// month, since a line may be of a neighbouring one.
const (
	callPage   = 100
	callMargin = 10 * 24 * time.Hour
)

// eachCall walks the calls of the account that were handed over in a time.
func (j *run) eachCall(ctx context.Context, from, until db.Time, do func(context.Context, []delivery.Handed) error) error {
	f := delivery.CallFilter{Account: j.account, From: from, Until: until, Limit: callPage}
	for {
		var page []delivery.Handed
		var next id.ID
		err := j.d.View(ctx, "invoice_calls", func(tx *db.Tx) (err error) {
			page, next, err = delivery.Calls(tx, f)
			return err
		})
		if err == nil {
			err = do(ctx, page)
		}
		if err != nil || next.IsZero() {
			return err
		}
		f.After = next
	}
}

// resolve finds the legs of lines that name the carrier's call and the number instead of
// our reference.
func (j *run) resolve(ctx context.Context) error {
	if !j.calls {
		return nil
	}
	return j.eachCall(ctx, j.from.Add(-callMargin), j.until.Add(callMargin), func(ctx context.Context, page []delivery.Handed) error {
		lines, err := j.linesOfCalls(ctx, page)
		if err != nil {
			return err
		}
		for _, call := range page {
			if of := lines[callKey(call.UpstreamID)]; call.UpstreamID != "" && len(of) > 0 {
				if err := j.resolveCall(ctx, call, of); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// callLine is a line that waits for its leg.
type callLine struct {
	no     int
	mobile uint32
}

// sealedNumber is the number of a line as it is stored.
type sealedNumber struct {
	line  int
	block [16]byte // zeros where the line has none, which open with no key
	call  id.ID    // where it was asked for
}

func scanNumber(r *sql.Rows) (n sealedNumber, err error) {
	var sealed []byte
	cols, err := r.Columns()
	if err != nil {
		return n, err
	}
	into := []any{&n.line, &sealed, &n.call}
	err = r.Scan(into[:len(cols)]...)
	copy(n.block[:], sealed)
	return n, err
}

// linesOfCalls finds the lines that name one of these calls, in the order of the file.
func (j *run) linesOfCalls(ctx context.Context, page []delivery.Handed) (map[id.ID][]callLine, error) {
	out := map[id.ID][]callLine{}
	if len(page) == 0 {
		return out, nil
	}
	err := j.d.View(ctx, "invoice_call_lines", func(tx *db.Tx) error {
		clear(out)
		key, err := j.keys.Installation(tx, NumberKey)
		if err != nil {
			return err
		}
		rows, err := tx.Lookup("invoice_line", []string{"no", "mobile", "call_key"}, db.Same("invoice_id", j.id, len(page)),
			db.Col("call_key", pick(page, func(h delivery.Handed) id.ID { return callKey(h.UpstreamID) })))
		list, err := db.Collect(rows, err, scanNumber)
		for _, n := range list {
			mobile, ok := key.OpenNumber(j.id, uint32(n.line), n.block)
			if ok {
				out[n.call] = append(out[n.call], callLine{n.line, mobile})
			}
		}
		return err
	})
	for _, lines := range out {
		slices.SortFunc(lines, func(a, b callLine) int { return a.no - b.no })
	}
	return out, err
}

// resolveCall gives the lines of one call their legs. Where a call has a number several
// times, so does the file: each line takes the next leg, and what is over the last one.
func (j *run) resolveCall(ctx context.Context, call delivery.Handed, lines []callLine) error {
	legs := map[uint32][]delivery.Reference{}
	err := j.d.View(ctx, "invoice_call_legs", func(tx *db.Tx) error {
		clear(legs)
		mobiles, err := j.mobilesOf(tx, call, pick(lines, func(l callLine) uint32 { return l.mobile }))
		if err != nil {
			return err
		}
		for _, r := range call.Legs {
			if mobile, born := mobiles[r.Place]; born {
				legs[mobile] = append(legs[mobile], r)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var found []int
	var refs []string
	for _, l := range lines {
		if of := legs[l.mobile]; len(of) > 0 {
			found, refs = append(found, l.no), append(refs, of[0].String())
			if len(of) > 1 {
				legs[l.mobile] = of[1:]
			}
		}
	}
	return j.nameLegs(ctx, found, refs)
}

// mobilesOf gives the numbers of those in a call; of who was forgotten, if a line has his.
func (j *run) mobilesOf(tx *db.Tx, call delivery.Handed, lines []uint32) (map[message.Place]uint32, error) {
	_, people, err := j.messages.ReadPlaces(tx, pick(call.Legs, func(r delivery.Reference) message.Place { return r.Place }))
	if err != nil {
		return nil, err
	}
	mobiles := make(map[message.Place]uint32, len(people))
	var gone []message.Place
	for _, p := range people {
		key, err := j.keys.Site(tx, p.Site)
		if fault.Is(err, fault.NotFound) {
			continue // the site's data was erased: nobody can tell its numbers any more
		}
		if err != nil {
			return nil, err
		}
		mobile, ok := key.OpenNumber(p.ID, uint32(p.Seq), p.Mobile)
		if !ok {
			return nil, fmt.Errorf("recipient %d of message %s: the sealed number is damaged", p.Seq, p.ID)
		}
		if korea.MobileNumber(mobile) == "" { // he was forgotten
			gone = append(gone, p.Place)
			continue
		}
		mobiles[p.Place] = mobile
	}
	had, err := j.messages.Recall(tx, gone, lines)
	maps.Copy(mobiles, had)
	return mobiles, err
}

func (j *run) nameLegs(ctx context.Context, lines []int, refs []string) error {
	for len(lines) > 0 {
		n := min(len(lines), storeRows)
		err := j.step(ctx, "invoice_resolve", func(tx *db.Tx) error {
			return tx.UpdateMany("invoice_line", []string{"invoice_id", "no"}, db.Same("invoice_id", j.id, n), db.Col("no", lines[:n]),
				db.Col("leg", pick(refs[:n], legKey)), db.Col("ref", refs[:n]))
		})
		if err != nil {
			return fmt.Errorf("name the legs of lines: %w", err)
		}
		lines, refs = lines[n:], refs[n:]
	}
	return nil
}
