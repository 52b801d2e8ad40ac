package paper

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"time"

	"creditmsg/internal/db"
)

// text is what is signed.
func (c *Compliance) text() ([]byte, error) {
	bare := *c
	bare.Signature = nil
	return signedText(c.Form, &bare)
}

func (p *Papers) signCompliance(tx *db.Tx, c *Compliance) error {
	all, last, err := p.signers(tx)
	if err != nil {
		return err
	}
	c.Keys, c.KeyID = PublicKeys(all), last.ID
	text, err := c.text()
	c.Signature = last.Sign(text)
	return err
}

// JSON is the record as it is given out.
func (c *Compliance) JSON() ([]byte, error) {
	text, err := compact(c)
	return append(text, '\n'), err
}

// CheckedCompliance is what VerifyCompliance found of a record.
type CheckedCompliance struct {
	OK      bool      `json:"ok"`
	Site    string    `json:"site"`
	Message string    `json:"message_id"`
	MadeAt  time.Time `json:"made_at"`
	Final   bool      `json:"final"`   // nothing of the message could change after it
	Key     string    `json:"key"`     // id of the one that signed
	Trusted bool      `json:"trusted"` // it is a key that the caller gave
	Wrong   string    `json:"wrong"`
}

// VerifyCompliance proves a record with nothing but public keys, in base64; without any, that
// which the record names is taken, as Verify does. What is wrong is in CheckedCompliance; an
// error means that a key could not be read.
func VerifyCompliance(record io.Reader, keys []string) (CheckedCompliance, error) {
	if err := checkKeys(keys); err != nil {
		return CheckedCompliance{}, err
	}
	var out CheckedCompliance
	if err := out.verify(record, keys); err != nil {
		out.Wrong = err.Error()
		return out, nil
	}
	out.OK = true
	return out, nil
}

func (v *CheckedCompliance) verify(record io.Reader, keys []string) error {
	var c Compliance
	if err := readPaper(record, "compliance record", &c, &c.Form, complianceForm); err != nil {
		return err
	}
	v.Site, v.Message, v.MadeAt, v.Final, v.Key = c.Site, c.Message, c.MadeAt, c.Final, c.KeyID
	own, err := keysOf(c.Keys)
	if err != nil {
		return err
	}
	text, err := c.text()
	if err != nil {
		return err
	}
	if key := own[c.KeyID]; key == nil || !ed25519.Verify(key, text, c.Signature) {
		return fmt.Errorf("the compliance record was changed: its signature is not right")
	}
	if len(keys) > 0 {
		if err := trust(c.Keys, []string{c.KeyID}, keys); err != nil {
			return err
		}
		v.Trusted = true
	}
	return nil
}
