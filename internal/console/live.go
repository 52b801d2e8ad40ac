package console

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// stream sends pieces of a page as they change (server-sent events) until there will be no more, or
// the browser leaves. look gives the next piece, "" where nothing changed.
func (p *page) stream(every time.Duration, look func() (piece string, over bool, err error)) error {
	piece, over, err := look()
	if err != nil {
		return err // as long as nothing was sent, what is wrong is told like everywhere
	}
	control := http.NewResponseController(p.w)
	h := p.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy would keep the pieces until there are many
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		text := ": still here\n\n"
		if piece != "" {
			text = "data: " + strings.ReplaceAll(strings.TrimSpace(piece), "\n", "\ndata: ") + "\n\n"
		}
		if over || err != nil {
			text += "event: end\ndata:\n\n"
		}
		if piece != "" || over || err != nil || n%15 == 0 {
			if _, failed := fmt.Fprint(p.w, text); failed != nil {
				return nil
			}
			if failed := control.Flush(); failed != nil {
				return nil
			}
		}
		if over || err != nil {
			return nil
		}
		select {
		case <-p.r.Context().Done():
			return nil
		case <-p.Stopping:
			return nil // the browser asks again, another process or the next one
		case <-tick.C:
		}
		piece, over, err = look()
	}
}

// written writes a part of a page into a text.
func (p *page) written(name string, data any) (string, error) {
	var out bytes.Buffer
	if err := p.render(&out, name, view{page: p, Name: name, D: data}); err != nil {
		return "", err
	}
	return out.String(), nil
}
