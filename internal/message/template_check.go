package message

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/provider"
)

// What can be wrong with a template is told before it is written: vendors and Kakao would
// refuse it days later, or every message of it.

// The limits of a template, in UTF-16 units.
const (
	alimtalkLimit  = 1000 // the body with its values, and the extra words with it
	tableBodyLimit = 700  // the body below a table
	extraLimit     = 500
	titleLimit     = 50 // of the emphasised title, and of the words below it
	headerLimit    = 16
	buttonLimit    = 14 // of a button's name
	linkLimit      = 500
	pluginLimit    = 24
	phoneLimit     = 14

	mostButtons      = 5
	mostBesideQuick  = 2 // buttons of a template with quick replies
	mostQuickReplies = 5
	mostVariables    = 40
	leastItems       = 2
	mostItems        = 10
)

// Lines of a table: how long their titles and descriptions may be.
var (
	highlightLimit = [2]int{30, 19}
	itemLimit      = [2]int{6, 23}
	summaryLimit   = [2]int{6, 14}
)

// addChannel is the name that Kakao gives a button of type AC.
const addChannel = "채널 추가"

var (
	codeForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	categoryForm = regexp.MustCompile(`^[0-9]{6}$`)
	formForm     = regexp.MustCompile(`^[0-9]{1,18}$`)
	pluginForm   = regexp.MustCompile(`^[!-~]{1,24}$`)
	phoneForm    = regexp.MustCompile(`^[0-9][0-9-]{1,13}$`)

	buttonTypes = []string{"WL", "AL", "DS", "BK", "MD", "BC", "BT", "AC", "BF", "P1", "P2", "P3", "TN"}
	quickTypes  = []string{"WL", "AL", "BK", "BC", "BT", "BF"}
)

