package certificate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/acme/autocert"

	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// store keeps what package autocert wants kept. Names are domains and words of the authority, of
// any length; their digests are what rows are found by.
type store struct {
	d    *db.DB
	keys *site.Keys
}

func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

func (s *store) key(tx *db.Tx) (*site.Key, error) {
	return s.keys.Installation(tx, site.CertificateKey)
}

// Get gives what is kept under a name, or autocert.ErrCacheMiss.
func (s *store) Get(ctx context.Context, name string) (text []byte, err error) {
	err = s.d.View(ctx, "certificate_get", func(tx *db.Tx) error {
		key, err := s.key(tx)
		if err != nil {
			return err
		}
		var sealed []byte
		if err := tx.QueryRow(`SELECT sealed FROM certificate WHERE name = ?`, digest(name)).Scan(&sealed); err != nil {
			return err
		}
		text, err = key.Open("certificate "+name, sealed)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, autocert.ErrCacheMiss
	}
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	return text, nil
}

// Put keeps something under a name.
func (s *store) Put(ctx context.Context, name string, text []byte) error {
	err := s.d.Update(ctx, "certificate_put", func(tx *db.Tx) error {
		key, err := s.key(tx)
		if err != nil {
			return err
		}
		sealed := key.Seal("certificate "+name, text)
		err = tx.InsertAbsent("certificate", []string{"name"}, "name", db.Col("name", []string{digest(name)}),
			db.Col("sealed", [][]byte{sealed}), db.Same("written_at", tx.Now, 1))
		if err == nil {
			_, err = tx.Exec(`UPDATE certificate SET sealed = ?, written_at = ? WHERE name = ?`, sealed, tx.Now, digest(name))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a certificate: %w", err)
	}
	return nil
}

// Delete forgets what is kept under a name.
func (s *store) Delete(ctx context.Context, name string) error {
	err := s.d.Update(ctx, "certificate_delete", func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM certificate WHERE name = ?`, digest(name))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget a certificate: %w", err)
	}
	return nil
}
