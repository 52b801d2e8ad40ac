package api

import (
	"net/http/httptest"
	"testing"
	"time"

	"creditmsg/client"
)

func TestOurOwnClientReadsTheInboxAgain(t *testing.T) {
	w := onSQLite(t)
	ref := w.told()
	w.mend()
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := client.New(server.URL, w.operator, client.Options{Retries: -1})
	w.must(err)
	ctx := t.Context()
	letters, err := c.ForSite("rich").Inbox(ctx, client.LetterFilter{Provider: "solapi", State: "applied", To: "01012345678"}, client.Paging{Limit: 5})
	w.must(err)
	if len(letters.Data) != 1 || letters.Data[0].Reports != 1 {
		t.Fatalf("got %+v, want one letter", letters)
	}
	letter, err := c.InboxLetter(ctx, letters.Data[0].ID, true)
	w.must(err)
	if len(letter.Says) != 1 || letter.Says[0].Effect != "charged_but_failed" || letter.Says[0].Reference != ref || letter.Raw == "" {
		t.Errorf("got %+v", letter)
	}
	v, err := c.BeginRun(ctx, client.Rerun{From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour)})
	w.must(err)
	other, err := c.BeginRun(ctx, client.Rerun{From: time.Now().Add(-time.Hour), Until: time.Now()})
	w.must(err)
	if other, err = c.CancelRun(ctx, other.ID); err != nil || other.State != "cancelled" {
		t.Errorf("got %+v and %v, want it cancelled", other, err)
	}
	w.drain()
	if v, err = c.Run(ctx, v.ID); err != nil || v.State != "compared" || len(v.Kinds) != 1 || v.Kinds[0].Refund != "18.00" {
		t.Errorf("got %+v and %v", v, err)
	}
	sums, err := c.RunSums(ctx, v.ID, client.Paging{})
	w.must(err)
	list, err := c.RunDifferences(ctx, v.ID, "charged_but_failed", "", client.Paging{})
	w.must(err)
	if len(sums.Data) != 1 || sums.Data[0].Site != "rich" || len(list.Data) != 1 || list.Data[0].Reference != ref || list.Data[0].Outcome != "" {
		t.Errorf("got %+v and %+v", sums, list)
	}
	_, err = c.ApplyRun(ctx, v.ID)
	w.must(err)
	w.drain()
	runs, err := c.Runs(ctx, client.Paging{Limit: 2})
	w.must(err)
	if len(runs.Data) != 2 || runs.Data[1].State != "applied" || runs.Data[1].GivenBack != "18.00" {
		t.Errorf("got %+v", runs)
	}
}
