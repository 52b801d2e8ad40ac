package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	channelPrefix  = "KA01PF"
	templatePrefix = "KA01TP"
)

var variableForm = regexp.MustCompile(`#\{[^{}]*\}`)

// kakaoForm says whether id is a channel or template id of the vendor's form.
func kakaoForm(id, prefix string) bool {
	if len(id) != idLength || !strings.HasPrefix(id, prefix) {
		return false
	}
	for _, c := range []byte(id[len(prefix):]) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

const (
	buttonsMost     = 5
	buttonNameLimit = 14
	buttonURLLimit  = 100
)

// checkKakao checks the options of a Kakao message and renders its text: from a
// template that this simulator holds, else from the text that came, else from
// the variables alone.
func (c *checker) checkKakao(d *draft, w *wireMessage) uint16 {
	if !d.kind.kakao() {
		return 0
	}
	k := w.KakaoOptions
	if k == nil {
		k = &wireKakao{}
		w.KakaoOptions = k
	}
	buttons, code := parseButtons(k.Buttons, d.kind)
	switch {
	case !kakaoForm(k.PfID, channelPrefix):
		return 1041
	case d.kind == ata && !kakaoForm(k.TemplateID, templatePrefix):
		return 1042
	case d.kind == cti && !c.sim.hasFile(c.account, k.ImageID, "KAKAO"):
		return 1051
	case code != 0:
		return code
	}
	part := kakaoPart{pfID: k.PfID, imageID: k.ImageID, title: k.Title, disableSMS: k.DisableSMS, adFlag: k.AdFlag}
	if len(buttons) > 0 {
		part.buttons = string(k.Buttons)
	}
	if d.kind == ata {
		part.templateID = k.TemplateID
		if code := c.render(d, k, buttons, &part); code != 0 {
			return code
		}
	}
	kept, ok := c.kakaos[part]
	if !ok {
		kept = &part
		c.kakaos[part] = kept
	}
	d.kakao = kept
	return 0
}

// render makes the text of an Alimtalk.
func (c *checker) render(d *draft, k *wireKakao, buttons []button, part *kakaoPart) uint16 {
	t, known := c.sim.findTemplate(c.account, k.TemplateID)
	switch {
	case !known:
		d.text = substitute(d.text, k.Variables)
		if d.text == "" {
			d.text = listVariables(k.Variables)
		}
		return 0
	case t.standing() != tplApproved || t.ChannelID != nil && *t.ChannelID != k.PfID:
		return 1042
	case d.text == "":
		d.text = substitute(t.Content, k.Variables)
		part.buttons = string(t.Buttons)
		if variableForm.MatchString(d.text) {
			return 1043
		}
		return 0
	}
	d.text = substitute(d.text, k.Variables)
	if !matches(t.Content, d.text) {
		return 1043
	}
	own, _ := parseButtons(t.Buttons, ata)
	return sameButtons(own, buttons)
}

// substitute puts variables, whose names come with or without their wrapper,
// into text.
func substitute(text string, variables map[string]string) string {
	if len(variables) == 0 || !strings.Contains(text, "#{") {
		return text
	}
	return variableForm.ReplaceAllStringFunc(text, func(name string) string {
		for _, key := range []string{name, name[2 : len(name)-1]} {
			if value, ok := variables[key]; ok {
				return value
			}
		}
		return name
	})
}

// listVariables stands for the text of a template whose content is not known
// here.
func listVariables(variables map[string]string) string {
	lines := make([]string, 0, len(variables))
	for _, key := range slices.Sorted(maps.Keys(variables)) {
		lines = append(lines, key+"="+variables[key])
	}
	return cmp.Or(strings.Join(lines, "\n"), "(변수 없는 템플릿)")
}

// matches says whether text is content with its variables filled in.
func matches(content, text string) bool {
	parts := variableForm.Split(content, -1)
	if len(parts) == 1 {
		return text == content
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, last)
}

// button is a button of a Kakao message; one SDK uses other names for the same.
type button struct {
	Name   string `json:"buttonName"`
	Type   string `json:"buttonType"`
	Mobile string `json:"linkMo"`
	PC     string `json:"linkPc"`
	And    string `json:"linkAnd"`
	IOS    string `json:"linkIos"`

	Name2   string `json:"name"`
	Type2   string `json:"type"`
	Mobile2 string `json:"linkMobile"`
	And2    string `json:"schemeAndroid"`
	IOS2    string `json:"schemeIos"`
}

// parseButtons reads and checks buttons.
func parseButtons(raw json.RawMessage, k kind) ([]button, uint16) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, 0
	}
	var buttons []button
	if json.Unmarshal(raw, &buttons) != nil {
		return nil, 1044
	}
	if len(buttons) > buttonsMost {
		return nil, 1050
	}
	for i := range buttons {
		b := &buttons[i]
		b.Name, b.Type = cmp.Or(b.Name, b.Name2), cmp.Or(b.Type, b.Type2)
		b.Mobile, b.And, b.IOS = cmp.Or(b.Mobile, b.Mobile2), cmp.Or(b.And, b.And2), cmp.Or(b.IOS, b.IOS2)
		if code := b.check(k); code != 0 {
			return nil, code
		}
	}
	return buttons, 0
}

func (b *button) check(k kind) uint16 {
	switch b.Type {
	case "WL":
		if b.Mobile == "" {
			return 1045
		}
	case "AL":
		if b.And == "" || b.IOS == "" {
			return 1045
		}
	case "DS":
		if k != ata {
			return 1053
		}
	case "BK", "MD", "BC", "BT", "AC":
	default:
		return 1044
	}
	for _, url := range []string{b.Mobile, b.PC, b.And, b.IOS} {
		if utf8.RuneCountInString(url) > buttonURLLimit {
			return 1048
		}
	}
	switch n := utf8.RuneCountInString(b.Name); {
	case n == 0:
		return 1044
	case n > buttonNameLimit:
		return 1049
	}
	return 0
}

// sameButtons compares the buttons sent beside a text with the template's.
func sameButtons(own, sent []button) uint16 {
	switch {
	case len(own) > 0 && len(sent) == 0:
		return 1046
	case len(own) == 0 && len(sent) > 0:
		return 1047
	case len(own) != len(sent):
		return 1044
	}
	for i := range own {
		if own[i].Name != sent[i].Name || own[i].Type != sent[i].Type {
			return 1052
		}
	}
	return 0
}
