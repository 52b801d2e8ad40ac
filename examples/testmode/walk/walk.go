// Package walk is the steps of the example: each does something that takes hours or days in
// the true world, and moves the clock of the test site instead of waiting.
package walk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"creditmsg/client"
)

// Options say where the installation is, and who calls.
type Options struct {
	URL   string // of the API
	Token string // cm_test_…, or cm_live_… with tokens:write, which makes one
}

// walk is one run.
type walk struct {
	out      io.Writer
	o        Options
	c        *client.Client
	template string // an approved template
}

// Walk does all steps and tells of each. It leaves the test site as it found it, but for what
// it sent and the credit that this took.
func Walk(ctx context.Context, out io.Writer, o Options) error {
	if o.URL == "" || o.Token == "" {
		return errors.New("set CREDITMSG_URL and CREDITMSG_TOKEN, or start the demo with make run and come from its folder")
	}
	w := &walk{out: out, o: o}
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"A test site", w.begin},
		{"An Alimtalk falls back to a text", w.fallBack},
		{"Nobody reports for 73 hours", w.expire},
		{"A message of next week", w.scheduled},
		{"A card that declines", w.decline},
		{"A webhook that fails the first time", w.hooked},
	} {
		fmt.Fprintf(out, "\n%s\n", step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(step.title), err)
		}
	}
	return nil
}

func (w *walk) say(format string, args ...any) { fmt.Fprintf(w.out, "  "+format+"\n", args...) }

// begin makes a token of the test site unless there is one, and finds a template.
func (w *walk) begin(ctx context.Context) (err error) {
	if w.c, err = client.New(w.o.URL, w.o.Token, client.Options{}); err != nil {
		return err
	}
	if !strings.HasPrefix(w.o.Token, "cm_test_") {
		made, err := w.c.CreateTestToken(ctx, client.NewTestToken{Name: "walk", Abilities: []string{"*"}})
		if err != nil {
			return err
		}
		w.say("POST /v1/test/tokens gave a token of %s", made.Site)
		if w.c, err = client.New(w.o.URL, made.Token, client.Options{}); err != nil {
			return err
		}
	}
	credit, err := w.c.AddTestCredit(ctx, "10000")
	if err != nil {
		return err
	}
	w.say("it has %s won to play with, after POST /v1/test/credit", credit.AvailableAfter)
	templates, err := w.c.Templates(ctx, client.Paging{})
	if err != nil {
		return err
	}
	for _, t := range templates.Data {
		if t.State == "approved" {
			w.template = t.Code
			w.say("it sends the template %s, a copy of the live site's", t.Code)
			return nil
		}
	}
	return errors.New("the test site has no approved template; POST /v1/test brings it up to date")
}

// send sends an Alimtalk that may fall back to a text, to one number.
func (w *walk) send(ctx context.Context, to string, at time.Time) (client.Message, error) {
	d := client.Draft{Title: "walk", Strategy: client.AlimtalkFirst, Alimtalk: &client.Alimtalk{TemplateCode: w.template},
		Text:       &client.Text{Body: "#{이름}님, 예약이 확정되었습니다."},
		Recipients: []client.Recipient{{To: to, Variables: map[string]string{"이름": "김하나"}}}, ScheduledAt: at}
	return w.c.Send(ctx, d)
}

func (w *walk) fallBack(ctx context.Context) error {
	m, err := w.send(ctx, "010-0001-0001", time.Time{})
	if err != nil {
		return err
	}
	w.say("010-0001-xxxx is not on Kakao: %s won held", m.Held)
	if m, err = w.c.Wait(ctx, m.ID, nil); err != nil {
		return err
	}
	w.say("delivered by SMS: %d, it cost %s won", m.DeliveredBy.SMS, m.ActualCost)
	if m.DeliveredBy.SMS != 1 {
		return fmt.Errorf("message %s is %s and was not delivered by SMS", m.ID, m.Status)
	}
	return nil
}

func (w *walk) expire(ctx context.Context) error {
	m, err := w.send(ctx, "010-0004-0001", time.Time{})
	if err != nil {
		return err
	}
	before, err := w.c.Credit(ctx)
	if err != nil {
		return err
	}
	w.say("010-0004-xxxx never reports: %s won stay held", before.Held)
	if err := w.advance(ctx, 73*time.Hour); err != nil {
		return err
	}
	if m, err = w.c.Message(ctx, m.ID); err != nil {
		return err
	}
	after, err := w.c.Credit(ctx)
	if err != nil {
		return err
	}
	w.say("expired: %d, released: %s won, still held: %s won", m.Counts.Expired, m.Released, after.Held)
	if m.Counts.Expired != 1 || m.Status != "done" {
		return fmt.Errorf("message %s is %s and did not expire", m.ID, m.Status)
	}
	return nil
}

func (w *walk) scheduled(ctx context.Context) error {
	m, err := w.send(ctx, "010-0000-0001", time.Now().Add(7*24*time.Hour))
	if err != nil {
		return err
	}
	w.say("it is %s", m.Status)
	if err := w.advance(ctx, 7*24*time.Hour); err != nil {
		return err
	}
	if m, err = w.c.Wait(ctx, m.ID, nil); err != nil {
		return err
	}
	w.say("it is %s, delivered: %d", m.Status, m.Counts.Delivered)
	if m.Counts.Delivered != 1 {
		return fmt.Errorf("message %s was not delivered", m.ID)
	}
	return nil
}

// advance moves the clock, and tells what it shows.
func (w *walk) advance(ctx context.Context, by time.Duration) error {
	c, err := w.c.AdvanceTestClock(ctx, by)
	if err != nil {
		return err
	}
	w.say("POST /v1/test/clock/advance by %s: the clock shows %s", by, c.Clock.Format("2006-01-02 15:04"))
	return nil
}
