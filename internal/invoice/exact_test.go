package invoice

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// agreedPrices are what the carriers of these tests take, in won.
var agreedPrices = map[string]string{"alimtalk": "6.5", "sms": "8.4", "lms": "25", "mms": "60.25"}

// row is a line of a made-up invoice.
type row struct {
	bill
	code, price string
	theirs      string // channel
}

// rowsOf is the honest invoice of a carrier.
func rowsOf(book []bill) (list []row) {
	for _, b := range book {
		if b.row == 7 && b.channel == provider.Alimtalk && !slices.ContainsFunc(book, func(o bill) bool { return o.to == b.to && o.channel != b.channel }) {
			b.row = 1 // its text went by the other carrier, so it never changed its mind
		}
		r := row{bill: b, code: b.code(), price: "0", theirs: b.channel.String()}
		if b.arrived() {
			r.price = agreedPrices[r.theirs]
		}
		list = append(list, r)
	}
	return list
}

// file writes rows with the columns of Solapi's export.
func file(list []row, refs bool) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := []string{"messageId", "groupId", "to", "type", "statusCode", "dateProcessed", "dateReported", "price", "customFields"}
	types := map[string]string{"alimtalk": "ATA", "sms": "SMS", "lms": "LMS", "mms": "MMS"}
	for i := -1; i < len(list); i++ {
		cells := head
		if i >= 0 {
			r := list[i]
			cells = []string{r.upstream, r.call, r.to.Dashed(), types[r.theirs], r.code, r.sent.Format("2006-01-02T15:04:05.000Z"), "", r.price, `{"ref":"` + r.ref + `"}`}
		}
		if !refs {
			cells = cells[:8]
		}
		_ = w.Write(cells) // into memory
	}
	w.Flush()
	return b.Bytes()
}

// found counts differences by kind and what they are about.
func counted(list []string) map[string]int {
	out := map[string]int{}
	for _, s := range list {
		out[s]++
	}
	return out
}

// exam is one invoice with errors that are known.
type exam struct {
	*world
	random *rand.Rand
	month  string
	rows   []row
	free   []int    // rows that nothing was injected into
	want   []string // kind and reference
	refund money.Amount
	claim  money.Amount
}

func (x *exam) expect(k Kind, ref string) { x.want = append(x.want, string(k)+" "+ref) }

// honest adds the invoice as it should be, and what it differs in all the same.
func (x *exam) honest(book []bill) {
	for _, r := range rowsOf(book) {
		if r.late() {
			x.expect(DeliveredLate, r.ref)
		}
		x.turn(r)
		x.free = append(x.free, len(x.rows))
		x.rows = append(x.rows, r)
	}
}

// turn expects what lies outside of the month to be shown.
func (x *exam) turn(r row) {
	if korea.Month(r.sent) != x.month && r.price != "0" {
		x.expect(OutsidePeriod, r.ref)
	}
}

// some takes a few rows that fit out of those that are free.
func (x *exam) some(fits func(row) bool) (list []int) {
	x.random.Shuffle(len(x.free), func(i, j int) { x.free[i], x.free[j] = x.free[j], x.free[i] })
	most := 1 + x.random.IntN(4)
	x.free = slices.DeleteFunc(x.free, func(i int) bool {
		r := x.rows[i]
		if len(list) == most || korea.Month(r.sent) != x.month || r.late() || !fits(r) {
			return false
		}
		list = append(list, i)
		return true
	})
	return list
}

func charged(r row) bool { return r.arrived() }
func failed(r row) bool  { return !r.arrived() && r.row != 4 }

func (x *exam) won(text string) money.Amount {
	a, err := money.Parse(text)
	x.must(err)
	return a
}

