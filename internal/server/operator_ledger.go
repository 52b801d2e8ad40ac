package server

import (
	"context"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// Proof says whether the laws of the ledger hold.
type Proof struct {
	OK      bool     `json:"ok"`
	Sites   int      `json:"sites"`
	Entries int64    `json:"entries"`
	Broken  []Broken `json:"broken"`
}

// Broken names a row that breaks a law.
type Broken struct {
	Site     string `json:"site"`
	Law      int    `json:"law"`
	EntrySeq int64  `json:"entry_seq"` // 0 = no entry is to blame
	Detail   string `json:"detail"`    // which row it is and what is wrong with it
}

// VerifyLedger proves the laws of one site, of all with "". A broken law is part of the
// proof, not an error. NotFound.
func (p *Operator) VerifyLedger(ctx context.Context, siteID string) (Proof, error) {
	return prove(ctx, p.d, p.ledger, p.messages, siteID)
}

func prove(ctx context.Context, d *db.DB, ledger *credit.Ledger, messages *message.Service, siteID string) (Proof, error) {
	var sites []string
	if siteID != "" {
		err := d.View(ctx, "operator_verify", func(tx *db.Tx) error { _, err := site.Find(tx, siteID); return err })
		if err != nil {
			return Proof{}, err
		}
		sites = []string{siteID}
	}
	found, err := ledger.Prove(ctx, d, sites, messages.Outcomes)
	if err != nil {
		return Proof{}, err
	}
	p := Proof{OK: len(found.Broken) == 0, Sites: found.Sites, Entries: found.Entries, Broken: []Broken{}}
	for _, b := range found.Broken {
		p.Broken = append(p.Broken, Broken{Site: b.Site, Law: b.Law, EntrySeq: b.EntrySeq, Detail: b.Row + ": " + b.Detail})
	}
	return p, nil
}
