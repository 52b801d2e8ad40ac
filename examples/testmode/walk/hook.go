package walk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// hooked has events sent to a receiver of its own that fails the first time, and moves the
// clock to the next try.
func (w *walk) hooked(ctx context.Context) (err error) {
	var calls atomic.Int64
	called := make(chan int64, 100)
	at, stop, err := receiver(func(rw http.ResponseWriter, _ *http.Request) {
		n := calls.Add(1)
		if n == 1 {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
		called <- n
	})
	if err != nil {
		return err
	}
	defer stop()
	endpoint, told, err := w.addEndpoint(ctx, at)
	if err != nil {
		return err
	}
	if endpoint == "" {
		w.say("%s", told)
		return nil
	}
	defer func() {
		removed := w.do(context.WithoutCancel(ctx), http.MethodDelete, w.o.URL+"/v1/webhook-endpoints/"+endpoint, "application/json", nil, w.o.Token)
		err = errors.Join(err, removed)
	}()
	if _, err := w.send(ctx, "010-0000-0002", time.Time{}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-called:
			if n == 1 {
				w.say("the receiver answered 503 to the first call")
				if err := w.advance(ctx, time.Minute); err != nil {
					return err
				}
				continue
			}
			w.say("it was called again, and took it")
			return nil
		}
	}
}

// receiver answers requests at a port of this machine until it is stopped.
func receiver(answer http.HandlerFunc) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: answer, ReadHeaderTimeout: 5 * time.Second}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = s.Serve(l) // it ends when it is closed
	}()
	return "http://" + l.Addr().String(), func() { _ = s.Close(); <-over }, nil
}

// addEndpoint has the events of messages sent to an address; "" says that this installation
// does not, and told why.
func (w *walk) addEndpoint(ctx context.Context, address string) (id, told string, err error) {
	body := fmt.Sprintf(`{"url":%q,"topics":["message.*"]}`, address)
	status, text, err := w.call(ctx, http.MethodPost, w.o.URL+"/v1/webhook-endpoints", "application/json", strings.NewReader(body), w.o.Token)
	switch {
	case err != nil:
		return "", "", err
	case status == http.StatusNotFound:
		return "", "this installation sends no webhooks", nil
	case status == http.StatusUnprocessableEntity:
		return "", "this installation calls no receiver on this machine; with webhooks: {allow: [127.0.0.1]} it does", nil
	case status != http.StatusCreated:
		return "", "", fmt.Errorf("POST /v1/webhook-endpoints answered %d: %s", status, text)
	}
	var made struct {
		Endpoint struct {
			ID string `json:"id"`
		} `json:"endpoint"`
	}
	if err := json.Unmarshal(text, &made); err != nil {
		return "", "", fmt.Errorf("read the endpoint: %w", err)
	}
	return made.Endpoint.ID, "", nil
}
