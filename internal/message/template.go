package message

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// TemplateState is where a template stands in its inspection by Kakao.
type TemplateState = provider.TemplateState

// The states of a template; only an approved one is sent.
const (
	TemplateDraft      = provider.TemplateDraft
	TemplateInspecting = provider.TemplateInspecting
	TemplateApproved   = provider.TemplateApproved
	TemplateRejected   = provider.TemplateRejected
	TemplateDormant    = provider.TemplateDormant
	TemplateBlocked    = provider.TemplateBlocked
)

var templateStates = []TemplateState{TemplateDraft, TemplateInspecting, TemplateApproved,
	TemplateRejected, TemplateDormant, TemplateBlocked}

// Template is an Alimtalk template of a site.
type Template struct {
	Site    string
	Code    string
	Name    string
	Channel string // the Kakao channel, @name
	Body    string
	Buttons []provider.Button
	TemplateParts
	State     TemplateState
	Providers map[string]ProviderTemplate // by provider account
	CreatedAt db.Time
	UpdatedAt db.Time
}

// TemplateParts are what a template may have besides its body and buttons.
type TemplateParts struct {
	QuickReplies []provider.Button  `json:",omitempty"`
	Emphasis     *provider.Emphasis `json:",omitempty"` // a title above the body; not together with Items
	Items        *provider.ItemList `json:",omitempty"` // a table above the body
	Extra        string             `json:",omitempty"` // fixed words below the body
	Category     string             `json:",omitempty"` // Kakao's code of what it is about; "" = others
	Secure       bool               `json:",omitempty"` // shown on the main device alone
}

// ProviderTemplate is what a provider calls a template and its channel.
type ProviderTemplate struct {
	ChannelID  string `json:"channel_id"`
	TemplateID string `json:"template_id"`
}

func utf16Length(text string) int { return len(utf16.Encode([]rune(text))) }

var templateColumns = []string{"site_id", "code", "name", "channel", "body", "buttons", "state", "providers", "parts", "created_at", "updated_at"}

// AddTemplate writes a new template; an existing code is a Conflict.
func AddTemplate(tx *db.Tx, t Template) (Template, error) {
	if t.State == "" {
		t.State = TemplateDraft
	}
	if err := t.check(); err != nil {
		return t, err
	}
	switch _, err := FindTemplate(tx, t.Site, t.Code); {
	case err == nil:
		return t, fault.New(fault.Conflict, fault.CodeAlreadyExists, "there is a template %q already", t.Code)
	case !fault.Is(err, fault.NotFound):
		return t, err
	}
	t.CreatedAt, t.UpdatedAt = tx.Now, tx.Now
	_, err := tx.Exec(`INSERT INTO template (`+columnList(templateColumns)+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.Site, t.Code, t.Name, t.Channel, t.Body, jsonText(t.Buttons), string(t.State), jsonText(t.Providers), jsonText(t.TemplateParts), t.CreatedAt, t.UpdatedAt)
	if err != nil {
		return t, fmt.Errorf("add template %s of site %s: %w", t.Code, t.Site, err)
	}
	if err := noteTemplate(tx, "template.created", nil, &t); err != nil {
		return t, err
	}
	return t, site.Changed(tx, t.Site)
}

// SetTemplate writes a template's new name, body, buttons, state and ids.
func SetTemplate(tx *db.Tx, t Template) (Template, error) {
	if err := t.check(); err != nil {
		return t, err
	}
	was, err := LockTemplate(tx, t.Site, t.Code)
	if err != nil {
		return t, err
	}
	t.UpdatedAt = tx.Now
	_, err = tx.Exec(`UPDATE template SET name = ?, channel = ?, body = ?, buttons = ?, state = ?, providers = ?, parts = ?, updated_at = ? WHERE site_id = ? AND code = ?`,
		t.Name, t.Channel, t.Body, jsonText(t.Buttons), string(t.State), jsonText(t.Providers), jsonText(t.TemplateParts), t.UpdatedAt, t.Site, t.Code)
	if err != nil {
		return t, fmt.Errorf("set template %s of site %s: %w", t.Code, t.Site, err)
	}
	if err := noteTemplate(tx, "template.updated", &was, &t); err != nil {
		return t, err
	}
	return t, site.Changed(tx, t.Site)
}

