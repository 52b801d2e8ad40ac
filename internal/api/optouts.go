package api

import (
	"context"
	"iter"
	"mime"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/optout"
)

// importWithin is what an import may take once its file has come.
const importWithin = 30 * time.Minute

// optOutView is whom a site may not write to.
type optOutView struct {
	ID        string  `json:"id" doc:"opt_…, as events name it."`
	To        string  `json:"to" people:"number" doc:"Digits."`
	Scope     string  `json:"scope" enum:"advertising,all" doc:"What the person does not want."`
	Source    string  `json:"source" doc:"api, import or provider."`
	CreatedAt instant `json:"created_at"`
}

func showOptOut(o optout.OptOut) optOutView {
	return optOutView{o.ID.Text(id.OptOut), string(o.To), string(o.Scope), o.Source, instant(o.At)}
}

type optOutAdded struct {
	Body struct {
		To    string `json:"to" doc:"A mobile number, however it is written." example:"010-1234-5678"`
		Scope string `json:"scope,omitempty" enum:"advertising,all" default:"advertising"`
	} `nameHint:"OptOutBody"`
}

type optOutNamed struct {
	Number string `path:"number" example:"01012345678"`
}

// optOuts declares the routes about whom a site may not write to.
func optOuts(a *api) {
	of := func(id, method, path string, status int, summary string) operation {
		ability := "optouts:write"
		if method == http.MethodGet {
			ability = "optouts:read"
		}
		return operation{id: id, method: method, path: path, tag: "Opt-outs", ability: ability, status: status, summary: summary}
	}
	read(a, of("listOptOuts", http.MethodGet, "/v1/opt-outs", http.StatusOK, "List who opted out, newest first"), a.listOptOuts)
	read(a, of("getOptOut", http.MethodGet, "/v1/opt-outs/{number}", http.StatusOK, "Get a number's opt-out"),
		func(tx *db.Tx, x *exchange, in *optOutNamed) (optOutView, error) {
			return a.findOptOut(tx, x, in.Number)
		})
	add := of("addOptOut", http.MethodPost, "/v1/opt-outs", http.StatusCreated, "Note that somebody opted out")
	add.about = "Adding a number again changes nothing, unless it widens its scope. Messages that were accepted do not go to it any more either."
	write(a, add, func(tx *db.Tx, x *exchange, in *optOutAdded) (v optOutView, err error) {
		scope, err := optout.ParseScope(in.Body.Scope)
		if err != nil {
			return v, err
		}
		to, err := korea.ParseMobile(in.Body.To)
		if err != nil {
			return v, fault.Check("/to", "%s", err)
		}
		if _, err := a.OptOuts.Add(tx, x.site, optout.ByAPI, []optout.Wish{{To: to, Scope: scope}}); err != nil {
			return v, err
		}
		return a.findOptOut(tx, x, string(to))
	})
	write(a, of("removeOptOut", http.MethodDelete, "/v1/opt-outs/{number}", http.StatusNoContent, "Take back an opt-out"),
		func(tx *db.Tx, x *exchange, in *optOutNamed) (nothing, error) {
			to, err := optOutNumber(in.Number)
			if err != nil {
				return nothing{}, err
			}
			return nothing{}, a.OptOuts.Remove(tx, x.site, to)
		})
	importing := of("importOptOuts", http.MethodPost, "/v1/opt-outs/import", http.StatusOK, "Import a list of who opted out")
	importing.about = "A provider's list of an 080 number: CSV, a bare list of numbers, or NDJSON. Lines that are wrong are told and do not stop the others. " +
		"A file that cannot be read to its end is refused as a whole. Importing it again changes nothing."
	importing.unkeyed = true
	importing.codes = []string{fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeTooManyRecipients, fault.CodeUnsupportedMedia, fault.CodeUnsupportedEncoding, fault.CodeNoPhoneColumn}
	importing.params = []*huma.Param{
		{Name: "scope", In: "query", Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"advertising", "all"}}, Description: "Of all lines that name none; advertising where it is left out."},
		{Name: "column", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "Of the numbers in a CSV; one with a usual name where it is left out."},
	}
	importing.body = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"text/csv":             {Schema: &huma.Schema{Type: huma.TypeString, Description: "UTF-8 or CP949, with or without a header."}, Example: "수신거부번호,등록일\n010-9876-0000,2026-12-01\n"},
		"text/plain":           {Schema: &huma.Schema{Type: huma.TypeString, Description: "One number a line."}, Example: "01098760001\n01098760002\n"},
		"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString, Description: "One opt-out a line."}, Example: "{\"to\":\"010-9876-0003\",\"scope\":\"all\"}\n"},
	}}
	plain(a, importing, reflect.TypeFor[optout.Imported](), a.answering(a.importOptOuts))
}

// optOutNumber reads the number of a path; what is none names nothing.
func optOutNumber(text string) (korea.Number, error) {
	to, err := korea.ParseMobile(text)
	if err != nil {
		return "", fault.Missing("opt-out of", korea.Mask(text))
	}
	return to, nil
}

func (a *api) findOptOut(tx *db.Tx, x *exchange, number string) (optOutView, error) {
	to, err := optOutNumber(number)
	if err != nil {
		return optOutView{}, err
	}
	o, err := a.OptOuts.Find(tx, x.site, to)
	if err != nil {
		return optOutView{}, err
	}
	return showOptOut(o), nil
}

func (a *api) listOptOuts(tx *db.Tx, x *exchange, in *Paging) (out listOf[optOutView], err error) {
	l, err := a.list(tx, x, "opt-outs")
	if err != nil {
		return out, err
	}
	var after optout.Spot
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := a.OptOuts.List(tx, x.site, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, func(o optout.Listed) (optOutView, error) { return showOptOut(o.OptOut), nil },
		func(o optout.Listed) any { return o.Spot })
}

// importOptOuts takes a list in one of its forms.
func (a *api) importOptOuts(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
	q := r.URL.Query()
	scope, err := optout.ParseScope(q.Get("scope"))
	if err != nil {
		return nil, err
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	known := media == "text/csv" || media == "text/plain" || media == "application/x-ndjson"
	if err != nil || !known || r.Header.Get("Content-Encoding") != "" {
		return nil, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "send the list as text/csv, text/plain or application/x-ndjson")
	}
	file, err := a.onDisk(w, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var rows iter.Seq2[optout.Row, error]
	if media == "application/x-ndjson" {
		rows = optout.FromLines(file, scope)
	} else {
		rows = optout.FromSheet(file, q.Get("column"), scope)
	}
	ctx, cancel := context.WithTimeout(r.Context(), importWithin)
	defer cancel()
	done, err := a.OptOuts.Import(ctx, a.DB, x.site, optout.ByImport, rows)
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusOK, done)
}
