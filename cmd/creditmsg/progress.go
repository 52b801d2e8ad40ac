package main

import (
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"creditmsg/client"
)

const (
	barWidth  = 24
	lineEvery = 3 * time.Second        // between two lines where nothing can be redrawn
	drawEvery = 100 * time.Millisecond // between two drawings of the upload
)

// progress shows on standard error how far a run is: in a terminal one line that is
// redrawn, elsewhere a line every few seconds. It is for one goroutine at a time.
type progress struct {
	to       io.Writer
	terminal bool
	drawn    bool      // a line stands there without its end
	last     time.Time // of the last output
}

func newProgress(to io.Writer) *progress {
	p := &progress{to: to}
	if f, ok := to.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// show writes one state, unless the last one is too young.
func (p *progress) show(text string, every time.Duration) {
	now := time.Now()
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	if p.terminal {
		// Without wrapping, so that a line longer than the screen is redrawn too.
		fmt.Fprintf(p.to, "\r\033[K\033[?7l%s\033[?7h", text)
		p.drawn = true
		return
	}
	fmt.Fprintln(p.to, text)
}

// end leaves the line that is redrawn.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprintln(p.to)
		p.drawn = false
	}
	p.last = time.Time{}
}

// sending gives the rows of a list and shows how many have been sent.
func (p *progress) sending(l *list) iter.Seq2[client.Recipient, error] {
	every := lineEvery
	if p.terminal {
		every = drawEvery
	}
	return func(yield func(client.Recipient, error) bool) {
		sent := int64(0)
		for r, err := range l.rows() {
			if !yield(r, err) {
				return
			}
			if sent++; sent%1000 == 0 {
				p.show(fmt.Sprintf("%s sending %s of %s recipients", bar(sent, int64(l.count)), grouped(sent), grouped(int64(l.count))), every)
			}
		}
	}
}

// waiting shows a message on its way; err is why the server could not be asked just now.
func (p *progress) waiting(m client.Message, err error) {
	every := lineEvery
	if p.terminal {
		every = 0
	}
	if err != nil {
		p.show("the server cannot be asked just now, trying again: "+err.Error(), every)
		return
	}
	c := m.Counts
	failed := c.Failed + c.Expired + c.Cancelled
	p.show(fmt.Sprintf("%s %s: delivered %s, failed %s, pending %s, cost %s", bar(c.Delivered+failed, m.Recipients.Accepted), m.Status,
		grouped(c.Delivered), grouped(failed), grouped(c.Open()), won(m.ActualCost)), every)
}

// bar draws part of whole.
func bar(part, whole int64) string {
	part, whole = min(part, whole), max(whole, 1)
	full := int(part * barWidth / whole)
	return fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), part*100/whole)
}
