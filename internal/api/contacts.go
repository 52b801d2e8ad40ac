package api

import (
	"net/http"
	"time"

	"creditmsg/internal/book"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// ContactView is somebody in the address book. It is exported, as is ContactBody, since huma
// describes no fields of embedded types that are not.
type ContactView struct {
	ID        string            `json:"id"`
	To        string            `json:"to" people:"number" doc:"Digits."`
	Name      string            `json:"name" people:"name"`
	Variables map[string]string `json:"variables" people:"text"`
	Consent   *consentView      `json:"consent" doc:"To get advertising; null = none is known."`
	CreatedAt instant           `json:"created_at"`
	ChangedAt instant           `json:"changed_at"`
}

// knownContact is a contact with the groups that it is in.
type knownContact struct {
	ContactView
	Groups []string `json:"groups" doc:"That it is in: grp_…"`
}

type consentView struct {
	At       instant `json:"at"`
	Evidence string  `json:"evidence" people:"text" doc:"How it can be shown."`
	Night    bool    `json:"night" doc:"It is to advertising at night as well."`
}

func showContact(c book.Contact) (ContactView, error) {
	v := ContactView{ID: c.ID.Text(id.Contact), To: string(c.To), Name: c.Name, Variables: c.Variables, CreatedAt: instant(c.CreatedAt), ChangedAt: instant(c.ChangedAt)}
	if v.Variables == nil {
		v.Variables = map[string]string{}
	}
	if c.Consent.At != 0 {
		v.Consent = &consentView{instant(c.Consent.At), c.Consent.Evidence, c.Consent.Night}
	}
	return v, nil
}

func (a *api) showKnown(tx *db.Tx, c book.Contact) (knownContact, error) {
	v, err := showContact(c)
	out := knownContact{v, []string{}}
	if err != nil {
		return out, err
	}
	in, err := a.Book.GroupsOf(tx, c.Site, c.ID)
	for _, g := range in {
		out.Groups = append(out.Groups, g.ID.Text(id.Group))
	}
	return out, err
}

type consentBody struct {
	At       time.Time `json:"at" doc:"When it was given."`
	Evidence string    `json:"evidence,omitempty" maxLength:"500" doc:"How it can be shown: where it was given, and in which words."`
	Night    bool      `json:"night,omitempty" doc:"It is to advertising at night as well, which is a consent of its own."`
}

// ContactBody is what a contact is to be.
type ContactBody struct {
	To        string            `json:"to" doc:"A mobile number, however it is written."`
	Name      string            `json:"name,omitempty" maxLength:"100" doc:"Also #{이름} and #{name} of messages, unless there are variables of these names."`
	Variables map[string]string `json:"variables,omitempty" doc:"At most 50."`
	Consent   *consentBody      `json:"consent,omitempty" doc:"To get advertising."`
}

func (b ContactBody) entry() book.Entry {
	e := book.Entry{To: b.To, Name: b.Name, Variables: b.Variables}
	if b.Consent != nil {
		e.Consent = book.Consent{At: db.At(b.Consent.At), Evidence: b.Consent.Evidence, Night: b.Consent.Night}
	}
	return e
}

type contactAdded struct {
	Body struct {
		ContactBody
		Groups []string `json:"groups,omitempty" maxItems:"100" doc:"That it is to be in: grp_…"`
	} `nameHint:"NewContactBody"`
}

type contactSet struct {
	ID   string `path:"id" doc:"con_…"`
	Body ContactBody
}

type contactNamed struct {
	ID string `path:"id" doc:"con_…"`
}

type contactsInput struct {
	Paging
	To string `query:"to" doc:"A mobile number, however it is written: the one contact that has it, if there is one."`
}

const (
	contactTag = "Address book"
	canRead    = "contacts:read"
	canWrite   = "contacts:write"
)

// contacts declares the routes about the people of a site's address book.
func contacts(a *api) {
	const path = "/v1/contacts"
	read(a, operation{
		id: "listContacts", method: http.MethodGet, path: path, tag: contactTag, ability: canRead, status: http.StatusOK,
		summary: "List the contacts, oldest first",
	}, a.listContacts)
	read(a, operation{
		id: "getContact", method: http.MethodGet, path: path + "/{id}", tag: contactTag, ability: canRead, status: http.StatusOK,
		summary: "Get a contact, and the groups that it is in",
	}, func(tx *db.Tx, x *exchange, in *contactNamed) (v knownContact, err error) {
		of, err := named(id.Contact, "contact", in.ID)
		if err != nil {
			return v, err
		}
		c, err := a.Book.Find(tx, x.site, of)
		if err != nil {
			return v, err
		}
		return a.showKnown(tx, c)
	})
	write(a, operation{
		id: "addContact", method: http.MethodPost, path: path, tag: contactTag, ability: canWrite, status: http.StatusCreated,
		summary: "Add a contact", about: "A number stands once in the book. A site's book holds 1,000,000 contacts.",
		codes: []string{fault.CodeAlreadyExists, fault.CodeStateConflict},
	}, func(tx *db.Tx, x *exchange, in *contactAdded) (v knownContact, err error) {
		groups, err := groupIDs("/groups", in.Body.Groups)
		if err != nil {
			return v, err
		}
		c, err := a.Book.Add(tx, x.site, in.Body.entry(), groups)
		if err != nil {
			return v, err
		}
		return a.showKnown(tx, c)
	})
	write(a, operation{
		id: "setContact", method: http.MethodPut, path: path + "/{id}", tag: contactTag, ability: canWrite, status: http.StatusOK,
		summary: "Replace what is known of a contact", about: "Its groups stay as they are.", codes: []string{fault.CodeAlreadyExists}, lock: a.lockBook,
	}, func(tx *db.Tx, x *exchange, in *contactSet) (v knownContact, err error) {
		of, err := named(id.Contact, "contact", in.ID)
		if err != nil {
			return v, err
		}
		c, err := a.Book.Set(tx, x.site, of, in.Body.entry())
		if err != nil {
			return v, err
		}
		return a.showKnown(tx, c)
	})
	write(a, operation{
		id: "eraseContact", method: http.MethodDelete, path: path + "/{id}", tag: contactTag, ability: canWrite, status: http.StatusNoContent,
		summary: "Erase a contact from the whole book", about: "Also from every group. Messages that were sent keep whom they were sent to.", lock: a.lockBook,
	}, func(tx *db.Tx, x *exchange, in *contactNamed) (nothing, error) {
		of, err := named(id.Contact, "contact", in.ID)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, a.Book.Erase(tx, x.site, of)
	})
}

// lockBook holds what orders the changes of the site's address book, imports among them.
func (a *api) lockBook(tx *db.Tx, x *exchange) error { return a.Book.Lock(tx, x.site) }

// named reads an id of a path; what is none names nothing.
func named(prefix, what, text string) (id.ID, error) {
	of, err := id.Parse(prefix, text)
	if err != nil {
		return of, fault.Missing(what, cut(text))
	}
	return of, nil
}

func (a *api) listContacts(tx *db.Tx, x *exchange, in *contactsInput) (out listOf[ContactView], err error) {
	number, err := mobile(in.To)
	if err != nil {
		return out, err
	}
	if number != "" {
		c, found, err := a.Book.ByNumber(tx, x.site, number)
		out.Data = []ContactView{}
		if err == nil && found {
			v, _ := showContact(c) // never fails
			out.Data = append(out.Data, v)
		}
		return out, err
	}
	l, err := a.list(tx, x, "contacts")
	if err != nil {
		return out, err
	}
	var after id.ID
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := a.Book.List(tx, x.site, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showContact, func(c book.Contact) any { return c.ID })
}
