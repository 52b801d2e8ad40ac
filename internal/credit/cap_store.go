package credit

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// The layers of a site's caps: its own, the bounds that the operator sets, and the quota of
// its limits (cap_quota.go). The tightest one counts.
const (
	capsOwn   = "site"
	capsBound = "operator"
	capsQuota = "quota"
)

// CapState is how one cap of a site stands.
type CapState struct {
	Cap
	Own, Bound int64 // 0 = none
	Quota      int64 // what the limits of the site allow; 0 = any number
	Used       int64 // in the present period
	Ends       db.Time
}

// Allowed is what the operator allows at most, by bounds and limits; 0 = any number.
func (s CapState) Allowed() int64 { return tighter(s.Bound, s.Quota) }

// Limit is what counts: the tighter of the site's own cap and what the operator allows; 0 =
// none.
func (s CapState) Limit() int64 { return tighter(s.Own, s.Allowed()) }

// Caps are all caps of a site.
type Caps struct {
	States [len(AllCaps)]CapState
	Since  db.Time // from when on its messages are counted; 0 = they are not
}

var capColumns = []string{"site_id", "layer", "recipients_day", "recipients_month", "won_day", "won_month"}

// askCaps gives the question for the caps of sites, and where the answer will stand, by site
// and layer.
func askCaps(sites []string) (db.Question, map[string]map[string]Amounts) {
	found := make(map[string]map[string]Amounts, len(sites))
	row := func(r *sql.Rows) error {
		var siteID, layer string
		var a Amounts
		err := r.Scan(&siteID, &layer, &a[0], &a[1], &a[2], &a[3])
		if found[siteID] == nil {
			found[siteID] = map[string]Amounts{}
		}
		found[siteID][layer] = a
		return err
	}
	return db.Question{Table: "credit_cap", Cols: capColumns, Key: []db.Column{db.Col("site_id", sites)}, Row: row}, found
}

// askUses gives the question for what periods of sites have counted; sites and periods are
// pairs. put takes each.
func askUses(sites, periods []string, put func(*use)) db.Question {
	row := func(r *sql.Rows) error {
		u := &use{stored: true}
		err := r.Scan(&u.site, &u.period, &u.counts[0], &u.counts[1], &u.told[0], &u.told[1])
		put(u)
		return err
	}
	return db.Question{Table: "credit_cap_use", Cols: []string{"site_id", "period", "recipients", "won", "told_recipients", "told_won"},
		Key: []db.Column{db.Col("site_id", sites), db.Col("period", periods)}, Row: row}
}

// readCaps reads the caps of those books that have some, with what the present periods have
// counted, and those of the moments that at names. A book without caps costs nothing.
func (l *Ledger) readCaps(tx *db.Tx, books []*book, at map[string][]db.Time) error {
	bySite := map[string]*book{}
	var sites, owners, periods []string
	for _, b := range books {
		if b.cappedSince == 0 {
			continue
		}
		bySite[b.Site] = b
		b.caps = &capped{since: b.cappedSince, uses: map[string]*use{}}
		sites = append(sites, b.Site)
		for _, moment := range append([]db.Time{b.at}, at[b.Site]...) {
			if moment < b.cappedSince {
				continue
			}
			for _, p := range []CapPeriod{CapDay, CapMonth} {
				owners, periods = append(owners, b.Site), append(periods, p.name(moment))
			}
		}
	}
	if len(sites) == 0 {
		return nil
	}
	limitsQ, limits := askCaps(sites)
	usesQ := askUses(owners, periods, func(u *use) { bySite[u.site].caps.uses[u.period] = u })
	if err := tx.Ask(limitsQ, usesQ); err != nil {
		return fmt.Errorf("read caps: %w", err)
	}
	for siteID, b := range bySite {
		for i := range b.caps.limits {
			b.caps.limits[i] = tighter(limits[siteID][capsOwn][i], tighter(limits[siteID][capsBound][i], l.quota(i, limits[siteID])))
		}
	}
	return nil
}

// writeUses stores what periods have counted.
func writeUses(tx *db.Tx, books []*book) error {
	var fresh, known []*use
	for _, b := range books {
		if b.caps == nil {
			continue
		}
		for _, period := range slices.Sorted(maps.Keys(b.caps.uses)) {
			switch u := b.caps.uses[period]; {
			case !u.dirty:
			case u.stored:
				known = append(known, u)
			default:
				fresh = append(fresh, u)
			}
		}
	}
	cols := func(list []*use) []db.Column {
		number := func(name string, of func(*use) int64) db.Column {
			return db.Col(name, each(list, func(u **use) int64 { return of(*u) }))
		}
		return []db.Column{db.Col("site_id", each(list, func(u **use) string { return (*u).site })), db.Col("period", each(list, func(u **use) string { return (*u).period })),
			number("recipients", func(u *use) int64 { return u.counts[0] }), number("won", func(u *use) int64 { return u.counts[1] }),
			number("told_recipients", func(u *use) int64 { return u.told[0] }), number("told_won", func(u *use) int64 { return u.told[1] })}
	}
	if err := tx.InsertMany("credit_cap_use", cols(fresh)...); err != nil {
		return fmt.Errorf("count for caps: %w", err)
	}
	if err := tx.UpdateMany("credit_cap_use", []string{"site_id", "period"}, cols(known)...); err != nil {
		return fmt.Errorf("count for caps: %w", err)
	}
	return nil
}

