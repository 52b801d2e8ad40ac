package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"creditmsg/internal/payment"
)

const (
	slice     = time.Hour // of which one page tells: the vendor lists the newest first, pages the oldest
	mostLists = 1000      // requests for one page
)

// wireMovement is what is read of a balance transaction. Its own amount is in the currency
// that the merchant is paid in; what the payer was charged is in its source.
type wireMovement struct {
	ID      string          `json:"id"`
	Kind    string          `json:"type"`
	Created json.Number     `json:"created"`
	Source  json.RawMessage `json:"source"`
}

// wireSource is a charge or a refund.
type wireSource struct {
	Object   string            `json:"object"`
	Currency string            `json:"currency"`
	Captured json.Number       `json:"amount_captured"`
	Amount   json.Number       `json:"amount"`
	Intent   string            `json:"payment_intent"`
	Tags     map[string]string `json:"metadata"`
}

// Transactions lists what was moved from from (inclusive) until until (exclusive). A page
// tells of one hour.
func (a *account) Transactions(ctx context.Context, from, until time.Time, after string) (payment.Page, error) {
	if after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil || time.Unix(n, 0).Before(from) {
			return payment.Page{}, errors.New("list transactions: the page does not begin in the period")
		}
		from = time.Unix(n, 0)
	}
	end := from.Truncate(time.Second).Add(slice)
	page := payment.Page{Next: strconv.FormatInt(end.Unix(), 10)}
	if !end.Before(until) {
		end, page.Next = until, ""
	}
	q := form{"created[gte]": strconv.FormatInt(from.Unix(), 10), "created[lt]": strconv.FormatInt(end.Add(time.Second-1).Unix(), 10),
		"limit": perPage, "expand[0]": "data.source"}
	for range mostLists {
		reply := a.get(ctx, "/v1/balance_transactions", q)
		if reply.Err != nil {
			return payment.Page{}, fmt.Errorf("list transactions: %w", reply.Err)
		}
		if reply.Status != http.StatusOK {
			r := refused(reply)
			return payment.Page{}, fmt.Errorf("list transactions: the gateway answered %s %s", r.code, r.text)
		}
		moved, last, err := readMovements(reply.Body, from, end)
		if err != nil {
			return payment.Page{}, fmt.Errorf("list transactions: %w", err)
		}
		page.Transactions = append(page.Transactions, moved...)
		if q["starting_after"] = last; last == "" {
			slices.Reverse(page.Transactions)
			return page, nil
		}
	}
	return payment.Page{}, errors.New("list transactions: the gateway lists too many in one hour")
}

// readMovements reads a part of the list, the newest first. last is where the next part begins
// behind; "" = this was the last.
func readMovements(body []byte, from, until time.Time) (moved []payment.Transaction, last string, err error) {
	lines, more, err := readList[wireMovement](body)
	if err != nil {
		return nil, "", err
	}
	for i, l := range lines {
		moment := at(l.Created)
		if !validRef(l.ID) || l.Kind == "" || moment.IsZero() {
			return nil, "", fmt.Errorf("line %d of the reply names no movement", i+1)
		}
		last = l.ID
		if moment.Before(from) || !moment.Before(until) {
			continue
		}
		t, ours, err := l.transaction(moment)
		if err != nil {
			return nil, "", fmt.Errorf("line %d of the reply: %w", i+1, err)
		}
		if ours {
			moved = append(moved, t)
		}
	}
	if !more {
		last = ""
	}
	return moved, last, nil
}

// transaction is a movement that a payment or a refund in won made; ours is false of all
// others, such as fees and what the merchant is paid out.
func (l *wireMovement) transaction(moment time.Time) (t payment.Transaction, ours bool, err error) {
	want, cancel := "charge", false
	switch l.Kind {
	case "charge", "payment":
	case "refund", "payment_refund":
		want, cancel = "refund", true
	default:
		return t, false, nil
	}
	var s wireSource
	if json.Unmarshal(l.Source, &s) != nil || s.Object != want {
		return t, false, errors.New("it does not say what was moved")
	}
	if s.Currency != currency {
		return t, false, nil
	}
	n, ok := amount(s.Amount)
	if !cancel {
		n, ok = amount(s.Captured)
	}
	if !ok || n == 0 {
		return t, false, errors.New("it does not say how much was moved")
	}
	t = payment.Transaction{ID: l.ID, OrderID: s.Tags[orderTag], Ref: s.Intent, Cancel: cancel, Amount: n, At: moment}
	if !payment.ValidOrderID(t.OrderID) {
		t.OrderID = ""
	}
	return t, true, nil
}
