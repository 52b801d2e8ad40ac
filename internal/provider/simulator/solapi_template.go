package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The states of a template.
const (
	tplPending    = "PENDING" // written, not submitted
	tplInspecting = "INSPECTING"
	tplApproved   = "APPROVED"
	tplRejected   = "REJECTED"
	tplDormant    = "DORMANT" // approved, and not used for a year
	tplBlocked    = "BLOCKED" // stopped by Kakao
)

// templateContent is what a customer writes of a template.
type templateContent struct {
	Name           string          `json:"name"`
	ChannelID      *string         `json:"channelId"`
	ChannelGroupID *string         `json:"channelGroupId"`
	Content        string          `json:"content"`
	CategoryCode   string          `json:"categoryCode,omitempty"`
	MessageType    string          `json:"messageType"`
	EmphasizeType  string          `json:"emphasizeType"`
	Extra          *string         `json:"extra"`
	Ad             *string         `json:"ad"`
	EmphasizeTitle *string         `json:"emphasizeTitle"`
	EmphasizeSub   *string         `json:"emphasizeSubtitle"` // matched in any case: one SDK writes emphasizeSubTitle
	SecurityFlag   bool            `json:"securityFlag"`
	ImageID        *string         `json:"imageId"`
	Buttons        json.RawMessage `json:"buttons"`
	QuickReplies   json.RawMessage `json:"quickReplies"`
	Header         *string         `json:"header"`
	Highlight      json.RawMessage `json:"highlight"`
	Item           json.RawMessage `json:"item"`
}

// template is an Alimtalk template.
type template struct {
	templateContent
	TemplateID  string     `json:"templateId"`
	IsHidden    bool       `json:"isHidden"`
	AssignType  string     `json:"assignType"`
	Code        *string    `json:"code"`
	Status      string     `json:"status"`
	Dormant     bool       `json:"dormant,omitempty"`
	Blocked     bool       `json:"block,omitempty"`
	Variables   []variable `json:"variables"`
	Comments    []comment  `json:"comments"`
	Commentable bool       `json:"commentable"`
	AccountID   string     `json:"accountId"`
	DateCreated string     `json:"dateCreated"`
	DateUpdated string     `json:"dateUpdated"`
}

type variable struct {
	Name string `json:"name"`
}

type comment struct {
	IsAdmin     bool    `json:"isAdmin"`
	MemberID    string  `json:"memberId"`
	Content     *string `json:"content"`
	DateCreated string  `json:"dateCreated"`
}

func (t *template) key() string { return t.TemplateID }

func (t *template) field(field string) (string, bool) {
	switch field {
	case "templateId":
		return t.TemplateID, true
	case "channelId":
		if t.ChannelID == nil {
			return "", true
		}
		return *t.ChannelID, true
	case "name":
		return t.Name, true
	case "status":
		return t.Status, true
	case "isHidden":
		return strconv.FormatBool(t.IsHidden), true
	case "dateCreated":
		return t.DateCreated, true
	case "dateUpdated":
		return t.DateUpdated, true
	}
	return "", false
}

var templateFields = []string{"templateId", "channelId", "name", "status", "isHidden", "dateCreated", "dateUpdated"}

// check says what is wrong with a template's content.
func (c *templateContent) check() error {
	_, badButtons := parseButtons(c.Buttons, ata)
	switch {
	case strings.TrimSpace(c.Name) == "" || strings.TrimSpace(c.Content) == "":
		return invalid("name과 content가 필요합니다.")
	case utf8.RuneCountInString(c.Content) > alimtalkLimit:
		return invalid("content는 1,000자를 넘을 수 없습니다.")
	case c.ChannelID == nil && c.ChannelGroupID == nil:
		return invalid("channelId 또는 channelGroupId가 필요합니다.")
	case c.ChannelID != nil && !kakaoForm(*c.ChannelID, channelPrefix):
		return invalid("channelId의 형식이 올바르지 않습니다.")
	case badButtons != 0:
		return invalid(codeText(badButtons))
	case !slices.Contains([]string{"BA", "EX", "AD", "MI"}, c.MessageType):
		return invalid("messageType은 BA, EX, AD, MI 중 하나입니다.")
	case !slices.Contains([]string{"NONE", "TEXT", "IMAGE", "ITEM_LIST"}, c.EmphasizeType):
		return invalid("emphasizeType은 NONE, TEXT, IMAGE, ITEM_LIST 중 하나입니다.")
	}
	return nil
}

// fill gives absent parts the form in which the vendor shows them.
func (c *templateContent) fill() {
	c.MessageType = orElse(c.MessageType, "BA")
	c.EmphasizeType = orElse(c.EmphasizeType, "NONE")
	for _, list := range []*json.RawMessage{&c.Buttons, &c.QuickReplies} {
		if len(*list) == 0 || string(*list) == "null" {
			*list = json.RawMessage("[]")
		}
	}
}

// derive sets what follows from the content.
func (t *template) derive(now time.Time) {
	t.AssignType = "CHANNEL"
	if t.ChannelID == nil {
		t.AssignType = "GROUP"
	}
	t.Variables = []variable{}
	for _, name := range variableForm.FindAllString(t.Content, -1) {
		if v := (variable{name}); !slices.Contains(t.Variables, v) {
			t.Variables = append(t.Variables, v)
		}
	}
	t.DateUpdated = stamp(now)
}

