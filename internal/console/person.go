package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"creditmsg/client"
)

func peopleScreens() (out []screen) {
	for _, base := range bases {
		out = append(out,
			screenAt("GET", base, "/people", (*page).people),
			screenAt("GET", base, "/people/new", (*page).inviteForm),
			screenAt("POST", base, "/people/new", (*page).invite),
			screenAt("GET", base, "/people/{id}", (*page).person),
			screenAt("POST", base, "/people/{id}", (*page).setPerson),
			screenAt("POST", base, "/people/{id}/{act}", (*page).personAct),
			screenAt("POST", base, "/invitations/{id}/withdraw", (*page).withdrawInvitation),
		)
	}
	return out
}

// peopleList is who has roles here, and who was asked to.
type peopleList struct {
	Page        client.Page[client.User]
	Invitations client.Page[client.Invitation]
}

func (p *page) people() error {
	var d peopleList
	var err error
	q := p.r.URL.Query()
	if d.Page, err = p.api.Users(p.ctx(), client.Paging{Limit: 30, Cursor: q.Get("cursor")}); err != nil {
		return err
	}
	if d.Invitations, err = p.api.Invitations(p.ctx(), client.Paging{Limit: 30, Cursor: q.Get("invitations")}); err != nil {
		return err
	}
	return p.show("people", d)
}

// roleChoice is a role that somebody can be given.
type roleChoice struct {
	client.Role
	On bool
}

// givable are the roles that this person may give, and those that somebody has already.
func (p *page) givable(has []string) (out []roleChoice, err error) {
	for role, err := range client.All(func(at client.Paging) (client.Page[client.Role], error) { return p.api.Roles(p.ctx(), at) }) {
		if err != nil {
			return nil, err
		}
		on := slices.Contains(has, role.Name)
		may := p.me.Operator && (p.site == "" || role.Name != "operator") || role.Name != "operator" && !slices.ContainsFunc(role.Allows, func(a string) bool { return !p.can(a) })
		if on || may {
			out = append(out, roleChoice{role, on})
		}
	}
	return out, nil
}

// inviting is the form that asks somebody to have roles.
type inviting struct {
	Form  form
	Roles []roleChoice
}

func (p *page) inviteForm() error { return p.showInvite(p.form()) }

func (p *page) showInvite(f form) error {
	roles, err := p.givable(f.chosen("roles"))
	if err != nil {
		return err
	}
	if f.Problem != "" {
		return p.unfit("invite", inviting{f, roles})
	}
	return p.show("invite", inviting{f, roles})
}

// handover is what somebody is handed who is to sign in: it is shown this once.
type handover struct {
	Email, Password, Address string
	Text                     string // all of it, to be sent on
	ExpiresAt                string
	Back                     string
}

// hand makes what is handed over of an address and a password.
func (p *page) hand(email, password, expires string) handover {
	return handover{Email: email, Password: password, Address: p.outside(to("sign-in")), ExpiresAt: expires, Back: p.area("people")}
}

// outside is the whole address of a path of ours, as this browser reaches us.
func (p *page) outside(path string) string {
	u := url.URL{Scheme: "http", Host: p.r.Host, Path: path}
	if p.encrypted() {
		u.Scheme = "https"
	}
	return u.String()
}

func (p *page) invite() error {
	f := p.form()
	roles := f.chosen("roles")
	in, err := p.once(f).InviteUser(p.ctx(), client.NewUser{Email: strings.TrimSpace(f.Get("email")), Name: strings.TrimSpace(f.Get("name")), Roles: roles})
	if err != nil {
		if f.wrong(p, err, listed("/roles", "roles", len(roles))) {
			return p.showInvite(f)
		}
		return err
	}
	p.private()
	d := p.hand(in.Email, in.Password, p.moment(in.ExpiresAt))
	d.Text = p.say("invite.text", "Address", d.Address, "Email", d.Email, "Password", d.Password, "Until", d.ExpiresAt)
	return p.show("invited", d)
}

