package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Upload is a large message that arrives in pieces.
type Upload struct {
	ID        string    `json:"id"`
	State     string    `json:"state"` // open, or used once it was sent
	Bytes     int64     `json:"bytes"` // that have arrived
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// BeginUpload begins a message that arrives in pieces: lines as SendStream makes them.
func (c *Client) BeginUpload(ctx context.Context) (Upload, error) {
	return write[Upload](ctx, c, http.MethodPost, nil, "v1", "uploads")
}

// Uploads lists the uploads, newest first.
func (c *Client) Uploads(ctx context.Context, p Paging) (Page[Upload], error) {
	return get[Page[Upload]](ctx, c, p.query(), "v1", "uploads")
}

// Upload tells how much of an upload has arrived.
func (c *Client) Upload(ctx context.Context, id string) (Upload, error) {
	return get[Upload](ctx, c, nil, "v1", "uploads", id)
}

// AppendUpload adds bytes to an upload of which offset bytes have arrived. It makes one try:
// after an error Upload tells where to go on.
func (c *Client) AppendUpload(ctx context.Context, id string, offset int64, piece []byte) (Upload, error) {
	var out Upload
	err := c.once(ctx, appending(id, offset, call{file: piece, out: &out}), piece)
	return out, err
}

func appending(id string, offset int64, c call) call {
	c.method, c.path = http.MethodPatch, []string{"v1", "uploads", id}
	c.query = url.Values{"offset": {strconv.FormatInt(offset, 10)}}
	c.key = rand.Text() // the server needs none here: the offset says it all
	return c
}

// SendUpload sends the message that an upload holds. Sending it again gives the first reply.
func (c *Client) SendUpload(ctx context.Context, id string) (Message, error) {
	return c.message(ctx, call{method: http.MethodPost, path: []string{"v1", "uploads", id, "send"}})
}

// RemoveUpload deletes an upload that will not be sent.
func (c *Client) RemoveUpload(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "uploads", id)
}

// SendResumable is SendStream for connections that may break: what has arrived stays, and the
// next try goes on from there. It gives up after as many tries in a row that brought nothing
// further as Options.Retries says. rows is walked from its beginning once for each try and must
// give the same recipients each time. d.Key is not used: the upload is what is sent once.
func (c *Client) SendResumable(ctx context.Context, d Draft, rows iter.Seq2[Recipient, error]) (Message, error) {
	u, err := c.BeginUpload(ctx)
	if err != nil {
		return Message{}, err
	}
	for failures := 0; ; {
		arrived := u.Bytes
		err := c.appendRows(ctx, &u, d, rows)
		if err == nil {
			return c.SendUpload(ctx, u.ID)
		}
		if u, err = c.resume(ctx, u, err); err != nil {
			return Message{}, err
		}
		if failures++; u.Bytes > arrived {
			failures = 0
		}
		if failures > max(c.retries, 0) {
			return Message{}, fmt.Errorf("send upload %s: the connection broke %d times in a row", u.ID, failures)
		}
	}
}

// appendRows sends what an upload lacks of a message.
func (c *Client) appendRows(ctx context.Context, u *Upload, d Draft, rows iter.Seq2[Recipient, error]) error {
	var skipped error
	err := c.once(ctx, appending(u.ID, u.Bytes, call{out: u, stream: func() *ndjson {
		s := newNDJSON(d, rows)
		_, skipped = io.CopyN(io.Discard, s, u.Bytes)
		return s
	}}), nil)
	if err == nil && skipped != nil && !errors.Is(skipped, io.EOF) {
		return &rowsError{skipped}
	}
	return err
}

// resume asks where an upload stands after a try that failed, unless another one cannot help.
func (c *Client) resume(ctx context.Context, u Upload, why error) (Upload, error) {
	if conflict := IsProblem(why, "state_conflict"); !conflict && !Temporary(why) {
		return u, why
	}
	if wait, again := c.again(why, 0); again {
		if stopped := pause(ctx, wait); stopped != nil {
			return u, fmt.Errorf("%w (%w)", why, stopped)
		}
	}
	return c.Upload(ctx, u.ID)
}
