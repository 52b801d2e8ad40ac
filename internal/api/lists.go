package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/sheet"
	parts "creditmsg/internal/upload"
)

// Lists that people look at before they are sent: kept as they are, for two days, and read again
// each time, so that nothing about them has to be decided when they come.

const listPath = "/v1/lists"

// Bounds of what is shown of a list.
const (
	mostSampled  = 20        // rows
	sampledCell  = 200       // characters of a cell
	sampledBytes = 256 << 10 // of all cells that are shown
	mostListName = 100       // characters
)

// ListSummary is a list that is kept, without what is in it. It is exported, as ListLook is.
type ListSummary struct {
	ID        string  `json:"id" example:"lst_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	Name      string  `json:"name"`
	Bytes     int64   `json:"bytes"`
	Encoding  string  `json:"encoding" enum:"utf-8,cp949,xlsx"`
	Rows      int64   `json:"rows" doc:"Without the header and empty lines."`
	CreatedAt instant `json:"created_at"`
	ExpiresAt instant `json:"expires_at" doc:"When it is deleted."`
}

// keptList is a list as it was looked at.
type keptList struct {
	ListSummary
	ListLook
}

// ListLook is what is found in a list. It is exported, since members of an embedded type that is not
// are no part of a schema.
type ListLook struct {
	Sheet    string       `json:"sheet,omitempty" doc:"Of a workbook: the one that was looked at."`
	Sheets   []string     `json:"sheets" doc:"Of a workbook: those that there are, the hidden ones last."`
	ToColumn *string      `json:"to_column" doc:"The column that was taken for the numbers; empty where the list has no header, null where none is known: name one."`
	Columns  []listColumn `json:"columns" doc:"All columns with a name, in their order."`
	Sample   []listRow    `json:"sample" doc:"The first 20 rows."`
	Problem  *listProblem `json:"problem" doc:"Why not all of it can be read as it is; a message to it would be refused. Rows and sample are those before."`
}

type listColumn struct {
	Name string `json:"name" people:"words"`
}

type listRow struct {
	Line  int               `json:"line" doc:"Where the row starts in the file; the first line is 1."`
	To    string            `json:"to" people:"number" doc:"As it is written."`
	Cells map[string]string `json:"cells" people:"text" doc:"The other columns; at most 200 characters of each."`
}

type listProblem struct {
	Code   string `json:"code"`
	Detail string `json:"detail" people:"words"`
	Line   int64  `json:"line,omitempty"`
}

// noted is what is kept beside a list.
type notedList struct {
	Name     string
	Encoding string
	Rows     int64
	Look     ListLook
}

func showKept(u parts.Upload, n notedList) ListSummary {
	return ListSummary{ID: u.ID.Text(id.List), Name: n.Name, Bytes: u.Size, Encoding: n.Encoding, Rows: n.Rows, CreatedAt: instant(u.CreatedAt), ExpiresAt: instant(u.ExpiresAt())}
}

type listNamed struct {
	ID string `path:"id" doc:"lst_…"`
}

func listName(site, text string) (parts.Name, error) {
	d, err := named(id.List, "list", text)
	return parts.Name{Site: site, ID: d, Kind: parts.Lists}, err
}

// keptForm is what a list that is kept comes as.
var keptForm = map[string]int64{"name": maxField, "to_column": maxField, "sheet": maxField}

// lists declares the routes of lists that are looked at before they are sent.
func lists(a *api) {
	keep := operation{
		id: "keepList", method: http.MethodPost, path: listPath, tag: "Lists", ability: "messages:write", status: http.StatusCreated, summary: "Keep a list, to look at it before it is sent",
		about: "CSV in UTF-8 or CP949, or XLSX, as people have it. It is kept for two days, at most 10 of a site at a time, and can be sent as often as is needed: messages and estimates name it as `list`. " +
			"What cannot be read as a list at all is refused; where only the column of the numbers, or the sheet, has to be named, `problem` says so.",
		codes: []string{fault.CodeUnsupportedEncoding, fault.CodeStateConflict},
		body:  &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": describeKeeping()}},
	}
	plain(a, keep, reflect.TypeFor[keptList](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		return a.keepList(w, r, x, keep)
	}))
	read(a, operation{
		id: "listLists", method: http.MethodGet, path: listPath, tag: "Lists", ability: "messages:read", status: http.StatusOK, summary: "List the lists that are kept, newest first",
	}, a.listLists)
	text := &huma.Schema{Type: huma.TypeString}
	look := operation{
		id: "getList", method: http.MethodGet, path: listPath + "/{id}", tag: "Lists", ability: "messages:read", status: http.StatusOK, summary: "Look at a list",
		about: "With `sheet` or `to_column` it is read again as they say; otherwise it is shown as it was found when it came.",
		codes: []string{fault.CodeNoPhoneColumn},
		params: []*huma.Param{{Name: "id", In: "path", Required: true, Description: "lst_…", Schema: text},
			{Name: "sheet", In: "query", Description: "The sheet of a workbook.", Schema: text}, {Name: "to_column", In: "query", Description: "The column with the numbers.", Schema: text}},
	}
	plain(a, look, reflect.TypeFor[keptList](), a.answering(func(_ http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) { return a.getList(r, x) }))
	remove := operation{
		id: "removeList", method: http.MethodDelete, path: listPath + "/{id}", tag: "Lists", ability: "messages:write", status: http.StatusNoContent, summary: "Delete a list", unkeyed: true,
	}
	register[listNamed, nothing](a, remove, func(ctx context.Context, x *exchange, in *listNamed) (*reply, error) {
		n, err := listName(x.site, in.ID)
		if err == nil {
			err = a.Uploads.Remove(ctx, n)
		}
		if err != nil {
			return nil, err
		}
		return rendered(remove.status, nil)
	})
	checkingLists(a)
}

func describeKeeping() *huma.MediaType {
	parts := listParts()
	parts["name"] = describeText("What people call it, at most 100 characters; left out, the name of the file.")
	return &huma.MediaType{Schema: formSchema(parts, "list")}
}

func (a *api) keepList(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	if form, err := mediaOf(r, true); err != nil || form != mediaForm {
		return nil, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "send multipart/form-data with a list")
	}
	f, err := a.takeForm(w, r, x, keptForm)
	if err != nil {
		return nil, err
	}
	defer f.close()
	key, keyed, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	if keyed {
		if out, err := a.earlier(r.Context(), o, key); out != nil || err != nil {
			return out, err
		}
	}
	noted := notedList{}
	if noted.Name, err = f.name(); err != nil {
		return nil, err
	}
	if err := a.lookAt(r.Context(), f.source(), f.options(), &noted); err != nil {
		return nil, err
	}
	about, err := json.Marshal(noted)
	if err != nil {
		return nil, fmt.Errorf("note what a list is: %w", err)
	}
	u, err := a.Uploads.Keep(r.Context(), x.site, io.NewSectionReader(f.list, 0, f.size), about)
	if err != nil {
		return nil, err
	}
	return a.keep(r.Context(), o, key, keyed, func(*db.Tx) (*reply, error) {
		return rendered(o.status, keptList{showKept(u, noted), noted.Look})
	})
}

// name is what the list is called.
func (f *form) name() (string, error) {
	name := strings.TrimSpace(f.texts["name"])
	if name == "" {
		runes := []rune(strings.ToValidUTF8(strings.TrimSpace(f.file), ""))
		name = string(runes[:min(len(runes), mostListName)])
	}
	if utf8.RuneCountInString(name) > mostListName {
		return "", fault.Check("/name", "want at most %d characters", mostListName)
	}
	return korea.Normalise(name), nil
}

// lookAt finds out what is in a list. An error says that it cannot be read at all, or not as the
// options want it; what is wrong with its rows is noted.
func (a *api) lookAt(ctx context.Context, from listFile, o sheet.Options, into *notedList) error {
	into.Look, into.Rows = ListLook{Sheets: []string{}, Columns: []listColumn{}, Sample: []listRow{}}, 0
	o.List = o.Column == ""
	list, err := a.openList(ctx, from, o)
	if f := fault.Of(err); err != nil && f.Code == fault.CodeNoPhoneColumn && o.Column == "" {
		into.Look.problem(f)
		o.Table, o.List = true, false
		list, err = a.openList(ctx, from, o)
	}
	if list != nil {
		into.Look.Sheet, into.Look.Sheets = list.sheet, present(list.sheets)
	}
	if err != nil {
		f := fault.Of(err)
		if list == nil || len(list.sheets) == 0 || f.Kind != fault.Invalid || o.Column != "" {
			return err
		}
		into.Encoding = string(sheet.XLSX) // another sheet may be the list
		into.Look.problem(f)
		return nil
	}
	defer list.close()
	into.Encoding = list.Encoding()
	if !o.Table {
		into.Look.ToColumn = new(list.NumberColumn())
	}
	return into.sample(list)
}

// problem notes why a list cannot be read as it is; the first one stays.
func (l *ListLook) problem(f *fault.Error) {
	if l.Problem != nil {
		return
	}
	l.Problem = &listProblem{Code: f.Code, Detail: f.Public}
	for _, field := range f.Fields {
		_, _ = fmt.Sscanf(field.Pointer, "/lines/%d", &l.Problem.Line) // otherwise it has no line
	}
}

// sample counts the rows of a list and shows the first ones.
func (n *notedList) sample(list *rows) error {
	columns := list.Columns()
	for _, name := range list.Header() {
		n.Look.Columns = append(n.Look.Columns, listColumn{name})
	}
	for shown := 0; ; n.Rows++ {
		row, err := list.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if f := fault.Of(err); err != nil && f != nil && f.Kind == fault.Invalid {
			n.Look.problem(f)
			return nil
		}
		if err != nil {
			return err
		}
		if n.Rows >= mostSampled || shown > sampledBytes {
			continue
		}
		one := listRow{Line: row.Line, To: shownCell(row.To), Cells: map[string]string{}}
		for i, name := range columns {
			one.Cells[name] = shownCell(row.Values[i])
			shown += len(name) + len(one.Cells[name])
		}
		n.Look.Sample = append(n.Look.Sample, one)
	}
}

func shownCell(cell string) string {
	if utf8.RuneCountInString(cell) > sampledCell {
		return string([]rune(cell)[:sampledCell]) + "…"
	}
	return cell
}

// note opens what was noted of a list.
func (a *api) note(tx *db.Tx, u parts.Upload) (n notedList, err error) {
	about, err := a.Uploads.About(tx, u)
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(about)).Decode(&n)
	}
	return n, err
}

func (a *api) listLists(tx *db.Tx, x *exchange, in *struct{ Paging }) (listOf[ListSummary], error) {
	l, err := a.list(tx, x, "lists")
	if err != nil {
		return listOf[ListSummary]{}, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return listOf[ListSummary]{}, err
	}
	found, err := parts.List(tx, x.site, parts.Lists, before, in.Limit+1)
	if err != nil {
		return listOf[ListSummary]{}, err
	}
	show := func(u parts.Upload) (ListSummary, error) {
		n, err := a.note(tx, u)
		return showKept(u, n), err
	}
	return pageOf(l, found, in.Limit, show, func(u parts.Upload) any { return u.ID })
}

// kept finds a list and what was noted of it.
func (a *api) kept(ctx context.Context, n parts.Name) (u parts.Upload, noted notedList, err error) {
	err = a.DB.View(ctx, "api_get_list", func(tx *db.Tx) (err error) {
		if u, err = parts.Find(tx, n); err == nil {
			noted, err = a.note(tx, u)
		}
		return err
	})
	return u, noted, err
}

func (a *api) getList(r *http.Request, x *exchange) (*reply, error) {
	n, err := listName(x.site, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	u, noted, err := a.kept(r.Context(), n)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	if o := (sheet.Options{Sheet: q.Get("sheet"), Column: q.Get("to_column")}); o.Sheet != "" || o.Column != "" {
		file, release, err := a.brought(r.Context(), x, n)
		defer release()
		if err == nil {
			err = a.lookAt(r.Context(), file, o, &noted)
		}
		if err != nil {
			return nil, err
		}
	}
	return rendered(http.StatusOK, keptList{showKept(u, noted), noted.Look})
}