func (p *page) withdrawInvitation() error {
	if err := p.once(p.form()).WithdrawInvitation(p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, p.area("people"))
	}
	return p.done(p.area("people"), "invitation.withdrawn")
}

// personView is the page of somebody.
type personView struct {
	User   client.User
	Form   form
	Roles  []roleChoice
	Self   bool // it is the person himself
	Theirs []choice
}

func (p *page) person() error { return p.showPerson(p.form(), false) }

func (p *page) showPerson(f form, theirs bool) error {
	d := personView{Form: f}
	var tag string
	var err error
	if d.User, err = p.api.Noting(&tag).User(p.ctx(), p.r.PathValue("id")); err != nil {
		return err
	}
	d.Form = d.Form.fill(url.Values{"roles": d.User.Roles, tagField: {tag}})
	if theirs {
		d.Form.fresh(p, tag)
		d.Theirs = []choice{{p.named("role", d.User.Roles), p.say("account.roles")}}
	}
	d.Self = p.me.Person != nil && p.me.Person.ID == d.User.ID
	if d.Roles, err = p.givable(d.Form.chosen("roles")); err != nil {
		return err
	}
	if d.Form.Problem != "" {
		return p.unfit("person", d)
	}
	return p.show("person", d)
}

// named are words of a list, with commas between them.
func (p *page) named(list string, of []string) string {
	out := make([]string, len(of))
	for i, one := range of {
		out[i] = p.word(list, one)
	}
	return strings.Join(out, ", ")
}

func (p *page) setPerson() error {
	f := p.form()
	roles := f.chosen("roles")
	if len(roles) == 0 {
		f.Errors, f.Problem = map[string]string{"roles": p.say("person.no-role")}, p.say("form.wrong")
		return p.showPerson(f, false)
	}
	_, err := p.onto(f).ChangeUser(p.ctx(), p.r.PathValue("id"), client.UserChange{Roles: &roles})
	switch {
	case overtaken(err):
		return p.showPerson(f, true)
	case err != nil && f.wrong(p, err, listed("/roles", "roles", len(roles))):
		return p.showPerson(f, false)
	case err != nil:
		return err
	}
	return p.done(p.area("people"), "person.roles")
}

// personActs are what the buttons of somebody's page do, but for those that make something.
var personActs = map[string]func(p *page, api *client.Client, id string) error{
	"disable": func(p *page, api *client.Client, id string) error {
		_, err := api.ChangeUser(p.ctx(), id, client.UserChange{State: "disabled"})
		return err
	},
	"enable": func(p *page, api *client.Client, id string) error {
		_, err := api.ChangeUser(p.ctx(), id, client.UserChange{State: "active"})
		return err
	},
	"factor": func(p *page, api *client.Client, id string) error { return api.DropSecondFactor(p.ctx(), id) },
	"remove": func(p *page, api *client.Client, id string) error {
		_, err := api.ChangeUser(p.ctx(), id, client.UserChange{Roles: &[]string{}})
		return err
	},
}

func (p *page) personAct() error {
	id, verb := p.r.PathValue("id"), p.r.PathValue("act")
	if verb == "password" {
		return p.resetPassword(id)
	}
	act := personActs[verb]
	if act == nil {
		return p.nothing()
	}
	if err := act(p, p.once(p.form()), id); err != nil {
		return p.refused(err, p.area("people", id))
	}
	if verb == "remove" {
		return p.done(p.area("people"), "person.remove")
	}
	return p.done(p.area("people", id), "person."+verb)
}

func (p *page) resetPassword(id string) error {
	user, err := p.api.User(p.ctx(), id)
	if err != nil {
		return err
	}
	password, err := p.once(p.form()).ResetPassword(p.ctx(), id)
	if err != nil {
		return p.refused(err, p.area("people", id))
	}
	p.private()
	d := p.hand(user.Email, password, "")
	d.Back = p.area("people", id)
	d.Text = p.say("reset.text", "Address", d.Address, "Email", d.Email, "Password", d.Password)
	return p.showAs(http.StatusOK, "password-reset", d)
}
