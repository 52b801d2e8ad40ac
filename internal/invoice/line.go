package invoice

import (
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/sheet"
)

// Outcome is what a line says became of its message.
type Outcome string

// The outcomes; an empty one is not said.
const (
	Delivered Outcome = "delivered"
	Failed    Outcome = "failed"
)

// line is one line of a file, read.
type line struct {
	No       int
	Ref      string // ours; empty where it is none of ours
	Call     string
	Upstream string
	To       korea.Number // empty where it is not needed and cannot be read
	Channel  string       // one of ours, other, or empty where it is not said
	Outcome  Outcome
	Code     string
	Price    money.Amount // without VAT
	Billed   bool
	Sent     db.Time
	Reported db.Time
}

// reader gives the lines of a file in their order.
type reader struct {
	sheet  *sheet.Reader
	layout layout
	priced bool
	bad    []fault.Field // of the line in hand
	row    sheet.Row
}

func openReader(file io.ReadSeeker, kind string, mapping map[string]string, delivered []string, vat bool) (*reader, error) {
	s, err := sheet.Open(file, sheet.Options{Table: true})
	if err != nil {
		return nil, err
	}
	l, err := layoutOf(s.Columns(), kind, mapping, delivered, vat)
	if err != nil {
		return nil, err
	}
	_, priced := l.at[fieldPrice]
	return &reader{sheet: s, layout: l, priced: priced}, nil
}

// next gives the next line, io.EOF behind the last. bad names the cells that cannot be read;
// then the line is not to be used.
func (r *reader) next() (l line, bad []fault.Field, err error) {
	if r.row, err = r.sheet.Next(); err != nil {
		return l, nil, err
	}
	r.bad = nil
	l.No = r.row.Line
	l.Ref = r.reference()
	l.Call, l.Upstream = r.word(fieldCall), r.word(fieldMessage)
	l.To = r.number(l.Ref == "" && l.Call != "")
	l.Channel = channelOf(r.cell(fieldChannel))
	l.Outcome, l.Code = r.result()
	l.Price = r.price()
	l.Sent, l.Reported = r.time(fieldSent), r.time(fieldReported)
	if l.Billed = l.Price > 0; !r.priced {
		l.Billed = l.Outcome != Failed
	}
	return l, r.bad, nil
}

func (r *reader) cell(f field) string {
	i, ok := r.layout.at[f]
	if !ok {
		return ""
	}
	return r.row.Values[i]
}

// wrong says of a cell what was wanted; what stands there may be somebody's number or words.
func (r *reader) wrong(f field, format string, args ...any) {
	r.bad = append(r.bad, fault.Place(r.layout.place(r.row.Line, f), fault.CodeValidation, "want %s", fault.Say(format, args...)))
}

// reference reads our reference, bare or as the member ref of a JSON object.
func (r *reader) reference() string {
	text := r.cell(fieldReference)
	if strings.HasPrefix(text, "{") {
		var custom struct{ Ref string }
		if json.Unmarshal([]byte(text), &custom) != nil {
			r.wrong(fieldReference, "a JSON object with ref in it")
			return ""
		}
		text = custom.Ref
	}
	if _, err := delivery.ReadReference(text); err != nil {
		return ""
	}
	return text
}

// longestWord is the most bytes of a carrier's id or code.
const longestWord = 64

func isWord(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return len(text) <= longestWord
}

func (r *reader) word(f field) string {
	text := r.cell(f)
	if !isWord(text) {
		r.wrong(f, "an id: at most %d letters, digits and signs of ASCII", longestWord)
		return ""
	}
	return text
}

// number reads the phone; one that is masked or foreign is an error only where the line
// cannot be matched without it.
func (r *reader) number(needed bool) korea.Number {
	n, err := korea.ParseMobile(r.cell(fieldNumber))
	if err != nil && needed {
		r.wrong(fieldNumber, "a Korean mobile number in full: the line has no reference of ours, so it is matched by the number")
	}
	return n
}

func channelOf(text string) string {
	text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
	if text == "" {
		return ""
	}
	if known, ok := channelWords[text]; ok {
		return known
	}
	return otherChannelWord
}

// result reads the outcome. A code is kept where it is a word of ASCII.
func (r *reader) result() (o Outcome, code string) {
	text := r.cell(fieldResult)
	is := func(list []string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return strings.EqualFold(w, text) })
	}
	if isWord(text) {
		code = text
	}
	switch {
	case text == "" || is(r.layout.open):
		return "", code
	case is(r.layout.delivered):
		return Delivered, code
	case r.layout.codes || is(failedWords):
		return Failed, code
	}
	r.wrong(fieldResult, "a result that is known: %s or %s; say with delivered which codes mean that a message arrived", strings.Join(general.delivered, ", "), strings.Join(failedWords, ", "))
	return "", code
}

var (
	moneySigns = strings.NewReplacer("₩", "", "￦", "", "원", "", " ", "")
	thousands  = regexp.MustCompile(`^[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$`)
	vatWithin  = []string{"포함", "included", "incl", "y", "yes", "true", "1"}
	vatOnTop   = []string{"", "별도", "excluded", "excl", "n", "no", "false", "0"}
)

// price reads the unit price and takes VAT off where it is in there.
func (r *reader) price() money.Amount {
	text := moneySigns.Replace(r.cell(fieldPrice))
	if text == "" {
		return 0
	}
	if thousands.MatchString(text) { // a comma elsewhere may be somebody's decimal point
		text = strings.ReplaceAll(text, ",", "")
	}
	a, err := money.Parse(text)
	if err != nil {
		r.wrong(fieldPrice, "an amount of won with at most four decimals and no sign, such as 18 or 8.4")
		return 0
	}
	if !r.vatIncluded() {
		return a
	}
	return withoutVAT(a)
}

func (r *reader) vatIncluded() bool {
	if _, said := r.layout.at[fieldVAT]; !said {
		return r.layout.vat
	}
	mark := strings.ToLower(r.cell(fieldVAT))
	within := slices.Contains(vatWithin, mark)
	if !within && !slices.Contains(vatOnTop, mark) {
		r.wrong(fieldVAT, "포함 (included) or 별도 (not included)")
	}
	return within
}

// withoutVAT gives ten elevenths, rounded half up to the unit of money: a price whose
// gross form was rounded to that unit comes back exactly.
func withoutVAT(gross money.Amount) money.Amount {
	net := gross / 11 * 10
	return net + (gross%11*20+11)/22
}

// The ways in which carriers write a time; without an offset it is Korean.
var timeForms = []string{time.RFC3339, time.DateTime, "2006-01-02 15:04", time.DateOnly, "2006/01/02 15:04:05", "2006/01/02 15:04",
	"2006/01/02", "2006.01.02 15:04:05", "2006.01.02 15:04", "20060102150405", "20060102"}

func (r *reader) time(f field) db.Time {
	text := r.cell(f)
	if text == "" {
		return 0
	}
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, text, korea.Seoul); err == nil && t.Year() >= 2000 && t.Year() < 2200 {
			return db.At(t)
		}
	}
	r.wrong(f, "a time such as 2026-11-22 18:00:00 (Korean time) or 2026-11-22T09:00:00Z")
	return 0
}
