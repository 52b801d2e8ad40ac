package providertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// The sentences about what an account has besides messages.

const (
	manager    = korea.Number("01043218765")
	goodToken  = "123456"
	wrongToken = "000000" // nobody's phone got it
	wording    = "#{이름}님, 예약이 확정되었습니다. 내일 뵙겠습니다."
	reworded   = "#{이름}님, 예약이 바뀌었습니다. 모레 뵙겠습니다."
)

// turns number what the suite makes, so that no two share a name.
var turns atomic.Uint32

// form is a template as it is registered.
func (w *world) form(body string) provider.TemplateForm {
	n := turns.Add(1)
	return provider.TemplateForm{ChannelID: w.h.Template.ChannelID, Name: fmt.Sprintf("예약 확정 %d", n), Code: fmt.Sprintf("SUITE%d", n), Body: body,
		Buttons: []provider.Button{{Type: "WL", Name: "예약 보기", URLMobile: "https://m.example.com/#{이름}", URLPC: "https://example.com"}},
		Purpose: &provider.Purpose{Purpose: "TRANSACTIONAL", Basis: "CONTRACT", Benefit: "NONE", Expiry: "NONE", Confirmed: true}}
}

// claim is a channel as it is registered.
func claim(category string) provider.ChannelClaim {
	return provider.ChannelClaim{Name: fmt.Sprintf("@suite%d", turns.Add(1)), Manager: manager, Category: category, Token: goodToken}
}

// sheet is a template as the vendor has it.
type sheet struct {
	Vendor     string `json:"vendor"`
	ChannelID  string `json:"channel_id"`
	TemplateID string `json:"template_id"`
	Name       string `json:"name"`
	Content    string `json:"content"`
	State      string `json:"state"`

	Comments []string `json:"comments"`
	Comment  string   `json:"comment,omitempty"` // of the inspector, with a new state
}

// sheet is the vendor's template of that name, once no request is under way; nil = it has none.
func (w *world) sheet(name string) *sheet {
	w.Helper()
	w.line.counts()
	rec := httptest.NewRecorder()
	w.vendor.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/_sim/templates", nil))
	var all struct{ Data []sheet }
	if err := json.Unmarshal(rec.Body.Bytes(), &all); err != nil || rec.Code != http.StatusOK {
		w.Fatalf("templates of the vendor: %d %v", rec.Code, err)
	}
	for _, s := range all.Data {
		if s.Name == name {
			return &s
		}
	}
	return nil
}

// put has the vendor put a template into a state.
func (w *world) put(s sheet) {
	w.Helper()
	body, err := json.Marshal(s)
	if err != nil {
		w.Fatal(err)
	}
	rec := httptest.NewRecorder()
	w.vendor.ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/_sim/templates", strings.NewReader(string(body))))
	if rec.Code != http.StatusNoContent {
		w.Fatalf("put a template into a state: got %d %s", rec.Code, rec.Body)
	}
}

// stands asks for a template of the harness's channel by its name, and wants the vendor's
// truth; nil = there is none.
func (w *world) stands(k provider.TemplateKeeper, name string) *provider.KeptTemplate {
	w.Helper()
	all, err := k.Templates(w.Context(), w.h.Template.ChannelID)
	if err != nil {
		w.Fatalf("templates: %v", err)
	}
	at := slices.IndexFunc(all, func(t provider.KeptTemplate) bool { return t.Name == name })
	truth := w.sheet(name)
	switch {
	case (at < 0) != (truth == nil):
		w.Fatalf("template %q: listed %v, the vendor has %+v", name, at >= 0, truth)
	case at < 0:
		return nil
	case string(all[at].State) != truth.State || all[at].TemplateID != truth.TemplateID || all[at].ChannelID != w.h.Template.ChannelID:
		w.Errorf("template %q: got %+v, the vendor has %+v", name, all[at], truth)
	}
	return &all[at]
}

// until asks again until a template stands in a state.
func (w *world) until(k provider.TemplateKeeper, name string, state provider.TemplateState) provider.KeptTemplate {
	w.Helper()
	late := time.Now().Add(patience)
	for {
		all, err := k.Templates(w.Context(), w.h.Template.ChannelID)
		if err != nil {
			w.Fatalf("templates: %v", err)
		}
		for _, t := range all {
			if t.Name == name && t.State == state {
				return t
			}
		}
		if time.Now().After(late) {
			w.Fatalf("template %q does not come to be %s: %+v", name, state, all)
		}
		<-w.hook.again()
	}
}

