package message

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// This file turns values into columns. Rows are written in the order of their
// keys, so that two transactions meet them in the same order.

func compareKeys(a, b Key) int {
	return cmp.Or(strings.Compare(a.Site, b.Site), bytes.Compare(a.ID[:], b.ID[:]))
}

func comparePlaces(a, b Place) int {
	return cmp.Or(compareKeys(a.Key, b.Key), cmp.Compare(a.Seq, b.Seq))
}

func sortByKey(list []*Message) {
	slices.SortFunc(list, func(a, b *Message) int { return compareKeys(a.Key, b.Key) })
}

func sortBatches(list []staged) {
	slices.SortFunc(list, func(a, b staged) int { return cmp.Or(compareKeys(a.Key, b.Key), cmp.Compare(a.no, b.no)) })
}

// pick makes one column's values.
func pick[T, V any](list []T, value func(T) V) []V {
	out := make([]V, len(list))
	for i, v := range list {
		out[i] = value(v)
	}
	return out
}

func messageKeys(list []*Message) []db.Column {
	return []db.Column{
		db.Col("site_id", pick(list, func(m *Message) string { return m.Site })),
		db.Col("id", pick(list, func(m *Message) id.ID { return m.ID })),
	}
}

// contents are the columns that the accept decides.
func contents(list []*Message) []db.Column {
	return append(messageKeys(list),
		db.Col("state", pick(list, func(m *Message) string { return string(m.State) })),
		db.Col("strategy", pick(list, func(m *Message) string { return string(m.Strategy) })),
		db.Col("created_at", pick(list, func(m *Message) db.Time { return m.CreatedAt })),
		db.Col("scheduled_at", pick(list, func(m *Message) db.Time { return m.ScheduledAt })),
		db.Col("valid_for", pick(list, func(m *Message) int64 { return m.ValidFor.Microseconds() })),
		db.Col("content", pick(list, func(m *Message) []byte { return m.sealed })),
		db.Col("classes", pick(list, func(m *Message) string { return string(frozen(m.Classes)) })),
		db.Col("class_counts", pick(list, func(m *Message) string { return jsonText(m.ClassCounts) })),
		db.Col("rejected_by", pick(list, func(m *Message) string { return jsonText(m.RejectedBy) })),
		db.Col("estimated", pick(list, func(m *Message) int64 { return int64(m.Estimated) })),
		db.Col("batches", pick(list, func(m *Message) int64 { return int64(m.Batches) })),
		db.Col("total", pick(list, func(m *Message) int64 { return m.Total })),
		db.Col("accepted", pick(list, func(m *Message) int64 { return m.Accepted })),
		db.Col("duplicate", pick(list, func(m *Message) int64 { return m.Duplicate })),
		db.Col("rejected", pick(list, func(m *Message) int64 { return m.Rejected })),
		db.Col("notify", pick(list, func(m *Message) int64 { return int64(m.Notify) })),
		db.Opt("reply", pick(list, func(m *Message) id.ID { return m.reply })))
}

// counters are the columns that outcomes move.
func counters(list []*Message) []db.Column {
	number := func(name string, of func(*Message) int64) db.Column { return db.Col(name, pick(list, of)) }
	return []db.Column{
		db.Col("done_at", pick(list, func(m *Message) db.Time { return m.DoneAt })),
		number("sent", func(m *Message) int64 { return m.Counts.Sent }),
		number("unknown", func(m *Message) int64 { return m.Counts.Unknown }),
		number("delivered", func(m *Message) int64 { return m.Counts.Delivered }),
		number("failed", func(m *Message) int64 { return m.Counts.Failed }),
		number("expired", func(m *Message) int64 { return m.Counts.Expired }),
		number("cancelled", func(m *Message) int64 { return m.Counts.Cancelled }),
		number("by_alimtalk", func(m *Message) int64 { return m.By[provider.Alimtalk] }),
		number("by_sms", func(m *Message) int64 { return m.By[provider.SMS] }),
		number("by_lms", func(m *Message) int64 { return m.By[provider.LMS] }),
		number("by_mms", func(m *Message) int64 { return m.By[provider.MMS] }),
		number("late", func(m *Message) int64 { return m.Late }),
	}
}

