package server

import (
	"context"
	"encoding/base64"
	"io"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/paper"
	"creditmsg/internal/site"
)

// BillingProfile is whom papers are made out to.
type BillingProfile = paper.Profile

// Checked is what a proof of a statement found.
type Checked = paper.Checked

// VerifyStatement proves a statement, and the entries of its month unless they are nil, with
// nothing but public keys in base64: no database is asked. What is wrong is in Checked. A key
// that is none is Invalid.
func VerifyStatement(statement, entries io.Reader, keys []string) (Checked, error) {
	return paper.Verify(statement, entries, keys)
}

// StatementMonth is a month that there is a statement of.
type StatementMonth struct {
	Month   string `json:"month"`
	Running bool   `json:"running"`
}

// Statements lists the months that there are statements of, the newest first. NotFound.
func (p *Operator) Statements(ctx context.Context, siteID string) (list List[StatementMonth], err error) {
	err = p.d.Snapshot(ctx, "operator_statements", func(tx *db.Tx) error {
		list.Data = []StatementMonth{}
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		months, err := p.papers.Months(tx, siteID)
		for _, m := range months {
			list.Data = append(list.Data, StatementMonth(m))
		}
		return err
	})
	return list, err
}

// Statement gives the statement of a month as json, csv or xlsx. Faults: Invalid, NotFound.
func (p *Operator) Statement(ctx context.Context, siteID, month, format string) (text []byte, err error) {
	var s *paper.Statement
	err = p.d.Snapshot(ctx, "operator_statement", func(tx *db.Tx) error {
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		s, err = p.papers.Statement(tx, siteID, month)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.In(format)
}

// Receipt gives the receipt of a payment (pay_…) as json or html. Faults: Invalid, NotFound,
// and Conflict for a payment that is not paid.
func (p *Operator) Receipt(ctx context.Context, siteID, payment, format string) ([]byte, error) {
	of, err := id.Parse(id.Payment, payment)
	if err != nil {
		return nil, fault.Check("ID", "want the id of a payment: pay_…")
	}
	var r *paper.Receipt
	err = p.d.Snapshot(ctx, "operator_receipt", func(tx *db.Tx) error {
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		r, err = p.papers.Receipt(tx, siteID, of)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.In(format)
}

// EntryRange says which entries are exported, and how.
type EntryRange = paper.Range

// ExportEntries writes the entries of a range, in constant memory. Faults: Invalid, NotFound.
func (p *Operator) ExportEntries(ctx context.Context, r EntryRange, w io.Writer) error {
	var e *paper.Export
	err := p.d.Snapshot(ctx, "operator_export", func(tx *db.Tx) (err error) {
		if _, err := site.Find(tx, r.Site); err != nil {
			return err
		}
		e, err = p.papers.Entries(tx, r)
		return err
	})
	if err != nil {
		return err
	}
	return e.WriteTo(ctx, p.d, w)
}

// SigningKey is a public key of the installation.
type SigningKey struct {
	ID        string    `json:"key_id"`
	PublicKey string    `json:"public_key"` // base64
	Since     time.Time `json:"since"`
}

// SigningKeys lists the keys that ever signed, the newest last: it signs now. With renew
// another one is made first; what older ones signed stays valid.
func (p *Operator) SigningKeys(ctx context.Context, renew bool) (list List[SigningKey], err error) {
	if renew {
		err := p.d.Update(ctx, "operator_new_signer", func(tx *db.Tx) error { _, err := p.keys.NewSigner(tx); return err })
		if err != nil {
			return list, err
		}
	}
	err = p.d.Snapshot(ctx, "operator_signers", func(tx *db.Tx) error {
		list.Data = []SigningKey{}
		signers, err := p.keys.Signers(tx)
		for _, s := range signers {
			list.Data = append(list.Data, SigningKey{s.ID, base64.StdEncoding.EncodeToString(s.Public), s.Since.Time()})
		}
		return err
	})
	return list, err
}

// Profile gives the billing profile of a site, or of the operator for "operator", after
// change, if that is not nil, was made to it. Faults: Invalid, NotFound.
func (p *Operator) Profile(ctx context.Context, owner string, change func(*BillingProfile)) (out BillingProfile, err error) {
	read := func(tx *db.Tx) error {
		if owner != site.Operator {
			if _, err := site.Find(tx, owner); err != nil {
				return err
			}
		}
		out, err = p.papers.Profile(tx, owner)
		return err
	}
	if change == nil {
		return out, p.d.Snapshot(ctx, "operator_profile", read)
	}
	err = p.d.Update(ctx, "operator_set_profile", func(tx *db.Tx) error {
		if err := read(tx); err != nil {
			return err
		}
		change(&out)
		out, err = p.papers.SetProfile(tx, owner, out)
		return err
	})
	return out, err
}

// checkHeads compares the newest signed head of each site with its chain.
func (p *Operator) checkHeads(tx *db.Tx) (Check, error) {
	sites, wrong := 0, ""
	err := eachSite(tx, func(s site.Site) error {
		sites++
		what, err := p.ledger.CheckHead(tx, s.ID)
		if what != "" && wrong == "" {
			wrong = "site " + s.ID + ": " + what
		}
		if fault.Is(err, fault.NotFound) {
			err = nil // checkKeys has said so
		}
		return err
	})
	if wrong != "" {
		return Check{"heads", CheckWrong, wrong}, err
	}
	return Check{"heads", CheckOK, "the chains of the sites are those that were signed, and no day that is over is left out"}, err
}
