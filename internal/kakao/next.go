package kakao

import (
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// Which act a wish needs next, and what follows from an act, is decided here, without a
// database or a vendor.

// next gives the act that the row's wish needs now; 0 = none: then the wish is over, and why
// says what stands in its way, if anything does. wanted is the digest of the wording that the
// template has, acts are what the vendor takes.
func (r *row) next(wanted id.ID, acts provider.TemplateActs) (act provider.TemplateActs, why string) {
	switch r.wish {
	case wishSubmit:
		act, why = r.submission(wanted, acts)
	case wishWithdraw:
		if act = provider.WithdrawTemplate; r.state != provider.TemplateInspecting {
			act, why = 0, "it is "+stateWord(r.state)+", not in inspection"
		}
	case wishComment:
		act = provider.CommentTemplate
	case wishRelease:
		if act = provider.ReleaseTemplate; r.state != provider.TemplateDormant {
			act, why = 0, "it is "+stateWord(r.state)+", not dormant"
		}
	case wishRemove:
		act = r.removal(acts)
	}
	if act != 0 && !acts.Has(act) {
		return 0, "this vendor takes it in its own console alone"
	}
	return act, why
}

// submission is the next act on the way to an inspection of the present wording.
func (r *row) submission(wanted id.ID, acts provider.TemplateActs) (provider.TemplateActs, string) {
	judged := r.state == provider.TemplateApproved || r.state == provider.TemplateDormant || r.state == provider.TemplateBlocked
	switch {
	case r.template == "", judged && r.digest != wanted: // an approved wording does not change: it is another template
		return provider.AddTemplate, ""
	case r.state == provider.TemplateApproved:
		return 0, ""
	case judged:
		return 0, "it is " + stateWord(r.state) + " at the vendor"
	case r.state == provider.TemplateInspecting && r.digest == wanted:
		return 0, ""
	case r.state == provider.TemplateInspecting && acts.Has(provider.WithdrawTemplate):
		return provider.WithdrawTemplate, ""
	case r.state == provider.TemplateInspecting:
		return 0, "an earlier wording is in inspection; submit again once that has ended"
	case r.state == provider.TemplateUnknown:
		return 0, "the vendor calls its state by a name that is not known here; look at it in its console"
	case r.digest != wanted:
		return provider.ChangeTemplate, ""
	case acts.Has(provider.SubmitTemplate):
		return provider.SubmitTemplate, ""
	case r.remark != "" && acts.Has(provider.CommentTemplate):
		return provider.CommentTemplate, ""
	}
	return provider.ChangeTemplate, "" // which submits it
}

// removal is the next act on the way to a template that is gone; 0 = it stays at the vendor.
func (r *row) removal(acts provider.TemplateActs) provider.TemplateActs {
	switch {
	case r.template == "":
		return 0
	case r.state == provider.TemplateInspecting && acts.Has(provider.WithdrawTemplate|provider.RemoveTemplate):
		return provider.WithdrawTemplate
	case (r.state == provider.TemplateDraft || r.state == provider.TemplateRejected) && acts.Has(provider.RemoveTemplate):
		return provider.RemoveTemplate
	}
	return 0
}

// begin notes the act that is made now. An id that the vendor gave an earlier wording does not
// tell of the new one: that has another name.
func (r *row) begin(act provider.TemplateActs, wanted id.ID, name string, now db.Time) {
	r.doing, r.beganAt, r.told = act, now, wanted
	if act == provider.AddTemplate && (r.template != "" || r.name == "") {
		r.name = name
	}
}

// ended forgets the act that was under way.
func (r *row) ended() { r.doing, r.beganAt, r.told = 0, 0, id.ID{} }

// followed notes that the act under way was carried out; made is the id that AddTemplate gave.
// A wish that is fulfilled by it is over.
func (r *row) followed(made string, acts provider.TemplateActs) {
	act, told := r.doing, r.told
	r.ended()
	r.tries, r.problem = 0, ""
	written := provider.TemplateDraft
	if !acts.Has(provider.SubmitTemplate) {
		written = provider.TemplateInspecting
	}
	switch act {
	case provider.AddTemplate:
		r.template, r.digest, r.state = made, told, written
	case provider.ChangeTemplate:
		r.digest, r.state = told, written
	case provider.SubmitTemplate, provider.CommentTemplate:
		r.state, r.remark = provider.TemplateInspecting, ""
		if r.wish == wishComment {
			r.wish = wishNone
		}
	case provider.WithdrawTemplate:
		r.state = provider.TemplateDraft
		if r.wish == wishWithdraw {
			r.wish = wishNone
		}
	case provider.ReleaseTemplate:
		r.state = provider.TemplateApproved
		if r.wish == wishRelease {
			r.wish = wishNone
		}
	}
}

// settled compares what the vendor lists with the act of which nobody knew, and reports whether
// it was carried out. kept is nil when the vendor has no such template.
func (r *row) settled(kept *provider.KeptTemplate, acts provider.TemplateActs) bool {
	if kept == nil {
		return r.doing == provider.RemoveTemplate
	}
	moved := kept.State != r.state
	switch r.doing {
	case provider.AddTemplate:
		return true
	case provider.ChangeTemplate: // the list has no wording: only a new state tells
		return moved
	case provider.SubmitTemplate:
		return moved && kept.State != provider.TemplateDraft
	case provider.WithdrawTemplate:
		return kept.State != provider.TemplateInspecting
	case provider.CommentTemplate:
		return moved || slices.ContainsFunc(kept.Comments, func(c provider.TemplateComment) bool { return !c.ByInspector && c.Text == upstream.Passage(r.remark) })
	case provider.ReleaseTemplate:
		return kept.State != provider.TemplateDormant
	}
	return false
}

// isIn finds the template in a vendor's list: by its id, or by the name under which it is being
// added.
func (r *row) isIn(list []provider.KeptTemplate) *provider.KeptTemplate {
	for i := range list {
		k := &list[i]
		if r.doing == provider.AddTemplate && k.Name == r.name || r.doing != provider.AddTemplate && r.template != "" && k.TemplateID == r.template {
			return k
		}
	}
	return nil
}

// saw takes over what the vendor lists.
func (r *row) saw(kept *provider.KeptTemplate, now db.Time) {
	r.template, r.state, r.lookedAt = kept.TemplateID, kept.State, now
	r.comments = nil
	for _, c := range kept.Comments[max(len(kept.Comments)-mostComments, 0):] {
		r.comments = append(r.comments, Comment{c.Text, c.ByInspector, c.At})
	}
	r.lookAt = now.Add(r.lookEvery())
}

// How often a template is looked at.
const (
	inspectedEvery = 10 * time.Minute
	unknownEvery   = time.Hour
	standingEvery  = 24 * time.Hour
)

func (r *row) lookEvery() time.Duration {
	switch r.state {
	case provider.TemplateInspecting:
		return inspectedEvery
	case provider.TemplateUnknown:
		return unknownEvery
	}
	return standingEvery
}

// said is the newest word of the inspector.
func (r *row) said() string {
	for _, c := range slices.Backward(r.comments) {
		if c.ByInspector {
			return c.Text
		}
	}
	return ""
}

func stateWord(s provider.TemplateState) string {
	if s == provider.TemplateUnknown {
		return "in a state that is not known"
	}
	return string(s)
}
