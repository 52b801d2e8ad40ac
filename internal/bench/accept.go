package bench

import (
	"context"
	"errors"
	"fmt"

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
)

// acceptContest compares taking in whole messages to one recipient each, from the text
// to the stored hold, event and job.
func acceptContest(r *run) (contest, error) {
	return contest{unit: "message",
		baseline: side{"one transaction a message: SELECT account FOR UPDATE; INSERT message, batch, job, reservation, entry, event; UPDATE account", acceptBare},
		product:  side{fmt.Sprintf("%d callers: Draft, Add, Accept of one-recipient messages", r.o.Callers), acceptProduct},
	}, nil
}

// oneText is a message as small sites send it.
func oneText() message.Request {
	return message.Request{Strategy: message.SMSOnly, Text: &message.TextRequest{Body: "#{이름}님, 예약이 확정되었습니다."}}
}

// takeIn accepts a message to one person.
func (w *world) takeIn(ctx context.Context, siteID string, mobile uint32) error {
	d, err := w.messages.Draft(ctx, siteID, oneText())
	if err != nil {
		return err
	}
	if err := d.Add(ctx, string(korea.MobileNumber(mobile)), map[string]string{"이름": "김하나"}); err != nil {
		return err
	}
	_, err = d.Accept(ctx, nil)
	return err
}

// acceptedRows counts the messages that stand with everything that belongs to them.
func acceptedRows(prefix string) string {
	t := func(table, alias string) string { return prefix + table + " " + alias }
	return "SELECT COUNT(*) FROM " + t("message", "m") +
		" JOIN " + t("batch", "b") + " ON b.site_id = m.site_id AND b.message_id = m.id AND b.no = 0" +
		" JOIN " + t("reservation", "r") + " ON r.site_id = m.site_id AND r.message_id = m.id" +
		" JOIN " + t("entry", "e") + " ON e.site_id = r.site_id AND e.seq = r.seq AND e.subject = m.id"
}

// besideRows counts the jobs and events, which name their message in text.
var besideRows = map[string]string{"job": "kind = 'single'", "event": "type = 'message.accepted'"}

func acceptProduct(ctx context.Context, a *arena) (sample, error) {
	w, err := a.open(ctx)
	if err != nil {
		return sample{}, err
	}
	sites, err := w.furnish(ctx, a.o.Sites)
	if err != nil {
		return sample{}, err
	}
	var answered int64
	out, err := a.measure(ctx, func(ctx context.Context) (err error) {
		answered, err = crowd(ctx, a.o.Callers, a.o.Lasting, func(ctx context.Context, caller, turn int) error {
			return w.takeIn(ctx, sites[(caller+turn*a.o.Callers)%len(sites)], uint32(caller*1_000_000+turn%1_000_000))
		})
		return err
	})
	if err != nil {
		return sample{}, err
	}
	if out.units, err = w.count(ctx, acceptedRows("")); err != nil {
		return sample{}, err
	}
	if err := w.tellGroups(ctx, a, out.units); err != nil {
		return sample{}, err
	}
	errs := []error{counted(answered, out.units)}
	for table, kind := range besideRows {
		n, err := w.count(ctx, "SELECT COUNT(*) FROM "+table+" WHERE "+kind)
		errs = append(errs, err, counted(answered, n))
	}
	return out, errors.Join(append(errs, w.prove(ctx, true))...)
}

// bareInbox is the tables of the baseline that takes messages in.
type bareInbox struct {
	*bareBooks
	message, batch, job, event *row
}

func newBareInbox(ctx context.Context, a *arena) (*bareInbox, error) {
	w, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	sites, err := w.furnish(ctx, a.o.Sites)
	if err != nil {
		return nil, err
	}
	if err := w.takeIn(ctx, sites[0], 12345678); err != nil {
		return nil, err
	}
	s, err := a.engine.connect(ctx, a.url)
	if err != nil {
		return nil, err
	}
	b := &bareInbox{}
	if b.bareBooks, err = newBareBooks(ctx, a, s, sites); err != nil {
		return nil, errors.Join(err, s.close())
	}
	for table, into := range map[string]**row{"message": &b.message, "batch": &b.batch, "job": &b.job, "event": &b.event} {
		if *into, err = bareRow(ctx, s, table, "site_id <> ''"); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return b, s.close()
}

// takeIn is what comes between BEGIN and COMMIT: the account is locked and looked at
// first, as a program does that refuses before it stores anything. The sealed bodies,
// the texts and the hash are given.
func (b *bareInbox) takeIn(ctx context.Context, s session, siteID string) error {
	m, e := id.New(), id.New()
	text := m.String()
	return b.charge(ctx, s, siteID, m, func() error {
		if err := b.message.add(ctx, s, "site_id", siteID, "id", m[:]); err != nil {
			return err
		}
		if err := b.batch.add(ctx, s, "site_id", siteID, "message_id", m[:]); err != nil {
			return err
		}
		if err := b.job.add(ctx, s, "site_id", siteID, "job_key", text+"/0/1", "id", e[:]); err != nil {
			return err
		}
		return b.event.add(ctx, s, "site_id", siteID, "id", e[:], "ref", "msg_"+text)
	})
}

func acceptBare(ctx context.Context, a *arena) (sample, error) {
	b, err := newBareInbox(ctx, a)
	if err != nil {
		return sample{}, err
	}
	// The three counts are one query each; what is not in all of them does not count.
	return a.bareCrowd(ctx, func(ctx context.Context, s session, caller, turn int) error {
		return a.within(ctx, s, func() error { return b.takeIn(ctx, s, b.pick(a, caller, turn)) })
	}, func(ctx context.Context, s session) (int64, error) {
		least := int64(-1)
		for _, q := range []string{acceptedRows("bare_"), "SELECT COUNT(*) FROM bare_job", "SELECT COUNT(*) FROM bare_event"} {
			n, err := countBare(q)(ctx, s)
			if err != nil {
				return 0, err
			}
			if least < 0 || n < least {
				least = n
			}
		}
		return least, nil
	})
}
