package server

import (
	"context"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

func TestOnlyWhatIsKnownOfTheSchemaIsRemembered(t *testing.T) {
	var r readiness
	var steps []db.Migration
	var broken error
	asked := 0
	look := func() error {
		return r.look(func() ([]db.Migration, error) { asked++; return steps, broken })
	}
	broken = context.DeadlineExceeded
	if err := look(); err != broken {
		t.Errorf("a read that fails: got %v", err)
	}
	broken = nil
	for range 2 {
		if err := look(); err != nil {
			t.Errorf("the next one: got %v", err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times, want 2: what is known is remembered", asked)
	}
	r, steps = readiness{}, []db.Migration{{Version: 7, Name: "00007_x.sql"}}
	if err := look(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a schema that is behind: got %v", err)
	}
}
