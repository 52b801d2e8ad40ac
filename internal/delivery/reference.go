package delivery

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// Reference names a leg to providers: site.message.seq.step.try. They give it back.
type Reference struct {
	message.Place
	Step, Try int
}

var errReference = errors.New("want site.message.seq.step.try")

// String gives the reference as message.Recipient writes it.
func (r Reference) String() string {
	return message.Recipient{Place: r.Place, Step: r.Step, Try: r.Try}.Reference()
}

// ReadReference reads what message.Recipient.Reference wrote.
func ReadReference(text string) (Reference, error) {
	var r Reference
	parts := strings.Split(text, ".")
	// The id of a test site has a dot of its own.
	if n := len(parts); n == 6 && site.IsTest(parts[0]+"."+parts[1]) {
		parts = append([]string{parts[0] + "." + parts[1]}, parts[2:]...)
	}
	if len(parts) != 5 || parts[0] == "" || len(site.LiveID(parts[0])) > 40 {
		return r, fmt.Errorf("read reference: %w", errReference)
	}
	m, err := id.ParseBare(parts[1])
	if err != nil {
		return r, fmt.Errorf("read reference: %w", errReference)
	}
	var n [3]int
	for i, p := range parts[2:] {
		// Only what was written is read: no sign, no leading zero.
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 || v > 1_000_000_000 || strconv.Itoa(v) != p {
			return r, fmt.Errorf("read reference: %w", errReference)
		}
		n[i] = v
	}
	r.Site, r.ID, r.Seq, r.Step, r.Try = parts[0], m, message.Seq(n[0]), n[1], n[2]
	return r, nil
}
