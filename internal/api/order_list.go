package api

import (
	"context"
	"io"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/sheet"
	parts "creditmsg/internal/upload"
)

// listView is a list that a message also goes to, for the document.
type listRefView struct {
	ID        string            `json:"id,omitempty" doc:"lst_… of GET /v1/lists."`
	Sheet     string            `json:"sheet,omitempty" doc:"Of a workbook; left out, the first that is not hidden."`
	ToColumn  string            `json:"to_column,omitempty" doc:"The column with the numbers; left out, the first with a usual name."`
	Variables map[string]string `json:"variables,omitempty" doc:"Which column fills in which variable, where its name is another: {variable: column}. Every column fills in the variable of its own name besides."`
	Remove    bool              `json:"remove,omitempty" default:"false" doc:"Delete the list once the message is accepted."`
}

// listRef is what a message says of the list that it goes to.
type listRef struct {
	id            id.ID
	sheet, column string
	variables     map[string]string // to the columns that fill them in
	remove        bool
	file          listFile // once it was brought
}

// mostMapped bounds the variables that a message fills in from other columns.
const mostMapped = 200

// readList reads which list a message goes to.
func (o *order) readList(r *reading) {
	o.list = &listRef{variables: map[string]string{}}
	r.members(func(name string) {
		switch {
		case name == "id":
			before := r.wrong
			var err error
			if o.list.id, err = id.Parse(id.List, r.text()); err != nil && r.wrong == before {
				r.complain("want the id of a list: lst_…")
			}
		case r.null():
		case name == "sheet":
			o.list.sheet = r.text()
		case name == "to_column":
			o.list.column = r.text()
		case name == "remove":
			o.list.remove = r.boolean()
		case name == "variables":
			o.list.readVariables(r)
		default:
			r.complain("there is no such member here")
			r.raw()
		}
	})
}

func (l *listRef) readVariables(r *reading) {
	given := map[string]string{}
	r.variables(given)
	if len(given) > mostMapped {
		r.complain("want at most %d variables", mostMapped)
	}
	for name, column := range given {
		l.variables[columnName(name)] = columnName(column)
	}
}

// columnName is a name as those of columns and variables are compared.
func columnName(text string) string { return korea.Normalise(strings.TrimSpace(text)) }

func (l *listRef) options() sheet.Options {
	// A list without a header is one of bare numbers, if nobody says which column they are in.
	return sheet.Options{Column: l.column, Sheet: l.sheet, List: l.column == ""}
}

// brought brings a kept list to the disk, where it can be read as often as is needed. release lets
// it go, and is never nil.
func (a *api) brought(ctx context.Context, x *exchange, n parts.Name) (f listFile, release func(), err error) {
	disk := a.holding(a.disk, x.request.WithContext(ctx))
	release = disk.release
	f.who = disk.who
	body, err := a.Uploads.Open(ctx, n)
	if err != nil {
		return f, release, err
	}
	if f.file, err = spool(); err != nil {
		return f, release, err
	}
	release = func() { _ = f.file.Close(); disk.release() }
	f.size, err = io.Copy(toDisk{f.file}, &arriving{ctx: ctx, body: body, holding: disk})
	return f, release, err
}

// bring brings the list of an order, if it goes to one.
func (o *order) bring(ctx context.Context, a *api, x *exchange) (release func(), err error) {
	if o.list == nil {
		return func() {}, nil
	}
	if o.list.id.IsZero() {
		return func() {}, fault.Check("/list/id", "want the id of a list: lst_…")
	}
	o.list.file, release, err = a.brought(ctx, x, o.list.name(x.site))
	if fault.Is(err, fault.NotFound) {
		err = fault.Check("/list/id", "there is no list %s here; lists are kept for two days", o.list.id.Text(id.List))
	}
	return release, err
}

func (l *listRef) name(siteID string) parts.Name {
	return parts.Name{Site: siteID, ID: l.id, Kind: parts.Lists}
}

// used deletes the list of an accepted message, if it was asked for. What cannot be deleted now
// ends by itself.
func (o *order) used(ctx context.Context, a *api, x *exchange) {
	if o.list == nil || !o.list.remove {
		return
	}
	if err := a.Uploads.Remove(context.WithoutCancel(ctx), o.list.name(x.site)); err != nil && !fault.Is(err, fault.NotFound) {
		a.Log.WarnContext(ctx, "a list that was used not removed", "list", o.list.id.Text(id.List), "error", err)
	}
}