// check names each part of a template that cannot be right.
func (t Template) check() error {
	bad := fault.New(fault.Invalid, fault.CodeValidation, "the template is not valid")
	if !codeForm.MatchString(t.Code) {
		_ = bad.At("/code", "want 1 to 64 of A-Z a-z 0-9 _ . -, beginning with a letter or digit")
	}
	if t.Channel == "" {
		_ = bad.At("/channel", "name the Kakao channel, such as @shop")
	}
	if !slices.Contains(templateStates, t.State) {
		_ = bad.At("/state", "want one of %v", templateStates)
	}
	t.checkBody(bad)
	most := mostButtons
	if len(t.QuickReplies) > 0 {
		most = mostBesideQuick
	}
	checkButtons(bad, "/buttons", t.Buttons, buttonTypes, most)
	checkButtons(bad, "/quick_replies", t.QuickReplies, quickTypes, mostQuickReplies)
	t.checkParts(bad)
	t.checkVariables(bad)
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (t Template) checkBody(bad *fault.Error) {
	most, why := t.bodyLimit()
	if n := utf16Length(t.Body); n == 0 || n > most {
		_ = bad.At("/body", "want 1 to %d characters%s, this has %d", most, why, n)
	}
	if n := utf16Length(t.Extra); n > extraLimit {
		_ = bad.At("/extra", "want at most %d characters, this has %d", extraLimit, n)
	}
	fixed(bad, "/extra", t.Extra)
	if t.Category != "" && !categoryForm.MatchString(t.Category) {
		_ = bad.At("/category", "want Kakao's code of six digits, such as 001001")
	}
}

// bodyLimit is how long the body may be, and what makes it shorter than others.
func (t Template) bodyLimit() (most int, why *fault.Phrase) {
	switch extra := utf16Length(t.Extra); {
	case t.Items != nil:
		return tableBodyLimit, fault.Word(" below a table")
	case extra > 0:
		return max(alimtalkLimit-extra, 0), fault.Word(" beside the extra words")
	}
	return alimtalkLimit, fault.Word("")
}

func (t Template) checkParts(bad *fault.Error) {
	if t.Emphasis != nil {
		if t.Items != nil {
			_ = bad.At("/emphasis", "a template has an emphasised title or a table, not both")
		}
		sized(bad, "/emphasis/title", t.Emphasis.Title, titleLimit)
		sized(bad, "/emphasis/subtitle", t.Emphasis.Subtitle, titleLimit)
		fixed(bad, "/emphasis/subtitle", t.Emphasis.Subtitle)
	}
	if t.Items != nil {
		checkItems(bad, t.Items)
	}
}

func checkItems(bad *fault.Error, l *provider.ItemList) {
	const at = "/item_list"
	if l.Header == "" && l.Highlight == nil && len(l.Items) == 0 {
		_ = bad.At(at, "want a header, a highlight or items")
	}
	if n := utf16Length(l.Header); n > headerLimit {
		_ = bad.At(at+"/header", "want at most %d characters, this has %d", headerLimit, n)
	}
	if l.Highlight != nil {
		sized(bad, at+"/highlight/title", l.Highlight.Title, highlightLimit[0])
		sized(bad, at+"/highlight/description", l.Highlight.Description, highlightLimit[1])
	}
	if n := len(l.Items); n > 0 && (n < leastItems || n > mostItems) {
		_ = bad.At(at+"/items", "want %d to %d items, these are %d", leastItems, mostItems, n)
	}
	for i, one := range l.Items {
		checkItem(bad, fmt.Sprintf("%s/items/%d", at, i), one, itemLimit)
	}
	if l.Summary != nil {
		if len(l.Items) == 0 {
			_ = bad.At(at+"/summary", "a summary stands below items")
		}
		checkItem(bad, at+"/summary", *l.Summary, summaryLimit)
	}
}

func checkItem(bad *fault.Error, at string, one provider.Item, limit [2]int) {
	sized(bad, at+"/title", one.Title, limit[0])
	fixed(bad, at+"/title", one.Title)
	sized(bad, at+"/description", one.Description, limit[1])
}

// sized wants a text of a length.
func sized(bad *fault.Error, at, text string, most int) {
	if n := utf16Length(text); n == 0 || n > most {
		_ = bad.At(at, "want 1 to %d characters, this has %d", most, n)
	}
}

// fixed wants a text without variables, where Kakao allows none.
func fixed(bad *fault.Error, at, text string) {
	var n names
	if compile(text, &n); len(n.list) > 0 {
		_ = bad.At(at, "a variable may not stand here: #{%s}", n.list[0])
	}
}

// checkVariables counts the variables, and wants names that every vendor reads alike.
func (t Template) checkVariables(bad *fault.Error) {
	var n names
	compileTemplate(t.alimtalk(), &n)
	if len(n.list) > mostVariables {
		_ = bad.At("/body", "at most %d variables in all of the template, these are %d", mostVariables, len(n.list))
	}
	for at, text := range t.variableTexts() {
		for _, name := range rawNames(text) {
			if name != strings.TrimSpace(name) {
				_ = bad.At(at, "the variable #{%s} has a space at an end of its name", name)
			}
		}
	}
}

// rawNames are the names in a text as they are written.
func rawNames(text string) (out []string) {
	for {
		_, rest, found := strings.Cut(text, "#{")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return out
		}
		if strings.TrimSpace(name) != "" {
			out = append(out, name)
		}
		text = after
	}
}

// variableTexts are the texts that may hold variables, by their places.
func (t Template) variableTexts() map[string]string {
	all := map[string]string{"/body": t.Body}
	for at, list := range map[string][]provider.Button{"/buttons": t.Buttons, "/quick_replies": t.QuickReplies} {
		for i, b := range list {
			for _, l := range linksOf(b) {
				all[fmt.Sprintf("%s/%d/%s", at, i, l.name)] = l.text
			}
		}
	}
	if t.Emphasis != nil {
		all["/emphasis/title"] = t.Emphasis.Title
	}
	if t.Items != nil {
		all["/item_list/header"] = t.Items.Header
		if h := t.Items.Highlight; h != nil {
			all["/item_list/highlight/title"], all["/item_list/highlight/description"] = h.Title, h.Description
		}
		for i, one := range t.Items.Items {
			all[fmt.Sprintf("/item_list/items/%d/description", i)] = one.Description
		}
		if t.Items.Summary != nil {
			all["/item_list/summary/description"] = t.Items.Summary.Description
		}
	}
	return all
}

