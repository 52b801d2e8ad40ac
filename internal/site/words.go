package site

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// MostWords bounds a list of blocked words.
const MostWords = 1000

// WordDigest is what a list of blocked words is known by: equal lists have equal ones, and
// an empty list has 0.
type WordDigest int64

// Words are the lists of blocked words that a site's texts go by. They stand in its row,
// so that who reads a site without any asks for nothing.
type Words struct {
	Own WordDigest `json:"own,omitempty"` // the list that the operator made for this site
	All WordDigest `json:"all,omitempty"` // the installation's
}

// Word is one that texts must not have; see korea.Words for how it is looked for.
type Word struct {
	Text       string
	Everywhere bool // it is on the installation's list
	At         db.Time
}

// letters is what a word is known by on its list: two that are found in the same texts are
// one.
func letters(of korea.Letters) id.ID {
	sum := sha256.Sum256([]byte(of.String()))
	return id.ID(sum[:16])
}

// DigestWords gives what a list is known by, in whatever order.
func DigestWords(list []string) WordDigest {
	if len(list) == 0 {
		return 0
	}
	h := sha256.New()
	for _, word := range slices.Sorted(slices.Values(list)) {
		fmt.Fprintf(h, "%d %s\n", len(word), word)
	}
	n := binary.BigEndian.Uint64(h.Sum(nil)) &^ (1 << 63)
	return WordDigest(max(n, 1))
}

// AskWords gives the question for the words of lists, each by its site or "" for the
// installation's, and where the answer will stand.
func AskWords(lists []string) (db.Question, map[string][]string) {
	found := make(map[string][]string, len(lists))
	row := func(r *sql.Rows) error {
		var list, word string
		err := r.Scan(&list, &word)
		found[list] = append(found[list], word)
		return err
	}
	return db.Question{Table: "site_word", Cols: []string{"site_id", "word"}, Key: []db.Column{db.Col("site_id", lists)}, Row: row}, found
}

// BlockedWords gives the words that a site's texts must not have, the installation's among
// them; of "" the installation's alone. They are in the order of their letters' codes.
func BlockedWords(tx *db.Tx, siteID string) ([]Word, error) {
	rows, err := tx.Query(`SELECT site_id, word, added_at FROM site_word WHERE site_id IN (?, '')`, siteID)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (w Word, err error) {
		var of string
		err = r.Scan(&of, &w.Text, &w.At)
		w.Everywhere = of == ""
		return w, err
	})
	if err != nil {
		return nil, fmt.Errorf("list blocked words of %q: %w", siteID, err)
	}
	slices.SortFunc(list, compareWords)
	return list, nil
}

func compareWords(a, b Word) int {
	if c := strings.Compare(a.Text, b.Text); c != 0 || a.Everywhere == b.Everywhere {
		return c
	}
	if a.Everywhere {
		return -1
	}
	return 1
}

// AddWords puts words on a site's list, or with "" on the installation's, and says how many
// were not there in this or another spelling. Faults: Invalid with the place of what is
// wrong, NotFound for the site.
func AddWords(tx *db.Tx, siteID string, words []string) (added int, err error) {
	fresh := map[id.ID]string{}
	for i, word := range words {
		word = strings.TrimSpace(word)
		of, err := korea.CheckWord(word)
		if err != nil {
			return 0, fault.Check(fmt.Sprintf("/words/%d", i), "%s", err)
		}
		if _, twice := fresh[letters(of)]; !twice {
			fresh[letters(of)] = word
		}
	}
	return added, changeWords(tx, siteID, func(list map[id.ID]string) error {
		for key := range list {
			delete(fresh, key)
		}
		if len(list)+len(fresh) > MostWords {
			return fault.Check("/words", "a list has at most %d words; %d are there already", MostWords, len(list))
		}
		var keys []id.ID
		var texts []string
		for key, word := range fresh {
			keys, texts, list[key] = append(keys, key), append(texts, word), word
		}
		if added = len(keys); added == 0 {
			return nil
		}
		if err := noteWords(tx, siteID, wordsAdded, fresh); err != nil {
			return err
		}
		return tx.InsertMany("site_word", db.Same("site_id", siteID, added), db.Col("letters", keys), db.Col("word", texts), db.Same("added_at", tx.Now, added))
	})
}

// RemoveWord takes a word off a site's list, or with "" off the installation's, in whatever
// spelling. NotFound.
func RemoveWord(tx *db.Tx, siteID, word string) error {
	of, err := korea.CheckWord(strings.TrimSpace(word))
	if err != nil {
		return fault.Missing("blocked word", word)
	}
	return changeWords(tx, siteID, func(list map[id.ID]string) error {
		key := letters(of)
		stands, there := list[key]
		if !there {
			return fault.Missing("blocked word", word)
		}
		delete(list, key)
		if err := noteWords(tx, siteID, wordsRemoved, map[id.ID]string{key: stands}); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM site_word WHERE site_id = ? AND letters = ?`, siteID, key)
		return err
	})
}

// changeWords changes a list under its lock, and notes in the sites that go by it how it
// stands then.
func changeWords(tx *db.Tx, siteID string, change func(list map[id.ID]string) error) error {
	before, err := lockWords(tx, siteID)
	if err != nil {
		return err
	}
	if siteID != "" {
		if _, err := lockSite(tx, siteID); err != nil {
			return err
		}
	}
	list := map[id.ID]string{}
	rows, err := tx.Query(`SELECT letters, word FROM site_word WHERE site_id = ?`, siteID)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var key id.ID
		var word string
		err := r.Scan(&key, &word)
		list[key] = word
		return struct{}{}, err
	})
	if err == nil {
		err = change(list)
	}
	if err != nil {
		return fmt.Errorf("change the blocked words of %q: %w", siteID, err)
	}
	words := make([]string, 0, len(list))
	for _, word := range list {
		words = append(words, word)
	}
	if now := DigestWords(words); now != before {
		return storeWords(tx, siteID, now, len(words))
	}
	return nil
}

// lockWords locks a list, which need not be there yet, and gives what it is known by.
func lockWords(tx *db.Tx, siteID string) (digest WordDigest, err error) {
	one := db.Col("site_id", []string{siteID})
	err = tx.InsertAbsent("site_word_list", []string{"site_id"}, "site_id", one, db.Col("digest", []int64{0}), db.Col("words", []int64{0}), db.Col("changed_at", []db.Time{tx.Now}))
	if err == nil {
		var rows *sql.Rows
		rows, err = tx.LookupForUpdate("site_word_list", []string{"digest"}, one)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) { return struct{}{}, r.Scan(&digest) })
	}
	if err != nil {
		return 0, fmt.Errorf("lock the blocked words of %q: %w", siteID, err)
	}
	return digest, nil
}

func storeWords(tx *db.Tx, siteID string, now WordDigest, n int) error {
	_, err := tx.Exec(`UPDATE site_word_list SET digest = ?, words = ?, changed_at = ? WHERE site_id = ?`, int64(now), n, tx.Now, siteID)
	if err == nil && siteID == "" {
		_, err = tx.Exec(`UPDATE site SET words_all = ?`, int64(now))
	} else if err == nil {
		_, err = tx.Exec(`UPDATE site SET words_own = ? WHERE id = ?`, int64(now), siteID)
	}
	if err != nil {
		return fmt.Errorf("note the blocked words of %q: %w", siteID, err)
	}
	return Changed(tx, siteID)
}
