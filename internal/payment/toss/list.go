package toss

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"creditmsg/internal/payment"
)

const (
	pageLimit = "1000"
	dateForm  = "2006-01-02T15:04:05"
)

// korean is the time that the vendor speaks.
var korean = time.FixedZone("KST", 9*60*60)

// Transactions lists what was moved from from (inclusive) until until (exclusive). A page may
// be empty of what counts and still have a next one.
func (a *account) Transactions(ctx context.Context, from, until time.Time, after string) (payment.Page, error) {
	q := url.Values{"startDate": {from.In(korean).Format(dateForm)}, "endDate": {until.In(korean).Format(dateForm)}, "limit": {pageLimit}}
	if after != "" {
		q.Set("startingAfter", after)
	}
	reply := a.call(ctx, request{method: http.MethodGet, path: "/v1/transactions?" + q.Encode()})
	if reply.Err != nil {
		return payment.Page{}, fmt.Errorf("list transactions: %w", reply.Err)
	}
	if reply.Status != http.StatusOK {
		r := refused(reply)
		return payment.Page{}, fmt.Errorf("list transactions: the gateway answered %s %s", r.code, r.text)
	}
	page, err := readPage(reply.Body, from, until)
	if err != nil {
		return payment.Page{}, fmt.Errorf("list transactions: %w", err)
	}
	return page, nil
}

// readPage reads one page.
func readPage(body []byte, from, until time.Time) (payment.Page, error) {
	var lines []struct {
		Key     string      `json:"transactionKey"`
		Payment string      `json:"paymentKey"`
		OrderID string      `json:"orderId"`
		Status  string      `json:"status"`
		At      string      `json:"transactionAt"`
		Amount  json.Number `json:"amount"`
	}
	if err := json.Unmarshal(body, &lines); err != nil {
		return payment.Page{}, errors.New("the reply cannot be read")
	}
	var page payment.Page
	for i, l := range lines {
		n, ok := amount(json.Number(strings.TrimPrefix(l.Amount.String(), "-")))
		moment := at(l.At)
		if !validRef(l.Key) || !ok || moment.IsZero() {
			return payment.Page{}, fmt.Errorf("line %d of the reply names no movement", i+1)
		}
		page.Next = l.Key
		if l.Status != statusDone && l.Status != statusCanceled && l.Status != statusPartly || n == 0 || moment.Before(from) || !moment.Before(until) {
			continue
		}
		page.Transactions = append(page.Transactions, payment.Transaction{ID: l.Key, OrderID: l.OrderID, Ref: l.Payment, Cancel: l.Status != statusDone, Amount: n, At: moment})
	}
	return page, nil
}
