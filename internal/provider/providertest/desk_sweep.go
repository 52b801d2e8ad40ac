package providertest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/provider"
)

// Every request of an act and of a question about what an account has besides messages is
// broken in every way, and what the adapter says compared with the truth.

// breaks are the faults of a sweep.
var breaks = append([]fault{endsBefore, endsAfter}, broken...)

// deed is an act on a template.
type deed struct {
	name string
	act  provider.TemplateActs
	from provider.TemplateState // in which the template is; empty = it is not there
	do   func(ctx context.Context, k provider.TemplateKeeper, f provider.TemplateForm, ref provider.TemplateRef) error
	done func(s *sheet) bool // what the vendor has when it is done; nil = no template
}

const plea = "다시 살펴봐 주세요."

// deeds are the acts that a vendor takes.
func deeds(h Harness) []deed {
	on := func(act provider.TemplateActs) func(context.Context, provider.TemplateKeeper, provider.TemplateForm, provider.TemplateRef) error {
		return func(ctx context.Context, k provider.TemplateKeeper, _ provider.TemplateForm, ref provider.TemplateRef) error {
			return k.ActOnTemplate(ctx, act, ref, plea)
		}
	}
	in := func(state provider.TemplateState) func(*sheet) bool {
		return func(s *sheet) bool { return s != nil && s.State == string(state) }
	}
	all := []deed{
		{"add", provider.AddTemplate, "", func(ctx context.Context, k provider.TemplateKeeper, f provider.TemplateForm, _ provider.TemplateRef) error {
			_, err := k.AddTemplate(ctx, f)
			return err
		}, func(s *sheet) bool { return s != nil }},
		{"change", provider.ChangeTemplate, provider.TemplateRejected, func(ctx context.Context, k provider.TemplateKeeper, f provider.TemplateForm, ref provider.TemplateRef) error {
			f.Body = reworded
			return k.ChangeTemplate(ctx, ref.TemplateID, f)
		}, func(s *sheet) bool { return s != nil && s.Content == reworded }},
		{"submit", provider.SubmitTemplate, provider.TemplateDraft, on(provider.SubmitTemplate), in(provider.TemplateInspecting)},
		{"withdraw", provider.WithdrawTemplate, provider.TemplateInspecting, on(provider.WithdrawTemplate), in(provider.TemplateDraft)},
		{"comment", provider.CommentTemplate, provider.TemplateRejected, on(provider.CommentTemplate), func(s *sheet) bool { return s != nil && slices.Contains(s.Comments, plea) }},
		{"release", provider.ReleaseTemplate, provider.TemplateDormant, on(provider.ReleaseTemplate), in(provider.TemplateApproved)},
		{"remove", provider.RemoveTemplate, provider.TemplateRejected, on(provider.RemoveTemplate), func(s *sheet) bool { return s == nil }},
	}
	return slices.DeleteFunc(all, func(d deed) bool { return !h.Desk.Acts.Has(d.act) })
}

// fresh is another adapter of the same account, which remembers nothing.
func (w *world) fresh() provider.TemplateKeeper {
	w.Helper()
	return w.adapter(w.account).(provider.TemplateKeeper)
}

// stage makes the template that a deed needs.
func (w *world) stage(d deed) (provider.TemplateForm, provider.TemplateRef) {
	w.Helper()
	f := w.form(wording)
	ref := provider.TemplateRef{ChannelID: f.ChannelID}
	if d.from == "" {
		return f, ref
	}
	made, err := w.fresh().AddTemplate(w.Context(), f)
	if err != nil {
		w.Fatalf("add: %v", err)
	}
	ref.TemplateID = made
	w.put(sheet{Vendor: w.account.Kind, TemplateID: made, State: string(d.from)})
	return f, ref
}

// ended holds the end of an act to the truth.
func (w *world) ended(what string, err error, done bool) {
	w.Helper()
	switch {
	case err == nil && !done:
		w.Errorf("%s: it is said to be done, and is not", what)
	case denied(err) && done:
		w.Errorf("%s: it was denied (%v), and is done", what, err)
	}
	if err != nil {
		w.discreet(err.Error(), []provider.Leg{{To: manager, Text: wording}, {To: manager, Text: reworded}})
	}
}

func testSweepActs(t *testing.T, h Harness) {
	w := newWorld(t, h)
	w.play("inspector: wait")
	for _, d := range deeds(h) {
		f, ref := w.stage(d)
		k := w.fresh()
		w.line.mark(-1, passes)
		err := d.do(t.Context(), k, f, ref)
		requests, _, _ := w.line.counts()
		if err != nil || !d.done(w.sheet(f.Name)) {
			t.Fatalf("%s, nothing broken: %v, the vendor has %+v", d.name, err, w.sheet(f.Name))
		}
		for n := range requests {
			for _, how := range breaks {
				t.Run(fmt.Sprintf("%s, request %d, %v", d.name, n+1, how), func(t *testing.T) {
					w := w.within(t)
					f, ref := w.stage(d)
					k := w.fresh()
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w.line.end = cancel
					w.line.mark(n, how)
					err := d.do(ctx, k, f, ref)
					done := d.done(w.sheet(f.Name))
					if err == nil {
						t.Errorf("it is said to be done, though request %d broke", n+1)
					}
					w.ended(d.name, err, done)
					w.line.mark(-1, passes)
					w.stands(k, f.Name)
				})
			}
		}
	}
}

