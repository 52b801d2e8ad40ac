package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// BlockedWord is a word that texts must not have.
type BlockedWord struct {
	Word    string    `json:"word"`
	List    string    `json:"list"` // installation or site
	AddedAt time.Time `json:"added_at"`
}

// BlockedWordsDone is what became of words that were to be blocked.
type BlockedWordsDone struct {
	Added     int `json:"added"`
	Unchanged int `json:"unchanged"`
}

// BlockedWords lists the words that a site's texts must not have, or with "" those of all
// sites. NotFound.
func (p *Operator) BlockedWords(ctx context.Context, id string) (list List[BlockedWord], err error) {
	err = p.d.Snapshot(ctx, "operator_blocked_words", func(tx *db.Tx) error {
		if id != "" {
			if _, err := site.Find(tx, id); err != nil {
				return err
			}
		}
		list.Data = []BlockedWord{}
		words, err := site.BlockedWords(tx, id)
		for _, w := range words {
			one := BlockedWord{w.Text, "site", w.At.Time()}
			if w.Everywhere {
				one.List = "installation"
			}
			list.Data = append(list.Data, one)
		}
		return err
	})
	return list, err
}

// BlockWords blocks words for a site, or with "" for all. Faults: Invalid, NotFound.
func (p *Operator) BlockWords(ctx context.Context, id string, words []string) (done BlockedWordsDone, err error) {
	err = p.d.Update(ctx, "operator_block_words", func(tx *db.Tx) (err error) {
		done.Added, err = site.AddWords(tx, id, words)
		done.Unchanged = len(words) - done.Added
		return byWord(err, words)
	})
	return done, err
}

// byWord tells a wrong word by itself, and not by its place in a body.
func byWord(err error, words []string) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	for i := range f.Fields {
		var n int
		if _, err := fmt.Sscanf(f.Fields[i].Pointer, "/words/%d", &n); err == nil && n < len(words) {
			f.Fields[i].Pointer = fmt.Sprintf("%q", words[n])
		}
	}
	return err
}

// UnblockWord takes a word off a list. NotFound.
func (p *Operator) UnblockWord(ctx context.Context, id, word string) error {
	return p.d.Update(ctx, "operator_unblock_word", func(tx *db.Tx) error { return site.RemoveWord(tx, id, word) })
}

// ReadWords reads a file of words, one a line. What is blank is passed over.
func ReadWords(file string) (words []string, err error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the words: %w", err)
	}
	defer func() { _ = in.Close() }()
	lines := bufio.NewScanner(io.LimitReader(in, 1<<20))
	for lines.Scan() {
		if word := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff")); word != "" {
			words = append(words, word)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the words: %w", err)
	}
	return words, nil
}
