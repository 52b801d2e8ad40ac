package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"creditmsg/internal/id"
)

// Polled is a body of a Poller that adapters make of what their vendor answered: one page
// beside the call that it is about, so that it can be read by itself at any time.
type Polled struct {
	Call  id.ID           // the attempt
	About string          // what was asked, in the adapter's words
	Page  json.RawMessage // as the vendor wrote it
}

type wirePolled struct {
	Call  string          `json:"call"`
	About string          `json:"about"`
	Page  json.RawMessage `json:"page"`
}

// maxPolled bounds one body.
const maxPolled = 8 << 20

// Body writes the body. A page that is not JSON is an error.
func (p Polled) Body() ([]byte, error) {
	return json.Marshal(wirePolled{p.Call.String(), p.About, p.Page})
}

// ReadPolled reads what Body wrote; a body about no call is an error.
func ReadPolled(body []byte) (Polled, error) {
	if len(body) > maxPolled {
		return Polled{}, fmt.Errorf("read results: more than %d bytes", maxPolled)
	}
	if body = bytes.TrimLeft(body, " \t\r\n"); len(body) == 0 || body[0] != '{' {
		return Polled{}, errors.New("read results: no object")
	}
	var w wirePolled
	if err := json.Unmarshal(body, &w); err != nil {
		return Polled{}, fmt.Errorf("read results: %w", err)
	}
	call, err := id.ParseBare(w.Call)
	if err != nil || len(w.Page) == 0 {
		return Polled{}, errors.New("read results: they are about no call")
	}
	return Polled{call, w.About, w.Page}, nil
}
