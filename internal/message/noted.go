package message

import (
	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// This file says what the audit log is told of what people do to messages, templates and
// policies. Who sent a message stands in its content, and what became of it in its rows: neither
// an accept nor a hand-over is noted.

// standing is what people change of a message.
func (m *Message) standing() audit.Fields {
	return audit.Fields{"status": string(m.State), "scheduled_at": m.ScheduledAt}
}

func (m *Message) noted(action string, was audit.Fields) audit.Change {
	return audit.Change{Site: m.Site, Action: action, Ref: m.ID.Text(id.Message), Before: was, After: m.standing()}
}

// noteReview names both, who wrote the message and who decided.
func noteReview(tx *db.Tx, m *Message, v Review, to ReviewState, by, reason string, was audit.Fields) error {
	c := m.noted("message."+string(to), was)
	c.AskedBy = v.AskedBy
	if to == ReviewApproved {
		c.ApprovedBy = by
	} else {
		c.After["reason"] = audit.Said(reason)
	}
	return audit.Note(tx, c)
}

// parts are what is told of a template. Its wording is what people read on their phones, so
// only how it is another one is in them.
func (t *Template) parts() audit.Fields {
	return audit.Fields{"name": t.Name, "channel": t.Channel, "body": audit.Wording(t.Body), "buttons": audit.Wording(jsonText(t.Buttons)),
		"parts": audit.Wording(jsonText(t.TemplateParts)), "state": string(t.State), "providers": t.Providers}
}

func noteTemplate(tx *db.Tx, action string, was, now *Template) error {
	c := audit.Change{Action: action}
	if was != nil {
		c.Site, c.Ref, c.Before = was.Site, was.Code, was.parts()
	}
	if now != nil {
		c.Site, c.Ref, c.After = now.Site, now.Code, now.parts()
	}
	return audit.Note(tx, c)
}

func notePolicy(tx *db.Tx, action string, p Policy, was, now PolicySteps) error {
	c := audit.Change{Site: p.Site, Action: action, Ref: p.Name}
	if was != nil {
		c.Before = audit.Fields{"steps": was}
	}
	if now != nil {
		c.After = audit.Fields{"steps": now}
	}
	return audit.Note(tx, c)
}
