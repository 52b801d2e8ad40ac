package provider

import (
	"context"
	"net/http"
	"slices"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// Provider is one upstream account, spoken to in its own protocol.
//
// Concurrency: all methods may be called at once from many goroutines. Nothing
// is remembered between calls but idle connections.
//
// Submit hands one call over, or not, and ends in exactly one outcome:
//
//   - Accepted: the provider took the call. Members has one entry per leg, in the
//     order of Call.Legs; a leg may have been refused on its own. Also when every
//     leg was refused: then nothing was handed over and nothing will be reported.
//   - Refused: the provider answered, in a way its documents name, that it does
//     not take this call. Nothing was handed over. The Reason decides what follows:
//     an operator's reason (Reason.Operators) leaves the legs to be sent again,
//     later or elsewhere; any other holds for every leg.
//   - NotSent: certainly nothing was handed over, and the legs are not at fault:
//     the same legs may be sent again at once, by this or another provider.
//   - Unknown: the request that hands over may have left this machine and no
//     answer that can be trusted came back: a timeout, a cut connection, a 5xx, a
//     reply that cannot be read. The legs must not be sent again until Lookup
//     proves that they were not taken; otherwise a report or expiry settles them.
//
// Submit itself never repeats the request that hands over, unless the vendor answered
// that its token is not valid any more: then it was certainly not carried out. It returns
// soon after ctx ends. It never panics for what the upstream sends.
//
// A protocol in two phases (first an upstream call with an id, then the request
// that hands over) calls begun exactly once, after the id is known, and makes the
// request that hands over only when begun has returned nil; otherwise the outcome is
// NotSent. What comes in between may go on meanwhile. A protocol in one phase never
// calls begun.
//
// Lookup asks what became of a call whose answer was lost; an empty UpstreamID proves
// by itself that nothing was handed over in a protocol of two phases. It may
// change the upstream's state in one way: to make sure that a call found not sent
// can never be sent any more. An error means that nothing was learnt; so does
// LookupUnknown. Only a Provider with LookupAuthoritative ever answers LookupNotSent.
//
// Authentic says whether a delivery report comes from the provider: false when
// the account has no webhook secret (fail closed). Comparisons take constant time.
//
// Parse reads the body of one delivery report call. It is pure: no clock, no
// network, the same body gives the same reports, in the order of the body. Fields
// and items it does not know are passed over; a body that is not what the
// provider sends at all is an error.
type Provider interface {
	Capabilities() Capabilities
	Submit(ctx context.Context, c Call, begun Begun) Result
	Lookup(ctx context.Context, e Enquiry) (Lookup, error)
	Authentic(h http.Header, body []byte) bool
	Parse(body []byte) ([]Report, error)
}

// Poller is a Provider whose upstream does not report by itself, or not reliably, and is
// asked instead.
//
// Poll asks what the upstream knows of a call that it accepted, and gives bodies for
// Parse, each about this call alone and whole in itself: a body is kept and may be read
// again much later. None means that there is nothing to tell yet. It changes nothing
// upstream. An error means that nothing was learnt; what is not final is asked again.
type Poller interface {
	Provider
	Poll(ctx context.Context, e Enquiry) (bodies [][]byte, err error)
}

// Uploader is a Provider whose upstream takes the pictures of an MMS before the call that sends
// them, and gives each a name of its own.
//
// Upload hands nothing over, so it never leaves a doubt: either the upstream has the picture
// and calls it ID, or Failed says why the call that needs it cannot be made: NotSent where
// another try may help, Refused where the picture, or the account, is not taken. A picture
// whose answer was lost is uploaded again; the other copy is of no harm. When Submit finds that
// the upstream does not know a picture any more it answers NotSent and names it in Result.Gone.
type Uploader interface {
	Provider
	Upload(ctx context.Context, p Picture) Uploaded
}

// Uploaded is the answer of Upload.
type Uploaded struct {
	ID     string        // what the upstream calls the picture; empty when it did not take it
	Keeps  time.Duration // how long it keeps the picture; 0 = until it says otherwise
	Failed Result        // with an empty ID: NotSent or Refused, as of the call that needs the picture
}

// Enquiry names a call that is asked about.
type Enquiry struct {
	ID         id.ID     // the attempt, as in Call
	UpstreamID string    // what begun or Result gave; empty when neither did
	At         time.Time // when the call was made, by our clock
	Refs       []string  // the references of its legs
	Channels   []Channel // what its legs went over, each once; none = not known
}

// Account is one configured upstream account.
type Account struct {
	Name         string // what /webhooks/{provider} and statistics call it
	Kind         string // which adapter speaks to it
	URL          string // base address; empty = the vendor's
	APIKey       string
	APISecret    string
	Channels     []Channel     // what it may be used for; nil = all the kind has
	Weight       int           // share among accounts of equal rank and health
	Priority     int           // accounts of a lower number are used before others
	Sites        []string      // who may use it, before any account of everybody; nil = every site
	Test         bool          // it reaches nobody: test sites alone use it, and no other account
	Costs        Costs         // what the vendor charges us
	MaxPerSecond int           // legs handed over per second; 0 = no limit
	Webhook      Webhook       // how delivery reports are recognised
	Timeout      time.Duration // of one HTTP request; 0 = 15 s

	// Settings are what only this kind of account has, by name (such as
	// sms_service); each adapter says which it knows, and refuses others.
	Settings map[string]string
}

// Costs are what a vendor charges for a message that was delivered, without VAT; a channel
// that is not in it has no known cost.
type Costs map[Channel]money.Amount

// Leg is one message to one phone over one channel: one member of a call.
type Leg struct {
	Ref      string       // our reference, unique for all time; comes back in reports
	To       korea.Number // the phone
	From     korea.Number // the registered sender; may be empty for Alimtalk
	Channel  Channel
	Subject  string    // of LMS and MMS; may be empty
	Text     string    // as the phone shows it: variables are already put in
	Alimtalk *Template // set exactly when Channel is Alimtalk
	Pictures []Picture // of an MMS: one, or as many as the account takes

	Advertising bool // the text is an advertisement: it bears (광고) and an 080 number already
}

// Sort tells advertising from information, for vendors that take calls of one of them.
func (l *Leg) Sort() string {
	if l.Advertising {
		return "advertising"
	}
	return "information"
}

// Picture is one picture of an MMS: a baseline JPEG that every vendor takes (package picture).
type Picture struct {
	Name       string // of a file, at most 40 bytes, .jpg at its end; equal names are equal pictures
	Content    []byte // for adapters that are no Uploader, and for Upload
	UpstreamID string // what Upload gave
}

// Template is what Kakao must know of an Alimtalk beside its text. Variables are put in
// everywhere.
type Template struct {
	ChannelID    string // the vendor's id of the Kakao channel
	TemplateID   string // the vendor's id of the approved template
	Buttons      []Button
	QuickReplies []Button
	Title        string    // the emphasised title, of a template that has one
	Items        *ItemList // of a template that has one

	// Names are the variables of the message, without #{}, of which the template uses some,
	// and Values what this leg has for each: for vendors that put them in themselves.
	Names, Values []string
}

// Button is a button below an Alimtalk, or a quick reply; in a Template variables are
// already put in.
type Button struct {
	Type          string // WL, AL, DS, BK, MD, BC, BT, AC, BF, P1, P2, P3 or TN
	Name          string
	URLMobile     string
	URLPC         string
	SchemeIOS     string
	SchemeAndroid string
	FormID        string `json:",omitempty"` // of BF: the business form, digits
	PluginID      string `json:",omitempty"` // of P1, P2 and P3
	Phone         string `json:",omitempty"` // of TN: digits and hyphens
}

// Call is what one hand-over carries. ID is the attempt; it travels upstream
// where there is room for it. A caller keeps within Capabilities.
type Call struct {
	ID   id.ID
	Legs []Leg
}

// Begun stores the id of an upstream call before anything of it can be sent.
type Begun func(ctx context.Context, upstreamID string) error

// Outcome is how a Submit ended; see Provider.
type Outcome uint8

// The four outcomes. The zero Outcome is Unknown, so that nothing forgotten is
// ever taken for a certainty.
const (
	Unknown Outcome = iota
	Accepted
	Refused
	NotSent
)

var outcomeNames = [...]string{"unknown", "accepted", "refused", "not_sent"}

// String gives the outcome's name in logs and metrics.
func (o Outcome) String() string { return outcomeNames[o] }

// Result is the answer of Submit.
type Result struct {
	Outcome    Outcome
	UpstreamID string        // the upstream's id of the call, when one is known
	Members    []Member      // Accepted: one per leg, in the order of Call.Legs
	Reason     Reason        // Refused: why the whole call was; NotSent: what kept it here, empty when that was ours (ctx ended, begun failed)
	Code       string        // the provider's own code, or the HTTP status; may be empty
	Text       string        // the provider's own words, or what went wrong; no secrets, no numbers
	Gone       []string      // NotSent: the pictures, by Picture.UpstreamID, that have to be uploaded again first
	RetryAfter time.Duration // when the provider asked to come again; 0 = not said
}

// Member is what an Accepted call says of one leg.
type Member struct {
	Refused    bool
	Reason     Reason // of a refused leg
	Code, Text string // the provider's own
	UpstreamID string // the provider's id of this message; may be empty
}

// Report is what a provider says of one leg. Where the provider has no room for our
// reference, Call and To name the leg instead; an account of such a provider takes a phone
// once in a call (Capabilities.DistinctPhones).
type Report struct {
	Ref        string // our reference; empty when the provider did not give it back
	Call       id.ID  // with an empty Ref: the call whose leg it is
	To         korea.Number
	UpstreamID string    // the provider's id of this message, as in Member
	Final      bool      // false: on its way (accepted, at the carrier)
	Delivered  bool      // with Final
	Reason     Reason    // with Final and not Delivered
	Code, Text string    // the provider's own
	At         time.Time // the provider's time of the event, UTC; zero = not said

	// OptOut is the 080 number that To called to opt out of advertising. Such a report is
	// of no leg; empty = it is of one.
	OptOut korea.Number
}

// Verdict is what a Lookup found.
type Verdict uint8

// The verdicts.
const (
	LookupUnknown Verdict = iota // nothing learnt: ask again later
	LookupNotSent                // certainly nothing was handed over, nor ever will be
	LookupTaken                  // the provider has the call
)

// Lookup is the answer of a look-up.
type Lookup struct {
	Verdict  Verdict
	Reports  []Report // of LookupTaken: what the provider now says of each leg it took, also non-final
	Complete bool     // Reports name every leg that was taken: those not named certainly were not
}

// LookupKind says what an adapter's Lookup can prove.
type LookupKind uint8

// The kinds of look-up.
const (
	LookupNone          LookupKind = iota // Lookup always answers LookupUnknown
	LookupPositive                        // it can prove that a call was taken, not that it was not
	LookupAuthoritative                   // it can prove both
)

// Capabilities says what calls an account takes.
type Capabilities struct {
	Channels       []Channel
	MaxLegs        int  // legs in one call
	MaxBytes       int  // bytes of all texts in one call; 0 = the adapter cuts by itself
	Pictures       int  // in one MMS; at least 1 where it is carried
	DistinctPhones bool // two legs of one call must not go to the same phone
	Lookup         LookupKind

	// Together gives what all legs of one call must have in common, such as channel and
	// sender where the vendor takes these once for all recipients. nil = nothing.
	Together func(*Leg) string
}

// Carries reports whether legs of this channel may be submitted.
func (c Capabilities) Carries(ch Channel) bool { return slices.Contains(c.Channels, ch) }
