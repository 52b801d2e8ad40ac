package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/paper"
	"creditmsg/internal/sheet"
)

// A list is checked by the draft that would send it: what is refused here is what would be refused
// then, row by row. Nothing is kept of a check, so each page is a look of its own.

// listChecked is what would become of the rows of a list.
type listChecked struct {
	Recipients     tallyView           `json:"recipients" doc:"Of the rows."`
	RejectedByCode map[string]int64    `json:"rejected_by_code"`
	Duplicates     []message.Duplicate `json:"duplicates" doc:"The first 100 rows with a number that stands in an earlier one; each number is sent once."`
	Estimate       *quoteView          `json:"estimate" doc:"null = nobody is left to send to."`
	Data           []refusedRow        `json:"data" doc:"The rows that would be refused, in their order."`
	HasMore        bool                `json:"has_more"`
	NextCursor     *string             `json:"next_cursor" doc:"Of the next page; null on the last one."`
}

type refusedRow struct {
	Line   int64  `json:"line" doc:"Where the row starts in the file."`
	To     string `json:"to" people:"number" doc:"As it is written."`
	Code   string `json:"code"`
	TextKo string `json:"text_ko"`
	Detail string `json:"detail" people:"words"`
}

// mostDoubles bounds the duplicates that a check shows.
const mostDoubles = 100

// reportHead are the columns that a report has behind those of the list.
var reportHead = []string{"원본 줄", "거절 코드", "거절 사유", "reason"}

// exampleCheck is a message without whom it goes to.
const exampleCheck = `{"strategy": "sms_only", "text": {"body": "#{고객}님, 예약이 확정되었습니다."}, "list": {"variables": {"고객": "고객명"}}}`

// checkingLists declares the route that tells what would become of a list.
func checkingLists(a *api) {
	least, most := 1.0, 200.0
	text := &huma.Schema{Type: huma.TypeString}
	o := operation{
		id: "checkList", method: http.MethodPost, path: listPath + "/{id}/check", tag: "Lists", ability: "messages:read", status: http.StatusOK, unkeyed: true,
		summary: "Say what would become of each row of a list, without sending",
		about: "Takes a message without recipients and groups; its `list`, whose `id` may be left out, says which sheet and columns are read. Counts, the estimate, and the rows that would be refused, page by page; " +
			"nothing is kept of it, so that each page reads the list again. With `format` the refused rows come as a file, with all that stands in them and why: it can be mended and kept as a list again. " +
			"Who asks for a file needs the permission to see numbers of people.",
		codes: append([]string{fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia}, a.refusalsOfSending()...),
		params: []*huma.Param{{Name: "id", In: "path", Required: true, Description: "lst_…", Schema: text},
			{Name: "limit", In: "query", Description: "Rows per page.", Schema: &huma.Schema{Type: huma.TypeInteger, Default: 50, Minimum: &least, Maximum: &most}},
			{Name: "cursor", In: "query", Description: "next_cursor of the page before, with the same message.", Schema: text}, choice("format", "A file instead of pages.", paper.CSV, paper.XLSX)},
		body: a.describeCheck(),
	}
	plain(a, o, reflect.TypeFor[listChecked](), func(w http.ResponseWriter, r *http.Request) {
		x := of(r.Context())
		if r.URL.Query().Get("format") == "" {
			a.answering(a.checkList)(w, r)
			return
		}
		if err := a.reportList(w, r, x); err != nil {
			a.refuse(w, r, err)
		}
	})
	content := a.huma.OpenAPI().Paths[o.path].Post.Responses["200"].Content
	for _, media := range []string{"text/csv", paperMedia[paper.XLSX]} {
		content[media] = &huma.MediaType{Schema: text}
	}
}

// describeCheck is the body of a message whose list is checked.
func (a *api) describeCheck() *huma.RequestBody {
	body := a.describeTest()
	whole := *body.Content["application/json"].Schema
	delete(whole.Properties, "recipients")
	delete(whole.Properties, "groups")
	whole.PrecomputeMessages()
	body.Content["application/json"] = &huma.MediaType{Schema: &whole, Example: json.RawMessage(exampleCheck)}
	return body
}

// checking is a list that is being checked.
type checking struct {
	order   *order
	draft   *message.Draft
	sum     string // of the message
	release func()
}

// beginCheck reads the message and brings the list.
func (a *api) beginCheck(w http.ResponseWriter, r *http.Request, x *exchange) (c checking, err error) {
	c.release = func() {}
	n, err := listName(x.site, r.PathValue("id"))
	if err != nil {
		return c, err
	}
	if _, err := mediaOf(r, false); err != nil {
		return c, err
	}
	body, release, err := a.whole(w, r, maxBody)
	defer release()
	if err != nil {
		return c, err
	}
	sum := sha256.Sum256(body)
	c.sum = hex.EncodeToString(sum[:])
	if c.order, err = readOrder(body, &order{withoutCount: true, withoutNames: true, withList: true}); err != nil {
		return c, err
	}
	o := c.order
	switch {
	case len(o.groups) > 0:
		return c, fault.Check("/groups", "the list alone is checked")
	case o.list == nil:
		o.list = &listRef{}
	case !o.list.id.IsZero() && o.list.id != n.ID:
		return c, fault.Check("/list/id", "the path names another list")
	}
	o.list.id = n.ID
	if o.list.file, c.release, err = a.brought(r.Context(), x, n); err != nil {
		return c, err
	}
	c.draft, err = a.Messages.Estimate(r.Context(), x.site, o.Request)
	return c, err
}

