package api

import (
	"net/http"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/rerun"
	"creditmsg/internal/site"
)

// letterView is one body of delivery reports.
type letterView struct {
	ID         string       `json:"id"`
	Provider   string       `json:"provider"`
	State      string       `json:"state" enum:"new,applied,waiting,unreadable"`
	Reports    int64        `json:"reports" doc:"In it, as they were read when it came."`
	ReceivedAt instant      `json:"received_at"`
	AppliedAt  maybeInstant `json:"applied_at" doc:"When it had its effect by itself, or was set aside; null: not yet, or only by a run."`
}

func showLetter(l delivery.Letter) letterView {
	return letterView{l.ID.Text(id.Letter), l.Account, l.State, l.Reports, instant(l.ReceivedAt), maybeInstant(l.AppliedAt)}
}

// reportView is one report of a letter as the present parser reads it.
type reportView struct {
	Effect     string       `json:"effect" doc:"What it did: counted, known, under_way, not_born, not_ours, other_account or opt_out; or what it would do now, the kind of difference that a run would note."`
	Reference  *string      `json:"reference" doc:"The leg that it names: site.message.seq.step.try; null for none of ours."`
	Channel    string       `json:"channel"`
	To         string       `json:"to" doc:"Masked unless raw=true; empty where the report does not say it."`
	Final      bool         `json:"final"`
	Delivered  bool         `json:"delivered"`
	Reason     string       `json:"reason"`
	TextKo     string       `json:"text_ko"`
	TextEn     string       `json:"text_en"`
	Code       string       `json:"code" doc:"The provider's own, with its words."`
	Text       string       `json:"text"`
	UpstreamID string       `json:"upstream_id"`
	At         maybeInstant `json:"at" doc:"The provider's time."`
}

// letterDetail is a letter with what it says.
type letterDetail struct {
	ID         string       `json:"id"`
	Provider   string       `json:"provider"`
	State      string       `json:"state" enum:"new,applied,waiting,unreadable"`
	Reports    int64        `json:"reports" doc:"In it, as they were read when it came."`
	ReceivedAt instant      `json:"received_at"`
	AppliedAt  maybeInstant `json:"applied_at" doc:"As in the list."`
	Problem    string       `json:"problem" doc:"Why the present parser cannot read it; empty = it can."`
	Says       []reportView `json:"data"`
	Raw        string       `json:"raw" doc:"The body as it came; bytes that are no text are replaced. Numbers are masked unless raw=true."`
}

type inboxAsked struct {
	Paging
	Provider string `query:"provider" doc:"Name of the account."`
	State    string `query:"state" enum:"new,applied,waiting,unreadable"`
	From     string `query:"from" doc:"Letters that came at or after."`
	Until    string `query:"until" doc:"Letters that came before."`
	Site     string `query:"site" doc:"Whose message or recipient is looked for."`
	Message  string `query:"message" doc:"msg_…: letters that name a leg of it; with site."`
	To       string `query:"to" doc:"A mobile number: letters that name a leg to it; with site."`
}

type letterAsked struct {
	ID  string `path:"id" doc:"let_…"`
	Raw bool   `query:"raw" doc:"Show numbers as they are: the body is personal data."`
}

// inbox declares the routes about what providers reported. A letter holds reports of many sites,
// so only the operator's tokens reach them.
func inbox(a *api) {
	read(a, operation{
		id: "listInbox", method: http.MethodGet, path: "/v1/inbox", tag: "Inbox", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "List the letters of providers, newest first",
		about: "A letter is one call with delivery reports. Letters are sealed, so those about a message or a number are found by opening those of the time in which there can be some: " +
			"a page may be short, or empty, and still have more. Where from or until is given it takes the place of that time.",
	}, a.listInbox)
	read(a, operation{
		id: "getLetter", personal: true, method: http.MethodGet, path: "/v1/inbox/{id}", tag: "Inbox", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "Get a letter with its reports as they are read now",
	}, a.getLetter)
	write(a, operation{
		id: "beginRun", method: http.MethodPost, path: "/v1/inbox/runs", tag: "Inbox", ability: site.Operator, house: true, status: http.StatusCreated,
		summary: "Read the letters of a time again",
		about:   "With the present parsers, such as after one was mended. Nothing moves: the run becomes `compared` and shows what would be otherwise, with the money. Then it can be applied.",
	}, func(tx *db.Tx, _ *exchange, in *runBegun) (runView, error) {
		v, err := a.Reruns.Begin(tx, rerun.Request{Provider: in.Body.Provider, From: in.Body.From, Until: in.Body.Until, States: in.Body.States})
		return runView{Run: v, Kinds: []rerun.Sum{}}, err
	})
	read(a, operation{
		id: "listRuns", method: http.MethodGet, path: "/v1/inbox/runs", tag: "Inbox", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "List the runs, newest first",
	}, a.listRuns)
	read(a, operation{
		id: "getRun", method: http.MethodGet, path: "/v1/inbox/runs/{id}", tag: "Inbox", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "Get a run with its differences by kind",
	}, func(tx *db.Tx, _ *exchange, in *runNamed) (runView, error) {
		v, err := rerun.Find(tx, in.ID)
		if err != nil {
			return runView{}, err
		}
		return showRun(tx, v)
	})
	read(a, operation{
		id: "listRunSums", method: http.MethodGet, path: "/v1/inbox/runs/{id}/sums", tag: "Inbox", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "List the money difference of a run by site, account and kind",
	}, a.listRunSums)
	read(a, operation{
		id: "listRunDifferences", method: http.MethodGet, path: "/v1/inbox/runs/{id}/differences", tag: "Inbox", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "List what a run found to be otherwise, and what became of it",
	}, a.listRunDifferences)
	for _, act := range []struct {
		id, path, summary, about string
		guarded                  bool
		do                       func(*db.Tx, string) (rerun.Run, error)
	}{
		{"applyRun", "apply", "Apply what a run compared", "Exactly that: what would be another difference by now is left out and shown as skipped. " +
			"A leg is given back once, whether runs or invoices find it. Repeating it changes nothing.", true, func(tx *db.Tx, name string) (rerun.Run, error) { return a.Reruns.Apply(tx, name) }},
		{"cancelRun", "cancel", "End a run before its end", "What was applied until then stays.", false, func(tx *db.Tx, name string) (rerun.Run, error) { return a.Reruns.Cancel(tx, name) }},
	} {
		write(a, operation{
			id: act.id, secondFactor: act.guarded, method: http.MethodPost, path: "/v1/inbox/runs/{id}/" + act.path, tag: "Inbox", ability: site.Operator, house: true, status: http.StatusOK, unkeyed: true,
			summary: act.summary, about: act.about, codes: []string{fault.CodeStateConflict, fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia},
		}, func(tx *db.Tx, _ *exchange, in *runNamed) (runView, error) {
			v, err := act.do(tx, in.ID)
			if err != nil {
				return runView{}, err
			}
			return showRun(tx, v)
		})
	}
}

