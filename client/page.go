package client

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// Paging asks for one page of a list; the zero value asks for the first one.
type Paging struct {
	Limit  int    // rows per page; 0 = the server's default, 50
	Cursor string // NextCursor of the page before
}

// Page is one page of a list.
type Page[T any] struct {
	Data       []T    `json:"data"`
	HasMore    bool   `json:"has_more"`
	NextCursor string `json:"next_cursor"` // "" on the last page
}

// All walks a list over all its pages: list gets one page, All asks for the next ones.
// It stops at the first error, which it yields.
func All[T any](list func(p Paging) (Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var at Paging
		for {
			page, err := list(at)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, row := range page.Data {
				if !yield(row, nil) {
					return
				}
			}
			// A cursor that stands still would never end.
			if !page.HasMore || page.NextCursor == "" || page.NextCursor == at.Cursor {
				return
			}
			at.Cursor = page.NextCursor
		}
	}
}

// query adds the page to pairs of name and value; empty values are left out.
func (p Paging) query(pairs ...string) url.Values {
	q := url.Values{}
	if p.Limit > 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	if p.Cursor != "" {
		q.Set("cursor", p.Cursor)
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// Amount is a sum of won as the API writes it: decimal text such as "18.00". It is
// exact as text; Units gives it as an integer for arithmetic.
type Amount string

// String gives the text; an absent amount is "0".
func (a Amount) String() string {
	if a == "" {
		return "0"
	}
	return string(a)
}

// Units gives the amount in ten-thousandths of a won, the API's smallest unit.
func (a Amount) Units() (int64, error) {
	whole, part, _ := strings.Cut(strings.TrimPrefix(a.String(), "-"), ".")
	if len(part) > 4 || whole == "" {
		return 0, fmt.Errorf("read the amount %q: it is not decimal text with at most 4 places", string(a))
	}
	digits := whole + part + "0000"[len(part):]
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("read the amount %q: %w", string(a), err)
	}
	if strings.HasPrefix(string(a), "-") {
		return -int64(n), nil
	}
	return int64(n), nil
}

// UnmarshalJSON reads text and refuses a JSON number, which would have been a float
// somewhere on its way.
func (a *Amount) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("read an amount: %w", err)
	}
	*a = ""
	if text == nil {
		return nil
	}
	*a = Amount(*text)
	_, err := a.Units()
	return err
}