func testSweepChannel(t *testing.T, h Harness) {
	if !h.Desk.Channels {
		return
	}
	w := newWorld(t, h)
	keeper := func() provider.ChannelKeeper { return w.adapter(w.account).(provider.ChannelKeeper) }
	categories, err := keeper().ChannelCategories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	asked := func(t *testing.T) provider.ChannelClaim {
		t.Helper()
		c := claim(categories[0].Code)
		if err := keeper().RequestToken(t.Context(), c); err != nil {
			t.Fatalf("ask for a token: %v", err)
		}
		return c
	}
	c, k := asked(t), keeper()
	w.line.mark(-1, passes)
	if _, err := k.RegisterChannel(t.Context(), c); err != nil {
		t.Fatalf("register: %v", err)
	}
	requests, _, _ := w.line.counts()
	for n := range requests {
		for _, how := range breaks {
			t.Run(fmt.Sprintf("register, request %d, %v", n+1, how), func(t *testing.T) {
				w := w.within(t)
				c, k := asked(t), keeper()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				w.line.end = cancel
				w.line.mark(n, how)
				_, err := k.RegisterChannel(ctx, c)
				seen, _, _ := w.line.counts()
				w.line.mark(-1, passes)
				if err == nil && seen <= requests { // HTTP may make a question again
					t.Errorf("it is said to be registered, though request %d broke", n+1)
				}
				w.ended("register", err, w.registered(k, c.Name) != nil)
			})
		}
	}
}

// question is one that changes nothing.
type question struct {
	name string
	ask  func(context.Context, provider.Provider) (any, error)
}

func questions(h Harness) []question {
	all := []question{{"templates", func(ctx context.Context, p provider.Provider) (any, error) {
		return p.(provider.TemplateKeeper).Templates(ctx, h.Template.ChannelID)
	}}}
	if h.Desk.Balance != nil {
		all = append(all, question{"balance", func(ctx context.Context, p provider.Provider) (any, error) { return p.(provider.Holder).Balance(ctx) }})
	}
	if h.Desk.Senders {
		all = append(all, question{"senders", func(ctx context.Context, p provider.Provider) (any, error) {
			return p.(provider.Holder).Senders(ctx)
		}})
	}
	if h.Desk.Channels {
		all = append(all, question{"categories", func(ctx context.Context, p provider.Provider) (any, error) {
			return p.(provider.ChannelKeeper).ChannelCategories(ctx)
		}},
			question{"channels", func(ctx context.Context, p provider.Provider) (any, error) {
				return p.(provider.ChannelKeeper).Channels(ctx)
			}})
	}
	return all
}

// furnish gives the account a template, so that a list has something in it.
func (w *world) furnish() {
	w.Helper()
	f := w.form(wording)
	if w.h.Desk.Acts.Has(provider.AddTemplate) {
		if _, err := w.fresh().AddTemplate(w.Context(), f); err != nil {
			w.Fatalf("add: %v", err)
		}
		return
	}
	w.put(sheet{Vendor: w.account.Kind, ChannelID: f.ChannelID, TemplateID: f.Code, Name: f.Name, Content: f.Body, State: string(provider.TemplateApproved)})
}

func testSweepQuestions(t *testing.T, h Harness) {
	w := newWorld(t, h)
	w.play("{inspector: wait, senders: ['0261234567']}")
	w.furnish()
	for _, q := range questions(h) {
		k := w.fresh()
		w.line.mark(-1, passes)
		want, err := q.ask(t.Context(), k)
		requests, _, _ := w.line.counts()
		if err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		for n := range requests {
			for _, how := range breaks {
				t.Run(fmt.Sprintf("%s, request %d, %v", q.name, n+1, how), func(t *testing.T) {
					w := w.within(t)
					k := w.fresh()
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w.line.end = cancel
					w.line.mark(n, how)
					got, err := q.ask(ctx, k)
					seen, _, _ := w.line.counts()
					switch {
					case err == nil && seen <= requests: // HTTP may make a question again
						t.Errorf("it is answered, though request %d broke: %+v", n+1, got)
					case err == nil && !cmp.Equal(got, want):
						t.Errorf("got %+v, want %+v", got, want)
					case err != nil:
						w.discreet(err.Error(), []provider.Leg{{To: sender, Text: wording}})
					}
				})
			}
		}
	}
}

func testDeskTimeouts(t *testing.T, h Harness) {
	list := deeds(h)
	if len(list) == 0 {
		return
	}
	w := newWorld(t, h, inHaste)
	w.play("inspector: wait")
	f, ref := w.stage(list[0])
	k := w.fresh()
	if _, err := k.Templates(t.Context(), f.ChannelID); err != nil { // so that a token is there
		t.Fatal(err)
	}
	w.line.mark(0, slowAfter)
	if err := list[0].do(t.Context(), k, f, ref); err == nil || denied(err) {
		t.Errorf("an act whose answer does not come: got %v, want it left open", err)
	}
	if !list[0].done(w.sheet(f.Name)) {
		t.Error("the vendor did not carry it out")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	f, ref = w.stage(list[0])
	w.line.mark(-1, passes)
	began := time.Now()
	if err := list[0].do(over, k, f, ref); !denied(err) {
		t.Errorf("after the context has ended: got %v, want a denial", err)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("it took %v after the context had ended", took)
	}
	if requests, _, _ := w.line.counts(); requests > 0 || list[0].done(w.sheet(f.Name)) {
		t.Errorf("after the context has ended: %d requests left", requests)
	}
}
