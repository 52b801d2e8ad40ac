package site

import (
	"crypto/ed25519"
	"sync"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

func signersOf(t *testing.T, d *db.DB, k *Keys) (out []Signer) {
	t.Helper()
	err := d.View(t.Context(), "test", func(tx *db.Tx) (err error) { out, err = k.Signers(tx); return err })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnOldSignatureStaysValidAfterTheKeyWasChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		master := fresh()
		k := NewKeys(d, master)
		if err := k.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := signersOf(t, d, k)
		if len(first) != 1 || first[0].ID != KeyID(first[0].Public) || len(first[0].ID) != 16 {
			t.Fatalf("got %+v, want one signer with its id", first)
		}
		signed := first[0].Sign([]byte("text"))
		for range 10 { // more than nine, so that the order is one of numbers
			err := d.Update(t.Context(), "test", func(tx *db.Tx) error { _, err := k.NewSigner(tx); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
		again := signersOf(t, d, NewKeys(d, master)) // as another process sees them
		if len(again) != 11 || again[0].ID != first[0].ID || !ed25519.Verify(again[0].Public, []byte("text"), signed) {
			t.Errorf("got %d signers, of which the first is %s; want 11 and %s first", len(again), again[0].ID, first[0].ID)
		}
		if ed25519.Verify(again[10].Public, []byte("text"), signed) || again[10].ID == again[9].ID {
			t.Error("another key proves the signature too")
		}
	})
}

func TestProcessesThatChangeTheSigningKeyAtOnceAgree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rings := []*Keys{NewKeys(d, nil), NewKeys(d, nil)}
		if err := rings[0].Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for _, k := range rings {
			wait.Go(func() {
				err := d.Update(t.Context(), "test", func(tx *db.Tx) error { _, err := k.NewSigner(tx); return err })
				if err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		one, other := signersOf(t, d, rings[0]), signersOf(t, d, rings[1])
		last := len(one) - 1
		if len(one) != len(other) || last < 1 || one[last].ID != other[last].ID {
			t.Errorf("the processes see %d and %d signers, the last %s and %s", len(one), len(other), one[last].ID, other[last].ID)
		}
	})
}
