package sheet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// The names of the columns in which a list says what its people consented to: when to
// advertising, and whether to that at night. The first ones are those to write.
var (
	ConsentColumns = []string{"수신동의일시", "수신동의일", "동의일시", "동의일", "consent_at"}
	NightColumns   = []string{"야간수신동의", "야간동의", "night_consent"}
)

// What people write for yes and no.
var (
	yes = []string{"y", "yes", "true", "t", "1", "o", "예", "네", "동의"}
	no  = []string{"", "n", "no", "false", "f", "0", "x", "아니오", "아니요", "미동의", "거부"}
)

// Consents are the columns of consents in a list of recipients of advertising. In another
// list they are variables like others. The zero value is of no list.
type Consents struct{ at, night int } // one more than the column

// FindConsents looks for the columns of consents in a list of advertising.
func FindConsents(columns []string) Consents {
	find := func(names []string) int {
		return 1 + slices.IndexFunc(columns, func(column string) bool {
			return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, column) })
		})
	}
	return Consents{find(ConsentColumns), find(NightColumns)}
}

// Has reports whether a column is one of consents.
func (c Consents) Has(column int) bool { return column+1 == c.at || column+1 == c.night }

// Read says what a row's recipient consented to: when to advertising (zero = it is not said),
// and whether to that at night. What cannot be understood is a fault with its line: a consent
// must not be guessed.
func (c Consents) Read(row Row) (at time.Time, night bool, err error) {
	if c.at > 0 && row.Values[c.at-1] != "" {
		text := row.Values[c.at-1]
		if at, err = korea.ParseTime(text); err != nil {
			at, err = korea.ParseDay(text)
		}
		if err != nil {
			return at, false, wrongCell(row.Line, "a consent is a day such as 2026-12-01 or a time such as 2026-12-01 09:00")
		}
	}
	if c.night == 0 {
		return at, false, nil
	}
	night, ok := ReadYes(row.Values[c.night-1])
	if !ok {
		return at, false, wrongCell(row.Line, WrongNight)
	}
	return at, night, nil
}

// WrongNight says what a cell has to be that tells of a consent to the night.
const WrongNight = "a consent to the night is y or n"

// ReadYes reads what people write for yes and no; nothing is no, and !ok is neither.
func ReadYes(cell string) (is, ok bool) {
	said := strings.ToLower(cell)
	is = slices.Contains(yes, said)
	return is, is || slices.Contains(no, said)
}

func wrongCell(line int, what string) error {
	return fault.New(fault.Invalid, fault.CodeValidation, "line %d: %s", line, fault.Word(what)).At(fmt.Sprintf("/lines/%d", line), "%s", fault.Word(what))
}
