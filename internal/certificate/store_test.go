package certificate

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/acme/autocert"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/site"
)

func TestWhatIsKeptIsSealedAndTheSameForAllProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := site.NewKeys(d, bytes.Repeat([]byte{1}, 32))
		if err := keys.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		first, second := &store{d, keys}, &store{d, site.NewKeys(d, bytes.Repeat([]byte{1}, 32))}
		name := strings.Repeat("long.", 50) + "example.com+rsa"
		if _, err := first.Get(t.Context(), name); !errors.Is(err, autocert.ErrCacheMiss) {
			t.Errorf("what nobody kept: %v", err)
		}
		for _, text := range []string{"PRIVATE KEY one", "PRIVATE KEY two"} {
			if err := first.Put(t.Context(), name, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if got, err := second.Get(t.Context(), name); err != nil || string(got) != text {
				t.Errorf("the other process reads %q, %v", got, err)
			}
		}
		err := d.View(t.Context(), "test", func(tx *db.Tx) error {
			var sealed []byte
			if err := tx.QueryRow(`SELECT sealed FROM certificate`).Scan(&sealed); err != nil {
				return err
			}
			if bytes.Contains(sealed, []byte("PRIVATE")) {
				t.Error("the row shows the key")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Delete(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if _, err := first.Get(t.Context(), name); !errors.Is(err, autocert.ErrCacheMiss) {
			t.Errorf("what was forgotten: %v", err)
		}
	})
}