func (a *api) listInbox(tx *db.Tx, x *exchange, in *inboxAsked) (out listOf[letterView], err error) {
	wanted, f, err := in.filter()
	if err != nil {
		return out, err
	}
	l, err := a.list(tx, x, "inbox", in.Provider, in.State, in.From, in.Until, in.Site, in.Message, string(wanted.To))
	if err != nil {
		return out, err
	}
	var before delivery.Spot
	if err := l.after(in.Cursor, &before); err != nil {
		return out, err
	}
	var letters []delivery.Letter
	var next delivery.Spot
	if wanted.Site != "" {
		letters, next, out.HasMore, err = a.Delivery.FindLetters(tx, f, wanted, before)
	} else {
		letters, next, out.HasMore, err = delivery.LettersBefore(tx, f, before)
	}
	if err != nil {
		return out, err
	}
	out.Data = make([]letterView, len(letters))
	for i, one := range letters {
		out.Data[i] = showLetter(one)
	}
	if out.HasMore {
		out.NextCursor, err = l.cursor(next)
	}
	return out, err
}

// filter reads which letters are wanted, and about whom; nobody is everybody.
func (in *inboxAsked) filter() (w delivery.Wanted, f delivery.LetterFilter, err error) {
	said, err := (&logsInput{Message: in.Message, To: in.To, From: in.From, Until: in.Until}).filter()
	if err != nil {
		return w, f, err
	}
	f = delivery.LetterFilter{Account: in.Provider, From: said.From, Until: said.Until, Limit: in.Limit}
	if in.State != "" {
		f.States = []string{in.State}
	}
	w = delivery.Wanted{Site: in.Site, Message: said.Message, To: said.To}
	if (w.Site == "") != (w.Message.IsZero() && w.To == "") {
		return w, f, fault.Check("/site", "a message or a number is one of a site's: give site together with message or to")
	}
	return w, f, nil
}

func (a *api) getLetter(tx *db.Tx, _ *exchange, in *letterAsked) (out letterDetail, err error) {
	l, err := a.Reruns.Look(tx, in.ID)
	if err != nil {
		return out, err
	}
	v := showLetter(l.Letter)
	out = letterDetail{v.ID, v.Provider, v.State, v.Reports, v.ReceivedAt, v.AppliedAt, l.Problem, make([]reportView, len(l.Reports)), l.Text()}
	shown := func(text string) string { return text }
	if !in.Raw {
		shown = korea.MaskIn
	}
	out.Raw = shown(out.Raw)
	for i, r := range l.Reports {
		v := reportView{Effect: string(r.Effect), Channel: r.Channel, To: shown(string(r.Report.To)), Final: r.Report.Final, Delivered: r.Report.Delivered, Reason: string(r.Report.Reason),
			Code: r.Report.Code, Text: shown(r.Report.Text), UpstreamID: r.Report.UpstreamID}
		if r.Ours {
			ref := r.Ref.String()
			v.Reference = &ref
		}
		if v.Reason != "" {
			v.TextKo, v.TextEn = r.Report.Reason.Korean(), r.Report.Reason.English()
		}
		if !r.Report.At.IsZero() {
			v.At = maybeInstant(db.At(r.Report.At.Truncate(time.Microsecond)))
		}
		out.Says[i] = v
	}
	return out, nil
}
