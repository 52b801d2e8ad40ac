package message

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// This file lets what a carrier still has to say about somebody find him after he was forgotten:
// late reports and lines of invoices of some carriers name their leg by the number. What is kept
// is a digest with the site's key. It does not give a number, only whether somebody's is the one
// that the carrier names, and it goes with the time in which that can happen.

// ClaimedFor is how long after a message is over its carriers may still report on it and bill it:
// the month of the call, and two more in which its invoice comes and is disputed.
const ClaimedFor = 93 * 24 * time.Hour

// claimDigest is what a number is known by once it is forgotten.
func claimDigest(key *site.Key, mobile uint32) id.ID {
	sum := key.MAC(binary.BigEndian.AppendUint32([]byte("forgotten number "), mobile))
	return id.ID(sum[:16])
}

// keepClaims keeps what proves the numbers of recipients who are being forgotten, of those who
// were handed over, as long as it can be needed.
func keepClaims(tx *db.Tx, key *site.Key, m *Message, born []Recipient, had map[Seq]uint32) error {
	until := m.DoneAt.Add(ClaimedFor)
	if until <= tx.Now || len(born) == 0 {
		return nil
	}
	err := tx.InsertMany("forgotten", append(recipientKeys(born), db.Same("until", until, len(born)),
		db.Col("digest", pick(born, func(r Recipient) id.ID { return claimDigest(key, had[r.Seq]) })))...)
	if err != nil {
		return fmt.Errorf("keep what carriers may still claim: %w", err)
	}
	return nil
}

// Recall tells which of some numbers forgotten recipients had. Who was not forgotten, had another
// number or is past ClaimedFor is left out, as are those of a site that was erased.
func (s *Service) Recall(tx *db.Tx, places []Place, numbers []uint32) (map[Place]uint32, error) {
	out := map[Place]uint32{}
	if len(places) == 0 || len(numbers) == 0 {
		return out, nil
	}
	digests, err := s.claims(tx, places)
	if err != nil {
		return nil, err
	}
	known := map[string]map[id.ID]uint32{} // the numbers by their digests, at each site
	for place, digest := range digests {
		if known[place.Site] == nil {
			if known[place.Site], err = s.digested(tx, place.Site, numbers); err != nil {
				return nil, err
			}
		}
		if mobile, is := known[place.Site][digest]; is {
			out[place] = mobile
		}
	}
	return out, nil
}

// claims reads what was kept of recipients.
func (s *Service) claims(tx *db.Tx, places []Place) (map[Place]id.ID, error) {
	rows, err := tx.Lookup("forgotten", []string{"site_id", "message_id", "seq", "digest", "until"},
		recipientKeys(pick(places, func(p Place) Recipient { return Recipient{Place: p} }))...)
	out := map[Place]id.ID{}
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var p Place
		var digest id.ID
		var until db.Time
		if err = r.Scan(&p.Site, &p.ID, &p.Seq, &digest, &until); err == nil && until > tx.Now {
			out[p] = digest
		}
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("recall forgotten recipients: %w", err)
	}
	return out, nil
}

func (s *Service) digested(tx *db.Tx, siteID string, numbers []uint32) (map[id.ID]uint32, error) {
	out := make(map[id.ID]uint32, len(numbers))
	key, err := s.keys.Site(tx, siteID)
	if fault.Is(err, fault.NotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for _, mobile := range numbers {
		out[claimDigest(key, mobile)] = mobile
	}
	return out, nil
}

// SweepForgotten deletes what nobody can claim any more.
func (s *Service) SweepForgotten(ctx context.Context) error {
	for more := true; more; {
		err := s.d.Update(ctx, "message_sweep_forgotten", func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT site_id, message_id, seq FROM forgotten WHERE until <= ? ORDER BY until, site_id, message_id, seq LIMIT ?`, tx.Now, sweepAtOnce)
			list, err := db.Collect(rows, err, func(r *sql.Rows) (one Recipient, err error) { return one, r.Scan(&one.Site, &one.ID, &one.Seq) })
			if more = len(list) == sweepAtOnce; err != nil || len(list) == 0 {
				return err
			}
			_, err = tx.DeleteMany("forgotten", recipientKeys(list)...)
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep what proves forgotten numbers: %w", err)
		}
	}
	return nil
}
