package console

import (
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/url"

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
		"static": s.path, "whole": func(n int) int64 { return int64(n) }, "sub": func(a, b int64) int64 { return a - b }, "to": to, "field": newField, "dict": dict, "query": query, "more": more, "brief": brief, "ratio": ratio, "wonRatio": wonRatio, "differences": differences, "form": func() form { return form{} }, "formats": func() []string { return statementFormats }, "moved": movementOf, "base64": base64.StdEncoding.EncodeToString,
	}
}

// render writes one page.
func (t *tongue) render(w io.Writer, name string, data sheet) error {
	if err := t.pages.ExecuteTemplate(w, name, data); err != nil {
		return fmt.Errorf("write the page %s: %w", name, err)
	}
	return nil
}

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

// ID is its place in the page.
func (f field) ID() string { return "f-" + f.Name }

// Type is text where nothing else was said.
func (f field) Type() string {
	if kind, ok := f.with["type"].(string); ok {
		return kind
	}
	return "text"
}

// sheet is what a page is made of.
type sheet struct {
	page *page
	Name string
	D    any // what it shows
}

// Lang is the language, and Other the one that it is not.
func (s sheet) Lang() string { return s.page.lang }

// Languages are all there are.
func (s sheet) Languages() []string { return languages }

// Theme is how bright the page is.
func (s sheet) Theme() string { return s.page.theme }

// Themes are all there are.
func (s sheet) Themes() []string { return themes }

// Site is what the page is about; "" = no site.
func (s sheet) Site() string { return s.page.site }

// Me is who looks at it.
func (s sheet) Me() client.Identity { return s.page.me }

// Signed reports whether somebody is signed in.
func (s sheet) Signed() bool { return s.page.me.Person != nil }

// Can reports whether he may do something here.
func (s sheet) Can(permission string) bool { return s.page.can(permission) }

// Path is that of a page about the same site.
func (s sheet) Path(parts ...string) string { return s.page.path(parts...) }

// Here is the address of the page itself.
func (s sheet) Here() string {
	if s.page.r.Method != "GET" {
		return s.page.r.Header.Get("Referer")
	}
	return s.page.r.URL.RequestURI()
}

// Title is what the page is called.
func (s sheet) Title() string { return s.page.say("title." + s.Name) }

// Version is the program's.
func (s sheet) Version() string { return s.page.Version }

// Notice is what was just done, once.
func (s sheet) Notice() string { return s.page.notice() }
