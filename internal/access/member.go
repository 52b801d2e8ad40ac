package access

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// Load gives the person behind a token with what his roles allow now. Unauthenticated, in the
// words of a secret that is not known: there is no such account, or it is disabled.
func Load(tx *db.Tx, user id.ID) (*Person, error) {
	p := &Person{ID: user}
	rows, err := tx.Lookup("access_user", []string{"state", "factor"}, db.Col("id", []id.ID{user}))
	states, err := db.Collect(rows, err, func(r *sql.Rows) (s State, err error) {
		var factor []byte
		err = r.Scan(&s, &factor)
		p.Factor = factor != nil
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read user %s: %w", user.Text(id.User), err)
	}
	if len(states) == 0 || states[0] != Active {
		return nil, site.Unknown()
	}
	p.Grants, err = GrantsOf(tx, user)
	return p, err
}

// GrantsOf gives the roles of a user with what they allow now, those on all sites first.
func GrantsOf(tx *db.Tx, user id.ID) ([]Grant, error) {
	rows, err := tx.Lookup("access_member", []string{"site_id", "role"}, db.Col("user_id", []id.ID{user}))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (g Grant, err error) { return g, r.Scan(&g.Site, &g.Role) })
	if err != nil {
		return nil, fmt.Errorf("read the roles of %s: %w", user.Text(id.User), err)
	}
	slices.SortFunc(list, func(a, b Grant) int {
		return slices.Compare([]string{a.Site, a.Role}, []string{b.Site, b.Role})
	})
	made := map[string]map[string]Patterns{}
	for i, g := range list {
		if p, is := builtIn[g.Role]; is {
			list[i].Patterns = p
			continue
		}
		if made[g.Site] == nil {
			roles, err := madeRoles(tx, g.Site)
			if err != nil {
				return nil, err
			}
			made[g.Site] = map[string]Patterns{}
			for _, r := range roles {
				made[g.Site][r.Name] = r.Patterns
			}
		}
		list[i].Patterns = made[g.Site][g.Role] // none, if it is gone
	}
	return list, nil
}

// RolesOn gives the names of the roles that somebody has on a site ("" = on all).
func RolesOn(tx *db.Tx, user id.ID, siteID string) ([]string, error) {
	rows, err := tx.Lookup("access_member", []string{"role"}, db.Col("site_id", []string{siteID}), db.Col("user_id", []id.ID{user}))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
	if err != nil {
		return nil, fmt.Errorf("read the roles of %s on %q: %w", user.Text(id.User), siteID, err)
	}
	return list, nil
}

// EraseSite takes the roles of a site, and from everybody what he has there. Accounts stay: they
// are their people's.
func EraseSite(tx *db.Tx, siteID string) error {
	for _, statement := range []string{`DELETE FROM access_invitation WHERE site_id = ?`, `DELETE FROM access_role WHERE site_id = ?`, `DELETE FROM access_member WHERE site_id = ?`} {
		if _, err := tx.Exec(statement, siteID); err != nil {
			return fmt.Errorf("erase the roles of site %s: %w", siteID, err)
		}
	}
	return nil
}

// mostMembers bounds the roles of one person on one site.
const mostMembers = 20

// SetRoles gives somebody who has a role on a site ("" = on all) exactly these there, from the
// next request on. With none he has nothing to do with it any more, and is invited if he is to have
// to do with it again. The command line alone gives roles to who has none. Faults: Invalid for a
// role that there is not, Denied where a role that is given or taken may more than who does it,
// StateConflict for his own, NotFound for who has none there.
func (p *People) SetRoles(tx *db.Tx, by Who, user id.ID, siteID string, roles []string) error {
	a, err := p.lock(tx, user)
	if err != nil {
		return err
	}
	if by.is(user) {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "these are your own roles; somebody else has to change them")
	}
	old, err := GrantsOf(tx, a.ID)
	if err != nil {
		return err
	}
	if len(namesOn(old, siteID)) == 0 && !by.atCommandLine() { // he is asked first, or again where he left
		return fault.Missing("user", user.Text(id.User))
	}
	for _, g := range old {
		if g.Site != siteID || slices.Contains(roles, g.Role) {
			continue
		}
		if err := by.mayGive(siteID, g.Patterns); err != nil {
			return err
		}
		if err := take(tx, user, siteID, g.Role); err != nil {
			return err
		}
	}
	was := namesOn(old, siteID)
	list, err := p.held(tx, by, siteID, roles)
	if err != nil {
		return err
	}
	if err := enroll(tx, user, siteID, list); err != nil {
		return err
	}
	return noteRoles(tx, user, siteID, was, sorted(roles), audit.Actor{})
}

