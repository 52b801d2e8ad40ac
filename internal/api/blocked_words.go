package api

import (
	"net/http"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// blockedWordView is a word that texts must not have.
type blockedWordView struct {
	Word    string  `json:"word"`
	List    string  `json:"list" enum:"installation,site" doc:"Whether all sites go by it or this one."`
	AddedAt instant `json:"added_at"`
}

// Lists that a blocked word may be on.
const (
	ofInstallation = "installation"
	ofSite         = "site"
)

func showBlockedWord(w site.Word) (blockedWordView, error) {
	v := blockedWordView{w.Text, ofSite, instant(w.At)}
	if w.Everywhere {
		v.List = ofInstallation
	}
	return v, nil
}

type blockedWordsAdded struct {
	Body struct {
		Words []string `json:"words" minItems:"1" maxItems:"1000" nullable:"false" example:"[\"카지노\"]"`
	} `nameHint:"BlockedWordsBody"`
}

type blockedWordsDone struct {
	Added     int `json:"added"`
	Unchanged int `json:"unchanged" doc:"On the list already, in this or another spelling."`
}

type blockedWordNamed struct {
	Word string `path:"word" doc:"In whatever spelling." example:"카지노"`
}

// wordList gives the list that a request is about: a site's, or "" for the installation's.
func wordList(x *exchange) string {
	if x.site == everySite {
		return ""
	}
	return x.site
}

// blockedWords declares the routes about words that texts must not have.
func blockedWords(a *api) {
	of := func(id, method, path, ability string, status int, summary, about string) operation {
		return operation{id: id, method: method, path: path, tag: "Rules", ability: ability, status: status, summary: summary, about: about, everySite: true}
	}
	const path = "/v1/blocked-words"
	read(a, of("listBlockedWords", http.MethodGet, path, "optouts:read", http.StatusOK, "List the words that the site's texts must not have",
		"In the order of their letters. A token of the operator asks with `site=*` for those of all sites alone."), a.listBlockedWords)
	write(a, of("addBlockedWords", http.MethodPost, path, site.Operator, http.StatusOK, "Block words for a site, or with `site=*` for all",
		"Who would see one in an Alimtalk, a text or its subject, variables put in, is rejected with blocked_word. A word is looked for by its letters and figures, "+
			"whatever their case and width, inside longer words too, and with blanks or signs between them. Messages that were accepted still go. A list has at most 1,000 words."),
		func(tx *db.Tx, x *exchange, in *blockedWordsAdded) (out blockedWordsDone, err error) {
			out.Added, err = site.AddWords(tx, wordList(x), in.Body.Words)
			out.Unchanged = len(in.Body.Words) - out.Added
			return out, err
		})
	write(a, of("removeBlockedWord", http.MethodDelete, path+"/{word}", site.Operator, http.StatusNoContent, "Unblock a word for a site, or with `site=*` for all",
		"The site's own list and the installation's are two: a word that is on both stays blocked by the other."),
		func(tx *db.Tx, x *exchange, in *blockedWordNamed) (nothing, error) {
			return nothing{}, site.RemoveWord(tx, wordList(x), in.Word)
		})
}

// wordPlace is where a word stands in the list.
type wordPlace struct {
	Text       string
	Everywhere bool
}

func (a *api) listBlockedWords(tx *db.Tx, x *exchange, in *Paging) (out listOf[blockedWordView], err error) {
	l, err := a.list(tx, x, "blocked words")
	if err != nil {
		return out, err
	}
	var after wordPlace
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	words, err := site.BlockedWords(tx, wordList(x))
	if err != nil {
		return out, err
	}
	if in.Cursor != "" {
		from := slices.IndexFunc(words, func(w site.Word) bool {
			c := strings.Compare(w.Text, after.Text)
			return c > 0 || c == 0 && after.Everywhere && !w.Everywhere
		})
		if from < 0 {
			from = len(words)
		}
		words = words[from:]
	}
	return pageOf(l, words, in.Limit, showBlockedWord, func(w site.Word) any { return wordPlace{w.Text, w.Everywhere} })
}
