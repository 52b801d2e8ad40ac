package api

import (
	"net/http"
	"strings"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// withdrawalView is one request of a site to have paid credit back, and what became of it.
type withdrawalView struct {
	ID            string       `json:"id"`
	Site          string       `json:"site"`
	Status        string       `json:"status" enum:"requested,approved,done,partially_done,failed,rejected,cancelled" doc:"approved: the credit is out of reach, the money is on its way. partially_done, failed: gateways refused a part, or all, whose credit is restored. cancelled: taken back by the site."`
	Amount        money.Amount `json:"amount" doc:"Credit that leaves the site."`
	Fee           money.Amount `json:"fee" doc:"Of amount: kept, in whole won, rounded down."`
	Total         money.Amount `json:"total" doc:"What is to be given back, with VAT; while requested, as things stood then."`
	Returned      money.Amount `json:"returned" doc:"Of total: what was given back."`
	FeeReturned   money.Amount `json:"fee_returned" doc:"Of fee: given back as credit, for what gateways refused."`
	Reason        string       `json:"reason"`
	To            *bankAccount `json:"to" doc:"Where what does not go back the way it came is transferred to. Only operators read the whole number."`
	Decision      string       `json:"decision" doc:"Why it was rejected."`
	AskedBy       string       `json:"asked_by" doc:"The token, tok_…, or the person, usr_…, or operator: at the command line."`
	DecidedBy     *string      `json:"decided_by" doc:"Who approved, rejected or took back, likewise."`
	Cancellations []cancelView `json:"cancellations" doc:"Of payments, the newest first: what it became once it was approved."`
	CreatedAt     instant      `json:"created_at"`
	DecidedAt     maybeInstant `json:"decided_at"`
	DoneAt        maybeInstant `json:"done_at"`
}

// showWithdrawal shows a withdrawal as it stands now.
func (a *api) showWithdrawal(tx *db.Tx, x *exchange, of billing.Withdrawal) (withdrawalView, error) {
	w, cancels, err := a.Billing.Withdrawal(tx, of.Site, of.ID)
	v := withdrawalView{ID: w.ID.Text(id.Withdrawal), Site: w.Site, Status: string(w.State), Amount: w.Amount, Fee: w.Fee, Total: w.Total, Returned: w.Returned,
		FeeReturned: w.FeeBack, Reason: w.Why, Decision: w.Decision, AskedBy: showPerson(w.Asker), Cancellations: []cancelView{},
		CreatedAt: instant(w.CreatedAt), DecidedAt: maybeInstant(w.DecidedAt), DoneAt: maybeInstant(w.DoneAt)}
	if w.DecidedAt != 0 {
		v.DecidedBy = new(showPerson(w.Decider))
	}
	if w.To != nil {
		v.To = new(bankAccount(*w.To))
		if !x.operator() {
			shown := max(0, len(w.To.Number)-4)
			v.To.Number = strings.Repeat("*", shown) + w.To.Number[shown:]
		}
	}
	for _, c := range cancels {
		v.Cancellations = append(v.Cancellations, showCancel(c))
	}
	return v, err
}

func showPerson(p billing.Person) string {
	switch {
	case !p.User.IsZero():
		return p.User.Text(id.User)
	case p.Token.IsZero():
		return "operator"
	}
	return p.Token.Text(id.Token)
}

// person is who calls; a person is the same whatever he signed in with.
func (x *exchange) person() billing.Person {
	if p := x.call.Person; p != nil {
		return billing.Person{User: p.ID}
	}
	return billing.Person{Token: x.token.ID}
}

type withdrawalsInput struct {
	Paging
	Status string `query:"status" enum:"requested,approved,done,partially_done,failed,rejected,cancelled"`
}

type withdrawalInput struct {
	ID string `path:"id" doc:"wdr_…"`
}

type withdrawalAsked struct {
	Body struct {
		Amount *money.Amount `json:"amount,omitempty" pattern:"^[0-9]{1,14}([.]0{1,4})?$" patternDescription:"whole won, such as 50000" doc:"Of credit, whole won; without it all that can be withdrawn now."`
		Reason string        `json:"reason" minLength:"1" maxLength:"200" doc:"Who decides, the payer and the gateway read it."`
		To     *bankAccount  `json:"to,omitempty" doc:"Needed where a part of it was transferred, or cannot go back the way it came."`
	} `nameHint:"WithdrawalBody"`
}

type withdrawalRejected struct {
	ID   string `path:"id" doc:"wdr_…"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The site reads it."`
	} `nameHint:"WithdrawalRejectBody"`
}