// CapsOf reads the caps of a site, to show them.
func (l *Ledger) CapsOf(tx *db.Tx, siteID string) (c Caps, err error) {
	rows, err := tx.Lookup("account", accountColumns, db.Col("site_id", []string{siteID}))
	found, err := db.Collect(rows, err, scanAccount)
	if err != nil {
		return c, fmt.Errorf("read caps of %s: %w", siteID, err)
	}
	if len(found) == 0 {
		return c, fault.Missing("credit account of site", siteID)
	}
	return l.capsOf(tx, found[0], tx.Now)
}

func (l *Ledger) capsOf(tx *db.Tx, a account, now db.Time) (c Caps, err error) {
	c.Since = a.cappedSince
	uses := map[string]*use{}
	limitsQ, limits := askCaps([]string{a.Site})
	usesQ := askUses([]string{a.Site, a.Site}, []string{CapDay.name(now), CapMonth.name(now)}, func(u *use) { uses[u.period] = u })
	if err := tx.Ask(limitsQ, usesQ); err != nil {
		return c, fmt.Errorf("read caps of %s: %w", a.Site, err)
	}
	for i, one := range AllCaps {
		s := CapState{Cap: one, Own: limits[a.Site][capsOwn][i], Bound: limits[a.Site][capsBound][i], Quota: l.quota(i, limits[a.Site]), Ends: one.Period.end(now)}
		if u := uses[one.Period.name(now)]; u != nil && c.Since != 0 {
			s.Used = u.counts[one.Kind.of()]
		}
		c.States[i] = s
	}
	return c, nil
}

// SetCaps sets a site's own caps, all at once; a 0 is none. Faults: Invalid with the place of
// a cap that is negative or above the operator's bound. It locks the account.
func (l *Ledger) SetCaps(tx *db.Tx, siteID string, caps Amounts) (Caps, error) {
	return l.setCaps(tx, siteID, capsOwn, caps)
}

// SetCapBounds sets what the operator allows a site at most, all at once; a 0 is no bound.
// What the site itself has set stays, and the tighter one counts.
func (l *Ledger) SetCapBounds(tx *db.Tx, siteID string, caps Amounts) (Caps, error) {
	return l.setCaps(tx, siteID, capsBound, caps)
}

func (l *Ledger) setCaps(tx *db.Tx, siteID, layer string, caps Amounts) (Caps, error) {
	b, before, err := l.lockCaps(tx, siteID)
	if err != nil {
		return Caps{}, err
	}
	var other Amounts
	for i, s := range before.States {
		place := "/" + string(s.Kind) + "/" + string(s.Period)
		other[i] = max(s.Own, s.Quota)
		if layer == capsOwn {
			other[i] = s.Allowed()
		}
		switch {
		case caps[i] < 0:
			return before, fault.Check(place, "want a number above 0, or null for no cap")
		case layer == capsOwn && caps[i] > s.Allowed() && s.Allowed() > 0:
			return before, fault.Check(place, "the operator allows at most %s", s.Written(s.Allowed()))
		}
	}
	if err := noteCaps(tx, siteID, layer, before, caps); err != nil {
		return before, err
	}
	return l.changeCaps(tx, b, layer, caps, caps != Amounts{} || other != Amounts{})
}

// lockCaps locks an account for a change of its caps.
func (l *Ledger) lockCaps(tx *db.Tx, siteID string) (*book, Caps, error) {
	books, err := lock(tx, []string{siteID})
	if err != nil {
		return nil, Caps{}, fmt.Errorf("set caps: %w", err)
	}
	before, err := l.capsOf(tx, books[0].account, books[0].at)
	return books[0], before, err
}

// changeCaps stores a layer of caps; counts says whether the site has any from now on.
func (l *Ledger) changeCaps(tx *db.Tx, b *book, layer string, caps Amounts, counts bool) (Caps, error) {
	since, err := b.countSince(tx, counts)
	if err != nil {
		return Caps{}, err
	}
	if err := storeCaps(tx, b.Site, layer, caps); err != nil {
		return Caps{}, err
	}
	b.cappedSince = since
	return l.capsOf(tx, b.account, b.at)
}

// countSince begins or ends the counting of a site's messages. What was counted before an end
// is forgotten, since nobody knows what came in between.
func (b *book) countSince(tx *db.Tx, counts bool) (since db.Time, err error) {
	switch {
	case counts == (b.cappedSince != 0):
		return b.cappedSince, nil
	case counts:
		since = b.at
		owner := []string{b.Site, b.Site}
		if _, err := tx.DeleteMany("credit_cap_use", db.Col("site_id", owner), db.Col("period", []string{CapDay.name(b.at), CapMonth.name(b.at)})); err != nil {
			return 0, fmt.Errorf("begin to count for caps: %w", err)
		}
	}
	err = tx.UpdateMany("account", []string{"site_id"}, db.Col("site_id", []string{b.Site}), db.Col("capped_since", []db.Time{since}))
	if err != nil {
		return 0, fmt.Errorf("count for caps: %w", err)
	}
	return since, nil
}

func storeCaps(tx *db.Tx, siteID, layer string, a Amounts) error {
	row := []db.Column{db.Col("site_id", []string{siteID}), db.Col("layer", []string{layer})}
	for i, name := range capColumns[2:] {
		row = append(row, db.Col(name, a[i:i+1]))
	}
	if _, err := tx.DeleteMany("credit_cap", row[:2]...); err != nil {
		return fmt.Errorf("set caps of %s: %w", siteID, err)
	}
	if err := tx.InsertMany("credit_cap", row...); err != nil {
		return fmt.Errorf("set caps of %s: %w", siteID, err)
	}
	return nil
}
