package console

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"creditmsg/client"
)

// linkFields are where a button may lead, by the names that the API has for them.
var linkFields = []string{"url_mobile", "url_pc", "scheme_ios", "scheme_android", "biz_form_id", "plugin_id", "phone_number"}

// leads are those of each type of button; what a form has of the others is left in it, and not sent.
var leads = map[string][]string{
	"WL": {"url_mobile", "url_pc"}, "AL": {"scheme_ios", "scheme_android", "url_mobile", "url_pc"}, "BF": {"biz_form_id"},
	"P1": {"plugin_id"}, "P2": {"plugin_id"}, "P3": {"plugin_id"}, "TN": {"phone_number"},
}

var (
	buttonTypes = []string{"WL", "AL", "DS", "BK", "MD", "BC", "BT", "AC", "BF", "P1", "P2", "P3", "TN"}
	quickTypes  = []string{"WL", "AL", "BK", "BC", "BT", "BF"}

	buttonRows = rows{"buttons", append([]string{"type", "name"}, linkFields...), 5}
	quickRows  = rows{"quick_replies", append([]string{"type", "name"}, linkFields...), 5}
	itemRows   = rows{"item_list.items", []string{"title", "description"}, 10}
)

// templateEdit is the form of a template.
type templateEdit struct {
	Template client.Template // zero = it is to be made
	Form     form
	Channels []choice
	Types    []choice
	Quick    []choice
	Theirs   []choice
}

// Preview is the template as it is in the form.
func (d templateEdit) Preview() preview { return preview{templateOf(d.Form)} }

// Buttons, Replies and Items are the rows of each list.
func (d templateEdit) Buttons() []int { return buttonRows.numbers(d.Form) }

// Replies are those of the quick replies.
func (d templateEdit) Replies() []int { return quickRows.numbers(d.Form) }

// Items are those of the table.
func (d templateEdit) Items() []int { return itemRows.numbers(d.Form) }

// Table reports whether something of a table is in the form.
func (d templateEdit) Table() bool { return d.any("item_list.") }

// Emphasis reports whether something of an emphasised title is in the form.
func (d templateEdit) Emphasis() bool { return d.any("emphasis.") }

