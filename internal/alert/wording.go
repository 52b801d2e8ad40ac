package alert

import (
	"embed"
	"fmt"
	html "html/template"
	"strings"
	"text/template"
	"time"
	"unicode"

	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// view is what a wording can say.
type view struct {
	facts
	ID     string // of the site
	Name   string
	Link   string
	Number string // of the event, for questions
	Title  string // of the message or the series; "" = it has none
	At     time.Time
	Person person // of mails to people with an account
}

// letter is an alert in words. Everything in it is plain text.
type letter struct {
	Language   Language
	Subject    string
	Paragraphs [][]string // of lines
	Next       string     // what to do
	Link       string
	LinkText   string
	Footer     string
	Short      string // all of it as a text message
}

//go:embed wording
var files embed.FS

var (
	wordings = map[Language]*template.Template{Korean: wordingsIn(Korean), English: wordingsIn(English)}
	page     = html.Must(html.ParseFS(files, "wording/mail.html"))
)

// differences say the kinds of differences to people.
var differences = map[Language]map[string]string{
	Korean: {
		"not_ours": "결제 업체에만 있고 우리 주문이 아닌 것", "not_credited": "결제되었지만 잔액이 되지 않은 것",
		"not_at_gateway": "잔액이 되었지만 결제 업체에 없는 것", "other_amount": "금액이 다른 것",
	},
	English: {
		"not_ours": "taken for no order of ours", "not_credited": "taken and not credited",
		"not_at_gateway": "credited and not at the gateway", "other_amount": "of another amount",
	},
}

// caps say an amount of what a cap is of.
var caps = map[Language]map[string]string{
	Korean:  {"recipients": "%s명", "won": "%s원"},
	English: {"recipients": "%s recipients", "won": "%s won"},
}

// plainNumber writes a count or an amount as people do: 1,234.5.
func plainNumber(text string) string {
	n, err := money.Parse(text)
	if err != nil {
		return text
	}
	return n.Grouped()
}

// units are how a language counts what is left at a vendor.
var units = map[Language]map[provider.Unit]string{
	Korean:  {provider.UnitWon: "%s원", provider.UnitCredit: "%s크레딧", provider.UnitSMS: "SMS %s건"},
	English: {provider.UnitWon: "%s won", provider.UnitCredit: "%s credits", provider.UnitSMS: "%s SMS"},
}

// counted says an amount of a unit, one that is not known as a bare number.
func counted(l Language, u provider.Unit, a money.Amount) string {
	form, known := units[l][u]
	if !known {
		form = "%s"
	}
	return fmt.Sprintf(form, a.Grouped())
}

// forms are how a language writes amounts and moments.
var forms = map[Language]struct{ won, time, hour string }{
	Korean:  {"%s원", "2006년 1월 2일 15:04", "1/2 15:04"},
	English: {"%s won", "2 January 2006, 15:04 (Korean time)", "2 Jan 15:04"},
}

func wordingsIn(l Language) *template.Template {
	form := forms[l]
	return template.Must(template.New(string(l)).Option("missingkey=error").Funcs(template.FuncMap{
		"won":        func(a money.Amount) string { return fmt.Sprintf(form.won, a.Grouped()) },
		"time":       func(t time.Time) string { return t.In(korea.Seoul).Format(form.time) },
		"hour":       func(t time.Time) string { return t.In(korea.Seoul).Format(form.hour) },
		"counted":    func(u provider.Unit, a money.Amount) string { return counted(l, u, a) },
		"difference": func(kind string) string { return differences[l][kind] },
		"cap":        func(what, n string) string { return fmt.Sprintf(caps[l][what], plainNumber(n)) },
		"refusal":    refusal(l),
		"by":         by(l),
		"count":      count,
	}).ParseFS(files, "wording/"+string(l)+".tmpl"))
}

// write says something in a language.
func write(l Language, kind string, v view) (letter, error) {
	v.Name, v.What, v.Title = plain(v.Name), plain(v.What), plain(v.Title)
	text, err := say(l, kind, v)
	if err != nil {
		return letter{}, err
	}
	parts := strings.Split(text, "\n---\n")
	if len(parts) != 4 {
		return letter{}, fmt.Errorf("write %s in %s: want 4 parts, got %d", kind, l, len(parts))
	}
	out := letter{Language: l, Subject: parts[0], Next: parts[2], Link: v.Link, Short: parts[3]}
	for p := range strings.SplitSeq(parts[1], "\n\n") {
		out.Paragraphs = append(out.Paragraphs, strings.Split(p, "\n"))
	}
	if out.LinkText, err = say(l, "link", v); err != nil {
		return letter{}, err
	}
	footer := "footer"
	switch {
	case strings.HasPrefix(kind, "operator_"):
		footer = "operator_footer"
	case strings.HasPrefix(kind, "person_"):
		footer = "person_footer"
	}
	out.Footer, err = say(l, footer, v)
	return out, err
}

func say(l Language, kind string, v view) (string, error) {
	var b strings.Builder
	if err := wordings[l].ExecuteTemplate(&b, kind, v); err != nil {
		return "", fmt.Errorf("write %s in %s: %w", kind, l, err)
	}
	return b.String(), nil
}

// plain keeps what somebody typed on one line.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// text is the letter as plain text.
func (l letter) text() string {
	var b strings.Builder
	for _, p := range l.Paragraphs {
		b.WriteString(strings.Join(p, "\n") + "\n\n")
	}
	b.WriteString("> " + l.Next + "\n")
	if l.Link != "" {
		b.WriteString("\n" + l.LinkText + ": " + l.Link + "\n")
	}
	b.WriteString("\n-- \n" + l.Footer + "\n")
	return b.String()
}

// html is the letter as a page without anything from elsewhere.
func (l letter) html() (string, error) {
	var b strings.Builder
	if err := page.Execute(&b, l); err != nil {
		return "", fmt.Errorf("write a mail as HTML: %w", err)
	}
	return b.String(), nil
}
