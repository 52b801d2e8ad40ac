package console

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"creditmsg/client"
)

func auditScreens() (out []screen) {
	for _, base := range []string{"/s/{site}/settings/audit", "/operator/audit"} {
		out = append(out,
			screen{pattern: "GET " + base, do: (*page).audit},
			screen{pattern: "GET " + base + "/seals", do: (*page).auditSeals},
			screen{pattern: "GET " + base + "/export", do: (*page).exportAudit},
		)
	}
	return out
}

func (p *page) auditPath(parts ...string) string {
	if p.site == "" {
		return to(append([]string{"operator", "audit"}, parts...)...)
	}
	return p.path(append([]string{"settings", "audit"}, parts...)...)
}

// Log is where the log of changes is.
func (s view) Log() string { return s.page.auditPath() }

// watcher asks about the log of the page's site, or about all of them.
func (p *page) watcher() *client.Client {
	if p.site == "" {
		return p.api.ForSite("*")
	}
	return p.api
}

// auditNouns are what the log can be narrowed to, by the first word of its actions.
var auditNouns = []string{
	"user", "role", "token", "site", "template", "channel", "sender", "message", "credit", "payment", "payment_method", "recharge", "withdrawal",
	"caps", "prices", "plan", "rules", "policy", "contact", "contacts", "group", "series", "opt_out", "opt_outs", "webhook", "erasure", "retention", "invoice", "rerun",
}

// auditList is the page of the log.
type auditList struct {
	Path   string
	Form   form // the filters
	Nouns  []choice
	Kinds  []choice
	Page   client.Page[client.AuditEntry]
	Export string
	All    bool              // it is about all sites
	Names  map[string]string // mail addresses of the people in it, by their ids, as far as this person may see them
}

// auditFilter is what the address narrows the log to.
func (p *page) auditFilter(f form) client.AuditFilter {
	actor := strings.TrimSpace(f.Get("actor"))
	if actor == "" {
		actor = f.Get("kind")
	}
	return client.AuditFilter{Action: f.Get("action"), Actor: actor, Ref: strings.TrimSpace(f.Get("ref")), From: dayOf(f.Get("from")), Until: dayAfter(f.Get("until")),
		Installation: p.site == "" && f.Get("installation") != ""}
}

func (p *page) audit() error {
	d := auditList{Path: p.auditPath(), Form: p.narrowing(), All: p.site == ""}
	filter := p.auditFilter(d.Form)
	filter.Paging = client.Paging{Limit: 30, Cursor: d.Form.Get("cursor")}
	var err error
	if d.Page, err = p.watcher().Audit(p.ctx(), filter); err != nil {
		return err
	}
	d.Nouns = p.orAll(p.wordsOf(func(s string) string { return p.word("audit-noun", s) }, auditNouns...))
	d.Kinds = p.orAll(p.wordsOf(func(s string) string { return p.word("audit-actor", s) }, "person", "token", "command", "system", "provider", "gateway"))
	d.Names = p.namesIn(d.Page.Data)
	q := maps.Clone(d.Form.Values)
	delete(q, "cursor")
	d.Export = p.auditPath("export") + "?" + q.Encode()
	return p.show("audit", d)
}

// namesIn finds who the people of entries are. Who is gone from here stays an id.
func (p *page) namesIn(list []client.AuditEntry) map[string]string {
	out := map[string]string{}
	if !p.can("users:read") {
		return out
	}
	for _, e := range list {
		if _, known := out[e.Actor.ID]; known || e.Actor.Kind != "person" || e.Actor.Name != "" {
			continue
		}
		u, err := p.api.User(p.ctx(), e.Actor.ID)
		if err != nil {
			p.Log.DebugContext(p.ctx(), "a person of the audit log cannot be named", "user", e.Actor.ID, "error", err)
		}
		out[e.Actor.ID] = u.Email
	}
	return out
}

// Act says in words what was done to what.
func (s view) Act(action string) string {
	noun, verb, _ := strings.Cut(action, ".")
	return s.page.word("audit-noun", noun) + " " + s.page.word("audit-verb", verb)
}

// changed is one thing of a change: what it was, and what it became.
type changed struct{ Name, Before, After string }

// Changes are what a change made other, thing by thing.
func (s view) Changes(e client.AuditEntry) (out []changed) {
	names := slices.Collect(maps.Keys(e.Before))
	for name := range e.After {
		if _, both := e.Before[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, changed{s.page.word("audit-field", name), s.page.plain(e.Before[name]), s.page.plain(e.After[name])})
	}
	return out
}

// plain writes a value of JSON as people read it.
func (p *page) plain(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return p.say("yes")
		}
		return p.say("no")
	case []any:
		out := make([]string, len(v))
		for i, one := range v {
			text, ok := one.(string)
			if !ok {
				return string(raw)
			}
			out[i] = text
		}
		return strings.Join(out, ", ")
	}
	return string(raw)
}

// sealList is the page of the seals.
type sealList struct {
	Path string
	Form form
	Page client.Page[client.AuditSeal]
}

func (p *page) auditSeals() error {
	d := sealList{Path: p.auditPath(), Form: p.narrowing()}
	from, until := d.Form.Get("from"), d.Form.Get("until")
	if dayOf(from).IsZero() {
		from = ""
	}
	if dayOf(until).IsZero() {
		until = ""
	}
	var err error
	if d.Page, err = p.watcher().AuditSeals(p.ctx(), from, until, client.Paging{Limit: 50, Cursor: d.Form.Get("cursor")}); err != nil {
		return err
	}
	return p.show("audit-seals", d)
}

// exportAudit hands the log on as it comes, with the filters of the list.
func (p *page) exportAudit() error {
	name := "audit.csv"
	if p.site != "" {
		name = "audit-" + p.site + ".csv"
	}
	return p.watcher().ExportAudit(p.ctx(), p.auditFilter(p.narrowing()), &download{p: p, name: name, media: "text/csv; charset=utf-8"})
}

// download writes a file to the browser; its header is written with the first bytes, so that what fails
// before is still told by a page.
type download struct {
	p           *page
	name, media string
	begun       bool
}

// Write implements io.Writer.
func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		h := d.p.w.Header()
		h.Set("Content-Type", d.media)
		h.Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
		h.Set("Cache-Control", "no-store")
		d.begun = true
	}
	return d.p.w.Write(b)
}