// link is one of the places of a button that say where it leads.
type link struct {
	name, text string
	variable   bool // it may hold variables
}

// linksOf are all of them.
func linksOf(b provider.Button) []link {
	return []link{{"url_mobile", b.URLMobile, true}, {"url_pc", b.URLPC, true}, {"scheme_ios", b.SchemeIOS, true}, {"scheme_android", b.SchemeAndroid, true},
		{"biz_form_id", b.FormID, false}, {"plugin_id", b.PluginID, false}, {"phone_number", b.Phone, false}}
}

// leads are the links that each type of button needs, and those that it may have besides; the
// other types have none.
var leads = map[string]struct{ needs, may []string }{
	"WL": {[]string{"url_mobile"}, []string{"url_pc"}},
	"AL": {[]string{"scheme_ios", "scheme_android"}, []string{"url_mobile", "url_pc"}},
	"BF": {[]string{"biz_form_id"}, nil},
	"P1": {[]string{"plugin_id"}, nil}, "P2": {[]string{"plugin_id"}, nil}, "P3": {[]string{"plugin_id"}, nil},
	"TN": {[]string{"phone_number"}, nil},
}

func checkButtons(bad *fault.Error, at string, list []provider.Button, types []string, most int) {
	if len(list) > most {
		_ = bad.At(at, "at most %d here, these are %d", most, len(list))
	}
	for i, b := range list {
		checkButton(bad, fmt.Sprintf("%s/%d", at, i), b, types)
		if b.Type == "AC" && i > 0 {
			_ = bad.At(fmt.Sprintf("%s/%d", at, i), "the button that adds the channel stands first")
		}
	}
}

func checkButton(bad *fault.Error, at string, b provider.Button, types []string) {
	if !slices.Contains(types, b.Type) {
		_ = bad.At(at+"/type", "want one of %v", types)
		return
	}
	sized(bad, at+"/name", b.Name, buttonLimit)
	fixed(bad, at+"/name", b.Name)
	if b.Type == "AC" && b.Name != addChannel {
		_ = bad.At(at+"/name", "a button that adds the channel is named %s", addChannel)
	}
	for _, l := range linksOf(b) {
		needs, may := slices.Contains(leads[b.Type].needs, l.name), slices.Contains(leads[b.Type].may, l.name)
		switch {
		case l.text == "" && needs:
			_ = bad.At(at+"/"+l.name, "a button of type %s needs it", b.Type)
		case l.text == "":
		case !needs && !may:
			_ = bad.At(at+"/"+l.name, "a button of type %s has none", b.Type)
		default:
			checkLink(bad, at+"/"+l.name, l)
		}
	}
}

// checkLink complains about a link that cannot lead anywhere.
func checkLink(bad *fault.Error, at string, l link) {
	if n := utf16Length(l.text); n > linkLimit {
		_ = bad.At(at, "want at most %d characters, this has %d", linkLimit, n)
	}
	if !l.variable {
		fixed(bad, at, l.text)
	}
	switch l.name {
	case "url_mobile", "url_pc":
		if !strings.HasPrefix(l.text, "https://") && !strings.HasPrefix(l.text, "http://") && !strings.HasPrefix(l.text, "#{") {
			_ = bad.At(at, "want an address that begins with https:// or http://, or a variable")
		}
	case "biz_form_id":
		if !formForm.MatchString(l.text) {
			_ = bad.At(at, "want the number of the business form")
		}
	case "plugin_id":
		if !pluginForm.MatchString(l.text) {
			_ = bad.At(at, "want the plug-in's id, at most %d characters without spaces", pluginLimit)
		}
	case "phone_number":
		if !phoneForm.MatchString(l.text) {
			_ = bad.At(at, "want a telephone number of digits and hyphens, at most %d characters", phoneLimit)
		}
	}
}
