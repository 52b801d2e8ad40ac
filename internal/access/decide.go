package access

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// Words that stand in the place of an ability where a token is enough by itself.
const (
	Anyone = "anyone" // whoever has a token
	Signed = "person" // a person who signed in
)

// EverySite stands for all sites together. It is not the name of a site.
const EverySite = "*"

// ConfirmFor is how long a second factor counts after it was given.
const ConfirmFor = 15 * time.Minute

// Grant is a role that a person has on a site.
type Grant struct {
	Site     string // "" = on all
	Role     string
	Patterns Patterns // what the role may now
}

// Person is somebody with an account, as far as it decides what he may.
type Person struct {
	ID     id.ID
	Factor bool // he has a second factor
	Grants []Grant
}

// Who is a caller: a token, and the person behind it, if there is one.
type Who struct {
	Token  site.Token
	Person *Person // nil = a program
	Now    db.Time // when this was true
}

// Call is what a caller asks for: on which site, from where.
type Call struct {
	Who
	Site string     // "" = none is named, EverySite = all together
	From netip.Addr // of the request; zero = not known
}

// Need is what an operation asks of its caller.
type Need struct {
	Ability   string // to be allowed; Anyone, Signed
	Or        string // another ability that does as well; "" = none
	House     bool   // it is about the installation, and nobody names a site
	Staff     bool   // of the house, and whoever signed in with a role on all sites may too
	Either    bool   // it is about the installation where no site is named, and only operators may then
	EverySite bool   // it can be asked of all sites together
	Personal  bool   // it shows numbers of people and cannot mask them: a person needs the permission for that too
	Guarded   bool   // it is about money or keys: a person has given a second factor not long ago
}

// Decide is the one place that says whether a caller may do something. It is nil when he may,
// and else the refusal: Denied, or Invalid where he has to name a site. That a site is none of
// his is decided before, by SiteOf, since it is then not found.
//
// Before all others comes the operator, who may everything. That changes nothing about from
// where a token may be used, nor that money and keys ask for a second factor.
func Decide(c Call, n Need) error {
	if !c.Token.Networks.Allow(c.From) {
		return denied("the token is not for requests from %s; whoever keeps it can add the address: PATCH /v1/tokens/{id}", c.from())
	}
	if !c.may(n) {
		return c.refusal(n)
	}
	switch open := n.House || n.Either || n.Ability == Anyone || n.Ability == Signed; {
	case c.Site == "" && !open:
		return nameSite(c.Person != nil)
	case c.Site == EverySite && !n.EverySite:
		return fault.Check("/site", "this is of one site: name it")
	}
	if n.Guarded {
		return c.confirmed()
	}
	return nil
}

// may decides without regard to sites that are not named.
func (c Call) may(n Need) bool {
	switch {
	case n.Ability == Signed:
		return c.Token.Session
	case n.Ability == Anyone, c.Operator():
		return true
	case n.Staff && c.Token.Session && c.everywhere():
		return true
	case n.House, n.Either && c.Site == "":
		return false
	case c.Site == "" && c.Person != nil:
		return true // on some site, perhaps: he is told to name it
	}
	return (c.Can(n.Ability) || n.Or != "" && c.Can(n.Or)) && (!n.Personal || c.Personal())
}

func (c Call) refusal(n Need) error {
	switch {
	case n.Ability == Signed:
		return denied("this is for people who signed in: POST /v1/sessions")
	case c.Person == nil:
		return denied("the token does not have the ability %s", n.Ability)
	case n.Personal && c.Can(n.Ability):
		return denied("this shows numbers of people: none of your roles here has the permission %s", personalData)
	case n.Either && c.Site == "" && len(c.Person.Grants) > 0:
		return nameSite(true)
	case n.Staff:
		return denied("this is for operators, and for people who signed in with a role on all sites")
	case n.Ability == site.Operator || c.Site == "":
		return denied("this is for operators")
	case !c.Token.Session && c.held().Holds(n.Ability):
		return denied("the token does not have the ability %s", n.Ability)
	}
	return denied("none of your roles here has the permission %s", n.Ability)
}

func (c Call) from() fmt.Stringer {
	if !c.From.IsValid() {
		return fault.Word("an address that is not known")
	}
	return c.From
}

func denied(format string, args ...any) *fault.Error {
	return fault.New(fault.Denied, fault.CodeForbidden, format, args...)
}

func nameSite(person bool) error {
	if person {
		return fault.Check("/site", "you have roles on several sites: name one, ?site=…")
	}
	return fault.Check("/site", "a token of the operator names the site: ?site=…")
}

// Operator reports whether the caller is an operator: by a token of the installation that has
// the ability, or by the role on all sites, with a token that has the ability too.
func (w Who) Operator() bool {
	if w.Token.Site != "" || !slices.Contains(w.Token.Abilities, site.Operator) {
		return false
	}
	return w.Person == nil || w.on("").Holds(site.Operator)
}

// Can reports whether the caller has a permission on the site that he asks for. What a person
// may with a token is what both may.
func (c Call) Can(permission string) bool {
	if c.Operator() {
		return true
	}
	if permission == site.Operator {
		return false
	}
	return c.token().Holds(permission) && (c.Person == nil || c.held().Holds(permission))
}

const personalData = "personal:read"

// Personal reports whether the caller may see numbers and texts of people: every program that
// may read a thing at all, and people with the permission.
func (c Call) Personal() bool { return c.Person == nil || c.Can(personalData) }

