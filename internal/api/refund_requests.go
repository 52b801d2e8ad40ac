package api

import (
	"net/http"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
)

// refundRequestView is one request of a site for a refund, and what became of it.
type refundRequestView struct {
	ID        string       `json:"id" example:"rfr_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	Site      string       `json:"site"`
	Status    string       `json:"status" enum:"requested,approved,rejected,cancelled" doc:"approved: the refund is made. cancelled: taken back by the site."`
	UsageID   string       `json:"usage_id"`
	Amount    money.Amount `json:"amount"`
	Reason    string       `json:"reason"`
	Decision  string       `json:"decision" doc:"Why it was rejected."`
	RefundID  *string      `json:"refund_id" doc:"The refund that it became, rfd_…"`
	AskedBy   string       `json:"asked_by" doc:"The token, tok_…, or the person, usr_…"`
	DecidedBy *string      `json:"decided_by" doc:"Who approved, rejected or took back, likewise."`
	CreatedAt instant      `json:"created_at"`
	DecidedAt maybeInstant `json:"decided_at"`
}

func showRefundRequest(r billing.RefundRequest) (refundRequestView, error) {
	v := refundRequestView{ID: r.ID.Text(id.RefundRequest), Site: r.Site, Status: string(r.State), UsageID: r.Usage.Text(id.Usage), Amount: r.Amount,
		Reason: r.Why, Decision: r.Decision, AskedBy: showPerson(r.Asker), CreatedAt: instant(r.CreatedAt), DecidedAt: maybeInstant(r.DecidedAt)}
	if !r.Refund.IsZero() {
		v.RefundID = new(r.Refund.Text(id.Refund))
	}
	if r.DecidedAt != 0 {
		v.DecidedBy = new(showPerson(r.Decider))
	}
	return v, nil
}

type refundRequestsInput struct {
	Paging
	Status string `query:"status" enum:"requested,approved,rejected,cancelled"`
}

type refundRequestInput struct {
	ID string `path:"id" doc:"rfr_…"`
}

type refundRequestAsked struct {
	Body struct {
		UsageID string       `json:"usage_id" doc:"usg_…"`
		Amount  money.Amount `json:"amount" pattern:"^[0-9]{1,14}([.][0-9]{1,4})?$" patternDescription:"won with at most four decimals, such as 1500.00" doc:"Won, more than nothing and at most what the usage still has."`
		Reason  string       `json:"reason" minLength:"1" maxLength:"1000" doc:"Why, for who decides and for whoever reads the ledger later."`
	} `nameHint:"RefundRequestBody"`
}

type refundRequestRejected struct {
	ID   string `path:"id" doc:"rfr_…"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"The site reads it."`
	} `nameHint:"RefundRequestRejectBody"`
}

// refundRequests declares the routes about refunds that somebody else approves.
func refundRequests(a *api) {
	const tag, path = "Credit", "/v1/credit/refund-requests"
	read(a, operation{
		id: "listRefundRequests", method: http.MethodGet, path: path, tag: tag, ability: "credit:read", status: http.StatusOK, everySite: true,
		summary: "List requests for refunds, newest first", about: "A token of the operator asks with `site=*` for those of all sites: `?site=*&status=requested` waits for a decision.",
	}, a.listRefundRequests)
	read(a, operation{
		id: "getRefundRequest", method: http.MethodGet, path: path + "/{id}", tag: tag, ability: "credit:read", status: http.StatusOK,
		summary: "Get a request for a refund and what became of it",
	}, decidingRefund(func(tx *db.Tx, x *exchange, of id.ID) (billing.RefundRequest, error) {
		return a.Billing.RefundRequest(tx, x.site, of)
	}))
	write(a, operation{
		id: "requestRefund", method: http.MethodPost, path: path, tag: tag, ability: "credit:write", status: http.StatusCreated,
		summary: "Ask for what a usage cost to be given back, all or a part", codes: []string{fault.CodeRefundExceeds, fault.CodeStateConflict},
		about: "Nothing moves until somebody else approves. A usage has one request that waits. More than it still has is refused with `refundable`, what it has.",
	}, a.requestRefund)
	write(a, operation{
		id: "takeBackRefundRequest", method: http.MethodPost, path: path + "/{id}/cancel", tag: tag, ability: "credit:write", status: http.StatusOK,
		summary: "Take a request for a refund back while nobody has decided", codes: []string{fault.CodeStateConflict}, about: "Repeating it changes nothing.",
	}, decidingRefund(func(tx *db.Tx, x *exchange, of id.ID) (billing.RefundRequest, error) {
		return a.Billing.TakeBackRefund(tx, x.site, of, x.person())
	}))
	const whoDecides = "An operator decides, or a person of the site; who asked is refused, and so is a program of the site. Repeating it changes nothing."
	write(a, operation{
		id: "approveRefundRequest", secondFactor: true, method: http.MethodPost, path: path + "/{id}/approve", tag: tag, ability: "credit:refund", status: http.StatusOK,
		summary: "Approve a refund that somebody else asked for", codes: []string{fault.CodeRefundExceeds, fault.CodeStateConflict},
		about: whoDecides + " The refund is made at once, in the kinds of credit that it was spent from. More than the usage still has by then is refused with `refundable`, and the request stays.",
	}, decidingRefund(func(tx *db.Tx, x *exchange, of id.ID) (billing.RefundRequest, error) {
		return a.Billing.ApproveRefund(tx, x.site, of, x.decider(), message.StrategyOf)
	}))
	write(a, operation{
		id: "rejectRefundRequest", secondFactor: true, method: http.MethodPost, path: path + "/{id}/reject", tag: tag, ability: "credit:refund", status: http.StatusOK,
		summary: "Reject a request for a refund", codes: []string{fault.CodeStateConflict}, about: whoDecides,
	}, func(tx *db.Tx, x *exchange, in *refundRequestRejected) (v refundRequestView, err error) {
		of, err := named(id.RefundRequest, "request for a refund", in.ID)
		if err != nil {
			return v, err
		}
		r, err := a.Billing.RejectRefund(tx, x.site, of, x.decider(), in.Body.Reason)
		if err != nil {
			return v, err
		}
		return showRefundRequest(r)
	})
}

// decider is who decides about what somebody else asked for.
func (x *exchange) decider() billing.Decider {
	return billing.Decider{Person: x.person(), Operator: x.operator()}
}

// decidingRefund is a route that does something with one request and shows it.
func decidingRefund(act func(*db.Tx, *exchange, id.ID) (billing.RefundRequest, error)) func(*db.Tx, *exchange, *refundRequestInput) (refundRequestView, error) {
	return func(tx *db.Tx, x *exchange, in *refundRequestInput) (v refundRequestView, err error) {
		of, err := named(id.RefundRequest, "request for a refund", in.ID)
		if err != nil {
			return v, err
		}
		r, err := act(tx, x, of)
		if err != nil {
			return v, err
		}
		return showRefundRequest(r)
	}
}

func (a *api) listRefundRequests(tx *db.Tx, x *exchange, in *refundRequestsInput) (out listOf[refundRequestView], err error) {
	l, err := a.list(tx, x, "refund requests", in.Status)
	if err != nil {
		return out, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return out, err
	}
	of := x.site
	if of == everySite {
		of = ""
	}
	rows, err := a.Billing.RefundRequests(tx, of, billing.RefundState(in.Status), before, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showRefundRequest, func(r billing.RefundRequest) any { return r.ID })
}

func (a *api) requestRefund(tx *db.Tx, x *exchange, in *refundRequestAsked) (v refundRequestView, err error) {
	usage, err := id.Parse(id.Usage, in.Body.UsageID)
	if err != nil {
		return v, fault.Check("/usage_id", "want the id of a usage: usg_…")
	}
	r, err := a.Billing.AskRefund(tx, billing.RefundOrder{Site: x.site, Usage: usage, Amount: in.Body.Amount, Reason: in.Body.Reason, By: x.person()})
	if err != nil {
		return v, err
	}
	return showRefundRequest(r)
}