// take takes a role from somebody.
func take(tx *db.Tx, user id.ID, siteID, role string) error {
	if _, err := tx.Exec(`DELETE FROM access_member WHERE site_id = ? AND user_id = ? AND role = ?`, siteID, user[:], role); err != nil {
		return fmt.Errorf("take the role %s from %s: %w", role, user.Text(id.User), err)
	}
	return nil
}

// Leave takes one's own role off on a site ("" = on all): nobody has to have what he does not want.
// NotFound for one that he does not have.
func (p *People) Leave(tx *db.Tx, user id.ID, siteID, role string) error {
	if _, err := p.lock(tx, user); err != nil {
		return err
	}
	old, err := GrantsOf(tx, user)
	if err != nil {
		return err
	}
	was := namesOn(old, siteID)
	if !slices.Contains(was, role) {
		return fault.Missing("role of yours", role)
	}
	if err := take(tx, user, siteID, role); err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(was), func(name string) bool { return name == role })
	return noteRoles(tx, user, siteID, was, left, audit.Actor{})
}

// namesOn gives the names of the roles of one place, sorted as they are.
func namesOn(grants []Grant, siteID string) []string {
	out := []string{}
	for _, g := range grants {
		if g.Site == siteID {
			out = append(out, g.Role)
		}
	}
	return out
}

// sorted gives names in their order, each once.
func sorted(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// give gives roles that are held, besides those that somebody has, and tells of it.
func give(tx *db.Tx, user id.ID, siteID string, list []Role, by audit.Actor) error {
	old, err := GrantsOf(tx, user)
	if err != nil {
		return err
	}
	if err := enroll(tx, user, siteID, list); err != nil {
		return err
	}
	was, names := namesOn(old, siteID), namesOf(list)
	return noteRoles(tx, user, siteID, was, sorted(slices.Concat(was, names)), by)
}

func namesOf(list []Role) []string {
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.Name
	}
	return names
}

// held gives roles that the caller may give on a site, as they are now and held until the
// transaction ends: one that is removed meanwhile would else be given after it is gone. Faults: as
// givable.
func (p *People) held(tx *db.Tx, by Who, siteID string, names []string) ([]Role, error) {
	list, err := givable(tx, by, siteID, names)
	if err != nil {
		return nil, err
	}
	held, err := holdRoles(tx, list)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if !slices.ContainsFunc(held, func(r Role) bool { return r.Name == name }) {
			return nil, noRole(i, name)
		}
	}
	for _, r := range held { // which may have been changed since it was looked at
		if err := by.mayGive(siteID, r.Patterns); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// enroll writes that somebody has roles.
func enroll(tx *db.Tx, user id.ID, siteID string, list []Role) error {
	names := namesOf(list)
	err := tx.InsertAbsent("access_member", []string{"site_id", "user_id", "role"}, "site_id", db.Same("site_id", siteID, len(list)),
		db.Same("user_id", user, len(list)), db.Col("role", names), db.Same("created_at", tx.Now, len(list)))
	if err != nil {
		return fmt.Errorf("give the roles %v to %s: %w", names, user.Text(id.User), err)
	}
	return nil
}

func noRole(i int, name string) error {
	return fault.Check(fmt.Sprintf("/roles/%d", i), "there is no role %q here", name)
}

// givable gives the roles of these names, each once, which the caller may give on a site. Faults:
// Invalid for one that there is not, NotFound for the site, Denied.
func givable(tx *db.Tx, by Who, siteID string, names []string) (list []Role, err error) {
	if siteID != "" {
		if _, err := site.Find(tx, siteID); err != nil {
			return nil, err
		}
	}
	if len(names) > mostMembers {
		return nil, fault.Check("/roles", "want at most %d roles", mostMembers)
	}
	there, err := Roles(tx, siteID)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		at := slices.IndexFunc(there, func(r Role) bool { return r.Name == name })
		switch {
		case at < 0:
			return nil, noRole(i, name)
		case name == Operator && siteID != "":
			return nil, fault.Check(fmt.Sprintf("/roles/%d", i), "the role operator is not of a site; owner is everything of one")
		case slices.ContainsFunc(list, func(r Role) bool { return r.Name == name }):
			continue
		}
		if err := by.mayGive(siteID, there[at].Patterns); err != nil {
			return nil, err
		}
		list = append(list, there[at])
	}
	return list, nil
}

