package walk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// put sends what the client has no method for.
func (w *walk) put(ctx context.Context, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return w.do(ctx, http.MethodPut, w.o.URL+path, "application/json", bytes.NewReader(text), w.o.Token)
}

// do makes one request; what is not a success is an error with what was answered.
func (w *walk) do(ctx context.Context, method, address, media string, body io.Reader, token string) error {
	status, text, err := w.call(ctx, method, address, media, body, token)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%s %s answered %d: %s", method, address, status, text)
	}
	return err
}

// call makes one request, and gives what was answered.
func (w *walk) call(ctx context.Context, method, address, media string, body io.Reader, token string) (status int, text []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", media)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer reply.Body.Close()
	text, err = io.ReadAll(io.LimitReader(reply.Body, 64<<10))
	return reply.StatusCode, text, err
}
