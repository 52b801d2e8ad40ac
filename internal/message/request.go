package message

import (
	"encoding/json"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// Request is a message without its recipients, as a site asks for it.
type Request struct {
	Title           string
	Strategy        Strategy
	Policy          string            // the name of the site's own; of ByPolicy
	TemplateCode    string            // "" = no Alimtalk
	Buttons         []provider.Button // of the template, as the site believes; nil = it does not say
	QuickReplies    []provider.Button
	Text            *TextRequest
	AllowDuplicates bool
	ScheduledAt     time.Time     // zero = at once
	ValidFor        time.Duration // 0 = 24 h
	Metadata        json.RawMessage
	WaitForRecharge time.Duration // how long a refusal may wait for credit to come; 0 = not at all
	Night           NightRule     // of an advertisement; "" = NightHold
	By              string        // the token, person or series that sends it; "" = not said
	AskedBy         string        // who may not approve it; "" = By
	Repeats         string        // what repeats of the same request have in common; "" = it is none of others
	Tempo           Tempo         // when and how fast it is handed over
	Test            bool          // it is tried out on a few phones: see AsTest
	Resends         Key           // the message whose failures it is sent to again; zero = none
	Notify          Notice        // whether the site's people are told when it is done
	SavedText       id.ID         // the saved text that it was made of, whose uses are counted; zero = none
	Looked          bool          // it is only looked at: what is wrong with its subject is told beside it
}

// MostTest is how many phones a message can be tried out on.
const MostTest = 10

// AsTest is the request for trying the message out: at once, whatever its time and pace, and
// without telling anybody. Variables that a recipient lacks show their names. It is charged
// like any other.
func (r Request) AsTest() Request {
	r.Test, r.Title = true, "[테스트] "+r.Title
	r.ScheduledAt, r.Tempo, r.Notify, r.Repeats, r.SavedText = time.Time{}, Tempo{}, NoticeNever, "", id.ID{}
	return r
}

// TextRequest is the text leg as a site asks for it.
type TextRequest struct {
	From               string // "" = the site's default sender
	Subject            string
	Body               string
	Attachments        []string         // ids of pictures, as they were given: with any the text is an MMS
	MaxChannel         provider.Channel // the longest kind of text allowed; 0 = mms
	ReplaceUnsupported bool
	Advertising        bool
	OptOut             string // the 080 number to opt out of advertising by; "" = the site's, or the text's own
	Evidence           string // where the consents of all recipients are kept; "" = each bears his own
}

func checkRequest(r Request) error {
	if !r.Strategy.Valid() {
		return fault.Check("/strategy", "want alimtalk_first, sms_only, cost_optimized or policy")
	}
	if err := checkParts(r); err != nil {
		return err
	}
	if r.Text != nil && r.Text.Body == "" {
		return fault.Check("/text/body", "the text is empty")
	}
	if r.ValidFor < time.Second || r.ValidFor > 30*24*time.Hour {
		return fault.Check("/valid_for", "want 1 to 2592000 seconds")
	}
	if err := r.Tempo.check(); err != nil {
		return err
	}
	return checkAdvert(r)
}

// checkParts refuses a message without what its strategy needs; what a policy needs is not
// known yet.
func checkParts(r Request) error {
	switch {
	case r.Strategy == ByPolicy && r.Policy == "":
		return fault.Check("/policy", "name the policy")
	case r.Strategy != ByPolicy && r.Policy != "":
		return fault.Check("/policy", "it goes with the strategy policy alone")
	case r.Strategy == AlimtalkFirst && r.TemplateCode == "":
		return fault.Check("/alimtalk", "alimtalk_first needs alimtalk with a template_code")
	case r.Text == nil && (r.Strategy == SMSOnly || r.Strategy == CostOptimized):
		return fault.Check("/text", "%s needs a text", r.Strategy)
	}
	return nil
}

const (
	latestSchedule = 60 * 24 * time.Hour
	pastSchedule   = 60 * time.Second
)

func checkSchedule(at time.Time, now db.Time) error {
	if at.IsZero() {
		return nil
	}
	ahead := db.At(at).Sub(now)
	if ahead < -pastSchedule || ahead > latestSchedule {
		return fault.Check("/scheduled_at", "want a time from now to 60 days ahead")
	}
	return nil
}
