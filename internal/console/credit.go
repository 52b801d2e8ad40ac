package console

import (
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"creditmsg/client"
)

func creditScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/credit", do: (*page).credit},
		{pattern: "GET /s/{site}/credit/entries", do: (*page).entries},
		{pattern: "GET /s/{site}/credit/entries/export", do: (*page).exportEntries},
		{pattern: "GET /s/{site}/credit/usages", do: (*page).usages},
		{pattern: "GET /s/{site}/credit/usages/{id}/refund", do: (*page).refundForm},
		{pattern: "POST /s/{site}/credit/usages/{id}/refund", do: (*page).refund},
		{pattern: "GET /s/{site}/messages/{id}/compliance", do: (*page).compliance},
		{pattern: "GET /s/{site}/messages/{id}/compliance/file", do: (*page).complianceFile},
	}
}

// tab is one page of an area, beside its others.
type tab struct {
	Key, Path string
	On        bool
}

// tabs are the pages of an area: parts of their paths below that of the area, the first one being it
// itself. The one that the address is in is on.
func (s view) tabs(prefix string, base []string, path func(parts ...string) string, names ...string) (out []tab) {
	now := s.page.r.URL.Path
	on := 0
	for i, name := range names {
		parts := slices.Clone(base)
		if i > 0 {
			parts = append(parts, name)
		}
		one := tab{Key: prefix + name, Path: path(parts...)}
		if now == one.Path || strings.HasPrefix(now, one.Path+"/") {
			on = i
		}
		out = append(out, one)
	}
	out[on].On = true
	return out
}

// CreditTabs are the pages about a site's money.
func (s view) CreditTabs() []tab {
	return s.tabs("tab.credit.", []string{"credit"}, s.page.path, "overview", "payments", "usages", "entries", "recharge", "methods", "withdrawals", "statements", "limits", "billing")
}

// creditView is the first page about money.
type creditView struct {
	Credit   client.Credit
	Caps     client.Caps
	Prices   []client.PricePeriod // of now
	Planned  []client.PricePeriod
	Payments []client.Payment // the latest ones
	Holding  []client.Message // that hold credit
	Messages bool             // whether the person may know of messages
}

// holding are the states in which messages hold credit.
var holding = []client.Status{client.StatusAccepted, client.StatusScheduled, client.StatusPaused, client.StatusReview, client.StatusCancelling}

