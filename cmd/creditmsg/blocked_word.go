package main

import (
	"context"

	"creditmsg/internal/server"
)

// blockedVerb works on words that texts must not have.
type blockedVerb struct {
	Add    blockedWordAdd    `cmd:"" help:"Block words."`
	Remove blockedWordRemove `cmd:"" help:"Unblock a word."`
	List   blockedWordList   `cmd:"" help:"List the blocked words."`
}

type blockedWordAdd struct {
	Words []string `arg:"" optional:"" help:"The words."`
	File  string   `placeholder:"FILE" help:"A file with more of them, one a line."`
	Site  string   `placeholder:"SITE" help:"For this site alone; without it for all."`
	database
}

// Help is shown below the flags' own help.
func (blockedWordAdd) Help() string {
	return `A recipient who would see one of them, in an Alimtalk, a text or its subject, is rejected. A word
is looked for by its letters and figures, whatever their case and width, inside longer words too,
and with blanks or signs between them.`
}

// Run adds them.
func (v *blockedWordAdd) Run(ctx context.Context, s *streams) error {
	words := v.Words
	if v.File != "" {
		more, err := server.ReadWords(v.File)
		if err != nil {
			return err
		}
		words = append(words, more...)
	}
	if len(words) == 0 {
		return usageError{"name the words, or --file with some"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		done, err := p.BlockWords(ctx, v.Site, words)
		if err != nil {
			return nil, nil, err
		}
		return done, func(t *table) { t.say("%d blocked, %d were already", done.Added, done.Unchanged) }, nil
	})
}

type blockedWordRemove struct {
	Word string `arg:"" help:"The word."`
	Site string `placeholder:"SITE" help:"Of this site's own list; without it of that for all."`
	database
}

// Run removes it.
func (v *blockedWordRemove) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		if err := p.UnblockWord(ctx, v.Site, v.Word); err != nil {
			return nil, nil, err
		}
		return map[string]string{"removed": v.Word}, func(t *table) { t.say("%s is not blocked any more", v.Word) }, nil
	})
}

type blockedWordList struct {
	Site string `placeholder:"SITE" help:"What this site goes by; without it what all do."`
	database
}

// Run lists them.
func (v *blockedWordList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.BlockedWords(ctx, v.Site)
		if err != nil {
			return nil, nil, err
		}
		return list, func(t *table) {
			t.row("WORD", "FOR", "SINCE")
			for _, w := range list.Data {
				whom := "all sites"
				if w.List == "site" {
					whom = v.Site
				}
				t.row(w.Word, whom, minute(w.AddedAt))
			}
		}, nil
	})
}
