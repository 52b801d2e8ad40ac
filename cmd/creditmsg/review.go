package main

import (
	"context"
	"fmt"

	"creditmsg/internal/server"
)

// reviewVerb decides on messages that wait for a second person.
type reviewVerb struct {
	List    reviewList    `cmd:"" help:"List the messages of a site that wait for a second person."`
	Approve reviewApprove `cmd:"" help:"Let one go."`
	Reject  reviewReject  `cmd:"" help:"Cancel one, and give back what was held for it."`
}

type reviewList struct {
	Site string `arg:"" help:"The site."`
	database
}

// Run lists them.
func (v *reviewList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Reviews(ctx, v.Site)
		return shown(list, err, func(t *table, l server.List[server.Waiting]) { showReviews(t, l.Data...) })
	})
}

// oneMessage names a message.
type oneMessage struct {
	Site string `arg:"" help:"The site."`
	ID   string `arg:"" help:"The message: msg_…"`
}

type reviewApprove struct {
	oneMessage
	database
}

// Run approves it.
func (v *reviewApprove) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.Approve(ctx, v.Site, v.ID)
		return shown(one, err, func(t *table, w server.Waiting) { showReviews(t, w) })
	})
}

type reviewReject struct {
	oneMessage
	Reason string `placeholder:"TEXT" help:"Why, for who sent it."`
	database
}

// Run rejects it.
func (v *reviewReject) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.Reject(ctx, v.Site, v.ID, v.Reason)
		return shown(one, err, func(t *table, w server.Waiting) { showReviews(t, w) })
	})
}

func showReviews(t *table, list ...server.Waiting) {
	t.row("ID", "TITLE", "RECIPIENTS", "HELD", "STATUS", "SENT BY", "SINCE")
	for _, one := range list {
		t.row(one.ID, one.Title, fmt.Sprint(one.Recipients), one.Held.String(), one.Status, one.AskedBy, minute(one.AskedAt))
	}
}