func insertMessages(tx *db.Tx, list []*Message) error {
	return tx.InsertMany("message", append(contents(list), counters(list)...)...)
}

// updateStaged turns staged drafts into messages.
func updateStaged(tx *db.Tx, list []*Message) error {
	return tx.UpdateMany("message", []string{"site_id", "id"}, contents(list)...)
}

func updateCounters(tx *db.Tx, list []*Message) error {
	sortByKey(list)
	state := db.Col("state", pick(list, func(m *Message) string { return string(m.State) }))
	err := tx.UpdateMany("message", []string{"site_id", "id"}, append(append(messageKeys(list), state), counters(list)...)...)
	if err != nil {
		return fmt.Errorf("count outcomes: %w", err)
	}
	return nil
}

func endBatches(tx *db.Tx, list []BatchEnd) error {
	slices.SortFunc(list, func(a, b BatchEnd) int { return cmp.Or(compareKeys(a.Message, b.Message), cmp.Compare(a.No, b.No)) })
	err := tx.UpdateMany("batch", []string{"site_id", "message_id", "no"},
		db.Col("site_id", pick(list, func(b BatchEnd) string { return b.Message.Site })),
		db.Col("message_id", pick(list, func(b BatchEnd) id.ID { return b.Message.ID })),
		db.Col("no", pick(list, func(b BatchEnd) int64 { return int64(b.No) })),
		db.Col("state", pick(list, func(b BatchEnd) string { return string(b.State) })))
	if err != nil {
		return fmt.Errorf("end batches: %w", err)
	}
	return nil
}

// writeRecipients inserts rows of those who get their first outcome and updates
// the others.
func writeRecipients(tx *db.Tx, changes []Change) error {
	fresh, known := make([]Recipient, 0, len(changes)), make([]Recipient, 0, len(changes))
	for _, c := range changes {
		if c.From.born {
			known = append(known, c.To)
		} else {
			fresh = append(fresh, c.To)
		}
	}
	born := append(recipientKeys(fresh),
		db.Col("class", pick(fresh, func(r Recipient) int64 { return int64(r.Class) })),
		db.Col("mobile", pick(fresh, func(r Recipient) []byte { return r.Mobile[:] })))
	if err := tx.InsertMany("recipient", append(born, outcomes(fresh)...)...); err != nil {
		return fmt.Errorf("insert recipients: %w", err)
	}
	err := tx.UpdateMany("recipient", []string{"site_id", "message_id", "seq"}, append(recipientKeys(known), outcomes(known)...)...)
	if err != nil {
		return fmt.Errorf("update recipients: %w", err)
	}
	return nil
}

func recipientKeys(list []Recipient) []db.Column {
	return []db.Column{
		db.Col("site_id", pick(list, func(r Recipient) string { return r.Site })),
		db.Col("message_id", pick(list, func(r Recipient) id.ID { return r.ID })),
		db.Col("seq", pick(list, func(r Recipient) int64 { return int64(r.Seq) })),
	}
}

// outcomes are the columns of a recipient that outcomes move.
func outcomes(list []Recipient) []db.Column {
	return []db.Column{
		db.Col("step", pick(list, func(r Recipient) int64 { return int64(r.Step) })),
		db.Col("try", pick(list, func(r Recipient) int64 { return int64(r.Try) })),
		db.Col("state", pick(list, func(r Recipient) string { return string(r.State) })),
		db.Opt("attempt", pick(list, func(r Recipient) id.ID { return r.Attempt })),
		db.Col("provider", pick(list, func(r Recipient) string { return r.Provider })),
		db.Col("reason", pick(list, func(r Recipient) string { return string(r.Reason) })),
		db.Col("code", pick(list, func(r Recipient) string { return r.Code })),
		db.Col("earlier_step", pick(list, func(r Recipient) int64 { return int64(r.EarlierStep) })),
		db.Col("handed_at", pick(list, func(r Recipient) db.Time { return r.HandedAt })),
		db.Col("sent_at", pick(list, func(r Recipient) db.Time { return r.SentAt })),
		db.Col("reported_at", pick(list, func(r Recipient) db.Time { return r.ReportedAt })),
		db.Opt("history", pick(list, history)),
	}
}

func history(r Recipient) string {
	if len(r.History) == 0 {
		return ""
	}
	return jsonText(r.History)
}
