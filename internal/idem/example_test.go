package idem_test

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/idem"
)

func ExampleParseHeader() {
	quoted, _ := idem.ParseHeader(`"8e03978e-40d5"`)
	bare, _ := idem.ParseHeader(`8e03978e-40d5`)
	fmt.Println(quoted == bare, quoted)
	// Output: true 8e03978e-40d5
}

func ExamplePut() {
	// In the transaction that does the work of a request:
	work := func(tx *db.Tx, k idem.Key) error {
		found, err := idem.Put(tx, idem.Record{Key: k, Keep: 24 * time.Hour})
		if err != nil {
			return err
		}
		if found[0].Exists {
			return nil // answer with found[0].Reply, or refuse when it is a Mismatch
		}
		// … do the work, then keep what it answers …
		return idem.SetReply(tx, idem.Record{Key: k, Reply: idem.Reply{Status: 201, Body: []byte(`{}`)}})
	}
	_ = work
}
