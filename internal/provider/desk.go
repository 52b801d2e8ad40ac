package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// This file is what an account has at its vendor besides messages: money, sender numbers,
// Kakao channels and templates. A Provider is a Holder, ChannelKeeper or TemplateKeeper exactly
// when its vendor documents the like; callers ask by a type assertion.
//
// What holds for all of them:
//
//   - Nothing of it is remembered, and every method may be called at once from many
//     goroutines. It returns soon after ctx ends.
//   - Questions (Balance, Senders, Channels, Templates, ChannelCategories) change nothing. An
//     error of one means that nothing was learnt; a list is given whole or not at all.
//   - An act that ends in a Denial was certainly not carried out. Any other error leaves open
//     whether it was: a timeout is not a failure. Before such an act is repeated its question
//     is asked, which shows what was done.
//   - An act is made by one request and never repeated, unless the vendor answered that its
//     token is not valid any more.
//   - No error holds a credential, a telephone number or the text of a template.

// Holder is a Provider whose vendor tells of money or sender numbers of the account; Holds says
// of which. What is not among it is denied: a vendor without a balance is never one of zero.
//
// Balance is what is left of the money. Senders lists the sender numbers: one that is not in the
// list is not registered there; entries that are no number which can send are left out.
type Holder interface {
	Provider
	Holds() Holdings
	Balance(ctx context.Context) (Balance, error)
	Senders(ctx context.Context) ([]ListedSender, error)
}

// ChannelKeeper is a Provider at whose vendor Kakao channels are registered by request.
//
// RequestToken has Kakao send a number to the phone of the channel's manager; the newest one
// counts. RegisterChannel registers the channel with that number. A channel that was
// registered is in Channels under its name, so a lost answer is settled there; some vendors
// register a channel again without complaint, others deny it.
type ChannelKeeper interface {
	Provider
	ChannelCategories(ctx context.Context) ([]Category, error)
	RequestToken(ctx context.Context, c ChannelClaim) error
	RegisterChannel(ctx context.Context, c ChannelClaim) (KakaoChannel, error)
	Channels(ctx context.Context) ([]KakaoChannel, error)
}

// TemplateKeeper is a Provider whose vendor shows where the templates of a channel stand, and
// takes the acts that TemplateActs names. An act that is not among them is denied.
//
// Templates lists every template of a channel. AddTemplate makes one and gives the vendor's
// id of it; it can be found again by the name of its form, which no other template of the
// channel may have. ChangeTemplate replaces the wording of one that is a draft or was
// rejected. A vendor without SubmitTemplate submits a template as it is added or changed.
// ActOnTemplate does one of the other acts; the comment is for CommentTemplate, and for
// SubmitTemplate where the vendor takes one with it.
type TemplateKeeper interface {
	Provider
	TemplateActs() TemplateActs
	Templates(ctx context.Context, channelID string) ([]KeptTemplate, error)
	AddTemplate(ctx context.Context, f TemplateForm) (templateID string, err error)
	ChangeTemplate(ctx context.Context, templateID string, f TemplateForm) error
	ActOnTemplate(ctx context.Context, act TemplateActs, t TemplateRef, comment string) error
}

// Holdings is a set of what a vendor tells of an account.
type Holdings uint8

// The holdings.
const (
	HoldsBalance Holdings = 1 << iota
	HoldsSenders
)

// Has reports whether every one of some is in the set.
func (h Holdings) Has(some Holdings) bool { return h&some == some }

// Unit is what a Balance counts.
type Unit string

// The units. A vendor has one of them.
const (
	UnitWon    Unit = "won"
	UnitCredit Unit = "credit" // of the vendor's own
	UnitSMS    Unit = "sms"    // how many SMS the rest would pay
)

// Balance is what is left of an account's money. Left counts ten-thousandths of the unit, and
// may be below zero.
type Balance struct {
	Left money.Amount
	Unit Unit
}

