package message

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/optout"
	"creditmsg/internal/provider"
)

// This file remembers numbers that were reported not to be Kakao users, by the aliases that
// their sites' keys make of them: an Alimtalk to one of them is a detour of some seconds. It
// is worth something only where a text is not dearer, since a failed Alimtalk costs nothing,
// or where a policy asks. So it is noted and asked for by such messages alone, and others
// pay nothing for it.

// offKakaoFor is how long such a report counts.
const offKakaoFor = 30 * 24 * time.Hour

// textNotDearer reports whether some of these kinds of text cost at most what an Alimtalk does.
func textNotDearer(prices credit.Prices, kinds ...provider.Channel) bool {
	return slices.ContainsFunc(kinds, func(c provider.Channel) bool { return prices[c] <= prices[provider.Alimtalk] })
}

// mindsKakao reports whether it matters for anybody whether he was reported not to be on Kakao.
func (r *rule) mindsKakao(prices credit.Prices) bool {
	switch {
	case !r.approved, r.strategy == SMSOnly:
		return false
	case r.strategy == ByPolicy:
		return r.policy.minds()
	case r.pictured:
		return textNotDearer(prices, provider.MMS)
	}
	return r.hasText && textNotDearer(prices, provider.SMS, provider.LMS)
}

// notesKakao reports whether such reports are noted: this or another message may mind them.
func (r *rule) notesKakao(prices credit.Prices) bool {
	if !r.approved || r.strategy == SMSOnly {
		return false
	}
	return r.policy.minds() || textNotDearer(prices, provider.SMS, provider.LMS, provider.MMS)
}

// askOffKakao gives the question who of these was reported, and when; who was not is left out.
func askOffKakao(names []optout.Name) (db.Question, map[optout.Name]db.Time) {
	found := map[optout.Name]db.Time{}
	row := func(r *sql.Rows) error {
		var n optout.Name
		var at db.Time
		err := r.Scan(&n.Site, &n.Alias, &at)
		found[n] = at
		return err
	}
	return db.Question{Table: "off_kakao", Cols: []string{"site_id", "number", "seen_at"}, Key: aliasColumns(names), Row: row}, found
}

func aliasColumns(names []optout.Name) []db.Column {
	return []db.Column{db.Col("site_id", pick(names, func(n optout.Name) string { return n.Site })),
		db.Col("number", pick(names, func(n optout.Name) id.ID { return n.Alias }))}
}

// offKakao reports whether a change brings the news that the recipient is no Kakao user.
func (c Change) offKakao() bool {
	if c.What != Moved {
		return false
	}
	for _, l := range c.To.History[min(len(c.From.History), len(c.To.History)):] {
		if l.What == LegFailed && l.Reason == provider.NotKakaoUser && c.To.Steps[l.Step-1].Channel == provider.Alimtalk {
			return true
		}
	}
	return c.To.State == Failed && c.To.Reason == provider.NotKakaoUser && c.To.Channel() == provider.Alimtalk
}

// noteOffKakao remembers whose reports say so, of messages that note it.
func (s *Service) noteOffKakao(tx *db.Tx, messages map[Key]*Message, changes []Change) error {
	var names []optout.Name
	for _, c := range changes {
		m := messages[c.To.Key]
		if m == nil || !m.Classes[c.To.Class].NotesKakao || !c.offKakao() {
			continue
		}
		key, err := s.keys.Site(tx, c.To.Site)
		if err != nil {
			return err
		}
		if mobile, ok := key.OpenNumber(c.To.ID, uint32(c.To.Seq), c.To.Mobile); ok && mobile != nobody {
			names = append(names, optout.Name{Site: c.To.Site, Alias: key.Alias(mobile)})
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.SortFunc(names, func(a, b optout.Name) int {
		return cmp.Or(strings.Compare(a.Site, b.Site), bytes.Compare(a.Alias[:], b.Alias[:]))
	})
	names = slices.Compact(names)
	cols := append(aliasColumns(names), db.Same("seen_at", tx.Now, len(names)))
	err := tx.InsertAbsent("off_kakao", []string{"site_id", "number"}, "number", cols...)
	if err == nil {
		err = tx.UpdateMany("off_kakao", []string{"site_id", "number"}, cols...)
	}
	if err != nil {
		return fmt.Errorf("note who is no Kakao user: %w", err)
	}
	return nil
}

// ForgetOffKakao forgets what was reported of a number.
func (s *Service) ForgetOffKakao(tx *db.Tx, siteID string, number korea.Number) error {
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return err
	}
	mobile, _ := number.Mobile()
	if _, err := tx.Exec(`DELETE FROM off_kakao WHERE site_id = ? AND number = ?`, siteID, key.Alias(mobile)); err != nil {
		return fmt.Errorf("forget that a number is no Kakao user: %w", err)
	}
	return nil
}

// SweepOffKakao forgets reports that do not count any more.
func (s *Service) SweepOffKakao(ctx context.Context) error {
	for more := true; more; {
		err := s.d.Update(ctx, "message_sweep_off_kakao", func(tx *db.Tx) error {
			type old struct {
				optout.Name
				seen db.Time
			}
			rows, err := tx.Query(`SELECT site_id, number, seen_at FROM off_kakao WHERE seen_at <= ? ORDER BY seen_at, site_id, number LIMIT ?`,
				tx.Now.Add(-offKakaoFor), sweepAtOnce)
			list, err := db.Collect(rows, err, func(r *sql.Rows) (o old, err error) { return o, r.Scan(&o.Site, &o.Alias, &o.seen) })
			if err != nil {
				return err
			}
			more = len(list) == sweepAtOnce
			// One that was reported anew has another time, and stays.
			cols := aliasColumns(pick(list, func(o old) optout.Name { return o.Name }))
			_, err = tx.DeleteMany("off_kakao", append(cols, db.Col("seen_at", pick(list, func(o old) db.Time { return o.seen })))...)
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep who was no Kakao user: %w", err)
		}
	}
	return nil
}
