package message

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Strategy says how a recipient is reached.
type Strategy string

// The strategies that a site can choose.
const (
	AlimtalkFirst Strategy = "alimtalk_first" // Alimtalk, then its text where one is given
	SMSOnly       Strategy = "sms_only"       // the text alone
	CostOptimized Strategy = "cost_optimized" // per recipient, Alimtalk first where that is not dearer
	ByPolicy      Strategy = "policy"         // as a policy of the site has it
)

// Valid reports whether s is a strategy.
func (s Strategy) Valid() bool {
	return s == AlimtalkFirst || s == SMSOnly || s == CostOptimized || s == ByPolicy
}

// Step is one leg that a recipient may take, with its frozen price.
type Step struct {
	Channel provider.Channel `json:"channel"`
	Price   money.Amount     `json:"price"`
}

func (s Step) kakao() bool { return s.Channel == provider.Alimtalk }

// Route is what a strategy decides from, for one recipient.
type Route struct {
	Alimtalk bool             // an approved template is given
	HasText  bool             // a text is given
	Text     provider.Channel // the channel its length needs: SMS, LMS or MMS
	Prices   credit.Prices
	OffKakao bool        // his number was reported not to be a Kakao user lately
	Due      time.Time   // when the message is due
	Policy   PolicySteps // of ByPolicy
}

// Steps gives the legs of one recipient in their order; none means that the
// strategy cannot reach it. It is pure: the same route always gives the same
// steps.
//
// A failed Alimtalk costs nothing, so reach never changes which way is cheaper:
// cost_optimized takes Alimtalk first exactly where its price is not above the
// price of this recipient's text. Somebody who was not on Kakao lately is spared
// the detour where his text is not dearer.
func (s Strategy) Steps(r Route) []Step {
	if s == ByPolicy {
		return r.Policy.Steps(r)
	}
	var steps []Step
	alimtalk, hasAlimtalk := r.leg(PartAlimtalk)
	text, hasText := r.leg(PartText)
	switch s {
	case AlimtalkFirst:
		if hasAlimtalk && !r.detour() {
			steps = append(steps, alimtalk)
		}
	case CostOptimized:
		if hasAlimtalk && hasText && alimtalk.Price <= text.Price && !r.detour() {
			steps = append(steps, alimtalk)
		}
	case SMSOnly, ByPolicy:
	}
	if hasText {
		steps = append(steps, text)
	}
	return steps
}

// detour reports whether an Alimtalk would hardly arrive, and saves nothing.
func (r Route) detour() bool {
	return r.OffKakao && r.HasText && r.Prices[r.Text] <= r.Prices[provider.Alimtalk]
}

// Class is a way to be reached that many recipients of a message share.
type Class struct {
	Steps []Step `json:"steps"`

	OffKakao   bool `json:"off_kakao,omitempty"`   // they were reported not to be Kakao users lately
	NotesKakao bool `json:"notes_kakao,omitempty"` // who turns out to be none is remembered
}

// Hold is the worst case of a class: one leg is delivered at most, so the
// dearest one.
func (c Class) Hold() money.Amount {
	var most money.Amount
	for _, s := range c.Steps {
		most = max(most, s.Price)
	}
	return most
}

// maxClasses bounds the classes of one message; they are numbered by a byte.
const maxClasses = 64

// classes collects the classes of a message while its recipients are added.
type classes struct {
	list  []Class
	count []int64
}

// add counts one recipient of a class and gives its number.
func (c *classes) add(of Class) (uint8, error) {
	for i := range c.list {
		if c.list[i].OffKakao == of.OffKakao && c.list[i].NotesKakao == of.NotesKakao && slices.Equal(c.list[i].Steps, of.Steps) {
			c.count[i]++
			return uint8(i), nil
		}
	}
	if len(c.list) == maxClasses {
		return 0, fmt.Errorf("class of a recipient: more than %d classes in one message", maxClasses)
	}
	c.list = append(c.list, of)
	c.count = append(c.count, 1)
	return uint8(len(c.list) - 1), nil
}

// Tally is what the classes of a message add up to.
type Tally struct {
	Planned   [provider.Channels]int64 // first steps by channel
	Fallback  [provider.Channels]int64 // second steps by channel
	Estimated money.Amount             // Σ price of the first steps
	Held      money.Amount             // Σ worst case
}

// tally sums up counted classes; a sum that does not fit is an error.
func tally(list []Class, count []int64) (t Tally, err error) {
	for i, c := range list {
		n := count[i]
		t.Planned[c.Steps[0].Channel] += n
		if len(c.Steps) > 1 {
			t.Fallback[c.Steps[1].Channel] += n
		}
		if t.Estimated, err = addTimes(t.Estimated, c.Steps[0].Price, n); err != nil {
			return t, err
		}
		if t.Held, err = addTimes(t.Held, c.Hold(), n); err != nil {
			return t, err
		}
	}
	return t, nil
}

func addTimes(sum, price money.Amount, n int64) (money.Amount, error) {
	part, err := price.Times(n)
	if err != nil {
		return 0, err
	}
	return sum.Plus(part)
}

// frozen is the text of classes as the reservation and the message keep it.
func frozen(list []Class) []byte {
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // names and amounts always marshal
	}
	return text
}
