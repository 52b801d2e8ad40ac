package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMarginsAreAskedForASiteOrForAll(t *testing.T) {
	office(t)
	shop(t)
	zero := map[string]any{"delivered": 0.0, "revenue": "0.00", "upstream_cost": "0.00", "margin": "0.00", "unpriced": 0.0, "margin_rate": nil}
	want := map[string]any{"from": "2026-11-01", "to": "2026-11-02", "group_by": []any{"channel", "provider"}, "data": []any{}, "total": zero}
	for _, of := range [][]string{{"shop"}, {}} {
		args := append(append([]string{"margin"}, of...), "--from", "2026-11-01", "--to", "2026-11-02", "--by", "provider,channel", "--json")
		if diff := cmp.Diff(want, object(t, done(t, args...))); diff != "" {
			t.Errorf("%v: %s", of, diff)
		}
	}
	wants(t, "the text", done(t, "margin", "--by", "site"), "site", "upstream cost", "unpriced", "total", "0 won")
	refused(t, 1, []string{"margin", "nobody"}, "nobody")
	refused(t, 1, []string{"margin", "shop", "--from", "2026-11-31"}, "/from")
}
