package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"creditmsg/internal/alert"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// Alerts is who is told what of a site's money.
type Alerts struct {
	Site     string         `json:"site"`
	Levels   []money.Amount `json:"levels"`
	Emails   []string       `json:"emails"`
	Topics   []alert.Topic  `json:"topics"`
	Mobile   string         `json:"mobile"`
	Language string         `json:"language"`
}

// AlertsChange is what is to become of them; what is nil keeps its value.
type AlertsChange struct {
	Levels   []string
	Emails   []string
	Topics   []string
	Mobile   *string
	Language *string
}

// Alerts shows who is told what of a site's money. NotFound.
func (p *Operator) Alerts(ctx context.Context, id string) (a Alerts, err error) {
	err = p.d.Snapshot(ctx, "operator_alerts", func(tx *db.Tx) (err error) {
		a, err = p.alertsOf(tx, id)
		return err
	})
	return a, err
}

// SetAlerts changes who is told what of a site's money. Faults: Invalid, NotFound, and Conflict for
// a site that was erased.
func (p *Operator) SetAlerts(ctx context.Context, id string, ch AlertsChange) (a Alerts, err error) {
	levels := make([]money.Amount, len(ch.Levels))
	for i, text := range ch.Levels {
		if levels[i], err = money.Parse(text); err != nil {
			return a, fault.Check("--level", "%q is not an amount of won such as 20000", text)
		}
	}
	err = p.d.Update(ctx, "operator_set_alerts", func(tx *db.Tx) error {
		if err := site.LockNotErased(tx, id); err != nil { // before its contacts
			return err
		}
		_, err := p.alerts.SetContacts(tx, id, alert.Change{Emails: ch.Emails, Topics: ch.Topics, Mobile: ch.Mobile, Language: ch.Language})
		if err == nil && ch.Levels != nil {
			_, err = p.billing.SetLevels(tx, id, levels)
		}
		if err != nil {
			return asOption(err)
		}
		a, err = p.alertsOf(tx, id)
		return err
	})
	return a, err
}

// asOption names the options of the command line where an error names places of a body:
// /emails/1 is the second --email.
func asOption(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	for i, field := range f.Fields {
		name, _, _ := strings.Cut(strings.TrimPrefix(field.Pointer, "/"), "/")
		f.Fields[i].Pointer = "--" + strings.TrimSuffix(name, "s")
	}
	return f
}

func (p *Operator) alertsOf(tx *db.Tx, id string) (a Alerts, err error) {
	if _, err := site.Find(tx, id); err != nil {
		return a, err
	}
	st, _, err := p.billing.RuleOf(tx, id)
	if err != nil {
		return a, fmt.Errorf("read levels: %w", err)
	}
	c, err := p.alerts.ContactsOf(tx, id)
	return Alerts{Site: id, Levels: append([]money.Amount{}, st.Levels...), Emails: append([]string{}, c.Emails...),
		Topics: append([]alert.Topic{}, c.Topics...), Mobile: string(c.Mobile), Language: string(c.Language)}, err
}
