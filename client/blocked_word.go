package client

import (
	"context"
	"time"
)

// BlockedWord is a word whose readers are rejected with blocked_word.
type BlockedWord struct {
	Word    string    `json:"word"`
	List    string    `json:"list"` // installation or site
	AddedAt time.Time `json:"added_at"`
}

// BlockedWords lists the words that the site's texts must not have. The operator sets them.
func (c *Client) BlockedWords(ctx context.Context, p Paging) (Page[BlockedWord], error) {
	return get[Page[BlockedWord]](ctx, c, p.query(), "v1", "blocked-words")
}