func testDeskOffers(t *testing.T, h Harness) {
	w := newWorld(t, h)
	holder, holds := w.Provider.(provider.Holder)
	balance, senders := w.holds(provider.HoldsBalance) != nil, w.holds(provider.HoldsSenders) != nil
	if holds && holder.Holds() == 0 {
		t.Error("offers to tell nothing")
	}
	_, channels := w.Provider.(provider.ChannelKeeper)
	k, templates := w.Provider.(provider.TemplateKeeper)
	if balance != (h.Desk.Balance != nil) || senders != h.Desk.Senders || channels != h.Desk.Channels {
		t.Errorf("offers a balance %v, senders %v, channels %v; want %+v", balance, senders, channels, h.Desk)
	}
	if !templates || k.TemplateActs() != h.Desk.Acts {
		t.Errorf("offers templates %v with other acts than %b", templates, h.Desk.Acts)
	}
}

// holds is the adapter as it tells something; nil = it does not.
func (w *world) holds(what provider.Holdings) provider.Holder {
	if h, ok := w.Provider.(provider.Holder); ok && h.Holds().Has(what) {
		return h
	}
	return nil
}

func testDeskBalance(t *testing.T, h Harness) {
	w := newWorld(t, h)
	b := w.holds(provider.HoldsBalance)
	if b == nil {
		return
	}
	for scenario, want := range map[string]provider.Balance{"balance: 100000": *h.Desk.Balance, "balance: 0": {Unit: h.Desk.Balance.Unit}} {
		w.play(scenario)
		if got, err := b.Balance(t.Context()); err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", scenario, got, err, want)
		}
	}
	w.play("balance: 100000")
	w.accept(texts(3))
	got, err := b.Balance(t.Context())
	if err != nil || got.Left >= h.Desk.Balance.Left || got.Left <= 0 {
		t.Errorf("after three messages: got %+v, %v; want less than %s", got, err, h.Desk.Balance.Left)
	}
}

func testDeskSenders(t *testing.T, h Harness) {
	w := newWorld(t, h)
	l := w.holds(provider.HoldsSenders)
	if l == nil {
		return
	}
	w.play("senders: ['15881234', '0261234567']")
	want := []provider.ListedSender{{Number: "0261234567", State: provider.SenderUsable}, {Number: "15881234", State: provider.SenderUsable}}
	got, err := l.Senders(t.Context())
	slices.SortFunc(got, func(a, b provider.ListedSender) int { return strings.Compare(string(a.Number), string(b.Number)) })
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("sender numbers: %v (-want +got):\n%s", err, diff)
	}
	legs := texts(1)
	legs[0].From = "0261239999"
	result := w.submit(t.Context(), legs)
	if result.Outcome == provider.Accepted && !result.Members[0].Refused {
		t.Errorf("a number that is not listed: got %+v, want it refused", result)
	}
}

func testDeskChannel(t *testing.T, h Harness) {
	w := newWorld(t, h)
	k, ok := w.Provider.(provider.ChannelKeeper)
	if !ok {
		return
	}
	categories, err := k.ChannelCategories(t.Context())
	if err != nil || len(categories) == 0 || categories[0].Code == "" || categories[0].Name == "" {
		t.Fatalf("categories: got %v, %v", categories, err)
	}
	c := claim(categories[0].Code)
	if err := k.RequestToken(t.Context(), c); err != nil {
		t.Fatalf("ask for a token: %v", err)
	}
	wrong := c
	wrong.Token = wrongToken
	if _, err := k.RegisterChannel(t.Context(), wrong); !denied(err) {
		t.Errorf("with a wrong token: got %v, want a denial", err)
	}
	if w.registered(k, c.Name) != nil {
		t.Error("with a wrong token: it is registered")
	}
	made, err := k.RegisterChannel(t.Context(), c)
	if err != nil || made.ID == "" || made.Name != c.Name || !made.Usable {
		t.Fatalf("register: got %+v, %v", made, err)
	}
	if got := w.registered(k, c.Name); got == nil || *got != made {
		t.Errorf("listed as %+v, registered as %+v", got, made)
	}
	if again, err := k.RegisterChannel(t.Context(), c); !denied(err) && (err != nil || again.ID != made.ID) {
		t.Errorf("registered again: got %+v, %v; want the same, or a denial", again, err)
	}
}

// registered is a channel in the adapter's list, by its name; nil = it is not there.
func (w *world) registered(k provider.ChannelKeeper, name string) *provider.KakaoChannel {
	w.Helper()
	all, err := k.Channels(w.Context())
	if err != nil {
		w.Fatalf("channels: %v", err)
	}
	var found *provider.KakaoChannel
	for i := range all {
		if all[i].Name == name {
			if found != nil {
				w.Errorf("%s is listed twice", name)
			}
			found = &all[i]
		}
	}
	return found
}

// denied says whether an act was certainly not carried out.
func denied(err error) bool {
	var d *provider.Denial
	return errors.As(err, &d)
}

