package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatisticsAreAskedForASiteOrForAll(t *testing.T) {
	office(t)
	shop(t)
	zero := map[string]any{"final": 0.0, "delivered": 0.0, "failed": 0.0, "fell_back": 0.0, "expired": 0.0, "cancelled": 0.0, "cost": "0.00", "refunded": "0.00",
		"success_rate": nil, "fallback_rate": nil, "kakao_reach_rate": nil}
	want := map[string]any{"from": "2026-11-01", "to": "2026-11-02", "group_by": []any{"day", "channel"}, "data": []any{}, "total": zero}
	for _, of := range []string{"shop", "--all"} {
		got := object(t, done(t, "stats", of, "--from", "2026-11-01", "--to", "2026-11-02", "--by", "channel,day", "--json"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", of, diff)
		}
	}
	wants(t, "the text", done(t, "stats", "--all", "--by", "site", "--by", "provider"), "site", "provider", "fell back", "total", "0 won")
	refused(t, 2, []string{"stats"}, "--all")
	refused(t, 2, []string{"stats", "shop", "--all"}, "--all")
	refused(t, 1, []string{"stats", "nobody"}, "nobody")
	refused(t, 1, []string{"stats", "shop", "--from", "2026-11-31"}, "/from")
	refused(t, 1, []string{"stats", "shop", "--to", "2026-11-1"}, "/to")
	refused(t, 1, []string{"stats", "shop", "--by", "hour"}, `"hour" is not one of site, day, channel, strategy, provider`)
}