// token is what the token is for. Its abilities are in force exactly as they are written: that
// none of them is a pattern but * was seen to when it was made.
func (w Who) token() Patterns { return patternsOf(w.Token.Abilities) }

// held is what the roles of a person allow on the site.
func (c Call) held() Patterns { return c.on(c.Site) }

// on is what the roles of a person allow on a site: those that he has there and those that he
// has on all. On all together only the latter count. What he has on a site counts on its test
// site too.
func (w Who) on(siteID string) (all Patterns) {
	for _, g := range w.Person.Grants {
		if g.Site == "" || g.Site == siteID || g.Site == site.LiveID(siteID) {
			all = append(all, g.Patterns...)
		}
	}
	return all
}

// confirmed makes sure that a person who signed in gave a second factor not long ago. A token
// that he made is a program's in this regard: to make it asked for one.
func (c Call) confirmed() error {
	const what = "second_factor"
	switch at := c.Token.ConfirmedAt; {
	case !c.Token.Session:
		return nil
	case !c.Person.Factor:
		return denied("this moves money or makes keys, which takes a second factor: set one up at POST /v1/me/second-factor").With(what, "enrol")
	case at == 0 || c.Now.Sub(at) > ConfirmFor:
		return denied("this moves money or makes keys: give a code of your second factor at POST /v1/sessions/current/confirm and repeat it").With(what, "required")
	}
	return nil
}

// SiteOf gives the site that a request is about: the token's own; the only one of a person who
// has one; or the one that is named, if the caller has anything to do with it. Otherwise that
// is not found, whether there is such a site or not. "" is none.
func SiteOf(tx *db.Tx, w Who, named string) (string, error) {
	if w.Person != nil {
		return w.siteOf(tx, named)
	}
	switch {
	case w.Token.Site == "" && named == EverySite:
		return EverySite, nil
	case w.Token.Site == "" && named != "":
		s, err := site.Find(tx, named)
		return s.ID, err
	case named != "" && named != w.Token.Site:
		return "", fault.Missing("site", named)
	}
	return w.Token.Site, nil
}

// everywhere reports whether the person has a role on all sites.
func (w Who) everywhere() bool {
	return slices.ContainsFunc(w.Person.Grants, func(g Grant) bool { return g.Site == "" })
}

func (w Who) siteOf(tx *db.Tx, named string) (string, error) {
	everywhere := w.everywhere()
	switch {
	case named == "":
		if sites := w.Person.Sites(); len(sites) == 1 && !everywhere {
			return sites[0], nil
		}
		return "", nil
	case everywhere && named == EverySite:
		return EverySite, nil
	case !everywhere && !slices.Contains(w.Person.Sites(), named) && !slices.Contains(w.Person.Sites(), site.LiveID(named)):
		return "", fault.Missing("site", named)
	}
	s, err := site.Find(tx, named)
	return s.ID, err
}

// Sites gives the sites on which the person has a role that he does not have on all.
func (p *Person) Sites() (list []string) {
	for _, g := range p.Grants {
		if g.Site != "" && !slices.Contains(list, g.Site) {
			list = append(list, g.Site)
		}
	}
	slices.Sort(list)
	return list
}

// Allowed gives the permissions that grants on a site ("" = on all) give there, by the closed
// list and without those on all sites.
func Allowed(grants []Grant, siteID string) []string {
	var held Patterns
	for _, g := range grants {
		if g.Site == siteID {
			held = append(held, g.Patterns...)
		}
	}
	return held.Permissions()
}

// Permissions gives all that the caller may on the site that he asks for, by the closed list.
func (c Call) Permissions() []string {
	out := []string{}
	for _, permission := range site.Abilities {
		if permission != site.All && c.Can(permission) {
			out = append(out, permission)
		}
	}
	return out
}

// mayGive makes sure that the caller holds on a site ("" = the installation) all that the
// patterns do: nobody gives, changes or takes what is more than his own.
func (w Who) mayGive(siteID string, list Patterns) error {
	if w.Operator() {
		return nil
	}
	for _, p := range list {
		ok := siteID != "" && w.token().Covers(p)
		switch {
		case w.Person != nil:
			ok = ok && w.on(siteID).Covers(p)
		case w.Token.Site != "":
			ok = ok && w.Token.Site == siteID
		}
		if !ok {
			return denied("this is about the permission %s, which you do not have here yourself", p)
		}
	}
	return nil
}

// Reveals are the abilities by which a program reads whom something is about, or has it sent somewhere.
var Reveals = []string{"messages:read", "messages:write", "messages:approve", "webhooks:read", "webhooks:write", "contacts:read", "contacts:write", "optouts:read", "optouts:write",
	"credit:read", "credit:write", "senders:read", "senders:write"}

// MayGive makes sure that the caller may have a token do all that its abilities say on a site
// ("" = the installation), and that somebody who may not see numbers of people makes no program
// that shows them. Faults: Denied.
func (c Call) MayGive(abilities []string) error {
	if err := c.mayGive(c.Site, patternsOf(abilities)); err != nil || c.Personal() {
		return err
	}
	for _, a := range abilities {
		if a == site.All || slices.Contains(Reveals, a) {
			return denied("a program with the ability %s sees numbers of people, for which none of your roles here has the permission %s", a, personalData)
		}
	}
	return nil
}

// Actor names who acts: a person whatever he signed in with, otherwise the token.
func (w Who) Actor() string {
	if w.Person != nil {
		return w.Person.ID.Text(id.User)
	}
	return w.Token.ID.Text(id.Token)
}