// withdrawals declares the routes about unused paid credit that goes back.
func withdrawals(a *api) {
	const tag, path = "Payments", "/v1/credit/withdrawals"
	read(a, operation{
		id: "listWithdrawals", method: http.MethodGet, path: path, tag: tag, ability: "credit:read", status: http.StatusOK, everySite: true,
		summary: "List withdrawals, newest first", about: "A token of the operator asks with `site=*` for those of all sites: `?site=*&status=requested` waits for a decision.",
	}, a.listWithdrawals)
	read(a, operation{
		id: "getWithdrawal", method: http.MethodGet, path: path + "/{id}", tag: tag, ability: "credit:read", status: http.StatusOK,
		summary: "Get a withdrawal and what became of it",
	}, func(tx *db.Tx, x *exchange, in *withdrawalInput) (v withdrawalView, err error) {
		of, err := withdrawalID(in.ID)
		if err != nil {
			return v, err
		}
		return a.showWithdrawal(tx, x, billing.Withdrawal{Site: x.site, ID: of})
	})
	write(a, operation{
		id: "requestWithdrawal", secondFactor: true, method: http.MethodPost, path: path, tag: tag, ability: "credit:refund", status: http.StatusCreated,
		summary: "Ask for unused paid credit to be given back", codes: []string{fault.CodeCancelExceeds, fault.CodeStateConflict},
		about: "Only credit that a payment brought and that is neither spent nor held. Nothing is taken until somebody else approves; the site may spend it meanwhile, and then all of it is refused. " +
			"A site has one at a time. More than can be withdrawn is refused with `cancellable`, what can be.",
	}, a.requestWithdrawal)
	write(a, operation{
		id: "takeBackWithdrawal", secondFactor: true, method: http.MethodPost, path: path + "/{id}/cancel", tag: tag, ability: "credit:refund", status: http.StatusOK,
		summary: "Take a withdrawal back while nobody has decided", codes: []string{fault.CodeStateConflict}, about: "Repeating it changes nothing.",
	}, deciding(a, func(tx *db.Tx, x *exchange, of id.ID) (billing.Withdrawal, error) {
		return a.Billing.TakeBackWithdrawal(tx, x.site, of, x.person())
	}))
	write(a, operation{
		id: "approveWithdrawal", secondFactor: true, method: http.MethodPost, path: path + "/{id}/approve", tag: tag, ability: site.Operator, status: http.StatusOK,
		summary: "Approve a withdrawal that somebody else asked for", codes: []string{fault.CodeCancelExceeds, fault.CodeStateConflict},
		about: "All of the credit is taken and the cancellations of the newest payments are begun, or nothing: credit that was spent since is refused with `cancellable`. " +
			"Who asked is refused. Repeating it changes nothing.",
	}, deciding(a, func(tx *db.Tx, x *exchange, of id.ID) (billing.Withdrawal, error) {
		return a.Billing.ApproveWithdrawal(tx, x.site, of, x.person())
	}))
	write(a, operation{
		id: "rejectWithdrawal", secondFactor: true, method: http.MethodPost, path: path + "/{id}/reject", tag: tag, ability: site.Operator, status: http.StatusOK,
		summary: "Reject a withdrawal", codes: []string{fault.CodeStateConflict}, about: "Repeating it changes nothing.",
	}, func(tx *db.Tx, x *exchange, in *withdrawalRejected) (v withdrawalView, err error) {
		of, err := withdrawalID(in.ID)
		if err != nil {
			return v, err
		}
		w, err := a.Billing.RejectWithdrawal(tx, x.site, of, x.person(), in.Body.Reason)
		if err != nil {
			return v, err
		}
		return a.showWithdrawal(tx, x, w)
	})
}

// deciding is a route that does something with one withdrawal and shows it.
func deciding(a *api, act func(*db.Tx, *exchange, id.ID) (billing.Withdrawal, error)) func(*db.Tx, *exchange, *withdrawalInput) (withdrawalView, error) {
	return func(tx *db.Tx, x *exchange, in *withdrawalInput) (v withdrawalView, err error) {
		of, err := withdrawalID(in.ID)
		if err != nil {
			return v, err
		}
		w, err := act(tx, x, of)
		if err != nil {
			return v, err
		}
		return a.showWithdrawal(tx, x, w)
	}
}

func withdrawalID(text string) (id.ID, error) { return named(id.Withdrawal, "withdrawal", text) }

func (a *api) listWithdrawals(tx *db.Tx, x *exchange, in *withdrawalsInput) (out listOf[withdrawalView], err error) {
	l, err := a.list(tx, x, "withdrawals", in.Status)
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
	rows, err := a.Billing.Withdrawals(tx, of, billing.WithdrawalState(in.Status), before, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, func(w billing.Withdrawal) (withdrawalView, error) { return a.showWithdrawal(tx, x, w) },
		func(w billing.Withdrawal) any { return w.ID })
}

func (a *api) requestWithdrawal(tx *db.Tx, x *exchange, in *withdrawalAsked) (v withdrawalView, err error) {
	r := billing.WithdrawalRequest{Site: x.site, Reason: in.Body.Reason, By: x.person()}
	if in.Body.Amount != nil {
		if r.Amount = *in.Body.Amount; r.Amount <= 0 {
			return v, fault.Check("/amount", "want more than nothing")
		}
	}
	if in.Body.To != nil {
		r.To = new(payment.BankAccount(*in.Body.To))
	}
	w, err := a.Billing.Withdraw(tx, r)
	if err != nil {
		return v, err
	}
	return a.showWithdrawal(tx, x, w)
}
