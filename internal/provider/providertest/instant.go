package providertest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// InstantOptions say how an Instant behaves. The zero value takes everything and tells
// nobody.
type InstantOptions struct {
	// Receive takes a body of delivery reports, as the door for webhooks does. After an
	// error the same reports come again. nil = reports wait.
	Receive func(ctx context.Context, header http.Header, body []byte) error

	// Secret proves reports. "" = none is authentic.
	Secret string

	// Batch is the most reports in one body. 0 = 1,000.
	Batch int

	// Seed shuffles the reports that wait when they are handed over, the same way for
	// the same ones. 0 = in the order of their legs.
	Seed uint64

	// Block gives the row of the table, the BB of 010-00BB-xxxx, for a number outside of
	// it. nil = 0, delivered. It is called with the lock held: it must be quick and must
	// not come back to the Instant.
	Block func(to korea.Number) int

	// Channels are those it carries. nil = all.
	Channels []provider.Channel

	// MaxLegs of one call. 0 = 10,000.
	MaxLegs int

	// OnePhase takes calls without begun; then nothing can be looked up.
	OnePhase bool

	// Late is how much later the report of row 06 is due. 0 = one minute.
	Late time.Duration

	// Now is the time. nil = the clock.
	Now func() time.Time
}

// Instant is a provider in this process, for benchmarks and simulations: a call is
// taken as soon as it is made, and every leg has its end at once. It keeps the
// contract of provider.Provider. Numbers end as at the simulator:
//
//	00 delivered                   07 Alimtalk fails, and is delivered after a text was
//	01 not on Kakao                08 and 09 Unknown, though taken
//	02 not on Kakao, text fails    10 and 12 Unknown, and not taken
//	03 text fails                  11 Refused, to come again after a second
//	04 never a report              13 the report comes before Submit returns
//	05 report twice                99 the last four digits are the code
//	06 report late
//
// where 08 to 12 act on the whole call, once per number. Reports wait until Deliver or
// Run hands them over. Memory grows with the reports that wait and the legs that were
// not simply delivered.
//
// Look-ups are authoritative, for calls of this Instant alone, and trust the caller
// about which references a call had.
type Instant struct {
	o      InstantOptions
	header http.Header   // of every body
	name   string        // begins the ids of this Instant's calls
	wake   chan struct{} // one pending wake-up of Run

	mu       sync.Mutex // guards everything below
	calls    uint64
	open     map[uint64]bool // calls not taken; true = they can never be any more
	taken    uint64
	waiting  []report
	late     []report // in the order in which they are due
	odd      map[string]odd
	spent    map[korea.Number]struct{} // numbers whose fault had its turn
	contrary map[korea.Number][]string // failed Alimtalk that a delivered text will contradict
	rounds   uint64
}

// report is one that waits.
type report struct {
	ref  string
	code string    // four digits
	due  time.Time // of late ones
}

// odd is what became of a leg that was not simply delivered.
type odd struct {
	code    string    // the final one; codeOnWay = none ever
	refused bool      // it was not taken
	due     time.Time // final only from then on; zero = at once
}

// NewInstant makes an Instant.
func NewInstant(o InstantOptions) *Instant {
	if o.Batch <= 0 {
		o.Batch = 1_000
	}
	if o.MaxLegs <= 0 {
		o.MaxLegs = 10_000
	}
	if o.Late == 0 {
		o.Late = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Channels == nil {
		o.Channels = []provider.Channel{provider.Alimtalk, provider.SMS, provider.LMS, provider.MMS}
	}
	return &Instant{
		o:      o,
		header: http.Header{secretHeader: {o.Secret}},
		name:   "instant-" + id.New().String() + "-",
		wake:   make(chan struct{}, 1),
		open:   map[uint64]bool{}, odd: map[string]odd{},
		spent: map[korea.Number]struct{}{}, contrary: map[korea.Number][]string{},
	}
}

// Capabilities says what calls it takes.
func (p *Instant) Capabilities() provider.Capabilities {
	c := provider.Capabilities{Channels: slices.Clone(p.o.Channels), MaxLegs: p.o.MaxLegs, Pictures: mostPictures, Lookup: provider.LookupAuthoritative}
	if p.o.OnePhase {
		c.Lookup = provider.LookupNone
	}
	return c
}

// Taken is how many legs it has taken.
func (p *Instant) Taken() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// Waiting is how many reports were not handed over yet, late ones too.
func (p *Instant) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting) + len(p.late)
}

// upstream is the id of the n-th call.
func (p *Instant) upstream(n uint64) string { return p.name + strconv.FormatUint(n, 10) }

// numberOf is the call of an id of this Instant. The caller holds the lock.
func (p *Instant) numberOf(upstream string) (uint64, bool) {
	rest, mine := strings.CutPrefix(upstream, p.name)
	n, err := strconv.ParseUint(rest, 10, 64)
	return n, mine && err == nil && n > 0 && n <= p.calls
}
