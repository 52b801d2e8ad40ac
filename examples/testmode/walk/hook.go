package walk

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"creditmsg/client"
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
	made, err := w.c.AddWebhookEndpoint(ctx, client.NewWebhookEndpoint{URL: at, Topics: []string{"message.*"}})
	if client.IsProblem(err, "validation") {
		w.say("this installation calls no receiver on this machine; with webhooks: {allow: [127.0.0.1]} it does")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, w.c.RemoveWebhookEndpoint(context.WithoutCancel(ctx), made.Endpoint.ID))
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
