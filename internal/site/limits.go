package site

import (
	"errors"
	"fmt"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/limit"
)

// Limits are how much a site, or one of its tokens, may do in a minute: 0 = any number,
// Inherited = as the installation says.
type Limits struct {
	Requests   int64
	Recipients int64
}

// Inherited is a limit that nobody has set for this site or token.
const Inherited = -1

// NoLimits are those of a site or token for which nobody has set any.
var NoLimits = Limits{Inherited, Inherited}

// Or fills in what is inherited.
func (l Limits) Or(of Limits) Limits {
	if l.Requests == Inherited {
		l.Requests = of.Requests
	}
	if l.Recipients == Inherited {
		l.Recipients = of.Recipients
	}
	return l
}

func (l Limits) valid() error {
	for _, one := range []struct {
		place string
		n     int64
	}{{"/requests_per_minute", l.Requests}, {"/recipients_per_minute", l.Recipients}} {
		if one.n < Inherited || one.n > limit.Most {
			return fault.Check(one.place, "want 0 (any number) to %d, or null for what the installation allows", limit.Most)
		}
	}
	return nil
}

// LimitsOf reads what was set for a site. NotFound.
func LimitsOf(tx *db.Tx, id string) (l Limits, err error) {
	err = tx.QueryRow(`SELECT limit_requests, limit_recipients FROM site WHERE id = ?`, id).Scan(&l.Requests, &l.Recipients)
	if errors.Is(err, db.ErrNoRows) {
		return l, fault.Missing("site", id)
	}
	if err != nil {
		return l, fmt.Errorf("read the limits of site %s: %w", id, err)
	}
	return l, nil
}

// SetLimits says how much a site may do in a minute. Faults: Invalid with the place of what is
// wrong, NotFound.
func SetLimits(tx *db.Tx, id string, l Limits) error {
	if err := l.valid(); err != nil {
		return err
	}
	if _, err := lockSite(tx, id); err != nil {
		return err
	}
	was, err := LimitsOf(tx, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE site SET limit_requests = ?, limit_recipients = ? WHERE id = ?`, l.Requests, l.Recipients, id); err != nil {
		return fmt.Errorf("set the limits of site %s: %w", id, err)
	}
	if err := noteLimits(tx, id, "limits.updated", id, was, l); err != nil {
		return err
	}
	return Changed(tx, id)
}

// SetTokenLimits is SetLimits for one token of a site; another site's is NotFound.
func SetTokenLimits(tx *db.Tx, site string, token id.ID, l Limits) error {
	if err := l.valid(); err != nil {
		return err
	}
	if err := Lock(tx, site); err != nil {
		return err
	}
	was, err := TokenLimitsOf(tx, site, token)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE site_token SET limit_requests = ?, limit_recipients = ? WHERE site_id = ? AND id = ?`, l.Requests, l.Recipients, site, token[:]); err != nil {
		return fmt.Errorf("set the limits of token %s: %w", token.Text(id.Token), err)
	}
	if err := noteLimits(tx, site, "token.limits_updated", token.Text(id.Token), was, l); err != nil {
		return err
	}
	return Changed(tx, site)
}

func noteLimits(tx *db.Tx, site, action, ref string, was, now Limits) error {
	of := func(l Limits) audit.Fields {
		f := audit.Fields{}
		for name, n := range map[string]int64{"requests_minute": l.Requests, "recipients_minute": l.Recipients} {
			f[name] = n
			if n == Inherited {
				f[name] = "default"
			}
		}
		return f
	}
	return audit.Note(tx, audit.Change{Site: site, Action: action, Ref: ref, Before: of(was), After: of(now)})
}

// TokenLimitsOf reads what was set for a token of a site. NotFound.
func TokenLimitsOf(tx *db.Tx, site string, token id.ID) (l Limits, err error) {
	err = tx.QueryRow(`SELECT limit_requests, limit_recipients FROM site_token WHERE site_id = ? AND id = ?`, site, token[:]).Scan(&l.Requests, &l.Recipients)
	if site == "" || errors.Is(err, db.ErrNoRows) { // the operator's have none
		return l, fault.Missing("token", token.Text(id.Token))
	}
	if err != nil {
		return l, fmt.Errorf("read the limits of token %s: %w", token.Text(id.Token), err)
	}
	return l, nil
}
