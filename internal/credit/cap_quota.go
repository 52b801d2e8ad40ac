package credit

import (
	"fmt"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/limit"
)

// The quota is how many recipients the limits of a site allow on a Korean day: what the
// installation says for all sites, or what the operator has set for one. It is a cap like the
// others, decided and counted under the account's lock: exact for all processes, with and
// without Redis, and after a restart. A request that is repeated under its Idempotency-Key
// makes no hold, and counts nothing.

// NoQuota lets a site send to any number, whatever the installation says.
const NoQuota = -1

// WithQuota says how many recipients a day each site may have for which nothing else is set; 0
// = any number. All processes of an installation have to be told the same: one that is told of
// none ends the counting. It is called before the ledger is used.
func (l *Ledger) WithQuota(recipients int64) *Ledger {
	l.daily = recipients
	return l
}

// quota is what the limits allow of a cap, by the layers of a site; 0 = any number.
func (l *Ledger) quota(which int, layers map[string]Amounts) int64 {
	if AllCaps[which] != (Cap{CapRecipients, CapDay}) {
		return 0
	}
	return l.Quota(layers[capsQuota][which])
}

// Quota is what a quota that was set for a site allows; 0 = any number.
func (l *Ledger) Quota(set int64) int64 {
	switch set {
	case 0:
		return l.daily
	case NoQuota:
		return 0
	}
	return set
}

// SetQuota says how many recipients a site may have on a day: a number, NoQuota, or 0 for what
// the installation says. Invalid. It locks the account.
func (l *Ledger) SetQuota(tx *db.Tx, siteID string, recipients int64) (Caps, error) {
	if recipients < NoQuota || recipients > limit.Most {
		return Caps{}, fault.Check("/recipients_per_day", "want 0 (any number) to %d, or null for what the installation allows", limit.Most)
	}
	b, before, err := l.lockCaps(tx, siteID)
	if err != nil {
		return before, err
	}
	was, err := l.QuotaOf(tx, siteID)
	if err != nil {
		return before, err
	}
	if err := noteQuota(tx, siteID, was, recipients); err != nil {
		return before, err
	}
	counts := recipients > 0 || l.daily > 0
	for _, s := range before.States {
		counts = counts || s.Own+s.Bound > 0
	}
	return l.changeCaps(tx, b, capsQuota, Amounts{recipients}, counts)
}

// QuotaOf is what was set for a site: a number, NoQuota, or 0 for what the installation says.
func (l *Ledger) QuotaOf(tx *db.Tx, siteID string) (int64, error) {
	q, found := askCaps([]string{siteID})
	if err := tx.Ask(q); err != nil {
		return 0, fmt.Errorf("read the quota of %s: %w", siteID, err)
	}
	return found[siteID][capsQuota][0], nil
}

// readQuota reads the caps for holds. Where every site has a quota, an account is counted from
// the first hold on; where none has one any more and no cap is left, counting ends.
func (l *Ledger) readQuota(tx *db.Tx, books []*book) (err error) {
	for _, b := range books {
		if l.daily > 0 && b.cappedSince == 0 {
			if b.cappedSince, err = b.countSince(tx, true); err != nil {
				return err
			}
		}
	}
	if err := l.readCaps(tx, books, nil); err != nil {
		return err
	}
	for _, b := range books {
		if l.daily == 0 && b.caps != nil && b.caps.limits == (Amounts{}) {
			if b.cappedSince, err = b.countSince(tx, false); err != nil {
				return err
			}
			b.caps = nil
		}
	}
	return nil
}

// DayStanding is how the day of a site stands that has a cap of recipients.
type DayStanding struct {
	Limit, Used int64         // Limit 0 = it has none
	Rest        time.Duration // of the day
}

func (b *book) standing() DayStanding {
	if b.caps == nil || b.caps.limits[0] == 0 {
		return DayStanding{}
	}
	return DayStanding{b.caps.limits[0], b.caps.use(b.Site, CapDay, b.at).counts[CapRecipients.of()], CapDay.end(b.at).Sub(b.at)}
}

// noteQuota tells of a quota that an operator sets.
func noteQuota(tx *db.Tx, siteID string, was, now int64) error {
	written := func(n int64) any {
		switch n {
		case 0:
			return "default"
		case NoQuota:
			return "none"
		}
		return n
	}
	return audit.Note(tx, audit.Change{Site: siteID, Action: "quota.updated", Ref: siteID,
		Before: audit.Fields{"recipients_day": written(was)}, After: audit.Fields{"recipients_day": written(now)}})
}