func (s *Simulator) createTemplate(a *account, r *http.Request) (any, error) {
	var body templateContent
	if err := read(r, &body); err != nil {
		return nil, err
	}
	body.fill()
	if err := body.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	t := &template{templateContent: body, TemplateID: s.ids.kakao(templatePrefix, now), Status: tplPending, Comments: []comment{},
		Commentable: true, AccountID: a.id, DateCreated: stamp(now)}
	t.derive(now)
	a.templates = append(a.templates, t)
	return marshal(t)
}

// updateTemplate rewrites a template that is not under review or approved.
func (s *Simulator) updateTemplate(a *account, r *http.Request) (any, error) {
	var raw json.RawMessage
	if err := read(r, &raw); err != nil {
		return nil, err
	}
	return oneOf(s, &a.templates, r.PathValue("template"), func(t *template, now time.Time) (fate, error) {
		if t.Status != tplPending && t.Status != tplRejected {
			return stays, invalid("대기 또는 반려 상태의 템플릿만 수정할 수 있습니다.")
		}
		next := t.templateContent
		if json.Unmarshal(raw, &next) != nil {
			return stays, invalid("요청 본문이 올바르지 않습니다.")
		}
		next.fill()
		if err := next.check(); err != nil {
			return stays, err
		}
		t.templateContent, t.Status = next, tplPending
		t.derive(now)
		return stays, nil
	})
}

func (s *Simulator) renameTemplate(a *account, r *http.Request) (any, error) {
	var body struct {
		Name string `json:"name"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if strings.TrimSpace(body.Name) == "" {
		return nil, invalid("name이 필요합니다.")
	}
	return oneOf(s, &a.templates, r.PathValue("template"), func(t *template, now time.Time) (fate, error) {
		t.Name, t.DateUpdated = body.Name, stamp(now)
		return stays, nil
	})
}

// inspectTemplate submits a template; the review takes Options.InspectDelay.
func (s *Simulator) inspectTemplate(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.templates, r.PathValue("template"), func(t *template, now time.Time) (fate, error) {
		switch {
		case t.Status != tplPending && t.Status != tplRejected:
			return stays, invalid("대기 또는 반려 상태의 템플릿만 검수를 요청할 수 있습니다.")
		case !s.takes():
			return stays, invalid(orElse(s.scenario.InspectorSays, "검수를 요청할 수 없습니다."))
		}
		t.Status, t.DateUpdated = tplInspecting, stamp(now)
		submitted := t.DateUpdated
		s.after(now, s.options.InspectDelay, event{do: func(_ *Simulator, _ *message, now time.Time) {
			if t.Status != tplInspecting || t.DateUpdated != submitted {
				return
			}
			if end, why := s.inspection(t.Content); end != "" {
				t.stand(end, why, now)
			}
		}})
		return stays, nil
	})
}

// standing is where a template stands; the vendor shows one that sleeps, or was stopped, as
// approved.
func (t *template) standing() string {
	switch {
	case t.Blocked:
		return tplBlocked
	case t.Dormant:
		return tplDormant
	}
	return t.Status
}

// stand puts a template into a state, with what the inspector says.
func (t *template) stand(state, why string, now time.Time) {
	t.Status, t.Dormant, t.Blocked, t.DateUpdated = state, state == tplDormant, state == tplBlocked, stamp(now)
	if t.Dormant || t.Blocked {
		t.Status = tplApproved
	}
	if why != "" {
		t.Comments = append(t.Comments, comment{IsAdmin: true, MemberID: "KAKAO", Content: &why, DateCreated: stamp(now)})
	}
}

// cancelInspection takes a template out of review.
func (s *Simulator) cancelInspection(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.templates, r.PathValue("template"), func(t *template, now time.Time) (fate, error) {
		if t.Status != tplInspecting {
			return stays, invalid("검수 중인 템플릿이 아닙니다.")
		}
		t.Status, t.DateUpdated = tplPending, stamp(now)
		return stays, nil
	})
}

// deleteTemplate removes a template that is not in use.
func (s *Simulator) deleteTemplate(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.templates, r.PathValue("template"), func(t *template, _ time.Time) (fate, error) {
		if t.Status != tplPending && t.Status != tplRejected {
			return stays, invalid("대기 또는 반려 상태의 템플릿만 삭제할 수 있습니다.")
		}
		return goes, nil
	})
}

// releaseTemplate wakes a dormant template.
func (s *Simulator) releaseTemplate(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.templates, r.PathValue("template"), func(t *template, now time.Time) (fate, error) {
		if !t.Dormant {
			return stays, invalid("휴면 상태의 템플릿이 아닙니다.")
		}
		t.stand(tplApproved, "", now)
		return stays, nil
	})
}

func (s *Simulator) getTemplate(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.templates, r.PathValue("template"), keep)
}

func (s *Simulator) listTemplates(a *account, r *http.Request) (any, error) {
	return listOf(s, &a.templates, "templateList", r, templateFields...)
}

// sendableTemplates are the approved ones, as a bare array.
func (s *Simulator) sendableTemplates(a *account, r *http.Request) (any, error) {
	filters, err := conditions(r.URL.Query(), templateFields...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []*template{}
	for _, t := range a.templates {
		if t.standing() == tplApproved && all(filters, t.field) {
			found = append(found, t)
		}
	}
	return marshal(found)
}

// findTemplate is a copy of the account's template of that id.
func (s *Simulator) findTemplate(a *account, id string) (template, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range a.templates {
		if t.TemplateID == id {
			return *t, true
		}
	}
	return template{}, false
}
