package alert

import (
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// ParseFrom reads the sender of mails: an address, alone or as Name <address>.
func ParseFrom(text string) (name, address string, err error) {
	from, err := mail.ParseAddress(text)
	if err != nil {
		from = &mail.Address{}
	}
	address, wrong := ParseAddress(from.Address)
	if err != nil || wrong != nil || from.Name != plain(from.Name) || len(from.Name) > 100 {
		return "", "", fault.Check("", "want an address such as alerts@mail.example, or Name <alerts@mail.example>")
	}
	return from.Name, address, nil
}

// compose makes the mail of an errand. What is sent again is the same mail: its id and its
// date are those of the event.
func (s *Service) compose(e errand) (*gomail.Msg, error) {
	return s.addressed(e.written, e.address, e.event.ID.Text(id.Event)+"."+string(e.mark), e.event.At.Time())
}

// addressed makes a mail of a letter. Its id is a name that no other mail has, and the sender's domain.
func (s *Service) addressed(l letter, to, named string, at time.Time) (*gomail.Msg, error) {
	name, from, err := ParseFrom(s.o.SMTP.From)
	if err != nil {
		return nil, err
	}
	page, err := l.html()
	if err != nil {
		return nil, err
	}
	m := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingB64), gomail.WithNoDefaultUserAgent())
	if err := m.From((&mail.Address{Name: name, Address: from}).String()); err != nil {
		return nil, fmt.Errorf("write the sender of a mail: %w", err)
	}
	if err := m.To(to); err != nil {
		return nil, fault.New(fault.Internal, fault.CodeInternal, "the address of a contact cannot be written") // which the error would show
	}
	m.Subject(l.Subject)
	m.SetMessageIDWithValue(named + from[strings.LastIndexByte(from, '@'):])
	m.SetDateWithValue(at)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetBodyString(gomail.TypeTextPlain, l.text())
	m.AddAlternativeString(gomail.TypeTextHTML, page)
	return m, nil
}
