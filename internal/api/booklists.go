package api

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/book"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/paper"
	"creditmsg/internal/sheet"
)

// takenView is what became of the rows of a list.
type takenView struct {
	Rows                int64            `json:"rows"`
	Created             int64            `json:"created"`
	Updated             int64            `json:"updated"`
	Unchanged           int64            `json:"unchanged"`
	Joined              int64            `json:"joined" doc:"Contacts that were not in the groups before, counted for each group."`
	Rejected            int64            `json:"rejected"`
	RejectedByCode      map[string]int64 `json:"rejected_by_code" doc:"invalid_number, duplicate, invalid_name, invalid_variable, invalid_consent."`
	Rejections          []book.Rejected  `json:"rejections" doc:"The first 10,000, by their lines."`
	RejectionsTruncated bool             `json:"rejections_truncated"`
}

func showTaken(r book.Report) takenView {
	return takenView{r.Rows, r.Created, r.Updated, r.Unchanged, r.Joined, r.Rejected, orEmpty(r.By), present(r.Listed), r.Rejected > int64(len(r.Listed))}
}

// takenForm is what a list for the book comes as.
var takenForm = map[string]int64{"to_column": maxField, "sheet": maxField, "name_column": maxField, "consent_at": maxField, "consent_evidence": 4 * maxField, "groups": 4 * maxField}

// bookLists declares the routes by which lists come into the address book and out of it.
func bookLists(a *api) {
	a.taking("importContacts", "/v1/contacts/import", "Take a list into the address book")
	a.taking("importMembers", "/v1/groups/{id}/import", "Take a list into the address book and into a group")
	a.giving("exportContacts", "/v1/contacts/export", "Export the whole address book")
	a.giving("exportMembers", "/v1/groups/{id}/export", "Export the members of a group")
}

func (a *api) taking(operationID, path, summary string) {
	o := operation{
		id: operationID, method: http.MethodPost, path: path, tag: contactTag, ability: canWrite, status: http.StatusOK, summary: summary, params: pathParams(path),
		about: "Row by row: a row that cannot be taken is reported with its line and holds up no other. Who is in the book already keeps what the list does not tell, " +
			"and a newer consent; the same list again changes nothing. Columns named 이름 or name, 수신동의일시 or consent_at, 동의근거 or consent_evidence, 야간수신동의 or night_consent (y or n) are these; every other one is a variable.",
		codes: []string{fault.CodeUnsupportedEncoding, fault.CodeNoPhoneColumn, fault.CodeTooManyRecipients, fault.CodeStateConflict},
		body:  &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": describeTaking(strings.Contains(path, "{id}"))}},
	}
	plain(a, o, reflect.TypeFor[takenView](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		return a.takeList(w, r, x, o)
	}))
}

// pathParams describes the id in a path, if there is one.
func pathParams(path string) []*huma.Param {
	if !strings.Contains(path, "{id}") {
		return nil
	}
	return []*huma.Param{{Name: "id", In: "path", Required: true, Description: "grp_…", Schema: &huma.Schema{Type: huma.TypeString}}}
}

func describeTaking(group bool) *huma.MediaType {
	parts := listParts()
	parts["name_column"] = describeText("The column with the names; left out, the first with a usual name.")
	parts["consent_at"] = describeText("When everybody whose row tells nothing of it agreed to get advertising, such as 2026-12-01 or 2026-12-01T09:00:00+09:00.")
	parts["consent_evidence"] = describeText("How that can be shown.")
	if !group {
		parts["groups"] = describeText("Groups that everybody is put into: grp_…, separated by commas.")
	}
	return &huma.MediaType{Schema: formSchema(parts, "list")}
}

// takeList takes a list in and keeps its report for a repeat of the request.
func (a *api) takeList(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	if form, err := mediaOf(r, true); err != nil || form != mediaForm {
		return nil, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "send multipart/form-data with a list")
	}
	l := book.List{}
	if of := r.PathValue("id"); of != "" {
		g, err := named(id.Group, "group", of)
		if err != nil {
			return nil, err
		}
		if err := a.groupThere(r.Context(), x, g); err != nil {
			return nil, err
		}
		l.Groups = []id.ID{g}
	}
	f, err := a.takeForm(w, r, x, takenForm)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if err := f.readList(&l); err != nil {
		return nil, err
	}
	key, keyed, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	if keyed {
		if out, err := a.earlier(r.Context(), o, key); out != nil || err != nil {
			return out, err
		}
	}
	from, err := a.openList(r.Context(), f.source(), f.options())
	if err != nil {
		return nil, err
	}
	defer from.close()
	report, err := a.Book.Take(r.Context(), x.site, from.Reader, l)
	if err != nil {
		return nil, err
	}
	return a.keep(r.Context(), o, key, keyed, func(*db.Tx) (*reply, error) { return rendered(o.status, showTaken(report)) })
}

func (a *api) groupThere(ctx context.Context, x *exchange, g id.ID) error {
	return a.DB.View(ctx, "api_find_group", func(tx *db.Tx) error {
		_, err := a.Book.FindGroup(tx, x.site, g)
		return err
	})
}

// readList reads what a form says of its list.
func (f *form) readList(l *book.List) (err error) {
	l.NameColumn = f.texts["name_column"]
	if text := f.texts["groups"]; text != "" {
		if len(l.Groups) > 0 {
			return fault.Check("/groups", "the path names the group")
		}
		list := strings.Split(text, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		slices.Sort(list)
		if l.Groups, err = groupIDs("/groups", slices.Compact(list)); err != nil {
			return err
		}
	}
	l.Consent.Evidence = f.texts["consent_evidence"]
	if text := f.texts["consent_at"]; text != "" {
		if l.Consent.At, err = book.ParseConsent(text); err != nil {
			return fault.Check("/consent_at", "%s", err)
		}
	} else if l.Consent.Evidence != "" {
		return fault.Check("/consent_at", "a consent has the time at which it was given")
	}
	return nil
}

func (a *api) giving(operationID, path, summary string) {
	a.paper(operation{
		id: operationID, path: path, tag: contactTag, ability: canRead, personal: true, summary: summary,
		about:  "As CSV or XLSX, in a form that can be imported again. Cells of CSV that a spreadsheet would compute begin with an apostrophe, which an import takes off.",
		params: append(pathParams(path), choice("format", "", paper.CSV, paper.XLSX)),
	}, []string{paper.CSV, paper.XLSX}, nil, a.giveList)
}

func (a *api) giveList(w http.ResponseWriter, r *http.Request, x *exchange) (err error) {
	format, err := formatOf(r, paper.CSV, paper.XLSX)
	if err != nil {
		return err
	}
	var group id.ID
	file := "contacts-" + x.site
	if of := r.PathValue("id"); of != "" {
		if group, err = named(id.Group, "group", of); err != nil {
			return err
		}
		if err := a.groupThere(r.Context(), x, group); err != nil {
			return err
		}
		file = "group-" + group.Text(id.Group)
	}
	w.Header().Set("Content-Type", paperMedia[format])
	w.Header().Add("Vary", "Accept")
	name(w, file, format)
	a.stream(w, r, x, func(ctx context.Context, out io.Writer) error {
		return a.Book.Export(ctx, x.site, group, sheet.Form(format), out)
	})
	return nil
}