// fill checks all rows.
func (c checking) fill(ctx context.Context, a *api, row func(sheet.Row, []string)) (message.Receipt, error) {
	l := c.order.list
	err := a.addRows(ctx, l.file, l.options(), filling{order: c.order, draft: c.draft, variables: l.variables, guarded: true, row: row})
	if err != nil {
		return message.Receipt{}, err
	}
	return c.draft.Count(ctx)
}

func (a *api) checkList(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
	c, err := a.beginCheck(w, r, x)
	defer func() { c.release() }()
	if err != nil {
		return nil, err
	}
	limit := 50
	if text := r.URL.Query().Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 200 {
			return nil, fault.Check("/limit", "want a whole number from 1 to 200")
		}
	}
	var l list
	err = a.DB.View(r.Context(), "api_check_list", func(tx *db.Tx) (err error) {
		l, err = a.list(tx, x, "list-check", c.order.list.id.String(), c.sum)
		return err
	})
	if err != nil {
		return nil, err
	}
	var from, seen int64
	if err := l.after(r.URL.Query().Get("cursor"), &from); err != nil {
		return nil, err
	}
	out := listChecked{Data: []refusedRow{}}
	c.draft.Watch = func(one message.Rejection) {
		if seen++; seen > from && len(out.Data) < limit {
			out.Data = append(out.Data, refusedRow{one.Line, one.To, one.Code, one.Korean(), one.Detail})
		}
	}
	receipt, err := c.fill(r.Context(), a, nil)
	if err != nil {
		return nil, err
	}
	out.Recipients = tallyView{receipt.Total, receipt.Accepted, receipt.Duplicate, receipt.Rejected}
	out.RejectedByCode, out.Duplicates = orEmpty(receipt.RejectedBy), present(receipt.Duplicates[:min(mostDoubles, len(receipt.Duplicates))])
	if out.HasMore = seen > from+int64(len(out.Data)); out.HasMore {
		if out.NextCursor, err = l.cursor(from + int64(len(out.Data))); err != nil {
			return nil, err
		}
	}
	if receipt.Accepted > 0 {
		quote, err := c.draft.Quote(r.Context())
		if err != nil {
			return nil, err
		}
		out.Estimate = new(showQuote(quote))
	}
	return rendered(http.StatusOK, out)
}

// report writes refused rows as they stand in their list. The draft decides on at most a thousand
// rows behind the one that it takes, so those are kept at hand.
type report struct {
	out    *sheet.Writer
	to     string // the column with the numbers
	own    []string
	at     []int // the cells of those that the report does not have itself
	recent [message.BatchSize + 1]sheet.Row
	taken  int64
	err    error
}

func (p *report) row(row sheet.Row, columns []string) {
	if p.taken == 0 {
		p.own = []string{p.to}
		for i, name := range columns {
			if !slices.Contains(reportHead, name) && name != p.to {
				p.own, p.at = append(p.own, name), append(p.at, i)
			}
		}
		p.err = p.out.Write(append(p.own, reportHead...))
	}
	p.recent[p.taken%int64(len(p.recent))] = row
	p.taken++
}

func (p *report) refused(one message.Rejection) {
	if p.err != nil {
		return
	}
	row := p.recent[one.Index%int64(len(p.recent))]
	cells := []string{row.To}
	for _, i := range p.at {
		cells = append(cells, row.Values[i])
	}
	p.err = p.out.Write(append(cells, strconv.FormatInt(one.Line, 10), one.Code, one.Korean(), one.Detail))
}

// reportList gives the refused rows of a list as a file.
func (a *api) reportList(w http.ResponseWriter, r *http.Request, x *exchange) error {
	format, err := formatOf(r, paper.CSV, paper.XLSX)
	if err != nil {
		return err
	}
	if !x.call.Personal() {
		return fault.New(fault.Denied, fault.CodeForbidden, "the file shows numbers of people, which you may not see; leave format out")
	}
	c, err := a.beginCheck(w, r, x)
	defer func() { c.release() }()
	if err != nil {
		return err
	}
	// What is wrong with the list as a whole is said before the file begins.
	l := c.order.list
	first, err := a.openList(r.Context(), l.file, l.options())
	if err != nil {
		return err
	}
	to := first.NumberColumn()
	_, err = filling{variables: l.variables}.mapped(first)
	first.close()
	if err != nil {
		return err
	}
	if to == "" {
		to = "전화번호"
	}
	room := a.holding(a.disk, r)
	defer room.release()
	if format == paper.XLSX { // whose rows wait on disk until all of them are there
		if err := room.more(r.Context(), min(4*l.file.size, a.disk.share/2)); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", paperMedia[format])
	name(w, "refused-"+l.id.Text(id.List), format)
	a.stream(w, r, x, func(ctx context.Context, out io.Writer) error { return c.write(ctx, a, to, sheet.Form(format), out) })
	return nil
}

func (c checking) write(ctx context.Context, a *api, to string, as sheet.Form, out io.Writer) error {
	file, err := sheet.NewWriter(as, out)
	if err != nil {
		return err
	}
	defer file.Close()
	p := &report{out: file, to: to}
	c.draft.Watch = p.refused
	if _, err = c.fill(ctx, a, p.row); err == nil {
		err = p.err
	}
	if err == nil && p.taken == 0 {
		err = file.Write(append([]string{to}, reportHead...))
	}
	if err != nil {
		return fmt.Errorf("write what of list %s would be refused: %w", c.order.list.id, err)
	}
	return file.End()
}
