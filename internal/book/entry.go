package book

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// Limits of a site's book.
const (
	MostContacts  = 1_000_000
	MostGroups    = 1_000
	MostVariables = 50    // of one contact
	longestName   = 100   // characters, of contacts, groups and variables
	longestValue  = 1_000 // characters
	longestProof  = 500   // characters of the evidence of a consent
)

// Consent is that somebody agreed to get advertising, and how that can be shown. One without
// a time is none.
type Consent struct {
	At       db.Time
	Evidence string
	Night    bool // to get it at night as well
}

// Entry is what a contact is to be.
type Entry struct {
	To        string // a Korean mobile number, however it is written
	Name      string
	Variables map[string]string
	Consent   Consent
}

// details are what is kept sealed of a contact.
type details struct {
	To        korea.Number      `json:"to"`
	Name      string            `json:"name,omitempty"`
	Variables map[string]string `json:"variables,omitempty"`
	Evidence  string            `json:"evidence,omitempty"`
	Night     bool              `json:"night,omitempty"`
}

// problem is what is wrong with one member of an entry.
type problem struct {
	place  string // a pointer into the entry
	code   string // a short word, for reports about rows
	detail *fault.Phrase
}

// The codes of rows that were not taken.
const (
	InvalidNumber  = "invalid_number"
	InvalidName    = "invalid_name"
	InvalidValue   = "invalid_variable"
	InvalidConsent = "invalid_consent"
)

func (p *problem) fault() error { return fault.Check(p.place, "%s", p.detail) }

// read checks an entry and gives it as it is kept; now is the time of the transaction.
func (e Entry) read(now db.Time) (d details, p *problem) {
	number, err := korea.ParseMobile(e.To)
	if err != nil {
		return d, &problem{"/to", InvalidNumber, fault.Say("not a Korean mobile number (010 and eight digits)")}
	}
	d = details{To: number, Name: korea.Normalise(strings.TrimSpace(e.Name)), Evidence: korea.Normalise(strings.TrimSpace(e.Consent.Evidence)), Night: e.Consent.Night}
	if !oneLine(d.Name, longestName) {
		return d, &problem{"/name", InvalidName, fault.Say("want at most %d characters on one line", longestName)}
	}
	if p := d.readVariables(e.Variables); p != nil {
		return d, p
	}
	switch {
	case !isText(d.Evidence, longestProof):
		return d, &problem{"/consent/evidence", InvalidConsent, fault.Say("want at most %d characters", longestProof)}
	case e.Consent.At == 0 && (d.Evidence != "" || d.Night):
		return d, &problem{"/consent/at", InvalidConsent, fault.Say("a consent has the time at which it was given")}
	case e.Consent.At > now:
		return d, &problem{"/consent/at", InvalidConsent, fault.Say("a consent cannot have been given in the future")}
	}
	return d, nil
}

// readVariables takes what has a name and is not empty.
func (d *details) readVariables(given map[string]string) *problem {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := korea.Normalise(strings.TrimSpace(given[name]))
		name = korea.Normalise(strings.TrimSpace(name))
		if value == "" {
			continue
		}
		switch {
		case name == "" || !oneLine(name, longestName):
			return &problem{"/variables", InvalidValue, fault.Say("the name of a variable has 1 to %d characters on one line", longestName)}
		case !isText(value, longestValue):
			return &problem{"/variables/" + name, InvalidValue, fault.Say("want at most %d characters", longestValue)}
		case len(d.Variables) == MostVariables:
			return &problem{"/variables", InvalidValue, fault.Say("want at most %d variables", MostVariables)}
		}
		if d.Variables == nil {
			d.Variables = map[string]string{}
		}
		d.Variables[name] = value
	}
	return nil
}

// isText reports whether text can be kept: valid, and at most so many characters.
func isText(text string, most int) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0) && utf8.RuneCountInString(text) <= most
}

func oneLine(text string, most int) bool {
	return isText(text, most) && !strings.ContainsFunc(text, unicode.IsControl)
}
