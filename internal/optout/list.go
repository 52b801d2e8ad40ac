package optout

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/big"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// Standing is a site's list as a whole, at a moment.
type Standing struct {
	Advertising int64    // opt-outs of advertising alone
	All         int64    // opt-outs of everything
	Digest      [32]byte // of who is on it, and how; zeros when nobody is
	ChangedAt   db.Time  // 0 = there never was anybody
}

// Count is how many are on the list.
func (s Standing) Count() int64 { return s.Advertising + s.All }

// kind says what opt-outs there are.
func (s Standing) kind() site.OptOuts {
	switch {
	case s.All > 0:
		return site.OptOutsOfAll
	case s.Advertising > 0:
		return site.OptOutsOfAds
	}
	return site.NoOptOuts
}

// modulus is 2^256: sums of digests are taken by it, so that each of them changes the sum
// and their order does not.
var modulus = new(big.Int).Lsh(big.NewInt(1), 8*sha256.Size)

// put adds one opt-out (n = 1) or takes it away (n = -1).
func (s *Standing) put(alias id.ID, scope Scope, n int64) {
	if scope == All {
		s.All += n
	} else {
		s.Advertising += n
	}
	one := sha256.Sum256(append([]byte("opt-out "+string(scope)+"\n"), alias[:]...))
	sum := new(big.Int).SetBytes(one[:])
	sum.Mul(sum, big.NewInt(n)).Add(sum, new(big.Int).SetBytes(s.Digest[:])).Mod(sum, modulus)
	sum.FillBytes(s.Digest[:])
}

// AskStandings gives the question how the lists of sites stand, and where the answer will stand; a
// site that never had an opt-out is left out.
func AskStandings(sites []string) (db.Question, map[string]Standing) {
	found := make(map[string]Standing, len(sites))
	row := func(r *sql.Rows) error {
		var siteID string
		var s Standing
		var digest []byte
		err := r.Scan(&siteID, &s.Advertising, &s.All, &digest, &s.ChangedAt)
		copy(s.Digest[:], digest)
		found[siteID] = s
		return err
	}
	return db.Question{Table: "opt_out_list", Cols: []string{"site_id", "advertising", "everything", "digest", "changed_at"},
		Key: []db.Column{db.Col("site_id", sites)}, Row: row}, found
}

// StandingOf gives how a site's list stands.
func StandingOf(tx *db.Tx, siteID string) (Standing, error) {
	q, found := AskStandings([]string{siteID})
	if err := tx.Ask(q); err != nil {
		return Standing{}, fmt.Errorf("read the opt-out list of %s: %w", siteID, err)
	}
	return found[siteID], nil
}

// store writes how a site's list stands. The site's row is locked, so nobody else writes it.
func (s Standing) store(tx *db.Tx, siteID string, before Standing) error {
	row := []db.Column{db.Col("site_id", []string{siteID}), db.Col("advertising", []int64{s.Advertising}), db.Col("everything", []int64{s.All}),
		db.Col("digest", [][]byte{s.Digest[:]}), db.Same("changed_at", tx.Now, 1)}
	var err error
	if before.ChangedAt == 0 {
		err = tx.InsertMany("opt_out_list", row...)
	} else {
		err = tx.UpdateMany("opt_out_list", []string{"site_id"}, row...)
	}
	if err != nil {
		return fmt.Errorf("write the opt-out list of %s: %w", siteID, err)
	}
	return nil
}