// inject makes errors of every kind, in random numbers.
func (x *exam) inject(other []bill) {
	drop := map[int]bool{}
	for _, i := range x.some(charged) {
		if drop[i] = x.random.IntN(2) == 0; !drop[i] {
			x.rows[i].price = "0" // there, but free of charge
		}
		x.expect(NotBilled, x.rows[i].ref)
	}
	for _, i := range x.some(failed) {
		r := &x.rows[i]
		r.code, r.price = "4000", agreedPrices[r.theirs]
		x.expect(BilledAsDelivered, r.ref)
		x.claim += x.won(r.price)
	}
	for _, i := range x.some(failed) {
		r := &x.rows[i]
		r.price = agreedPrices[r.theirs]
		x.expect(BilledThoughFailed, r.ref)
		x.claim += x.won(r.price)
	}
	for _, i := range x.some(charged) {
		r := &x.rows[i]
		r.code, r.price = "3032", "0"
		x.expect(ChargedButFailed, r.ref)
		x.refund += map[provider.Channel]money.Amount{provider.Alimtalk: 9, provider.SMS: 18, provider.LMS: 45}[r.channel] * money.Won
	}
	x.injectTerms()
	for _, i := range x.some(charged) {
		x.rows = append(x.rows, x.rows[i])
		x.expect(BilledTwice, x.rows[i].ref)
		x.claim += x.won(x.rows[i].price)
	}
	x.injectStrangers(other)
	kept := x.rows[:0]
	for i, r := range x.rows {
		if !drop[i] {
			kept = append(kept, r)
		}
	}
	x.rows = kept
	x.random.Shuffle(len(x.rows), func(i, j int) { x.rows[i], x.rows[j] = x.rows[j], x.rows[i] })
}

func (x *exam) injectTerms() {
	for _, i := range x.some(func(r row) bool { return charged(r) && r.theirs != "lms" }) {
		r := &x.rows[i]
		x.claim += x.won("25") - x.won(r.price)
		r.theirs, r.price = "lms", "25"
		x.expect(OtherChannel, r.ref)
	}
	for _, i := range x.some(charged) {
		r := &x.rows[i]
		agreed := x.won(r.price)
		off := money.Amount(1 + x.random.IntN(50_000))
		if x.random.IntN(2) == 0 {
			off = -off
		}
		r.price = (agreed + off).Exact()
		x.claim += max(off, 0)
		x.expect(OtherPrice, r.ref)
	}
	for _, i := range x.some(charged) {
		x.rows[i].sent = x.rows[i].sent.AddDate(0, 1, 3)
		x.expect(OutsidePeriod, x.rows[i].ref)
	}
}

// injectStrangers bills what this account never carried.
func (x *exam) injectStrangers(other []bill) {
	for i := range 1 + x.random.IntN(4) {
		r := x.rows[x.random.IntN(len(x.rows))]
		for korea.Month(r.sent) != x.month {
			r = x.rows[x.random.IntN(len(x.rows))]
		}
		ref, err := delivery.ReadReference(r.ref)
		x.must(err)
		switch i % 4 {
		case 0:
			ref.ID = id.New()
		case 1:
			ref.Seq = 900_000
		case 2:
			ref.Step, ref.Try = 2, 7
		case 3:
			ref.Site = "nobody"
		}
		r.ref, r.call, r.code, r.theirs, r.price = ref.String(), "", "4000", "sms", "8.4"
		x.rows = append(x.rows, r)
		x.expect(UnknownToUs, r.ref)
		x.claim += x.won(r.price)
	}
	for _, b := range other[:min(len(other), 2)] {
		r := rowsOf([]bill{b})[0]
		r.price, r.code = "8.4", "4000"
		x.rows = append(x.rows, r)
		x.expect(UnknownToUs, r.ref)
		x.claim += x.won(r.price)
		x.turn(r)
	}
}

// judge imports the invoice and holds what was found against what is known.
func (x *exam) judge(r Request, text []byte) Invoice {
	x.t.Helper()
	r.Provider, r.Month, r.Prices = "carrier-a", x.month, agreedPrices
	v, err := x.service.Import(context.Background(), bytes.NewReader(text), r)
	x.must(err)
	var got []string
	var refund, claim money.Amount
	for _, d := range x.differences(v) {
		got = append(got, string(d.Kind)+" "+d.Reference)
		refund, claim = refund+d.Refund, claim+d.Claim
	}
	if diff := cmp.Diff(counted(x.want), counted(got)); diff != "" {
		x.t.Errorf("differences (-want +got):\n%s", diff)
	}
	if refund != x.refund || claim != x.claim {
		x.t.Errorf("got %s to refund and %s to claim, want %s and %s", refund, claim, x.refund, x.claim)
	}
	var tallied int64
	for _, k := range v.Kinds {
		tallied += k.Count
	}
	if v.State != Ready || v.Lines != int64(len(x.rows)) || tallied != int64(len(got)) {
		x.t.Errorf("got %s with %d lines and %d differences, want %d lines and %d", v.State, v.Lines, tallied, len(x.rows), len(got))
	}
	return v
}

