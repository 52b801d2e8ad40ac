package site

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
)

// Signer signs for the installation. Its secret half is derived from a key that is stored
// like every other one, so it is as safe as the master key is.
type Signer struct {
	ID     string // KeyID of Public
	Public ed25519.PublicKey
	Since  db.Time // when it was made
	secret ed25519.PrivateKey
}

// Sign gives the Ed25519 signature of text.
func (s *Signer) Sign(text []byte) []byte { return ed25519.Sign(s.secret, text) }

// KeyID names a public key by what it is: the first 16 hex digits of its SHA-256.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// signer makes the signing half of a key.
func (k *Key) signer(since db.Time) Signer {
	secret := ed25519.NewKeyFromSeed(k.sign)
	public, _ := secret.Public().(ed25519.PublicKey) // it is one, by its documentation
	return Signer{ID: KeyID(public), Public: public, Since: since, secret: secret}
}

// Signers gives all that ever signed for the installation, oldest first; the last one signs
// now. It is empty until Prepare has run. Public keys are not stored but derived each time,
// so nobody can put one in who does not have the master key.
func (k *Keys) Signers(tx *db.Tx) ([]Signer, error) {
	made, err := signingKeys(tx)
	if err != nil {
		return nil, err
	}
	out := make([]Signer, len(made))
	for i, m := range made {
		key, err := k.Installation(tx, m.name)
		if err != nil {
			return nil, err
		}
		out[i] = key.signer(m.since)
	}
	return out, nil
}

// NewSigner makes another signing key, which signs from now on. What older ones signed
// stays valid.
func (k *Keys) NewSigner(tx *db.Tx) (Signer, error) {
	made, err := signingKeys(tx)
	if err != nil {
		return Signer{}, err
	}
	name := SigningKey
	if len(made) > 0 {
		name += " " + strconv.Itoa(made[len(made)-1].number+1)
	}
	key, err := k.Installation(tx, name)
	if err != nil {
		return Signer{}, err
	}
	fresh := key.signer(tx.Now)
	return fresh, audit.Note(tx, audit.Change{Action: "signing_key.created", Ref: fresh.ID})
}

// signingKey is the row of one: "signing" is number 1, "signing 2" the next.
type signingKey struct {
	name   string
	number int
	since  db.Time
}

func signingKeys(tx *db.Tx) ([]signingKey, error) {
	rows, err := tx.Query(`SELECT name, created_at FROM site_installation WHERE name LIKE 'signing%'`)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (m signingKey, err error) {
		err = r.Scan(&m.name, &m.since)
		m.number = 1
		if rest, later := strings.CutPrefix(m.name, SigningKey+" "); later && err == nil {
			m.number, err = strconv.Atoi(rest)
		}
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("list signing keys: %w", err)
	}
	slices.SortFunc(list, func(a, b signingKey) int { return cmp.Compare(a.number, b.number) })
	return list, nil
}
