package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/optout"
	"creditmsg/internal/site"
)

// SendingRules is what a site's messages go by.
type SendingRules struct {
	Site         string `json:"site"`
	OptOutNumber string `json:"opt_out_number"`
	Night        string `json:"night"`
	Window       int64  `json:"duplicate_window"` // seconds
}

// SendingRulesChange is what is to become of them; what is nil keeps its value.
type SendingRulesChange struct {
	OptOutNumber *string        // "" = none
	Window       *time.Duration // 0 = none
}

// Rules shows what a site's messages go by, after the change if there is one. Faults:
// Invalid, NotFound.
func (p *Operator) Rules(ctx context.Context, id string, ch SendingRulesChange) (out SendingRules, err error) {
	err = p.d.Update(ctx, "operator_rules", func(tx *db.Tx) error {
		s, err := site.Find(tx, id)
		if err == nil && ch != (SendingRulesChange{}) {
			s.Rules, err = site.SetRules(tx, id, site.RulesChange{OptOutNumber: ch.OptOutNumber, DuplicateWindow: ch.Window})
		}
		if err != nil {
			return asFlag(err)
		}
		out = SendingRules{id, string(s.Rules.OptOutNumber), p.config.Delivery.Night().String(), int64(s.Rules.DuplicateWindow / time.Second)}
		return nil
	})
	return out, err
}

// asFlag names options of the command line where an error names members of a body:
// /recipients/day is --recipients-day.
func asFlag(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		for i := range f.Fields {
			f.Fields[i].Pointer = "-" + flagOf(f.Fields[i].Pointer)
		}
	}
	return err
}

func flagOf(pointer string) string {
	out := []byte(pointer)
	for i, c := range out {
		if c == '/' || c == '_' {
			out[i] = '-'
		}
	}
	return string(out)
}

// CapState is how one cap of a site stands.
type CapState struct {
	What     string    `json:"what"`
	Period   string    `json:"period"`
	Limit    string    `json:"limit"` // "" = none
	Bound    string    `json:"bound"` // "" = none
	Used     string    `json:"used"`
	ResetsAt time.Time `json:"resets_at"`
}

// Caps is how much a site may send.
type Caps struct {
	Site  string     `json:"site"`
	Caps  []CapState `json:"caps"`
	Since *time.Time `json:"counted_since"`
}

// CapsChange names caps by kind and period, in the order of credit.AllCaps: numbers, or none.
// What is "" keeps its value.
type CapsChange [len(credit.AllCaps)]string

// Caps shows how much a site may send, after the change if there is one: of what the operator
// allows, or of the site's own caps. Faults: Invalid, NotFound.
func (p *Operator) Caps(ctx context.Context, id string, ch CapsChange, bounds bool) (out Caps, err error) {
	err = p.d.Update(ctx, "operator_caps", func(tx *db.Tx) error {
		c, err := p.ledger.CapsOf(tx, id)
		if err == nil && ch != (CapsChange{}) {
			c, err = p.setCaps(tx, id, c, ch, bounds)
		}
		if err != nil {
			return asFlag(err)
		}
		out = Caps{Site: id, Since: timed(c.Since)}
		for _, s := range c.States {
			out.Caps = append(out.Caps, CapState{string(s.Kind), string(s.Period), written(s.Cap, s.Own), written(s.Cap, s.Allowed()), s.Written(s.Used), s.Ends.Time()})
		}
		return nil
	})
	return out, err
}

func written(c credit.Cap, n int64) string {
	if n == 0 {
		return ""
	}
	return c.Written(n)
}

func (p *Operator) setCaps(tx *db.Tx, id string, now credit.Caps, ch CapsChange, bounds bool) (credit.Caps, error) {
	var a credit.Amounts
	for i, s := range now.States {
		a[i] = s.Own
		if bounds {
			a[i] = s.Bound
		}
		if ch[i] == "" {
			continue
		}
		var err error
		if a[i], err = readCap(s.Cap, ch[i]); err != nil {
			return now, err
		}
	}
	if bounds {
		return p.ledger.SetCapBounds(tx, id, a)
	}
	return p.ledger.SetCaps(tx, id, a)
}

func readCap(c credit.Cap, text string) (int64, error) {
	if text == "none" {
		return 0, nil
	}
	n, err := money.Parse(text)
	whole := int64(n / money.Won)
	if err != nil || n <= 0 || c.Kind == credit.CapRecipients && money.Amount(whole)*money.Won != n {
		return 0, fault.Check("/"+string(c.Kind)+"/"+string(c.Period), "%q is not a number above 0, or none", text)
	}
	if c.Kind == credit.CapWon {
		return int64(n), nil
	}
	return whole, nil
}

// OptOut is somebody whom a site may not write to.
type OptOut struct {
	To        string    `json:"to"`
	Scope     string    `json:"scope"`
	Source    string    `json:"source"`
	CreatedAt time.Time `json:"created_at"`
}

func optOutOf(o optout.OptOut) OptOut {
	return OptOut{string(o.To), string(o.Scope), o.Source, o.At.Time()}
}

// OptOuts lists the newest of those who opted out at a site.
func (p *Operator) OptOuts(ctx context.Context, id string, limit int) (list List[OptOut], err error) {
	err = p.d.Snapshot(ctx, "operator_opt_outs", func(tx *db.Tx) error {
		list.Data = []OptOut{}
		found, err := optout.New(p.keys).List(tx, id, optout.Spot{}, limit)
		for _, o := range found {
			list.Data = append(list.Data, optOutOf(o.OptOut))
		}
		return err
	})
	return list, err
}

// AddOptOut notes that somebody opted out. Faults: Invalid, NotFound.
func (p *Operator) AddOptOut(ctx context.Context, id, number, scope string) (out OptOut, err error) {
	to, err := korea.ParseMobile(number)
	if err != nil {
		return out, fault.Check("number", "%s", err)
	}
	kind, err := optout.ParseScope(scope)
	if err != nil {
		return out, asFlag(err)
	}
	all := optout.New(p.keys)
	err = p.d.Update(ctx, "operator_add_opt_out", func(tx *db.Tx) error {
		if _, err := all.Add(tx, id, optout.ByAPI, []optout.Wish{{To: to, Scope: kind}}); err != nil {
			return err
		}
		o, err := all.Find(tx, id, to)
		out = optOutOf(o)
		return err
	})
	return out, err
}

// RemoveOptOut takes an opt-out back. NotFound.
func (p *Operator) RemoveOptOut(ctx context.Context, id, number string) error {
	to, err := korea.ParseMobile(number)
	if err != nil {
		return fault.Check("number", "%s", err)
	}
	return p.d.Update(ctx, "operator_remove_opt_out", func(tx *db.Tx) error { return optout.New(p.keys).Remove(tx, id, to) })
}

// ImportOptOuts imports a list of those who opted out from a file. Faults as of
// optout.Import.
func (p *Operator) ImportOptOuts(ctx context.Context, id, file, scope, column string) (optout.Imported, error) {
	kind, err := optout.ParseScope(scope)
	if err != nil {
		return optout.Imported{}, asFlag(err)
	}
	in, err := os.Open(file)
	if err != nil {
		return optout.Imported{}, fmt.Errorf("open the list: %w", err)
	}
	defer func() { _ = in.Close() }()
	return optout.New(p.keys).Import(ctx, p.d, id, optout.ByImport, optout.FromSheet(in, column, kind))
}
