package server

import (
	"context"
	"io"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/paper"
	"creditmsg/internal/site"
)

// CheckedCompliance is what a proof of a compliance record found.
type CheckedCompliance = paper.CheckedCompliance

// VerifyCompliance proves a compliance record with nothing but public keys in base64: no
// database is asked. What is wrong is in CheckedCompliance. A key that is none is Invalid.
func VerifyCompliance(record io.Reader, keys []string) (CheckedCompliance, error) {
	return paper.VerifyCompliance(record, keys)
}

// Compliance gives the compliance record of a message (msg_…), signed; with a number also
// what is of that one. Faults: Invalid, NotFound.
func (p *Operator) Compliance(ctx context.Context, siteID, of, to string) ([]byte, error) {
	m, err := id.Parse(id.Message, of)
	if err != nil {
		return nil, fault.Check("MESSAGE", "want the id of a message: msg_…")
	}
	var number korea.Number
	if to != "" {
		if number, err = korea.ParseMobile(to); err != nil {
			return nil, fault.Check("--to", "%s", err)
		}
	}
	var c *paper.Compliance
	err = p.d.Snapshot(ctx, "operator_compliance", func(tx *db.Tx) error {
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		c, err = p.papers.Compliance(tx, p.messages, message.Key{Site: siteID, ID: m}, number)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.JSON()
}