func (p *page) credit() error {
	d := creditView{Messages: p.can("messages:read")}
	group, ctx := errgroup.WithContext(p.ctx())
	group.Go(func() (err error) { d.Credit, err = p.api.Credit(ctx); return err })
	group.Go(func() (err error) { d.Caps, err = p.api.Caps(ctx); return err })
	group.Go(func() error {
		list, err := p.api.Payments(ctx, client.PaymentFilter{Paging: client.Paging{Limit: 5}})
		d.Payments = list.Data
		return err
	})
	group.Go(func() error {
		for period, err := range client.All(func(at client.Paging) (client.Page[client.PricePeriod], error) {
			return p.api.PriceHistory(ctx, client.PriceFilter{Paging: at})
		}) {
			switch {
			case err != nil:
				return err
			case period.State == "now":
				d.Prices = append(d.Prices, period)
			case period.State == "planned":
				d.Planned = append(d.Planned, period)
			}
		}
		return nil
	})
	held := make([][]client.Message, len(holding))
	for i, status := range holding {
		group.Go(func() error {
			if !d.Messages {
				return nil
			}
			list, err := p.api.Messages(ctx, client.MessageFilter{Paging: client.Paging{Limit: 10}, Status: status})
			held[i] = list.Data
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	d.Holding = slices.DeleteFunc(slices.Concat(held...), func(m client.Message) bool { return !positive(m.Held) })
	return p.show("credit", d)
}

// positive reports whether an amount is more than nothing.
func positive(a client.Amount) bool {
	n, err := a.Units()
	return err == nil && n > 0
}

// entriesView is a page of the ledger.
type entriesView struct {
	Page    client.Page[client.Entry]
	Form    form // of the export
	Keys    client.SigningKeys
	Formats []option
}

// entryFormats are the forms in which the ledger is exported.
var entryFormats = []string{"csv", "ndjson"}

func (p *page) entries() error { return p.showEntries(form{}) }

func (p *page) showEntries(f form) error {
	d := entriesView{Form: f.Filled(nil), Formats: p.choices("money-format", entryFormats...)}
	var err error
	if d.Page, err = p.api.LatestEntries(p.ctx(), p.at(50)); err != nil {
		return err
	}
	if d.Keys, err = p.api.SigningKeys(p.ctx()); err != nil {
		return err
	}
	if f.Errors != nil || f.Problem != "" {
		return p.unfit("entries", d)
	}
	return p.show("entries", d)
}

func (p *page) exportEntries() error {
	q := p.r.URL.Query()
	r := client.EntryRange{From: q.Get("from"), Until: q.Get("until"), Format: oneOf(q.Get("format"), entryFormats), Notes: q.Get("notes") != ""}
	media, end := mediaCSV, "csv"
	if r.Format != "csv" {
		media, end = mediaNDJSON, "ndjson"
	}
	err := p.file("entries-"+p.site+"."+end, media, func(w io.Writer) error { return p.api.ExportEntries(p.ctx(), r, w) })
	f := form{Values: q}
	if err != nil && f.wrong(p, err, nil) {
		q.Del("cursor")
		return p.showEntries(f)
	}
	return err
}

// RefPath is the page of what an entry refers to; "" = it has none.
func (s view) RefPath(ref string) string {
	kind, _, _ := strings.Cut(ref, "_")
	switch kind {
	case "msg":
		if s.page.can("messages:read") {
			return s.Path("messages", ref)
		}
	case "pay":
		return s.Path("credit", "payments", ref)
	case "wdr":
		return s.Path("credit", "withdrawals", ref)
	}
	return ""
}

// usageList is a page of what messages used.
type usageList struct {
	Page    client.Page[client.Usage]
	Message string
	Wrong   string // with it
}

func (p *page) usages() error {
	d := usageList{Message: strings.TrimSpace(p.r.URL.Query().Get("message"))}
	var err error
	d.Page, err = p.api.Usages(p.ctx(), client.UsageFilter{Paging: p.at(30), Message: d.Message, NewestFirst: true})
	if d.Message != "" && client.IsProblem(err, "validation") {
		d.Wrong = said(err)
		return p.unfit("usages", d)
	}
	if err != nil {
		return err
	}
	return p.show("usages", d)
}

// refundView is the form that gives a usage back.
type refundView struct {
	Form  form
	Usage client.Usage
	Left  client.Amount
}

// usageOf finds a usage among those of its message, which the address names.
func (p *page) usageOf(message string) (d refundView, err error) {
	list, err := p.api.Usages(p.ctx(), client.UsageFilter{Message: message})
	if client.IsProblem(err, "validation") {
		return d, p.nothing()
	}
	if err != nil {
		return d, err
	}
	n := slices.IndexFunc(list.Data, func(u client.Usage) bool { return u.ID == p.r.PathValue("id") })
	if n < 0 {
		return d, p.nothing()
	}
	d.Usage = list.Data[n]
	d.Left, err = less(d.Usage.TotalCost, d.Usage.RefundAmount)
	return d, err
}

func (p *page) refundForm() error {
	d, err := p.usageOf(p.r.URL.Query().Get("message"))
	if err != nil {
		return err
	}
	d.Form = p.form().Filled(map[string]string{"amount": plainWon(d.Left), "message": d.Usage.MessageID})
	return p.show("usage-refund", d)
}

func (p *page) refund() error {
	f := p.form()
	_, err := p.api.Once(f.Key()).RefundUsage(p.ctx(), p.r.PathValue("id"), typedWon(f.Get("amount")), f.Get("reason"))
	if err == nil {
		return p.done(p.path("credit", "usages")+query("message", f.Get("message")), "money.refunded")
	}
	if !f.wrong(p, err, nil) {
		return err
	}
	d, err := p.usageOf(f.Get("message"))
	if err != nil {
		return err
	}
	d.Form = f
	return p.unfit("usage-refund", d)
}

func (p *page) compliance() error {
	record, err := p.api.Compliance(p.ctx(), p.r.PathValue("id"), "")
	if err != nil {
		return err
	}
	return p.show("compliance", record)
}

func (p *page) complianceFile() error {
	id := p.r.PathValue("id")
	record, err := p.api.Compliance(p.ctx(), id, "")
	if err != nil {
		return err
	}
	return p.file("compliance-"+id+".json", mediaJSON, func(w io.Writer) error { _, err := w.Write(record.Raw); return err })
}
