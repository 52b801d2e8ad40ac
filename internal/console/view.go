package console

import (
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"

	"creditmsg/client"
)

//go:embed view
var views embed.FS

// tongue is the pages in one language.
type tongue struct {
	lang string
	*words
	figures
	pages *template.Template
}

// newTongues reads the pages once for each language, so that a page names a text by its key alone.
func newTongues(s *static) (map[string]*tongue, error) {
	all, err := newWords()
	if err != nil {
		return nil, err
	}
	out := map[string]*tongue{}
	for lang, w := range all {
		t := &tongue{lang: lang, words: w, figures: figures{lang}}
		t.pages, err = template.New("").Funcs(t.functions(s)).ParseFS(views, "view/*.html")
		if err != nil {
			return nil, fmt.Errorf("read the pages of the console: %w", err)
		}
		out[lang] = t
	}
	return out, nil
}

// functions are what pages can call.
func (t *tongue) functions(s *static) template.FuncMap {
	return template.FuncMap{
		"t": t.words.text, "n": t.words.count, "word": t.words.word,
		"won": won, "num": grouped, "share": share, "of": of,
		"moment": t.figures.moment, "exact": t.figures.exact, "day": t.figures.day,
		"static": s.path, "has": has, "wordChoices": t.wordChoices,
		"templateChoices": templateChoices, "senderChoices": senderChoices, "policyChoices": policyChoices,
		"changeText": func(ko, en string) string {
			if t.lang == "ko" {
				return ko
			}
			return en
		}, "whole": func(n int) int64 { return int64(n) }, "sub": func(a, b int64) int64 { return a - b }, "to": to, "field": newField, "dict": dict, "query": query, "more": more,
		"inc": func(n int) int { return n + 1 }, "dashed": dashed,
		"list": func(names ...string) []string { return names }, "one": oneWhere, "amounts": amounts,
		"brief": brief, "ratio": ratio, "wonRatio": wonRatio, "differences": differences, "form": func() form { return form{} }, "formats": func() []string { return statementFormats },
		"moved": movementOf, "base64": base64.StdEncoding.EncodeToString,
	}
}

// render writes one page.
func (t *tongue) render(w io.Writer, name string, data view) error {
	if err := t.pages.ExecuteTemplate(w, name, data); err != nil {
		return fmt.Errorf("write the page %s: %w", name, err)
	}
	return nil
}

// has reports whether a list has a text.
func has(list []string, text string) bool { return slices.Contains(list, text) }

// dict puts pairs of name and value together, for a part that needs several things.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("want pairs of name and value, got %d things", len(pairs))
	}
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		out[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return out, nil
}

// oneWhere is yes where two texts are the same, and no otherwise.
func oneWhere(text, same, yes, no string) string {
	if text == same {
		return yes
	}
	return no
}

// query writes pairs of name and value behind a path; what is empty is left out.
func query(pairs ...any) string {
	out := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := fmt.Sprint(pairs[i+1]); value != "" {
			out.Set(fmt.Sprint(pairs[i]), value)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "?" + out.Encode()
}

// more leads to the next page of a list, by its cursor and what else the list is narrowed by; "" = there is
// none.
func more(cursor string, pairs ...any) string {
	if cursor == "" {
		return ""
	}
	return query(append(pairs, "cursor", cursor)...)
}

// field is one field of a form, as the parts of view/field.html show it.
type field struct {
	Form  form
	Name  string
	Label string // key of its text; "" = field.NAME
	with  map[string]any
}

// newField names a field and what else is said of it: type, label, hint, required, options, …
func newField(f form, name string, pairs ...any) (field, error) {
	with, err := dict(pairs...)
	if err != nil {
		return field{}, err
	}
	out := field{Form: f, Name: name, Label: "field." + name, with: with}
	if label, ok := with["label"].(string); ok {
		out.Label = label
	}
	return out, nil
}

// With is something that was said of the field; nil = nothing.
func (f field) With(name string) any { return f.with[name] }

// Value is what is in it.
func (f field) Value() string { return f.Form.Get(f.Name) }

// Error is what is wrong with it.
func (f field) Error() string { return f.Form.Error(f.Name) }

// ID is its place in the page; two fields of one name have to say theirs.
func (f field) ID() string {
	if id, ok := f.with["id"].(string); ok {
		return id
	}
	return "f-" + f.Name
}

// Has reports whether one of several things is chosen.
func (f field) Has(value string) bool { return slices.Contains(f.Form.Values[f.Name], value) }

// Type is text where nothing else was said.
func (f field) Type() string {
	if kind, ok := f.with["type"].(string); ok {
		return kind
	}
	return "text"
}

// view is what a page is made of.
type view struct {
	page *page
	Name string
	D    any // what it shows
}

// Lang is the language, and Other the one that it is not.
func (s view) Lang() string { return s.page.lang }

// Languages are all there are.
func (s view) Languages() []string { return languages }

// Theme is how bright the page is.
func (s view) Theme() string { return s.page.theme }

// Themes are all there are.
func (s view) Themes() []string { return themes }

// Site is what the page is about; "" = no site.
func (s view) Site() string { return s.page.site }

// Me is who looks at it.
func (s view) Me() client.Identity { return s.page.me }

// Signed reports whether somebody is signed in.
func (s view) Signed() bool { return s.page.me.Person != nil }

// Can reports whether he may do something here.
func (s view) Can(permission string) bool { return s.page.can(permission) }

// Path is that of a page about the same site.
func (s view) Path(parts ...string) string { return s.page.path(parts...) }

// Here is the address of the page itself.
func (s view) Here() string {
	if s.page.r.Method != "GET" {
		return s.page.r.Header.Get("Referer")
	}
	return s.page.r.URL.RequestURI()
}

// Query is what stands behind the page's path, with its question mark.
func (s view) Query() string {
	if s.page.r.URL.RawQuery == "" {
		return ""
	}
	return "?" + s.page.r.URL.RawQuery
}

// Title is what the page is called.
func (s view) Title() string { return s.page.say("title." + s.Name) }

// Version is the program's.
func (s view) Version() string { return s.page.Version }

// Strategies are those that everybody has.
func (s view) Strategies() (out []string) {
	for _, one := range strategies {
		out = append(out, string(one))
	}
	return out
}

// Whens are the times at which a message can go.
func (s view) Whens() []string { return whens }

// Repeats are the ways in which it can be repeated.
func (s view) Repeats() []string { return []string{daily, weekly, monthly, byCron} }

// Weekdays are those of cron, from Monday.
func (s view) Weekdays() []string { return []string{"1", "2", "3", "4", "5", "6", "0"} }

// NewKey is an Idempotency-Key that nobody has used.
func (s view) NewKey() string { return form{}.Key() }

// Notice is what was just done, once.
func (s view) Notice() string { return s.page.notice() }
