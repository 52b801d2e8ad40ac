package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What accounts keep at vendors besides messages: sender numbers, Kakao channels and
// templates. Solapi's own channels and templates have more to show and are in files of their
// own; those of the others are profiles and sheets, each of one vendor. The inspector is the
// same for all.

// wrongToken is what nobody's phone got; every other token of digits is taken.
const wrongToken = "000000"

// houseNumbers are listed for an account that may use every number.
var houseNumbers = []string{"0261234567", "0261239999"}

// numbers are the sender numbers that a vendor lists for the account: those registered; of
// one that may use every number the house's and those it has used. The caller holds the lock.
func (s *Simulator) numbers(a *account) []string {
	if registered := s.registered(a); len(registered) > 0 {
		return slices.Sorted(slices.Values(registered))
	}
	list := slices.Clone(houseNumbers)
	for _, g := range a.groups {
		for _, m := range g.messages {
			if m.from != "" && !m.refused() && !slices.Contains(list, m.from) {
				list = append(list, m.from)
			}
		}
	}
	slices.Sort(list)
	return list
}

// registered are the numbers that alone may be used; none = every one. The caller holds the
// lock.
func (s *Simulator) registered(a *account) []string {
	if len(s.scenario.Senders) > 0 {
		return s.scenario.Senders
	}
	return a.Senders
}

// profile is a Kakao channel that an account linked at one vendor.
type profile struct {
	vendor    *vendor
	name      string // with its @
	key       string // Kakao's sender key
	category  string
	confirmed bool // with the token; before that it is only asked for
	made      time.Time
}

// sheet is a template that an account wrote at one vendor.
type sheet struct {
	vendor  *vendor
	sender  string // key of its channel; SENS: its name
	code    string
	name    string
	content string
	more    map[string]any // what else came, shown as it came
	state   string
	remarks []remark
	turn    int // how often it was submitted
	made    time.Time
	changed time.Time
}

// remark is what somebody wrote about a template.
type remark struct {
	text      string
	inspector bool
	at        time.Time
}

// findProfile is the account's channel of that key or name at a vendor, or nil. The caller
// holds the lock.
func (a *account) findProfile(v *vendor, key string) *profile {
	for _, p := range a.profiles {
		if p.vendor == v && (p.key == key || p.name == key) {
			return p
		}
	}
	return nil
}

// findSheet is the account's template of that code at a vendor, or nil. The caller holds the
// lock.
func (a *account) findSheet(v *vendor, sender, code string) *sheet {
	for _, t := range a.sheets {
		if t.vendor == v && t.code == code && (sender == "" || t.sender == sender) {
			return t
		}
	}
	return nil
}

// claimed notes that a channel's manager was sent a token. The caller holds the lock.
func (s *Simulator) claimed(a *account, v *vendor, name, category string, now time.Time) (*profile, bool) {
	if !strings.HasPrefix(name, "@") {
		return nil, false
	}
	p := a.findProfile(v, name)
	if p == nil {
		p = &profile{vendor: v, name: name, key: fmt.Sprintf("%020x%020x", mix(s.ids.key^uint64(len(a.profiles))), mix(uint64(len(name))^uint64(now.UnixNano()))), made: now}
		a.profiles = append(a.profiles, p)
	}
	if category != "" {
		p.category = category
	}
	return p, true
}

// tokenForm says whether a channel's token can be right.
func tokenForm(token string) bool {
	return token != "" && token != wrongToken && strings.Trim(token, "0123456789") == ""
}

// serialised is the next number of an account's things. The caller holds the lock.
func (s *Simulator) serialised() uint64 {
	s.ids.serial++
	return s.ids.serial
}

// submit begins the inspection of a sheet. The caller holds the lock.
func (s *Simulator) submit(t *sheet, now time.Time) {
	t.state, t.changed = tplInspecting, now
	t.turn++
	turn := t.turn
	s.after(now, s.options.InspectDelay, event{do: func(s *Simulator, _ *message, now time.Time) {
		if t.state != tplInspecting || t.turn != turn {
			return
		}
		if end, why := s.inspection(t.content); end != "" {
			t.end(end, why, now)
		}
	}})
}

// end puts a sheet into a state, with what the inspector says.
func (t *sheet) end(state, why string, now time.Time) {
	t.state, t.changed = state, now
	if why != "" {
		t.remarks = append(t.remarks, remark{why, true, now})
	}
}

// The inspectors of a scenario.
const (
	inspectorApproves = "approve"
	inspectorRejects  = "reject"
	inspectorWaits    = "wait"
	inspectorRefuses  = "refuse" // what is submitted is not taken
)

var inspectors = []string{inspectorApproves, inspectorRejects, inspectorWaits, inspectorRefuses}