// ReadBalance reads a decimal number as vendors write it; what is below a ten-thousandth is
// left out.
func ReadBalance(text string) (money.Amount, error) {
	if whole, fraction, dotted := strings.Cut(text, "."); dotted && len(fraction) > 4 && strings.Trim(fraction, "0123456789") == "" {
		text = whole + "." + fraction[:4]
	}
	left, err := money.ParseSigned(text)
	if err != nil {
		return 0, errors.New("read balance: it is no decimal number")
	}
	return left, nil
}

// SenderState is where a sender number stands at a vendor.
type SenderState string

// The states of a sender number.
const (
	SenderUsable   SenderState = "registered"
	SenderWaiting  SenderState = "waiting" // for the vendor's approval
	SenderRejected SenderState = "rejected"
	SenderHeld     SenderState = "blocked"
)

// ListedSender is a sender number as a vendor lists it.
type ListedSender struct {
	Number korea.Number
	State  SenderState
}

// Category is a line of business in a vendor's list, for a channel.
type Category struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// ChannelClaim is the wish to register a Kakao channel.
type ChannelClaim struct {
	Name     string       // its search name with the @
	Manager  korea.Number // the phone of its manager, who gets the token
	Category string       // a code of ChannelCategories
	Token    string       // what the manager got; of RegisterChannel
}

// KakaoChannel is a channel that is registered at a vendor.
type KakaoChannel struct {
	ID        string // as Template.ChannelID names it
	Name      string // its search name with the @; may be empty
	SenderKey string // Kakao's key of it; empty where the vendor does not tell
	Usable    bool   // false: blocked, dormant or being deleted
}

// TemplateState is where a template stands in its inspection.
type TemplateState string

// The states of a template. One that a vendor calls otherwise is TemplateUnknown.
const (
	TemplateDraft      TemplateState = "draft"
	TemplateInspecting TemplateState = "inspecting"
	TemplateApproved   TemplateState = "approved"
	TemplateRejected   TemplateState = "rejected"
	TemplateDormant    TemplateState = "dormant"
	TemplateBlocked    TemplateState = "blocked"
	TemplateUnknown    TemplateState = ""
)

// TemplateActs is a set of what can be done to templates at a vendor.
type TemplateActs uint8

// The acts.
const (
	AddTemplate      TemplateActs = 1 << iota
	ChangeTemplate                // the wording of a draft, or of a rejected one
	SubmitTemplate                // for inspection
	WithdrawTemplate              // from inspection
	CommentTemplate               // write to the inspector
	ReleaseTemplate               // from dormancy
	RemoveTemplate
	DeclareTemplate // no act of its own: what is added or changed wants a confirmed Purpose
)

// Has reports whether every one of acts is in the set.
func (a TemplateActs) Has(acts TemplateActs) bool { return a&acts == acts }

// TemplateRef names a template at a vendor.
type TemplateRef struct{ ChannelID, TemplateID string }

// TemplateForm is a template as it is to be registered. The wording may hold #{variables}.
type TemplateForm struct {
	ChannelID    string
	Name         string // at most 150 characters, and of no other template of the channel
	Code         string // wanted by vendors that do not make one: at most 20 of A-Z a-z 0-9
	Body         string
	Buttons      []Button
	QuickReplies []Button
	Emphasis     *Emphasis // an emphasised title; not together with Items
	Items        *ItemList
	Extra        string // fixed words below the body
	Category     string // the vendor's code; empty = others
	Secure       bool   // the words are shown on the main device alone
	Purpose      *Purpose
}

// Kind is Kakao's type of the message: BA, EX with extra words, AD with a button that adds
// the channel, MI with both.
func (f *TemplateForm) Kind() string {
	adds := len(f.Buttons) > 0 && f.Buttons[0].Type == "AC"
	switch {
	case adds && f.Extra != "":
		return "MI"
	case adds:
		return "AD"
	case f.Extra != "":
		return "EX"
	}
	return "BA"
}

