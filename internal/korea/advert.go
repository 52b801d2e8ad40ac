package korea

import (
	"regexp"
	"strings"

	"creditmsg/internal/fault"
)

// AdMark is what an advertising text, and the subject of a long one, begins with
// (정보통신망법 제50조 제4항, 시행령 제61조 별표 6). Any other spelling of it counts as a way
// around filters, which the same table forbids.
const AdMark = "(광고)"

// optOutWords stand before the number by which one opts out, at the end of the text.
const optOutWords = "무료수신거부 "

// ErrNoOptOut says that neither the text nor anybody else names a number to opt out by.
var ErrNoOptOut = fault.Say("an advertisement names an 080 number by which one opts out free of charge")

// The other reasons why an advertising text cannot be sent as it is. They go to the user.
var (
	errAdMark      = fault.Say("an advertisement begins with exactly %s: write it so, or leave it out and it is put there", AdMark)
	errOptOut      = fault.Say("want an 080 number of ten or eleven digits, such as 080-123-4567")
	errOptOutEnd   = fault.Say("무료수신거부 and its 080 number are the end of an advertisement: write them there, or leave them out and they are put there")
	errOptOutOther = fault.Say("the text ends with another 080 number than the one to opt out by")
)

var (
	// marked finds a word that stands for the mark: in brackets or quotes of any sort, with
	// whatever between the letters.
	marked = regexp.MustCompile(`^[(\[{<（［｛〔【〈《「『"'“‘][^\p{L}\p{N}]*광[^\p{L}\p{N}]*고[^\p{L}\p{N}]*[)\]}>）］｝〕】〉》」』"'”’]`)
	// optOutWay is the way to opt out: with or without 수신, spaces and brackets as the
	// vendors' own checks let pass, and the number last.
	optOutWay = regexp.MustCompile(`[\[(]?무료[ \t]*(?:수신[ \t]*)?거부[ \t]*[\])]?[ \t]*[:：]?[ \t]*(080[- ]?[0-9]{3,4}[- ]?[0-9]{4})[ \t]*[\])]?\s*$`)
	// optOutSaid finds that the way to opt out is spoken of at all. 무료 거부 alone may be
	// anything, such as a free examination of 거부반응.
	optOutSaid = regexp.MustCompile(`무료[ \t]*(?:수신[ \t]*거부|거부[ \t\])：:]*(?:0|#\{))`)
	tollFree   = regexp.MustCompile(`^080[0-9]{7,8}$`)
)

// Ad is an advertising text that shows what the law wants to be seen.
type Ad struct {
	Body   string
	OptOut Number // the 080 number at its end
	Marked bool   // the mark was put in front; otherwise it was there
	Told   bool   // the way to opt out was put at the end; otherwise it was there
}

// Advertise gives an advertising text as it is sent: with AdMark in front and the way to
// opt out at its end, each put there where it is missing and checked where the text has
// it. optOut is the number to opt out by; empty means the one that the text names.
// Variables in the text are letters like others. The error says what to change.
func Advertise(body string, optOut Number) (Ad, error) {
	ad := Ad{OptOut: optOut}
	var err error
	if ad.Body, ad.Marked, err = mark(body); err != nil {
		return Ad{}, err
	}
	way := optOutWay.FindStringSubmatch(ad.Body)
	switch {
	case way == nil && optOutSaid.MatchString(ad.Body):
		return Ad{}, errOptOutEnd
	case way == nil && optOut == "":
		return Ad{}, ErrNoOptOut
	case way == nil:
		ad.Body, ad.Told = strings.TrimRight(ad.Body, " \t\n")+"\n"+optOutWords+string(optOut), true
		return ad, nil
	}
	named, err := ParseOptOut(way[1])
	if err != nil {
		return Ad{}, errOptOutEnd
	}
	if optOut != "" && named != optOut {
		return Ad{}, errOptOutOther
	}
	ad.OptOut = named
	return ad, nil
}

// AdvertiseSubject gives the subject of a long advertising text with AdMark in front; an
// empty one stays empty, since a text without a subject shows its first line.
func AdvertiseSubject(subject string) (string, error) {
	if strings.TrimSpace(subject) == "" {
		return "", nil
	}
	subject, _, err := mark(subject)
	return subject, err
}

// mark puts AdMark in front of a text that does not begin with it. What is invisible or
// blank before the mark goes, because a mark that does not come first is none.
func mark(text string) (out string, put bool, err error) {
	text = Normalise(text)
	first := strings.TrimLeftFunc(text, func(r rune) bool {
		return r == ' ' || r == '\t' || r == '\n' || r == '\u00a0' || r == '\u3000' || invisible(r)
	})
	switch {
	case strings.HasPrefix(first, AdMark):
		return first, false, nil
	case marked.MatchString(first):
		return "", false, errAdMark
	}
	return AdMark + text, true, nil
}

// ParseOptOut reads an 080 number by which people opt out of advertising, free of charge,
// written as in ParseMobile.
func ParseOptOut(text string) (Number, error) {
	var c cleaned
	if err := c.read(text); err != nil {
		return "", errOptOut
	}
	national, err := c.national()
	if err != nil || !tollFree.Match(national) {
		return "", errOptOut
	}
	return Number(national), nil
}