func testDeskTemplate(t *testing.T, h Harness) {
	w := newWorld(t, h)
	k := w.Provider.(provider.TemplateKeeper)
	if !h.Desk.Acts.Has(provider.AddTemplate) {
		w.followed(k)
		return
	}
	submits := func(f provider.TemplateForm, ref provider.TemplateRef) {
		if h.Desk.Acts.Has(provider.SubmitTemplate) {
			if got := w.stands(k, f.Name); got == nil || got.State != provider.TemplateDraft {
				t.Errorf("before it is submitted: got %+v, want a draft", got)
			}
			if err := k.ActOnTemplate(t.Context(), provider.SubmitTemplate, ref, "급합니다"); err != nil {
				t.Fatalf("submit: %v", err)
			}
		}
	}
	w.play("{inspector: reject, inspector_says: '변수가 너무 많습니다.'}")
	f := w.form(wording)
	made, err := k.AddTemplate(t.Context(), f)
	if err != nil || made == "" {
		t.Fatalf("add: got %q, %v", made, err)
	}
	ref := provider.TemplateRef{ChannelID: f.ChannelID, TemplateID: made}
	submits(f, ref)
	got := w.until(k, f.Name, provider.TemplateRejected)
	said := slices.ContainsFunc(got.Comments, func(c provider.TemplateComment) bool {
		return c.ByInspector && c.Text == "변수가 너무 많습니다." && !c.At.IsZero()
	})
	if got.TemplateID != made || !said {
		t.Errorf("rejected: got %+v, want %s and what the inspector said", got, made)
	}
	w.play("inspector: approve")
	f.Body = reworded
	if err := k.ChangeTemplate(t.Context(), made, f); err != nil {
		t.Fatalf("change: %v", err)
	}
	submits(f, ref)
	w.until(k, f.Name, provider.TemplateApproved)
	if got := w.sheet(f.Name); got.Content != reworded {
		t.Errorf("changed: the vendor has %q", got.Content)
	}
}

// followed wants the states of templates told that were written in the vendor's console.
func (w *world) followed(k provider.TemplateKeeper) {
	w.Helper()
	f := w.form(wording)
	s := sheet{Vendor: w.account.Kind, ChannelID: f.ChannelID, TemplateID: f.Code, Name: f.Name, Content: f.Body}
	if got := w.stands(k, f.Name); got != nil {
		w.Fatalf("of no template: got %+v", got)
	}
	for _, state := range []provider.TemplateState{provider.TemplateDraft, provider.TemplateInspecting, provider.TemplateRejected,
		provider.TemplateApproved, provider.TemplateDormant, provider.TemplateBlocked} {
		s.State, s.Comment = string(state), "검수자: "+string(state)
		w.put(s)
		if got := w.stands(k, f.Name); got == nil || got.State != state || got.Comments[len(got.Comments)-1].Text != s.Comment {
			w.Errorf("%s: got %+v", state, got)
		}
	}
}

func testDeskNotOffered(t *testing.T, h Harness) {
	w := newWorld(t, h)
	k := w.Provider.(provider.TemplateKeeper)
	f := w.form(wording)
	if !h.Desk.Acts.Has(provider.AddTemplate) {
		if _, err := k.AddTemplate(t.Context(), f); !denied(err) {
			t.Errorf("add: got %v, want a denial", err)
		}
	}
	if !h.Desk.Acts.Has(provider.ChangeTemplate) {
		if err := k.ChangeTemplate(t.Context(), f.Code, f); !denied(err) {
			t.Errorf("change: got %v, want a denial", err)
		}
	}
	for _, act := range []provider.TemplateActs{provider.SubmitTemplate, provider.WithdrawTemplate, provider.CommentTemplate, provider.ReleaseTemplate, provider.RemoveTemplate} {
		err := k.ActOnTemplate(t.Context(), act, provider.TemplateRef{ChannelID: f.ChannelID, TemplateID: "SUITE0"}, "한 말씀")
		if !denied(err) {
			t.Errorf("act %b on a template that is not there, or is not offered: got %v, want a denial", act, err)
		}
	}
	if holder, ok := w.Provider.(provider.Holder); ok {
		if _, err := holder.Balance(t.Context()); h.Desk.Balance == nil && !denied(err) {
			t.Errorf("a balance: got %v, want a denial", err)
		}
		if _, err := holder.Senders(t.Context()); !h.Desk.Senders && !denied(err) {
			t.Errorf("sender numbers: got %v, want a denial", err)
		}
	}
	if requests, _, _ := w.line.counts(); h.Desk.Acts == 0 && requests > 0 {
		t.Errorf("%d requests were made for what the vendor does not have", requests)
	}
}
