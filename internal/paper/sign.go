package paper

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// statementForm names the form of a statement; another form has another name.
const statementForm = "creditmsg statement 2"

// earlierForm is what statements were before their payments had the VAT that was charged:
// those that were given out are still proven.
const earlierForm = "creditmsg statement 1"

// maxStatement is the longest statement that is read: some hundred thousand payments.
const maxStatement = 64 << 20

// compact is v as compact JSON: Korean and < as they are.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// signedText is what is signed of a paper, which stands there without its signature.
func signedText(form string, bare any) ([]byte, error) {
	text, err := compact(bare)
	return append([]byte(form+"\n"), text...), err
}

// text is what is signed.
func (s *Statement) text() ([]byte, error) {
	bare := *s
	bare.Signature = nil
	return signedText(s.Form, &bare)
}

// signers gives all that ever signed, of which the last one signs now.
func (p *Papers) signers(tx *db.Tx) (all []site.Signer, last *site.Signer, err error) {
	all, err = p.keys.Signers(tx)
	if err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, fault.New(fault.Internal, fault.CodeInternal, "there is no signing key: the installation's keys were not prepared")
	}
	return all, &all[len(all)-1], nil
}

// sign adds the public keys and the signature of the newest one.
func (p *Papers) sign(tx *db.Tx, s *Statement) error {
	all, last, err := p.signers(tx)
	if err != nil {
		return err
	}
	s.Keys, s.KeyID = PublicKeys(all), last.ID
	text, err := s.text()
	s.Signature = last.Sign(text)
	return err
}

// PublicKeys shows the public halves of signers.
func PublicKeys(signers []site.Signer) []PublicKey {
	out := make([]PublicKey, len(signers))
	for i, s := range signers {
		out[i] = PublicKey{s.ID, s.Public, s.Since.Time()}
	}
	return out
}

// JSON is the statement as it is given out.
func (s *Statement) JSON() ([]byte, error) {
	text, err := compact(s)
	return append(text, '\n'), err
}

// In gives the statement in a format.
func (s *Statement) In(format string) ([]byte, error) {
	var out bytes.Buffer
	switch format {
	case JSON:
		return s.JSON()
	case CSV:
		err := s.WriteCSV(&out)
		return out.Bytes(), err
	case XLSX:
		err := s.WriteXLSX(&out)
		return out.Bytes(), err
	}
	return nil, fault.Check("/format", "want %s, %s or %s", JSON, CSV, XLSX)
}

// readPaper reads a signed paper into a value of its type. Only the bytes that we would write,
// with or without spaces between them, are one: no name is read that another reader might take
// otherwise. what it is stands in the errors, form where the value has its form.
func readPaper(r io.Reader, what string, into any, form *string, known ...string) error {
	text, err := io.ReadAll(io.LimitReader(r, maxStatement+1))
	if err != nil {
		return fmt.Errorf("read the %s: %w", what, err)
	}
	var plain bytes.Buffer
	switch {
	case len(text) > maxStatement:
		return fmt.Errorf("this is no %s: it is longer than any", what)
	case json.Unmarshal(text, into) != nil || json.Compact(&plain, text) != nil:
		return fmt.Errorf("this is no %s, or it was changed: it cannot be read as one in JSON", what)
	case !slices.Contains(known, *form):
		return fmt.Errorf("this is no %s of a form that this program knows: %q", what, short(*form))
	}
	own, err := compact(into)
	if err != nil || !bytes.Equal(own, plain.Bytes()) {
		return fmt.Errorf("the %s was changed: it is not written as such papers are", what)
	}
	return nil
}

// readStatement reads a statement.
func readStatement(r io.Reader) (*Statement, error) {
	var s Statement
	err := readPaper(r, "statement", &s, &s.Form, statementForm, earlierForm)
	return &s, err
}

// keysOf gives the keys that a paper names by their ids, each of which has to be its own.
func keysOf(list []PublicKey) (map[string]ed25519.PublicKey, error) {
	keys := map[string]ed25519.PublicKey{}
	for _, k := range list {
		if len(k.Key) != ed25519.PublicKeySize || site.KeyID(k.Key) != k.ID {
			return nil, fmt.Errorf("the key %s is not the one of that id", k.ID)
		}
		keys[k.ID] = k.Key
	}
	return keys, nil
}

// checkSignatures proves the statement's signature and those of its heads, by the keys that it names.
func (s *Statement) checkSignatures() error {
	keys, err := keysOf(s.Keys)
	if err != nil {
		return err
	}
	text, err := s.text()
	if err != nil {
		return err
	}
	if key := keys[s.KeyID]; key == nil || !ed25519.Verify(key, text, s.Signature) {
		return fmt.Errorf("the statement was changed: its signature is not right")
	}
	heads := s.Heads
	if s.HeadBefore != nil {
		heads = append([]Head{*s.HeadBefore}, heads...)
	}
	for i := range heads {
		if key := keys[heads[i].KeyID]; key == nil || !heads[i].of(s.Site).SignedBy(key) {
			return fmt.Errorf("the head of %s was not signed as it stands", heads[i].Day)
		}
	}
	return nil
}