// Installation is who acts at the command line, beside the API: an operator.
func Installation() Who { return Who{Token: site.Token{Abilities: []string{site.Operator}}} }

// atCommandLine reports whether it is Installation: whoever calls the API has a token.
func (w Who) atCommandLine() bool { return w.Person == nil && w.Token.ID.IsZero() && w.Operator() }

// is reports whether the caller is this person.
func (w Who) is(user id.ID) bool { return w.Person != nil && w.Person.ID == user }

// mayManage makes sure that the caller may change an account itself, not only its roles in one
// place: he holds all that the account does, everywhere. So whoever has roles on other sites,
// or more than the caller, is left to the operator; so is who has none at all, and may have left
// a moment ago. Faults: Denied, NotFound.
func (w Who) mayManage(tx *db.Tx, user id.ID) error {
	grants, err := GrantsOf(tx, user)
	if err != nil {
		return err
	}
	if len(grants) == 0 && !w.Operator() {
		return fault.Missing("user", user.Text(id.User))
	}
	for _, g := range grants {
		if err := w.mayGive(g.Site, g.Patterns); err != nil {
			return err
		}
	}
	return nil
}

// SetState disables an account, or makes it usable again. What the person had open ends with
// the next request. Faults: NotFound, Invalid, Denied, StateConflict for one's own.
func (p *People) SetState(tx *db.Tx, by Who, user id.ID, s State) error {
	a, err := p.lock(tx, user)
	if err != nil {
		return err
	}
	if s != Active && s != Disabled {
		return fault.Check("/state", "want %s or %s: got %q", Active, Disabled, s)
	}
	if a.State == s {
		return nil
	}
	if _, err := p.evict(tx, by, user, "somebody else has to disable it"); err != nil {
		return err
	}
	if err := set(tx, user, db.Col("state", []State{s})); err != nil {
		return err
	}
	return noteUser(tx, "user."+string(s), user, nil)
}

// Made is a password that was made for somebody, with its hash: that takes long, and is done before
// the transaction.
type Made struct {
	Password string
	hash     string
}

// MakePassword makes a password, or takes this one. Faults: Invalid, Unavailable.
func (p *People) MakePassword(ctx context.Context, password string) (m Made, err error) {
	if m.Password = password; password == "" {
		m.Password = newPassword()
	}
	if err := checkPassword("/password", m.Password, ""); err != nil {
		return Made{}, err
	}
	m.hash, err = p.hash.make(ctx, m.Password)
	return m, err
}

// ResetPassword gives an account a password that was made, and ends its sessions. Faults: NotFound,
// Denied, StateConflict for one's own.
func (p *People) ResetPassword(tx *db.Tx, by Who, user id.ID, m Made) error {
	a, err := p.evict(tx, by, user, "change your password at POST /v1/me/password, which takes the present one")
	if err != nil {
		return err
	}
	if err := p.setPassword(tx, a, m.hash, netip.Addr{}); err != nil {
		return err
	}
	return noteUser(tx, "user.password_reset", user, nil)
}

// DropFactor takes the second factor off an account, for who lost his telephone and his codes.
// Faults: NotFound, Denied, StateConflict for one's own.
func (p *People) DropFactor(tx *db.Tx, by Who, user id.ID) error {
	a, err := p.evict(tx, by, user, "take your second factor off at POST /v1/me/second-factor/disable, which takes a code of it")
	if err != nil {
		return err
	}
	if err := noFactor(tx, user); err != nil {
		return err
	}
	if a.Factor {
		if err := p.tell(tx, a, AboutFactorRemoved, netip.Addr{}); err != nil {
			return err
		}
	}
	return noteUser(tx, "user.second_factor_dropped", user, nil)
}

// evict locks an account of somebody else that the caller may change, and ends its sessions.
// own says what people do with their own account instead: what an open session could change of it
// in this way, whoever finds it open could.
func (p *People) evict(tx *db.Tx, by Who, user id.ID, own string) (account, error) {
	a, err := p.lock(tx, user)
	if err != nil {
		return a, err
	}
	if by.is(user) {
		return a, fault.New(fault.Conflict, fault.CodeStateConflict, "this is your own account; %s", fault.Word(own))
	}
	if err := by.mayManage(tx, user); err != nil {
		return a, err
	}
	return a, site.RevokeSessions(tx, user, id.ID{})
}
