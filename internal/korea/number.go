package korea

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"creditmsg/internal/fault"
)

// Number is a telephone number in national form, digits only: 01012345678,
// 0261234567, 15881234. The empty Number means absent.
type Number string

// The reasons for refusing a number. They go to the user as they are and leave
// the number itself out.
var (
	errEmpty     = fault.Say("the number is empty")
	errLetters   = fault.Say("the number holds something other than digits, spaces, hyphens, brackets and dots")
	errForeign   = fault.Say("the number is foreign: only Korean numbers (+82) are served")
	errNotMobile = fault.Say("not a Korean mobile number: want 010 and eight digits")
	errClosed    = fault.Say("numbers of 011 and 016 to 019 ended in 2021: want 010 and eight digits")
	errSender    = fault.Say("not a number that can send: want a mobile, area, 070, 050x or representative number (15xx, 16xx, 18xx) in full")
	errTollFree  = fault.Say("080 and 060 numbers cannot send text messages")
	errSpecial   = fault.Say("special numbers of four digits or fewer cannot send text messages")
)

// ParseMobile reads the number of somebody who is to receive a text: a Korean
// mobile, however people write it. Spaces, hyphens of every sort, brackets and
// dots are skipped, full-width digits are read, the prefixes +82, 0082 and 82
// become 0 (also in +82 (0)10 …), and the leading zero that spreadsheets eat is
// given back to ten digits that begin with 10. Anything but 010 and eight digits
// after that is refused. A number that is in national form already costs nothing.
func ParseMobile(text string) (Number, error) {
	if isMobile(text) {
		return Number(text), nil
	}
	var c cleaned
	if err := c.read(text); err != nil {
		return "", err
	}
	national, err := c.national()
	switch {
	case err != nil:
		return "", err
	case isMobile(string(national)):
		return Number(national), nil
	case isClosedMobile(national):
		return "", errClosed
	default:
		return "", errNotMobile
	}
}

// ParseSender reads a number that is to stand as the sender of texts: a mobile, a
// landline with its area code, an internet, virtual or representative number.
// It is written as in ParseMobile. Whether the number is registered to the site
// is another question, which package sender answers.
func ParseSender(text string) (Number, error) {
	var c cleaned
	if err := c.read(text); err != nil {
		return "", err
	}
	if !c.plus && len(c.digits()) <= 4 {
		return "", errSpecial
	}
	national, err := c.national()
	if err != nil {
		return "", err
	}
	n := Number(national)
	switch {
	case n.area() > 0:
		return n, nil
	case strings.HasPrefix(string(n), "080"), strings.HasPrefix(string(n), "060"):
		return "", errTollFree
	case isClosedMobile(national):
		return "", errClosed
	default:
		return "", errSender
	}
}

// Mobile packs a mobile into the eight digits after 010; ok is false for any
// other number.
func (n Number) Mobile() (digits uint32, ok bool) {
	if !isMobile(string(n)) {
		return 0, false
	}
	for i := 3; i < mobileLength; i++ {
		digits = digits*10 + uint32(n[i]-'0')
	}
	return digits, true
}

// MobileNumber unpacks what Mobile packed. More than eight digits are no mobile
// and give the empty Number.
func MobileNumber(digits uint32) Number {
	if digits > 99_999_999 {
		return ""
	}
	out := [mobileLength]byte{'0', '1', '0'}
	for i := mobileLength - 1; i >= 3; i-- {
		out[i] = byte('0' + digits%10)
		digits /= 10
	}
	return Number(out[:])
}

// Dashed writes the number as people do: 010-1234-5678, 02-6123-4567, 1588-1234.
// A Number that did not come from this package is given back as it is.
func (n Number) Dashed() string {
	area := n.area()
	if area == 0 {
		return string(n)
	}
	head, rest := string(n[:area]), string(n[area:])
	if len(rest) <= 4 {
		return head + "-" + rest
	}
	return head + "-" + rest[:len(rest)-4] + "-" + rest[len(rest)-4:]
}

// Mask hides the middle of a number for logs and screens: 010****5678. It takes
// any spelling and shows only digits: the first three and the last four of ten or
// more, the last four of eight or nine, none of fewer.
func Mask(text string) string {
	digits := make([]byte, 0, 16)
	for _, r := range text {
		if d, ok := digit(r); ok {
			digits = append(digits, d)
		}
	}
	switch n := len(digits); {
	case n >= 10:
		return string(digits[:3]) + "****" + string(digits[n-4:])
	case n >= 8:
		return "****" + string(digits[n-4:])
	default:
		return "****"
	}
}

// MaskName hides all of a person's name but its first letter: 김**. It does not tell how long the
// name is.
func MaskName(name string) string {
	_, n := utf8.DecodeRuneInString(name)
	if n == 0 {
		return ""
	}
	return name[:n] + "**"
}

// numberLike finds eight digits or more, however they are grouped, and numbers that are
// written with a dot or a bracket after their area; and before these what MaskIn leaves, a date
// and the number of a card.
var numberLike = regexp.MustCompile(date + `|[0-9]{4}-[0-9]{4}-\*{4}|` +
	`\+?[0-9０-９](?:[ -]?[0-9０-９]){7,}|0[0-9]{1,2}[.)] ?[0-9]{3,4}[.-][0-9]{4}`)