// Stress is Kakao's type of the emphasis: NONE, TEXT or ITEM_LIST.
func (f *TemplateForm) Stress() string {
	switch {
	case f.Emphasis != nil:
		return "TEXT"
	case f.Items != nil:
		return "ITEM_LIST"
	}
	return "NONE"
}

// Emphasis is the title above the body of an Alimtalk, and the words below that title.
type Emphasis struct {
	Title    string `json:"title"`
	Subtitle string `json:"subtitle"`
}

// ItemList is a table above the body of an Alimtalk.
type ItemList struct {
	Header    string `json:"header,omitempty"`
	Highlight *Item  `json:"highlight,omitempty"`
	Items     []Item `json:"items,omitempty"`
	Summary   *Item  `json:"summary,omitempty"`
}

// Lines are the items of a list and their summary, in the form in which all vendors write them.
type Lines struct {
	List    []Item `json:"list"`
	Summary *Item  `json:"summary,omitempty"`
}

// Lines gives the items; nil = there are none.
func (l *ItemList) Lines() *Lines {
	if len(l.Items) == 0 {
		return nil
	}
	return &Lines{l.Items, l.Summary}
}

// Item is a line of an ItemList.
type Item struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

// Purpose is what a site declares about a template, for vendors that ask: what it is sent
// for, on which ground, where a benefit in it comes from and how that ends. The values are
// SendGo's. Confirmed says that somebody has checked that its readers agreed, that its links
// are plain and that it keeps the vendor's rules.
type Purpose struct {
	Purpose   string `json:"purpose"`
	Basis     string `json:"legal_basis"`
	Benefit   string `json:"benefit_origin"`
	Expiry    string `json:"expiry_type"`
	Confirmed bool   `json:"confirmed"`
}

// KeptTemplate is a template as a vendor shows it.
type KeptTemplate struct {
	TemplateRef
	Name     string
	State    TemplateState
	Comments []TemplateComment // oldest first
}

// TemplateComment is what somebody wrote about a template.
type TemplateComment struct {
	Text        string // in the writer's words, one line of at most 500 characters
	ByInspector bool
	At          time.Time // zero = not said
}

// Denial is the error of an act that was certainly not carried out. It is told apart by
// errors.As.
type Denial struct {
	Act        string
	Reason     Reason // why; ProviderInternal when nothing had left
	Code, Text string // the vendor's own
	RetryAfter time.Duration
}

// Error says what was denied, and why.
func (d *Denial) Error() string {
	if d.Code == "" {
		return fmt.Sprintf("%s: denied: %s", d.Act, d.Text)
	}
	return fmt.Sprintf("%s: denied (%s): %s", d.Act, d.Code, d.Text)
}

// Judged reports whether the vendor judged the act itself, so that the same would be denied
// again. It did not when it could not be reached, does not know us, or is busy.
func (d *Denial) Judged() bool { return !d.Reason.Operators() && d.Reason != ProviderInternal }

// Undone is the Denial of an act of which nothing had left.
func Undone(act string, err error) error {
	return &Denial{Act: act, Reason: ProviderInternal, Text: err.Error()}
}

// Broken is the error of an act whose request broke: a Denial unless it may have left.
func Broken(act string, left bool, err error) error {
	if !left {
		return Undone(act, err)
	}
	return fmt.Errorf("%s: %w", act, err)
}

// Denied is the Denial of an act that ended as a call does that was not taken.
func Denied(act string, r Result) error {
	return &Denial{Act: act, Reason: cmp.Or(r.Reason, ProviderInternal), Code: r.Code, Text: r.Text, RetryAfter: r.RetryAfter}
}

// NotOffered is the Denial of an act that a vendor does not have.
func NotOffered(act string) error {
	return &Denial{Act: act, Reason: UnrecognisedCode, Text: "this vendor takes it in its own console alone"}
}
