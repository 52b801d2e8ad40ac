package message

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// A policy is a site's own strategy: steps in their order, each with conditions of its own.
// A recipient takes those steps whose conditions hold for him, of Alimtalk and of text the
// first one each, since a message has one of each. A policy is decided on at accept, like
// every strategy: what it says later changes no message.

// PolicySteps are the steps of a policy.
type PolicySteps []PolicyStep

// Policied is the policy that a message went by, as it stood at accept.
type Policied struct {
	Name  string      `json:"name"`
	Steps PolicySteps `json:"steps"`
}

// PolicyStep is one of them.
type PolicyStep struct {
	Send Part  `json:"send" enum:"alimtalk,text"`
	When *When `json:"when,omitempty" doc:"What has to hold of a recipient, all of it, for him to take the step; without it everybody takes it."`
}

// Part is a part of a message.
type Part string

// The parts.
const (
	PartAlimtalk Part = "alimtalk"
	PartText     Part = "text"
)

// When is what has to hold, all of it, for a recipient to take a step.
type When struct {
	TextIs      []string      `json:"text_is,omitempty" doc:"The text is one of these for him, variables put in: sms, lms or mms."`
	PriceAtMost *money.Amount `json:"price_at_most,omitempty" doc:"What the step would cost him."`
	NotDearer   bool          `json:"not_dearer,omitempty" doc:"The step costs at most what his other part does: the text beside an Alimtalk, the Alimtalk beside a text."`
	OffKakao    *bool         `json:"reported_off_kakao,omitempty" doc:"Whether his number was reported not to be a Kakao user within the last 30 days."`
	Hours       *Hours        `json:"hours,omitempty" doc:"The message is due in this part of the Korean day."`
}

// Hours are a part of every Korean day, which may go over midnight. They cover From and not Until.
type Hours struct {
	From  string `json:"from" example:"08:00"`
	Until string `json:"until" example:"21:00"`
}

// mostPolicySteps bounds the steps of a policy: of each part one is taken.
const mostPolicySteps = 8

// Steps gives the legs of one recipient by the policy. It is pure.
func (p PolicySteps) Steps(r Route) []Step {
	var steps []Step
	taken := map[Part]bool{}
	for _, s := range p {
		leg, there := r.leg(s.Send)
		if there && !taken[s.Send] && s.When.holds(r, s.Send, leg) {
			taken[s.Send] = true
			steps = append(steps, leg)
		}
	}
	return steps
}

// leg is what a part of the message is for a recipient; !there = the message has it not.
func (r Route) leg(p Part) (leg Step, there bool) {
	if p == PartText {
		return Step{r.Text, r.Prices[r.Text]}, r.HasText
	}
	return Step{provider.Alimtalk, r.Prices[provider.Alimtalk]}, r.Alimtalk
}

// other is the other part.
func (p Part) other() Part {
	if p == PartText {
		return PartAlimtalk
	}
	return PartText
}

// holds reports whether a recipient takes a step.
func (w *When) holds(r Route, p Part, leg Step) bool {
	if w == nil {
		return true
	}
	if len(w.TextIs) > 0 && !(r.HasText && slices.Contains(w.TextIs, r.Text.String())) {
		return false
	}
	if w.PriceAtMost != nil && leg.Price > *w.PriceAtMost {
		return false
	}
	if other, there := r.leg(p.other()); w.NotDearer && there && leg.Price > other.Price {
		return false
	}
	if w.OffKakao != nil && *w.OffKakao != r.OffKakao {
		return false
	}
	return w.Hours == nil || w.Hours.cover(r.Due)
}

// parse reads the hours; the error says what is wanted.
func (h Hours) parse() (korea.Hours, error) { return korea.ParseHours(h.From, h.Until) }

// cover reports whether a moment lies in hours that were checked.
func (h Hours) cover(at time.Time) bool {
	hours, err := h.parse()
	return err == nil && hours.Cover(at)
}

// minds reports whether a condition asks who was reported not to be on Kakao.
func (p PolicySteps) minds() bool {
	return slices.ContainsFunc(p, func(s PolicyStep) bool { return s.When != nil && s.When.OffKakao != nil })
}

// timed reports whether a condition asks for the hour.
func (p PolicySteps) timed() bool {
	return slices.ContainsFunc(p, func(s PolicyStep) bool { return s.When != nil && s.When.Hours != nil })
}

// always reports whether everybody takes a step with this part.
func (p PolicySteps) always(part Part) bool {
	return slices.ContainsFunc(p, func(s PolicyStep) bool { return s.Send == part && s.When == nil })
}

var policyName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// checkPolicyName refuses a name that none can have.
func checkPolicyName(name string) error {
	if !policyName.MatchString(name) {
		return fault.Check("/name", "want 1 to 40 letters a to z, digits, _ and -, beginning with a letter or digit")
	}
	return nil
}

// Check refuses a policy by which somebody is not reached, or that has a step which nobody
// can take, with the place of each.
func (p PolicySteps) Check() error {
	bad := fault.New(fault.Invalid, fault.CodeValidation, "the policy cannot be right")
	if len(p) == 0 || len(p) > mostPolicySteps {
		_ = bad.At("/steps", "want 1 to %d steps", mostPolicySteps)
		return bad
	}
	always := map[Part]int{}
	for i, s := range p {
		place := fmt.Sprintf("/steps/%d", i)
		if s.Send != PartAlimtalk && s.Send != PartText {
			_ = bad.At(place+"/send", "want alimtalk or text")
			continue
		}
		if before, covered := always[s.Send]; covered {
			_ = bad.At(place, "nobody takes it: step %d sends everybody the %s", before+1, s.Send)
		}
		if s.When == nil {
			always[s.Send] = i
			continue
		}
		s.When.check(bad, place+"/when")
	}
	if len(always) == 0 && len(bad.Fields) == 0 {
		_ = bad.At("/steps", "somebody for whom no condition holds is sent nothing: let one step have no conditions, such as a last one with the text")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// check notes what is wrong with conditions.
func (w *When) check(bad *fault.Error, place string) {
	if text, _ := json.Marshal(w); string(text) == "{}" {
		_ = bad.At(place, "it says nothing; leave it out for a step that everybody takes")
	}
	seen := map[string]bool{}
	for i, kind := range w.TextIs {
		c, err := provider.ParseChannel(kind)
		if err != nil || c == provider.Alimtalk || seen[kind] {
			_ = bad.At(fmt.Sprintf("%s/text_is/%d", place, i), "want each of sms, lms and mms once at most")
		}
		seen[kind] = true
	}
	if len(seen) == provider.Channels-1 {
		_ = bad.At(place+"/text_is", "that is every kind of text; leave it out")
	}
	if w.PriceAtMost != nil && *w.PriceAtMost < 0 {
		_ = bad.At(place+"/price_at_most", "want 0 or more")
	}
	if w.Hours == nil {
		return
	}
	if _, err := w.Hours.parse(); err != nil {
		_ = bad.At(place+"/hours", "%s", err)
	}
}