// inspection is how a review ends, and what the inspector writes; empty for one that goes on.
// Alimtalk is for information: an advertisement is rejected by everybody. The caller holds
// the lock.
func (s *Simulator) inspection(content string) (state, why string) {
	switch {
	case s.scenario.Inspector == inspectorWaits:
		return "", ""
	case s.scenario.Inspector == inspectorRejects:
		return tplRejected, orElse(s.scenario.InspectorSays, "템플릿 검수 기준에 맞지 않습니다.")
	case strings.Contains(content, "(광고)"):
		return tplRejected, "광고성 내용은 알림톡으로 발송할 수 없습니다."
	}
	return tplApproved, s.scenario.InspectorSays
}

// takes says whether the inspector takes what is submitted. The caller holds the lock.
func (s *Simulator) takes() bool { return s.scenario.Inspector != inspectorRefuses }

// wording is the content of a template that is known here; nil for another, which is taken as
// it comes.
type wording struct{ content string }

// errNotApproved says that a template that is known here may not be sent.
var errNotApproved = errors.New("the template is not approved")

// knownSheet gives the wording of a template that is to be sent.
func (s *Simulator) knownSheet(a *account, v *vendor, sender, code string) (*wording, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch t := a.findSheet(v, sender, code); {
	case t == nil:
		return nil, nil
	case t.state != tplApproved:
		return nil, errNotApproved
	default:
		return &wording{t.content}, nil
	}
}

// mismatches says whether a text is not what the template makes.
func (k *wording) mismatches(text string) bool {
	return k != nil && (!matches(k.content, text) || variableForm.MatchString(text))
}

// render fills the template in; the variables stand for one that is not known here.
func (k *wording) render(variables map[string]string) string {
	if k == nil {
		return listVariables(variables)
	}
	return substitute(k.content, variables)
}

// templateRow is a template as /_sim/templates shows it, whichever vendor has it.
type templateRow struct {
	Vendor     string   `json:"vendor"`
	ChannelID  string   `json:"channel_id"`
	TemplateID string   `json:"template_id"`
	Name       string   `json:"name"`
	Content    string   `json:"content"`
	State      string   `json:"state"` // draft, inspecting, approved, rejected, dormant or blocked
	Comments   []string `json:"comments"`
}

// stateWords are the states of templates as /_sim says them.
var stateWords = map[string]string{tplPending: "draft", tplInspecting: "inspecting", tplApproved: "approved", tplRejected: "rejected",
	tplDormant: "dormant", tplBlocked: "blocked"}

func stateOf(word string) string {
	for state, w := range stateWords {
		if w == word {
			return state
		}
	}
	return ""
}

// getTemplates answers GET /_sim/templates: every template of every account.
func (s *Simulator) listSimTemplates(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	rows := []templateRow{}
	for _, a := range s.order {
		for _, t := range a.templates {
			row := templateRow{Vendor: solapi.kind, TemplateID: t.TemplateID, Name: t.Name, Content: t.Content, State: stateWords[t.standing()], Comments: []string{}}
			if t.ChannelID != nil {
				row.ChannelID = *t.ChannelID
			}
			for _, c := range t.Comments {
				row.Comments = append(row.Comments, *c.Content)
			}
			rows = append(rows, row)
		}
		for _, t := range a.sheets {
			row := templateRow{t.vendor.kind, t.sender, t.code, t.name, t.content, stateWords[t.state], []string{}}
			for _, r := range t.remarks {
				row.Comments = append(row.Comments, r.text)
			}
			rows = append(rows, row)
		}
	}
	s.mu.Unlock()
	write(w, http.StatusOK, map[string]any{"data": rows})
}

// setTemplate answers PUT /_sim/templates: it puts a template into a state, with a comment of
// the inspector. One of SENS, which is written in the vendor's console, is made where it is
// not there.
func (s *Simulator) setSimTemplate(w http.ResponseWriter, r *http.Request) {
	var row struct {
		templateRow
		Comment string `json:"comment"`
	}
	if !decoded(r, &row) || stateOf(row.State) == "" {
		write(w, http.StatusBadRequest, map[string]string{"error": "want vendor, template_id, a state, and perhaps channel_id, name, content and comment"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, found := time.Now(), false
	for _, a := range s.order {
		for _, t := range a.templates {
			if row.Vendor == solapi.kind && t.TemplateID == row.TemplateID {
				t.stand(stateOf(row.State), row.Comment, now)
				found = true
			}
		}
		for _, t := range a.sheets {
			if t.vendor.kind == row.Vendor && t.code == row.TemplateID {
				t.turn++
				t.end(stateOf(row.State), row.Comment, now)
				found = true
			}
		}
	}
	if !found && row.Vendor == sens.kind && row.ChannelID != "" {
		t := &sheet{vendor: sens, sender: row.ChannelID, code: row.TemplateID, name: orElse(row.Name, row.TemplateID), content: row.Content, made: now}
		t.end(stateOf(row.State), row.Comment, now)
		s.order[0].sheets = append(s.order[0].sheets, t)
		found = true
	}
	if !found {
		write(w, http.StatusNotFound, map[string]string{"error": "there is no such template"})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
