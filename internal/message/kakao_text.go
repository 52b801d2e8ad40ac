package message

import (
	"fmt"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// All of a template that may hold variables is compiled into one list of patterns, in this
// order: the body; four links of each button, then of each quick reply; the emphasised title;
// of a table its header, its highlight, the description of each item, and that of the summary.

// linksEach is how many links of a button may hold variables.
const linksEach = 4

// alimtalk is the template as a message keeps it.
func (t Template) alimtalk() *Alimtalk {
	a := &Alimtalk{Code: t.Code, Channel: t.Channel, Body: t.Body, Buttons: t.Buttons, QuickReplies: t.QuickReplies, Items: t.Items, Providers: t.Providers}
	if t.Emphasis != nil {
		a.Title = t.Emphasis.Title
	}
	return a
}

// tableTexts are the texts of a table that may hold variables, each with how long it may be.
func tableTexts(l *provider.ItemList) (texts []string, most []int) {
	if l == nil {
		return nil, nil
	}
	add := func(text string, limit int) { texts, most = append(texts, text), append(most, limit) }
	add(l.Header, headerLimit)
	if l.Highlight != nil {
		add(l.Highlight.Title, highlightLimit[0])
		add(l.Highlight.Description, highlightLimit[1])
	}
	for _, one := range l.Items {
		add(one.Description, itemLimit[1])
	}
	if l.Summary != nil {
		add(l.Summary.Description, summaryLimit[1])
	}
	return texts, most
}

// compileTemplate compiles all of a template that may hold variables.
func compileTemplate(a *Alimtalk, n *names) []pattern {
	all := []pattern{compile(a.Body, n)}
	for _, list := range [][]provider.Button{a.Buttons, a.QuickReplies} {
		for _, b := range list {
			for _, link := range linksOf(b)[:linksEach] {
				all = append(all, compile(link.text, n))
			}
		}
	}
	all = append(all, compile(a.Title, n))
	texts, _ := tableTexts(a.Items)
	for _, text := range texts {
		all = append(all, compile(text, n))
	}
	return all
}

// limits are how long each pattern of a template may be with its values; 0 = it is the same
// for everyone, or no matter.
func (t Template) limits(all []pattern) []int {
	_, most := tableTexts(t.Items)
	limits := make([]int, len(all))
	first := len(all) - len(most)
	limits[0], _ = t.bodyLimit()
	limits[first-1] = titleLimit
	copy(limits[first:], most)
	for i := 1; i < len(all); i++ {
		if all[i].fixed() {
			limits[i] = 0
		}
	}
	return limits
}

// kakaoTooLong says which text of the template is too long with its values.
func (r *rule) kakaoTooLong(values []string) string {
	for i, p := range r.kakao {
		if r.limits[i] == 0 {
			continue
		}
		size := utf16Length(p.fill(values))
		switch {
		case size <= r.limits[i]:
		case i == 0:
			return because("the Alimtalk has %d characters, at most %d can be sent", size, r.limits[i])
		default:
			return because("the words %q have %d characters, at most %d can be sent there", p.fill(values), size, r.limits[i])
		}
	}
	return ""
}

// kakaoLeg is what one recipient is sent by a template.
func (w *Wording) kakaoLeg(to Person, account string) (text string, t *provider.Template) {
	a, v := w.Alimtalk, to.Values
	ids := a.Providers[account]
	buttons, quick, title := 1, 1+linksEach*len(a.Buttons), 1+linksEach*(len(a.Buttons)+len(a.QuickReplies))
	return w.kakao[0].fill(v), &provider.Template{ChannelID: ids.ChannelID, TemplateID: ids.TemplateID, Names: w.Variables, Values: v,
		Buttons: filled(a.Buttons, w.kakao[buttons:], v), QuickReplies: filled(a.QuickReplies, w.kakao[quick:], v),
		Title: w.kakao[title].fill(v), Items: filledItems(a.Items, w.kakao[title+1:], v)}
}

// filled puts values into the links of buttons.
func filled(list []provider.Button, links []pattern, values []string) []provider.Button {
	if len(list) == 0 {
		return nil
	}
	out := make([]provider.Button, len(list))
	for i, b := range list {
		l := links[linksEach*i:]
		b.URLMobile, b.URLPC = l[0].fill(values), l[1].fill(values)
		b.SchemeIOS, b.SchemeAndroid = l[2].fill(values), l[3].fill(values)
		out[i] = b
	}
	return out
}

// filledItems puts values into a table.
func filledItems(l *provider.ItemList, all []pattern, values []string) *provider.ItemList {
	if l == nil {
		return nil
	}
	next := func() string { text := all[0].fill(values); all = all[1:]; return text }
	out := &provider.ItemList{Header: next()}
	if l.Highlight != nil {
		out.Highlight = &provider.Item{Title: next(), Description: next()}
	}
	for _, one := range l.Items {
		out.Items = append(out.Items, provider.Item{Title: one.Title, Description: next()})
	}
	if l.Summary != nil {
		out.Summary = &provider.Item{Title: l.Summary.Title, Description: next()}
	}
	return out
}

// matches reports whether a text is what the pattern makes of some values, none of them empty.
func (p pattern) matches(text string) bool {
	rest, open := korea.Normalise(text), 0 // variables since the last literal
	for i, s := range p.pieces {
		if s.value >= 0 {
			open++
			continue
		}
		last := i == len(p.pieces)-1
		at := 0
		switch {
		case open == 0 && !strings.HasPrefix(rest, s.literal):
			return false
		case open == 0 && last:
			return rest == s.literal
		case open > 0 && last:
			at = len(rest) - len(s.literal)
			return at >= open && strings.HasSuffix(rest, s.literal)
		case open > 0:
			if len(rest) < open {
				return false
			}
			found := strings.Index(rest[open:], s.literal)
			if found < 0 {
				return false
			}
			at = open + found
		}
		rest, open = rest[at+len(s.literal):], 0
	}
	return open > 0 && len(rest) >= open || open == 0 && rest == ""
}

// checkGiven holds buttons that a message names against those of its template: what a site
// believes that it sends is what its recipients get.
func checkGiven(bad *fault.Error, at string, given, want []provider.Button) {
	if given == nil {
		return
	}
	if len(given) != len(want) {
		_ = bad.At(at, "the template has %d, these are %d", len(want), len(given))
		return
	}
	var n names
	for i, g := range given {
		place := fmt.Sprintf("%s/%d", at, i)
		if g.Type != want[i].Type {
			_ = bad.At(place+"/type", "the template has %s here", want[i].Type)
			continue
		}
		if korea.Normalise(g.Name) != korea.Normalise(want[i].Name) {
			_ = bad.At(place+"/name", "the template has %q here", want[i].Name)
		}
		links := linksOf(want[i])
		for j, l := range linksOf(g) {
			if l.text != "" && !compile(links[j].text, &n).matches(l.text) {
				_ = bad.At(place+"/"+l.name, "it does not fit the template's %q", links[j].text)
			}
		}
	}
}

// fits refuses buttons that are not the template's.
func (r Request) fits(t *Template) error {
	bad := fault.New(fault.Invalid, fault.CodeValidation, "the buttons are not those of template %q", t.Code)
	checkGiven(bad, "/alimtalk/buttons", r.Buttons, t.Buttons)
	checkGiven(bad, "/alimtalk/quick_replies", r.QuickReplies, t.QuickReplies)
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