func (d templateEdit) any(prefix string) bool {
	for name, v := range d.Form.Values {
		if strings.HasPrefix(name, prefix) && (strings.Join(v, "") != "" || strings.Contains(name, ".items.")) {
			return true
		}
	}
	for name := range d.Form.Errors {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// templateOf is the template that a form asks for.
func templateOf(f form) client.Template {
	t := client.Template{Code: strings.TrimSpace(f.Get("code")), Name: strings.TrimSpace(f.Get("name")), Channel: f.Get("channel"), Body: unix(f.Get("body")),
		TemplateParts: client.TemplateParts{Extra: unix(f.Get("extra")), Category: strings.TrimSpace(f.Get("category")), Secure: f.Get("secure") != ""}}
	t.Buttons, t.QuickReplies = buttonsOf(f, buttonRows), buttonsOf(f, quickRows)
	if e := (client.Emphasis{Title: f.Get("emphasis.title"), Subtitle: f.Get("emphasis.subtitle")}); e != (client.Emphasis{}) {
		t.Emphasis = &e
	}
	list := client.ItemList{Header: f.Get("item_list.header"), Highlight: itemOf(f, "item_list.highlight"), Summary: itemOf(f, "item_list.summary")}
	for i := range itemRows.in(f) {
		list.Items = append(list.Items, client.Item{Title: f.Get(itemRows.at(i, "title")), Description: f.Get(itemRows.at(i, "description"))})
	}
	if list.Header != "" || list.Highlight != nil || list.Summary != nil || len(list.Items) > 0 {
		t.ItemList = &list
	}
	return t
}

// unix writes lines as they are counted: browsers send two characters for the end of each.
func unix(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

func itemOf(f form, name string) *client.Item {
	if one := (client.Item{Title: f.Get(name + ".title"), Description: f.Get(name + ".description")}); one != (client.Item{}) {
		return &one
	}
	return nil
}

func buttonsOf(f form, r rows) (out []client.Button) {
	for i := range r.in(f) {
		b := client.Button{Type: f.Get(r.at(i, "type")), Name: f.Get(r.at(i, "name"))}
		at := map[string]*string{"url_mobile": &b.URLMobile, "url_pc": &b.URLPC, "scheme_ios": &b.SchemeIOS, "scheme_android": &b.SchemeAndroid,
			"biz_form_id": &b.FormID, "plugin_id": &b.PluginID, "phone_number": &b.PhoneNumber}
		for _, field := range leads[b.Type] {
			*at[field] = strings.TrimSpace(f.Get(r.at(i, field)))
		}
		out = append(out, b)
	}
	return out
}

// templateValues is what a template is like, as a form has it.
func templateValues(t client.Template) url.Values {
	out := url.Values{}
	set := func(name, value string) { out.Set(name, value) }
	set("code", t.Code)
	set("name", t.Name)
	set("channel", t.Channel)
	set("body", t.Body)
	set("extra", t.Extra)
	set("category", t.Category)
	if t.Secure {
		set("secure", "on")
	}
	if t.Emphasis != nil {
		set("emphasis.title", t.Emphasis.Title)
		set("emphasis.subtitle", t.Emphasis.Subtitle)
	}
	if l := t.ItemList; l != nil {
		set("item_list.header", l.Header)
		for name, one := range map[string]*client.Item{"highlight": l.Highlight, "summary": l.Summary} {
			if one != nil {
				set("item_list."+name+".title", one.Title)
				set("item_list."+name+".description", one.Description)
			}
		}
		for i, one := range l.Items {
			set(itemRows.at(i, "title"), one.Title)
			set(itemRows.at(i, "description"), one.Description)
		}
	}
	for r, list := range map[*rows][]client.Button{&buttonRows: t.Buttons, &quickRows: t.QuickReplies} {
		for i, b := range list {
			for field, value := range map[string]string{"type": b.Type, "name": b.Name, "url_mobile": b.URLMobile, "url_pc": b.URLPC, "scheme_ios": b.SchemeIOS,
				"scheme_android": b.SchemeAndroid, "biz_form_id": b.FormID, "plugin_id": b.PluginID, "phone_number": b.PhoneNumber} {
				set(r.at(i, field), value)
			}
		}
	}
	return out
}

// showTemplateForm shows the form of a template, with the channels of the site to choose from.
func (p *page) showTemplateForm(name string, d templateEdit) error {
	d.Types = p.wordsOf(func(v string) string { return p.word("button", v) }, buttonTypes...)
	d.Quick = p.wordsOf(func(v string) string { return p.word("button", v) }, quickTypes...)
	if p.can("channels:read") {
		for c, err := range client.All(func(at client.Paging) (client.Page[client.KakaoChannel], error) {
			return p.api.KakaoChannels(p.ctx(), at)
		}) {
			if err != nil {
				return err
			}
			d.Channels = append(d.Channels, choice{c.Name, c.Name})
		}
	}
	if now := d.Form.Get("channel"); now != "" && !slices.Contains(d.Channels, choice{now, now}) {
		d.Channels = append(d.Channels, choice{now, now})
	}
	if d.Form.Problem != "" {
		return p.unfit(name, d)
	}
	return p.show(name, d)
}

func (p *page) templateNew() error {
	return p.showTemplateForm("template-new", templateEdit{Form: p.form().fill(url.Values{})})
}

// changesRows does what a button of the form wants done with its rows, if one was pressed; otherwise it
// leaves out rows in which nothing is.
func changesRows(f form, all ...rows) bool {
	if edited(f, all...) {
		return true
	}
	for _, r := range all {
		r.pack(f)
	}
	return false
}

func (p *page) addTemplate() error {
	f := p.form()
	d := templateEdit{Form: f}
	if changesRows(f, buttonRows, quickRows, itemRows) {
		return p.showTemplateForm("template-new", d)
	}
	t, err := p.once(f).AddTemplate(p.ctx(), templateOf(f))
	if err != nil {
		if d.Form.wrong(p, err, templatePlaces(f)) {
			return p.showTemplateForm("template-new", d)
		}
		return err
	}
	return p.done(p.kakao("templates", t.Code), "template.added")
}

// templatePlaces are the fields beside which the API's sentences about a whole list or line stand.
func templatePlaces(f form) map[string]string {
	out := map[string]string{"/emphasis": "emphasis.title", "/item_list": "item_list.header", "/state": "body"}
	for _, r := range []rows{buttonRows, quickRows, itemRows} {
		at := "/" + strings.ReplaceAll(r.name, ".", "/")
		if r.in(f) > 0 {
			out[at] = r.at(0, r.fields[0])
		}
		for i := range r.in(f) {
			out[at+"/"+strconv.Itoa(i)] = r.at(i, r.fields[0])
		}
	}
	return out
}

func (p *page) templateEdit() error {
	var tag string
	t, err := p.api.Noting(&tag).Template(p.ctx(), p.r.PathValue("code"))
	if err != nil {
		return err
	}
	now := templateValues(t)
	now.Set(tagField, tag)
	return p.showTemplateForm("template-edit", templateEdit{Template: t, Form: p.form().fill(now)})
}

func (p *page) setTemplate() error {
	f := p.form()
	code := p.r.PathValue("code")
	f.Set("code", code)
	d := templateEdit{Form: f}
	var tag string
	var err error
	if d.Template, err = p.api.Noting(&tag).Template(p.ctx(), code); err != nil {
		return err
	}
	if changesRows(f, buttonRows, quickRows, itemRows) {
		return p.showTemplateForm("template-edit", d)
	}
	if _, err := p.onto(f).PutTemplate(p.ctx(), templateOf(f)); err != nil {
		if overtaken(err) {
			d.Theirs = p.templateTheirs(d.Template, f)
			d.Form.fresh(p, tag)
			return p.showTemplateForm("template-edit", d)
		}
		if d.Form.wrong(p, err, templatePlaces(f)) {
			return p.showTemplateForm("template-edit", d)
		}
		return err
	}
	return p.done(p.kakao("templates", code), "template.changed")
}

// templateTheirs is what a template is like where the form says otherwise.
func (p *page) templateTheirs(t client.Template, f form) (out []choice) {
	now, mine := templateValues(t), templateValues(templateOf(f))
	label := func(name string) string {
		head, _, _ := strings.Cut(name, ".")
		return p.word("template.part", head)
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if now.Get(name) != mine.Get(name) {
			out = append(out, choice{label(name), now.Get(name)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(mine)) {
		if !now.Has(name) && mine.Get(name) != "" {
			out = append(out, choice{label(name), ""})
		}
	}
	return out
}

// templatePreview is the phone beside the form, as what is typed makes it.
func (p *page) templatePreview() error {
	return p.show("template-phone", preview{templateOf(p.form())})
}

// preview is an Alimtalk as Kakao shows it.
type preview struct{ client.Template }

// run is a part of a text; a variable is marked.
type run struct {
	Text     string
	Variable bool
}

// Runs cuts a text at its #{variables}.
func (preview) Runs(text string) (out []run) {
	for text != "" {
		at := strings.Index(text, "#{")
		end := -1
		if at >= 0 {
			end = strings.Index(text[at:], "}")
		}
		if end < 0 {
			return append(out, run{Text: text})
		}
		if at > 0 {
			out = append(out, run{Text: text[:at]})
		}
		out = append(out, run{text[at : at+end+1], true})
		text = text[at+end+1:]
	}
	return out
}

// Length is how much of its body a template has used, in the units that Kakao counts.
func (v preview) Length() string {
	n := 0
	for _, r := range v.Body {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return fmt.Sprint(n)
}
