package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// ListRef is a list that is kept, to whose rows a message goes.
type ListRef struct {
	ID        string            `json:"id,omitempty"`
	Sheet     string            `json:"sheet,omitempty"`     // of a workbook; "" = the first that is not hidden
	ToColumn  string            `json:"to_column,omitempty"` // "" = the first with a usual name
	Variables map[string]string `json:"variables,omitempty"` // which column fills in which variable, where its name is another: variable to column
	Remove    bool              `json:"remove,omitempty"`    // delete the list once the message is accepted
}

// KeptList is a list that is kept for two days, and what was found in it. Of several in a list
// of them only the first members are set.
type KeptList struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Bytes     int64     `json:"bytes"`
	Encoding  string    `json:"encoding"` // utf-8, cp949 or xlsx
	Rows      int64     `json:"rows"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`

	Sheet    string   `json:"sheet,omitempty"`
	Sheets   []string `json:"sheets,omitempty"`
	ToColumn *string  `json:"to_column,omitempty"` // nil = none is known: name one; "" = the list has no header
	Columns  []struct {
		Name string `json:"name"`
	} `json:"columns,omitempty"`
	Sample []struct {
		Line  int64             `json:"line"`
		To    string            `json:"to"`
		Cells map[string]string `json:"cells"`
	} `json:"sample,omitempty"` // the first 20 rows
	Problem *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Line   int64  `json:"line,omitempty"`
	} `json:"problem,omitempty"` // why not all of it can be read as it is; nil = it can
}

// KeepList keeps a list, to look at it before it is sent. Its Fields are name, to_column and sheet.
func (c *Client) KeepList(ctx context.Context, l List) (out KeptList, err error) {
	body, media, err := l.form()
	if err != nil {
		return out, err
	}
	err = c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "lists"}, file: body, media: media, out: &out})
	return out, err
}

// KeptLists lists the lists that are kept, newest first.
func (c *Client) KeptLists(ctx context.Context, p Paging) (Page[KeptList], error) {
	return get[Page[KeptList]](ctx, c, p.query(), "v1", "lists")
}

// KeptList looks at a list; with a sheet or a column of the numbers it is read again as they say.
func (c *Client) KeptList(ctx context.Context, id, sheet, toColumn string) (KeptList, error) {
	q := url.Values{}
	for name, value := range map[string]string{"sheet": sheet, "to_column": toColumn} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return get[KeptList](ctx, c, q, "v1", "lists", id)
}

// RemoveList deletes a list that is kept.
func (c *Client) RemoveList(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "lists", id)
}

// ListCheck is what would become of the rows of a list.
type ListCheck struct {
	Recipients     Tally            `json:"recipients"`
	RejectedByCode map[string]int64 `json:"rejected_by_code,omitempty"`
	Duplicates     []Duplicate      `json:"duplicates,omitempty"` // the first 100
	Estimate       *Estimate        `json:"estimate"`             // nil = nobody is left to send to
	Page[RefusedRow]
}

// RefusedRow is a row of a list that would not be sent to.
type RefusedRow struct {
	Line   int64  `json:"line"`
	To     string `json:"to"`
	Code   string `json:"code"`
	TextKo string `json:"text_ko"`
	Detail string `json:"detail"`
}

// CheckList says what would become of each row of a list if d were sent to it: d.List, whose ID may
// be left out, says how it is read. Other recipients of d are left aside. Nothing is sent or held.
func (c *Client) CheckList(ctx context.Context, id string, d Draft, p Paging) (out ListCheck, err error) {
	d.Recipients, d.Groups = nil, nil
	err = c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "lists", id, "check"}, query: p.query(), in: d, out: &out})
	return out, err
}

// ReportList writes the rows of a list that would be refused, with all that stands in them and why:
// format is csv or xlsx. When it fails, what was written is not all there is.
func (c *Client) ReportList(ctx context.Context, id, format string, d Draft, w io.Writer) error {
	d.Recipients, d.Groups = nil, nil
	return c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "lists", id, "check"}, query: url.Values{"format": {format}}, in: d, to: w})
}
