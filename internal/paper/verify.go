package paper

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"

	"creditmsg/internal/fault"
)

// Checked is what Verify found of a statement.
type Checked struct {
	OK       bool     `json:"ok"`
	Site     string   `json:"site"`
	Month    string   `json:"month"`
	Complete bool     `json:"complete"` // the month is over, and signed to its end
	Heads    int      `json:"heads"`    // signed days
	Entries  int64    `json:"entries"`  // that were read and proven; 0 without a file of entries
	Keys     []string `json:"keys"`     // ids of those that signed
	Trusted  bool     `json:"trusted"`  // all of them are keys that the caller gave
	Wrong    string   `json:"wrong"`    // the first thing that is wrong
}

// Verify proves a statement, and the entries of its month where they are given (nil without),
// with nothing but public keys, in base64. Without keys those that the statement names itself
// are taken, which tells of accidents and of changes by whoever cannot sign, and nothing of
// who signed. What is wrong is in Checked; an error means that a key could not be read.
func Verify(statement, entries io.Reader, keys []string) (Checked, error) {
	if err := checkKeys(keys); err != nil {
		return Checked{}, err
	}
	var c Checked
	if err := c.verify(statement, entries, keys); err != nil {
		c.Wrong = err.Error()
		return c, nil
	}
	c.OK = true
	return c, nil
}

// checkKeys checks public keys as somebody gives them.
func checkKeys(keys []string) error {
	for i, k := range keys {
		if raw, err := base64.StdEncoding.DecodeString(k); err != nil || len(raw) != 32 {
			return fault.Check(fmt.Sprintf("/keys/%d", i), "want the 44 characters of a public key, as GET /v1/credit/signing-key or ledger key shows it")
		}
	}
	return nil
}

// trust checks that the keys which signed a paper are among those that somebody gave.
func trust(list []PublicKey, signed, keys []string) error {
	for _, k := range list {
		if slices.Contains(signed, k.ID) && !slices.Contains(keys, base64.StdEncoding.EncodeToString(k.Key)) {
			return fmt.Errorf("it was signed by the key %s, which is none of those that you trust", k.ID)
		}
	}
	return nil
}

func (c *Checked) verify(statement, entries io.Reader, keys []string) error {
	s, err := readStatement(statement)
	if err != nil {
		return err
	}
	c.Site, c.Month, c.Complete, c.Heads, c.Keys = s.Site, s.Month, s.Complete, len(s.Heads), s.signers()
	if err := s.checkSignatures(); err != nil {
		return err
	}
	if len(keys) > 0 {
		if err := trust(s.Keys, c.Keys, keys); err != nil {
			return err
		}
		c.Trusted = true
	}
	if err := s.addsUp(); err != nil {
		return err
	}
	if entries == nil {
		return nil
	}
	c.Entries, err = s.proveEntries(entries)
	return err
}

// signers are the ids of the keys that signed the statement or one of its heads.
func (s *Statement) signers() []string {
	out := []string{s.KeyID}
	if s.HeadBefore != nil {
		out = append(out, s.HeadBefore.KeyID)
	}
	for _, h := range s.Heads {
		out = append(out, h.KeyID)
	}
	slices.SortFunc(out, strings.Compare)
	return slices.Compact(out)
}