// open sends what nobody has reported on when the invoice comes.
func (x *exam) open() {
	before := len(x.carriers["carrier-a"].book)
	for len(x.carriers["carrier-a"].book) == before {
		x.send("site-0", message.SMSOnly, "예약 확정", x.phone(0), x.phone(0), x.phone(0), x.phone(0))
	}
	for _, r := range rowsOf(x.carriers["carrier-a"].book[before:]) {
		x.rows = append(x.rows, r)
		x.expect(NotFinal, r.ref)
		x.turn(r)
	}
}

func newExam(t *testing.T, engine string, seed uint64) *exam {
	random := rand.New(rand.NewPCG(seed, 1))
	x := &exam{world: newWorld(t, engine), random: random}
	x.month = korea.Month(x.read())
	x.crowd(random, 3, 25, 20)
	x.honest(x.carriers["carrier-a"].book)
	return x
}

// seeds are the runs of one engine; servers pay for each commit.
func seeds(engine string) []uint64 {
	first := uint64(time.Now().UnixNano())
	if engine == "sqlite" {
		return []uint64{first, first + 1, first + 2}
	}
	return []uint64{first}
}

func TestEveryErrorIsFoundAndNoneIsInvented(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		for _, seed := range seeds(engine) {
			t.Run(fmt.Sprintf("%s/%d", engine, seed), func(t *testing.T) {
				x := newExam(t, engine, seed)
				x.inject(x.carriers["carrier-b"].book)
				x.open()
				for _, k := range Kinds {
					if !slices.ContainsFunc(x.want, func(s string) bool { return strings.HasPrefix(s, string(k)+" ") }) {
						t.Fatalf("no error of kind %s was injected", k)
					}
				}
				v := x.judge(Request{}, file(x.rows, true))
				x.applies(v)
			})
		}
	}
}

// applies posts what is proposed, more than once.
func (x *exam) applies(v Invoice) {
	x.t.Helper()
	ctx, had := context.Background(), x.available()
	plan, err := x.service.Apply(ctx, v.Name, nil, false)
	x.must(err)
	if now := x.available(); plan.Amount != x.refund || plan.Confirmed || now != had {
		x.t.Errorf("the plan is %+v and moves %s, want %s and nothing moved", plan, now-had, x.refund)
	}
	for i, want := range []money.Amount{x.refund, 0, 0} {
		done, err := x.service.Apply(ctx, v.Name, []Kind{ChargedButFailed}, true)
		x.must(err)
		if done.Amount != want || done.Short != 0 || done.Before != 0 || i > 0 && done.Legs != 0 {
			x.t.Errorf("posting %d gave %+v, want %s", i+1, done, want)
		}
		if now := x.available(); now != had+x.refund {
			x.t.Errorf("after posting %d the sites have %s more, want %s", i+1, now-had, x.refund)
		}
	}
	x.prove()
	for _, d := range x.differences(v) {
		if d.Posted != (d.Kind == ChargedButFailed) {
			x.t.Errorf("difference %d of kind %s: posted is %v", d.N, d.Kind, d.Posted)
		}
	}
}

func TestAnHonestInvoiceDiffersOnlyInWhatCameLate(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			x := newExam(t, engine, uint64(time.Now().UnixNano()))
			x.judge(Request{}, file(x.rows, true))
		})
	}
}

func TestLinesAreMatchedByCallAndNumberToo(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			x := newExam(t, engine, uint64(time.Now().UnixNano()))
			for _, i := range x.some(charged) {
				x.rows = append(x.rows, x.rows[i])
				x.expect(BilledTwice, x.rows[i].ref)
				x.claim += x.won(x.rows[i].price)
			}
			stranger := x.rows[0]
			for !stranger.arrived() || korea.Month(stranger.sent) != x.month {
				stranger = x.rows[x.random.IntN(len(x.rows))]
			}
			stranger.to = korea.MobileNumber(99_999_999)
			x.rows = append(x.rows, stranger)
			x.expect(UnknownToUs, "")
			x.claim += x.won(stranger.price)
			x.judge(Request{}, file(x.rows, false))
		})
	}
}

func TestKindsHaveASentenceInBothLanguages(t *testing.T) {
	if got := slices.Sorted(maps.Keys(sentences)); len(got) != len(Kinds) {
		t.Errorf("there are %d sentences for %d kinds", len(got), len(Kinds))
	}
	for _, k := range Kinds {
		if k.Korean() == "" || k.English() == "" {
			t.Errorf("%s has no sentence", k)
		}
		if back, err := ParseKind("/kind", string(k)); err != nil || back != k {
			t.Errorf("%s is read as %q, %v", k, back, err)
		}
	}
	if _, err := ParseKind("/kind", "nothing"); err == nil {
		t.Error("a kind that does not exist was read")
	}
}
