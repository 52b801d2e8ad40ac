// Goclient uses the HTTP API through a client that oapi-codegen makes of the OpenAPI document:
// it sends a message to a running server, waits for it and reads what became of it.
//
//	goclient URL TOKEN
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"creditmsg/tools/goclient/api"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := use(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
}

func use(ctx context.Context, url, token string) error {
	c, err := api.NewClientWithResponses(url, api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
	if err != nil {
		return err
	}
	id, err := send(ctx, c)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	m, err := done(ctx, c, id)
	if err != nil {
		return fmt.Errorf("wait: %w", err)
	}
	if m.Counts.Delivered != 1 || m.ActualCost != "18.00" {
		return fmt.Errorf("delivered %d for %s won, want 1 for 18.00", m.Counts.Delivered, m.ActualCost)
	}
	credit, err := c.GetCreditWithResponse(ctx, &api.GetCreditParams{})
	if err != nil || credit.JSON200 == nil {
		return fmt.Errorf("credit: %v %s", err, credit.Body)
	}
	limit := int64(2)
	page, err := c.ListEntriesWithResponse(ctx, &api.ListEntriesParams{Limit: &limit})
	if err != nil || page.JSON200 == nil || len(page.JSON200.Data) != 2 || !page.JSON200.HasMore {
		return fmt.Errorf("entries: %v %s", err, page.Body)
	}
	missing, err := c.GetMessageWithResponse(ctx, "msg_01k9zqm0v8e4t9w2n7c5r3x6yb", &api.GetMessageParams{})
	if err != nil || missing.ApplicationproblemJSON404 == nil || missing.ApplicationproblemJSON404.Code != "not_found" {
		return fmt.Errorf("a message that is not there: %v %s", err, missing.Body)
	}
	fmt.Printf("OAPI-CODEGEN OK: message %s for 18 won, %s won available, refusals of their own types.\n", id, credit.JSON200.Available)
	return nil
}

// send sends a message under a key, twice.
func send(ctx context.Context, c *api.ClientWithResponses) (string, error) {
	key := fmt.Sprint("goclient-", time.Now().UnixNano())
	var to []api.PersonBody
	if err := json.Unmarshal([]byte(`[{"to":"010-0001-7777","variables":{"이름":"김하나"}}]`), &to); err != nil {
		return "", err
	}
	body := api.SendMessageJSONRequestBody{Strategy: "alimtalk_first", Alimtalk: &api.Alimtalk{TemplateCode: "RESERVE_01"},
		Text: &api.Text{Body: "#{이름}님, 예약이 확정되었습니다."}, Recipients: &to}
	var ids []string
	for range 2 {
		r, err := c.SendMessageWithResponse(ctx, &api.SendMessageParams{IdempotencyKey: &key}, body)
		if err != nil {
			return "", err
		}
		if r.JSON202 == nil {
			return "", fmt.Errorf("got %s: %s", r.Status(), r.Body)
		}
		ids = append(ids, r.JSON202.Id)
	}
	if ids[0] != ids[1] {
		return "", fmt.Errorf("one key sent two messages: %v", ids)
	}
	return ids[0], nil
}

// done waits until a message is done.
func done(ctx context.Context, c *api.ClientWithResponses, id string) (*api.Message, error) {
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		r, err := c.GetMessageWithResponse(ctx, id, &api.GetMessageParams{})
		switch {
		case err != nil:
			return nil, err
		case r.JSON200 == nil:
			return nil, fmt.Errorf("got %s: %s", r.Status(), r.Body)
		case r.JSON200.Status == "done":
			return r.JSON200, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.New("it is not done in time")
		case <-tick.C:
		}
	}
}