// date is one, with what comes behind it: no number is grouped so.
const date = `20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?:[^0-9-]|$)`

var isDate = regexp.MustCompile(`^` + date)

// MaskIn masks whatever may be a number within a text that is not ours, such as a
// provider's words in a log. Dates such as 2026-11-22 stay, and so does the number of a card
// whose middle is hidden already.
func MaskIn(text string) string {
	if digits(text) < 8 { // as nearly every report's
		return text
	}
	return numberLike.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasSuffix(found, "*") || isDate.MatchString(found) {
			return found
		}
		return Mask(found)
	})
}

// digits counts those of a text, of full width too.
func digits(text string) (n int) {
	for _, r := range text {
		if r >= '0' && r <= '9' || r >= '０' && r <= '９' {
			n++
		}
	}
	return n
}

// plan is one row of the numbering plan: what can stand as a sender.
type plan struct {
	prefix   string
	min, max int // digits in all
	area     int // digits of the first group
}

// plans follows the national numbering plan; 030 has twelve digits and shows its
// service digit with the prefix, as 050x does.
var plans = func() []plan {
	rows := []plan{
		{"010", mobileLength, mobileLength, 3},
		{"02", 9, 10, 2},
		{"070", 10, 11, 3},
		{"030", 12, 12, 4},
		{"15", 8, 8, 4}, {"16", 8, 8, 4}, {"18", 8, 8, 4},
	}
	for _, area := range strings.Fields("031 032 033 041 042 043 044 051 052 053 054 055 061 062 063 064") {
		rows = append(rows, plan{area, 10, 11, 3})
	}
	for _, virtual := range strings.Fields("0502 0503 0504 0505 0506 0507 0508") {
		rows = append(rows, plan{virtual, 11, 12, 4})
	}
	return rows
}()

// area gives the length of the first group, 0 for what is not in the plan.
func (n Number) area() int {
	for _, p := range plans {
		if len(n) >= p.min && len(n) <= p.max && strings.HasPrefix(string(n), p.prefix) {
			return p.area
		}
	}
	return 0
}

const mobileLength = 11

func isMobile(s string) bool {
	if len(s) != mobileLength || s[:3] != "010" {
		return false
	}
	for i := 3; i < mobileLength; i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func isClosedMobile(s []byte) bool {
	if len(s) != 10 && len(s) != 11 || s[0] != '0' || s[1] != '1' {
		return false
	}
	return s[2] == '1' || s[2] >= '6' && s[2] <= '9'
}

// cleaned is a number without its decoration. The first byte is kept free for a
// zero, so that giving one back moves nothing.
type cleaned struct {
	buf  [1 + 16]byte
	n    int
	plus bool
}

func (c *cleaned) digits() []byte { return c.buf[1 : 1+c.n] }

// read takes the digits out of text. The longest spelling of anything in the plan,
// 0082 and twelve digits, fits; what is longer is refused at once.
func (c *cleaned) read(text string) error {
	for _, r := range text {
		d, ok := digit(r)
		switch {
		case ok && c.n == len(c.buf)-1:
			return errNotMobile
		case ok:
			c.n++
			c.buf[c.n] = d
		case r == '+' || r == '＋':
			if c.plus || c.n > 0 {
				return errLetters
			}
			c.plus = true
		case !decoration(r):
			return errLetters
		}
	}
	if c.n == 0 {
		return errEmpty
	}
	return nil
}

// national takes the country code off and gives a lost zero back.
func (c *cleaned) national() ([]byte, error) {
	s := c.digits()
	switch {
	case hasPrefix(s, "82"):
		return c.trunk(2), nil
	case c.plus:
		return nil, errForeign
	case hasPrefix(s, "0082"):
		return c.trunk(4), nil
	case hasPrefix(s, "00"):
		return nil, errForeign
	case len(s) == mobileLength-1 && hasPrefix(s, "10"):
		return c.zero(0), nil
	default:
		return s, nil
	}
}

// trunk drops the first n digits, the country code, and puts the zero of the
// national form there unless it is written or the number has none.
func (c *cleaned) trunk(n int) []byte {
	rest := c.digits()[n:]
	if len(rest) == 0 || rest[0] == '0' || len(rest) == 8 && rest[0] == '1' {
		return rest
	}
	return c.zero(n)
}

// zero puts a zero before the digit at i.
func (c *cleaned) zero(i int) []byte {
	c.buf[i] = '0'
	return c.buf[i : 1+c.n]
}

func hasPrefix(s []byte, prefix string) bool {
	return len(s) >= len(prefix) && string(s[:len(prefix)]) == prefix
}

func digit(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r), true
	case r >= '０' && r <= '９':
		return byte(r-'０') + '0', true
	}
	return 0, false
}

// decoration reports what people, phones and spreadsheets put between digits.
// Address books add invisible direction marks; Korean keyboards make a dash of the
// vowel ㅡ and of box-drawing lines.
func decoration(r rune) bool {
	switch r {
	case ' ', '-', '(', ')', '.', '（', '）', '．', '·', 'ㆍ', '・', '･', '。',
		'\u2212', '\u00ad', '\u2043', '\u02d7', 'ㅡ', 'ー', 'ｰ', '─', '━':
		return true
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || invisible(r)
}
