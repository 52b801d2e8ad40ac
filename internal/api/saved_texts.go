package api

import (
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// SavedTextBody is what a saved text says. It is exported, since members of an embedded type that is
// not are no part of a schema.
type SavedTextBody struct {
	Title        string   `json:"title" minLength:"1" maxLength:"100"`
	Kind         string   `json:"kind" enum:"text,alimtalk" doc:"alimtalk has a template, and may have the text that it falls back to."`
	Folder       string   `json:"folder,omitempty" maxLength:"40" doc:"A word by which people find it again."`
	TemplateCode string   `json:"template_code,omitempty" maxLength:"64" doc:"Of alimtalk."`
	Subject      string   `json:"subject,omitempty" maxLength:"200"`
	Body         string   `json:"body,omitempty" maxLength:"4000" doc:"With its #{variables}; a text needs it."`
	Attachments  []string `json:"attachments,omitempty" maxItems:"3" doc:"Pictures of an MMS (att_…), which are kept for as long as the saved text is."`
	Advertising  bool     `json:"advertising,omitempty" doc:"The text is an advertisement."`
}

// savedTextView is a text that a site keeps.
type savedTextView struct {
	ID string `json:"id" example:"stx_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	SavedTextBody
	Uses       int64        `json:"uses" doc:"Messages that named it as saved_text."`
	LastUsedAt maybeInstant `json:"last_used_at"`
	CreatedAt  instant      `json:"created_at"`
	UpdatedAt  instant      `json:"updated_at"`
}

// setting is the view without how often it was used, which is nobody's change.
func (v savedTextView) setting() any {
	v.Uses, v.LastUsedAt = 0, 0
	return v
}

func showSaved(t message.SavedText) (savedTextView, error) {
	return savedTextView{ID: t.ID.Text(id.SavedText), SavedTextBody: SavedTextBody{t.Title, string(t.Kind), t.Folder, t.TemplateCode, t.Subject, t.Body, t.Attachments, t.Advertising},
		Uses: t.Uses, LastUsedAt: maybeInstant(t.UsedAt), CreatedAt: instant(t.CreatedAt), UpdatedAt: instant(t.UpdatedAt)}, nil
}

func (b SavedTextBody) content() message.SavedContent {
	c := message.SavedContent{Title: b.Title, Kind: message.SavedKind(b.Kind), Folder: b.Folder, TemplateCode: b.TemplateCode, Subject: b.Subject, Body: b.Body, Attachments: b.Attachments, Advertising: b.Advertising}
	if len(c.Attachments) == 0 {
		c.Attachments = nil
	}
	return c
}

type savedTextsListed struct {
	Paging
	Kind   string `query:"kind" enum:"text,alimtalk"`
	Folder string `query:"folder" doc:"Only those of this folder."`
}

type savedTextNamed struct {
	ID string `path:"id" doc:"stx_…"`
}

type savedTextAdded struct{ Body SavedTextBody }

type savedTextSet struct {
	ID   string `path:"id" doc:"stx_…"`
	Body SavedTextBody
}

// savedTexts declares the routes of texts that a site keeps to be sent again.
func savedTexts(a *api) {
	const path, tag = "/v1/saved-texts", "Saved texts"
	read(a, operation{
		id: "listSavedTexts", method: http.MethodGet, path: path, tag: tag, ability: "messages:read", status: http.StatusOK, summary: "List the saved texts, the most used first",
	}, a.listSavedTexts)
	read(a, operation{
		id: "getSavedText", method: http.MethodGet, path: path + "/{id}", tag: tag, ability: "messages:read", status: http.StatusOK, summary: "Get a saved text",
	}, func(tx *db.Tx, x *exchange, in *savedTextNamed) (savedTextView, error) {
		d, err := named(id.SavedText, "saved text", in.ID)
		if err != nil {
			return savedTextView{}, err
		}
		t, err := a.Messages.FindSaved(tx, x.site, d)
		if err != nil {
			return savedTextView{}, err
		}
		return showSaved(t)
	})
	write(a, operation{
		id: "addSavedText", method: http.MethodPost, path: path, tag: tag, ability: "messages:write", status: http.StatusCreated, summary: "Save a text to be sent again",
		about: "A site has at most 1,000. A message that names it as `saved_text` counts as a use of it; what is sent is what the message says.", codes: []string{fault.CodeStateConflict},
	}, func(tx *db.Tx, x *exchange, in *savedTextAdded) (savedTextView, error) {
		t, err := a.Messages.AddSaved(tx, x.site, in.Body.content())
		if err != nil {
			return savedTextView{}, err
		}
		return showSaved(t)
	})
	write(a, operation{
		id: "setSavedText", method: http.MethodPut, path: path + "/{id}", tag: tag, ability: "messages:write", status: http.StatusOK, summary: "Replace a saved text", about: "Its uses stay.",
	}, func(tx *db.Tx, x *exchange, in *savedTextSet) (savedTextView, error) {
		d, err := named(id.SavedText, "saved text", in.ID)
		if err != nil {
			return savedTextView{}, err
		}
		t, err := a.Messages.SetSaved(tx, x.site, d, in.Body.content())
		if err != nil {
			return savedTextView{}, err
		}
		return showSaved(t)
	})
	write(a, operation{
		id: "removeSavedText", method: http.MethodDelete, path: path + "/{id}", tag: tag, ability: "messages:write", status: http.StatusNoContent, summary: "Remove a saved text",
	}, func(tx *db.Tx, x *exchange, in *savedTextNamed) (nothing, error) {
		d, err := named(id.SavedText, "saved text", in.ID)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, a.Messages.RemoveSaved(tx, x.site, d)
	})
}

// savedPlace is where a saved text stands in the list of them.
type savedPlace struct {
	Uses   int64
	UsedAt db.Time
	ID     id.ID
}

// behind reports whether a saved text stands behind a place.
func (p savedPlace) behind(t message.SavedText) bool {
	switch {
	case t.Uses != p.Uses:
		return t.Uses < p.Uses
	case t.UsedAt != p.UsedAt:
		return t.UsedAt < p.UsedAt
	}
	return t.ID.String() < p.ID.String()
}

func (a *api) listSavedTexts(tx *db.Tx, x *exchange, in *savedTextsListed) (out listOf[savedTextView], err error) {
	l, err := a.list(tx, x, "saved-texts", in.Kind, in.Folder)
	if err != nil {
		return out, err
	}
	var after savedPlace
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	all, err := a.Messages.Saved(tx, x.site)
	if err != nil {
		return out, err
	}
	var page []message.SavedText
	for _, t := range all {
		wanted := (in.Kind == "" || string(t.Kind) == in.Kind) && (in.Folder == "" || t.Folder == in.Folder)
		if wanted && (in.Cursor == "" || after.behind(t)) && len(page) <= in.Limit {
			page = append(page, t)
		}
	}
	return pageOf(l, page, in.Limit, showSaved, func(t message.SavedText) any { return savedPlace{t.Uses, t.UsedAt, t.ID} })
}

// readSavedText reads which saved text a message was made of.
func (o *order) readSavedText(r *reading) {
	before := r.wrong
	var err error
	if o.SavedText, err = id.Parse(id.SavedText, r.text()); err != nil && r.wrong == before {
		r.complain("want the id of a saved text: stx_…")
	}
}
