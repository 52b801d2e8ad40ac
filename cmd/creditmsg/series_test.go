package main

import (
	"context"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
)

// stored makes a series as the API does, and gives its id.
func stored(t *testing.T) (of string) {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, "sqlite:data/creditmsg.db", db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	q, keys := queue.New(d, queue.Options{}), site.NewKeys(d, nil)
	s := series.New(d, keys, q, nil)
	err = d.Update(ctx, "test", func(tx *db.Tx) error {
		one, err := s.Create(tx, "shop", series.Plan{Cron: "0 9 * * 1", Missed: series.Skip}, series.Content{Name: "월요일 안내",
			Request: message.Request{Strategy: message.SMSOnly}, Recipients: []series.Recipient{{To: "01012345678"}}})
		of = one.ID.Text("ser")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return of
}

func TestTheOperatorSeesAndStopsTheSeriesOfASite(t *testing.T) {
	office(t)
	shop(t)
	of := stored(t)
	wants(t, "the list", done(t, "series", "list", "shop"), of, "월요일 안내", "active", "0 9 * * 1", "09:00", "-")
	if got := pick(t, done(t, "series", "pause", "shop", of, "--json"), "id", "status"); got["status"] != "paused" || got["id"] != of {
		t.Errorf("paused: %v", got)
	}
	wants(t, "the list", done(t, "series", "list", "shop"), "paused")
	if out := done(t, "series", "resume", "shop", of); !strings.Contains(out, "active") {
		t.Errorf("resumed: %s", out)
	}
	refused(t, 1, []string{"series", "pause", "shop", "x"}, `no series "x"`)
	refused(t, 1, []string{"series", "list", "none"}, `no site "none"`)
	refused(t, 1, []string{"series", "resume", "other", of}, "no")
}