// RemoveTemplate deletes a template. Messages keep the wording they were accepted with.
func RemoveTemplate(tx *db.Tx, siteID, code string) error {
	was, err := LockTemplate(tx, siteID, code)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM template WHERE site_id = ? AND code = ?`, siteID, code); err != nil {
		return fmt.Errorf("remove template %s of site %s: %w", code, siteID, err)
	}
	if err := noteTemplate(tx, "template.removed", &was, nil); err != nil {
		return err
	}
	return site.Changed(tx, siteID)
}

// FindTemplate reads one template of a site.
func FindTemplate(tx *db.Tx, site, code string) (Template, error) {
	t, err := scanTemplate(tx.QueryRow(`SELECT `+columnList(templateColumns)+` FROM template WHERE site_id = ? AND code = ?`, site, code))
	if errors.Is(err, sql.ErrNoRows) {
		return t, fault.Missing("template", code)
	}
	if err != nil {
		return t, fmt.Errorf("find template %s of site %s: %w", code, site, err)
	}
	return t, nil
}

// LockTemplate is FindTemplate that locks the row until the transaction ends.
func LockTemplate(tx *db.Tx, site, code string) (Template, error) {
	rows, err := tx.LookupForUpdate("template", templateColumns, nameColumns([]TemplateName{{site, code}})...)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (Template, error) { return scanTemplate(r) })
	if err != nil {
		return Template{}, fmt.Errorf("lock template %s of site %s: %w", code, site, err)
	}
	if len(found) == 0 {
		return Template{}, fault.Missing("template", code)
	}
	return found[0], nil
}

// StandTemplate writes where a locked template stands, and what the providers that can send it
// call it. Its wording stays.
func StandTemplate(tx *db.Tx, t Template) error {
	was, err := FindTemplate(tx, t.Site, t.Code)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE template SET state = ?, providers = ?, updated_at = ? WHERE site_id = ? AND code = ?`,
		string(t.State), jsonText(t.Providers), tx.Now, t.Site, t.Code)
	if err != nil {
		return fmt.Errorf("write where template %s of site %s stands: %w", t.Code, t.Site, err)
	}
	now := was
	now.State, now.Providers = t.State, t.Providers
	if err := noteTemplate(tx, "template."+string(t.State), &was, &now); err != nil {
		return err
	}
	return site.Changed(tx, t.Site)
}

// Form is the template as a vendor registers it, but for its channel, name and code.
func (t Template) Form() provider.TemplateForm {
	return provider.TemplateForm{Body: korea.Normalise(t.Body), Buttons: t.Buttons, QuickReplies: t.QuickReplies, Emphasis: t.Emphasis, Items: t.Items,
		Extra: t.Extra, Category: t.Category, Secure: t.Secure}
}

// TemplateName names one template of one site.
type TemplateName struct{ Site, Code string }

func nameColumns(names []TemplateName) []db.Column {
	return []db.Column{
		db.Col("site_id", pick(names, func(n TemplateName) string { return n.Site })),
		db.Col("code", pick(names, func(n TemplateName) string { return n.Code })),
	}
}

// askTemplates gives the question for templates, and where the answer will stand; one that
// is not there is left out.
func askTemplates(names []TemplateName) (db.Question, map[TemplateName]*Template) {
	found := make(map[TemplateName]*Template, len(names))
	row := func(r *sql.Rows) error {
		t, err := scanTemplate(r)
		found[TemplateName{t.Site, t.Code}] = &t
		return err
	}
	return db.Question{Table: "template", Cols: templateColumns, Key: nameColumns(names), Row: row}, found
}

// AskTemplateStates gives the question where templates stand in their inspection, and
// where the answer will stand; one that is not there is left out.
func AskTemplateStates(names []TemplateName) (db.Question, map[TemplateName]TemplateState) {
	found := make(map[TemplateName]TemplateState, len(names))
	row := func(r *sql.Rows) error {
		var n TemplateName
		var state TemplateState
		err := r.Scan(&n.Site, &n.Code, &state)
		found[n] = state
		return err
	}
	return db.Question{Table: "template", Cols: []string{"site_id", "code", "state"}, Key: nameColumns(names), Row: row}, found
}

// Templates reads a site's templates by code, those after a given one.
func Templates(tx *db.Tx, site, after string, limit int) ([]Template, error) {
	rows, err := tx.Query(`SELECT `+columnList(templateColumns)+` FROM template WHERE site_id = ? AND code > ? ORDER BY code LIMIT ?`, site, after, limit)
	return db.Collect(rows, err, func(r *sql.Rows) (Template, error) { return scanTemplate(r) })
}

type scanner interface{ Scan(into ...any) error }

func scanTemplate(row scanner) (t Template, err error) {
	var buttons, providers, parts []byte
	if err := row.Scan(&t.Site, &t.Code, &t.Name, &t.Channel, &t.Body, &buttons, &t.State, &providers, &parts, &t.CreatedAt, &t.UpdatedAt); err != nil {
		return t, err
	}
	if err := json.Unmarshal(buttons, &t.Buttons); err != nil {
		return t, fmt.Errorf("read buttons of template %s: %w", t.Code, err)
	}
	if err := json.Unmarshal(providers, &t.Providers); err != nil {
		return t, fmt.Errorf("read ids of template %s: %w", t.Code, err)
	}
	if len(parts) > 0 { // templates of older releases have none
		if err := json.Unmarshal(parts, &t.TemplateParts); err != nil {
			return t, fmt.Errorf("read parts of template %s: %w", t.Code, err)
		}
	}
	return t, nil
}

// jsonText is the text of a value whose types always marshal.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
