package api

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
	"unicode/utf8"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// order is what the body of a message asks for: the message, and where in the body
// its recipients are.
type order struct {
	message.Request
	recipients   []byte // the array as it came; nil = not given
	named        int    // how many are in it
	groups       []id.ID
	list         *listRef
	count        int64 // of recipients that are not named; of an estimate
	withoutCount bool  // recipient_count is no member here
	withoutNames bool  // recipients is none: they follow line by line
	withList     bool  // list is one

	looked    bool // it is only looked at: variables is a member
	variables map[string]string
}

const (
	maxTitle    = 200     // characters
	maxMetadata = 4 << 10 // bytes
	maxValid    = 30 * 24 * 60 * 60
	maxWait     = int64(message.MostWait / time.Second)
)

// read takes the object at the reading's place.
func (o *order) read(r *reading) {
	o.WaitForRecharge = message.UsualWait
	object, seen := r.kind() == '{', map[string]bool{}
	r.members(func(name string) {
		if seen[name] {
			r.complain("given twice")
		}
		seen[name] = true
		o.member(r, name)
	})
	if object && !seen["strategy"] {
		r.complainOf("strategy", "want alimtalk_first, sms_only, cost_optimized or policy")
	}
}

// member reads one member of the message; null is as good as absent.
func (o *order) member(r *reading, name string) {
	read, known := orderMembers[name]
	if o.looked && name == "variables" {
		read, known = (*order).readVariables, true
	}
	switch {
	case !known, name == "recipient_count" && o.withoutCount, name == "recipients" && o.withoutNames, name == "list" && !o.withList:
		r.complain("there is no such member here")
		r.raw()
	case !r.null():
		read(o, r)
	}
}

// orderMembers is the closed list of what a message can say.
var orderMembers = map[string]func(*order, *reading){
	"title":             (*order).readTitle,
	"saved_text":        (*order).readSavedText,
	"strategy":          func(o *order, r *reading) { o.Strategy = message.Strategy(r.text()) },
	"policy":            func(o *order, r *reading) { o.Policy = r.text() },
	"alimtalk":          (*order).readAlimtalk,
	"text":              (*order).readText,
	"recipients":        (*order).readRecipients,
	"groups":            (*order).readGroups,
	"list":              (*order).readList,
	"notify_on_done":    (*order).readNotify,
	"recipient_count":   func(o *order, r *reading) { o.count = r.whole(1, maxLines) },
	"allow_duplicates":  func(o *order, r *reading) { o.AllowDuplicates = r.boolean() },
	"scheduled_at":      func(o *order, r *reading) { o.ScheduledAt = r.instant() },
	"valid_for":         func(o *order, r *reading) { o.ValidFor = time.Duration(r.whole(1, maxValid)) * time.Second },
	"wait_for_recharge": func(o *order, r *reading) { o.WaitForRecharge = time.Duration(r.whole(0, maxWait)) * time.Second },
	"metadata":          (*order).readMetadata,
	"send_window":       (*order).readWindow,
	"per_minute":        func(o *order, r *reading) { o.Tempo.PerMinute = r.whole(1, message.MostPace) },
	"night":             func(o *order, r *reading) { o.Night = message.NightRule(r.text()) },
}

func (o *order) readTitle(r *reading) {
	if o.Title = r.text(); utf8.RuneCountInString(o.Title) > maxTitle {
		r.complain("want at most %d characters", maxTitle)
	}
}

func (o *order) readAlimtalk(r *reading) {
	before := r.wrong
	r.members(func(name string) {
		switch name {
		case "template_code":
			o.TemplateCode = r.text()
		case "buttons":
			o.Buttons = readButtons(r)
		case "quick_replies":
			o.QuickReplies = readButtons(r)
		default:
			r.complain("there is no such member here")
			r.raw()
		}
	})
	if o.TemplateCode == "" && r.wrong == before {
		r.complainOf("template_code", "want the code of an approved template")
	}
}

func (o *order) readText(r *reading) {
	o.Text = &message.TextRequest{}
	r.members(func(name string) {
		read, known := textMembers[name]
		if !known {
			r.complain("there is no such member here")
			r.raw()
		} else if !r.null() {
			read(o, r)
		}
	})
}

var textMembers = map[string]func(*order, *reading){
	"from":                func(o *order, r *reading) { o.Text.From = r.text() },
	"subject":             func(o *order, r *reading) { o.Text.Subject = r.text() },
	"body":                func(o *order, r *reading) { o.Text.Body = r.text() },
	"replace_unsupported": func(o *order, r *reading) { o.Text.ReplaceUnsupported = r.boolean() },
	"max_channel": func(o *order, r *reading) {
		before := r.wrong
		c, err := provider.ParseChannel(r.text())
		if (err != nil || c == provider.Alimtalk) && r.wrong == before {
			r.complain("want sms, lms or mms")
		}
		o.Text.MaxChannel = c
	},
	"attachments": func(o *order, r *reading) {
		r.elements(func(int) { o.Text.Attachments = append(o.Text.Attachments, r.text()) })
	},
	"advertising":      func(o *order, r *reading) { o.Text.Advertising = r.boolean() },
	"opt_out_number":   func(o *order, r *reading) { o.Text.OptOut = r.text() },
	"consent_evidence": func(o *order, r *reading) { o.Text.Evidence = r.text() },
}

func (o *order) readWindow(r *reading) {
	o.Tempo.Window = &message.Hours{}
	r.members(func(name string) {
		switch name {
		case "from":
			o.Tempo.Window.From = r.text()
		case "until":
			o.Tempo.Window.Until = r.text()
		default:
			r.complain("there is no such member here")
			r.raw()
		}
	})
}

func (o *order) readMetadata(r *reading) {
	if !r.want('{', "an object") {
		return
	}
	var small bytes.Buffer
	_ = json.Compact(&small, r.nested()) // it is valid
	if small.Len() > maxMetadata {
		r.complain("want at most %d bytes of JSON, these are %d", maxMetadata, small.Len())
	}
	o.Metadata = small.Bytes()
}

// readVariables reads those of the recipient who is shown.
func (o *order) readVariables(r *reading) {
	o.variables = map[string]string{}
	r.variables(o.variables)
}

func (o *order) readRecipients(r *reading) {
	if r.want('[', "an array") {
		o.recipients = r.nested()
	}
}

// instant consumes a time.
func (r *reading) instant() time.Time {
	before := r.wrong
	at, err := parseInstant(r.text())
	if err != nil && r.wrong == before {
		r.complain("want a time such as 2026-12-01T09:00:00+09:00")
	}
	return at
}

// person consumes one recipient. Its variables go into a map that is emptied first;
// with a nil map the recipient is only checked, and its number not given.
func (r *reading) person(variables map[string]string) (c message.Candidate) {
	clear(variables)
	c.Variables = variables
	given := r.kind() != '{'
	r.members(func(name string) {
		switch name {
		case "to":
			given = true
			if variables != nil {
				c.To = r.text()
			} else {
				r.skipText()
			}
		case "variables":
			if !r.null() {
				r.variables(variables)
			}
		case "consent_at":
			if !r.null() {
				c.ConsentAt = r.instant()
			}
		case "night_consent":
			if !r.null() {
				c.NightConsent = r.boolean()
			}
		default:
			r.complain("there is no such member here")
			r.raw()
		}
	})
	if !given {
		r.complainOf("to", "want a mobile number")
	}
	return c
}

func (r *reading) variables(into map[string]string) {
	r.members(func(name string) {
		if into != nil {
			into[name] = r.text()
		} else {
			r.skipText()
		}
	})
}

// readOrder reads a body of one piece, with all of its recipients, so that nothing
// is begun for one with mistakes.
func readOrder(body []byte, o *order) (*order, error) {
	if err := readable(body); err != nil {
		return nil, fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the request cannot be read: %s", err)
	}
	r := &reading{data: body}
	o.read(r)
	if o.recipients != nil {
		all := &reading{data: o.recipients, path: []step{{name: "recipients"}}, bad: r.bad, wrong: r.wrong}
		all.elements(func(int) {
			all.person(nil)
			o.named++
		})
		r.bad, r.wrong = all.bad, all.wrong
	}
	if o.named > maxRecipients {
		return nil, tooMany(maxRecipients)
	}
	return o, r.fault()
}

// addTo adds all recipients to a draft: those that are named, those of its list, and the members
// of its groups.
func (o *order) addTo(ctx context.Context, a *api, d *message.Draft) (err error) {
	if o.recipients != nil {
		r := &reading{data: o.recipients}
		variables := map[string]string{}
		r.elements(func(int) {
			if who := r.person(variables); err == nil {
				err = d.Take(ctx, who)
			}
		})
	}
	if err == nil && o.list != nil {
		err = a.addRows(ctx, o.list.file, o.list.options(), filling{order: o, draft: d, variables: o.list.variables, guarded: true})
	}
	if err == nil {
		err = o.addGroups(ctx, d)
	}
	return err
}
