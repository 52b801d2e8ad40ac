package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"creditmsg/internal/server"
)

// userVerb works on people with accounts.
type userVerb struct {
	Create  userCreate  `cmd:"" help:"Give somebody roles, and an account if there is none; a password that is made is shown this once."`
	List    userList    `cmd:"" help:"List people and their roles."`
	Roles   userRoles   `cmd:"" help:"Replace the roles that somebody has on a site, or on all."`
	Disable userDisable `cmd:"" help:"Disable an account; what the person has open ends."`
	Enable  userEnable  `cmd:"" help:"Make a disabled account usable again."`
	Passwd  userPasswd  `cmd:"" help:"Give somebody a new password; his sessions end."`
	Factor  userFactor  `cmd:"" name:"drop-second-factor" help:"Take the second factor off somebody who lost it; his sessions end."`
}

// passwordInput reads a password where one is to be given by hand.
type passwordInput struct {
	PasswordStdin bool `help:"Read the password from standard input, its first line, instead of making one. It is never an argument: those are seen by everybody on the machine."`
}

// mostLine bounds the line.
const mostLine = 4096

func (v passwordInput) read(in io.Reader) (string, error) {
	if !v.PasswordStdin {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, mostLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", usageError{"--password-stdin: there is no password on standard input"}
	}
	return line, nil
}

type userCreate struct {
	Email string   `arg:"" help:"The address that the person signs in with."`
	Role  []string `required:"" placeholder:"ROLE" help:"operator, support, owner, finance, sender, viewer, or one of your own; repeated or comma-separated."`
	Site  string   `placeholder:"SITE" help:"Where the roles count; without it on all sites. The role operator is always of all."`
	Name  string   `placeholder:"NAME" help:"What the person is called."`
	passwordInput
	database
}

// Run makes the account.
func (v *userCreate) Run(ctx context.Context, s *streams) error {
	password, err := v.read(s.in)
	if err != nil {
		return err
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		made, err := p.CreateUser(ctx, server.UserOrder{Email: v.Email, Name: v.Name, Site: v.Site, Roles: v.Role, Password: password})
		return shown(made, err, showNewUser)
	})
}

func showNewUser(t *table, u server.NewUser) {
	showUser(t, u.User)
	if u.Password != "" {
		t.row("password", u.Password)
		t.row("", "give it to the person, who changes it; it is not shown again")
	}
}

func showUser(t *table, u server.User) {
	t.row("id", u.ID)
	t.row("email", u.Email)
	if u.Name != "" {
		t.row("name", u.Name)
	}
	t.row("state", u.State)
	t.row("roles", rolesText(u.Roles))
}

// rolesText writes roles as owner on demo-rich; support on all sites.
func rolesText(all []server.UserRoles) string {
	var parts []string
	for _, one := range all {
		at := one.Site
		if at == "" {
			at = "all sites"
		}
		parts = append(parts, each(one.Roles)+" on "+at)
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, "; ")
}

type userList struct {
	Site string `arg:"" optional:"" help:"The site; without it everybody."`
	database
}

// Run lists the people.
func (v *userList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		all, err := p.Users(ctx, v.Site)
		return shown(all, err, func(t *table, all server.List[server.User]) {
			t.row("ID", "EMAIL", "NAME", "ROLES", "SECOND FACTOR", "LAST SIGNED IN", "STATE")
			for _, u := range all.Data {
				factor := "no"
				if u.SecondFactor {
					factor = "yes"
				}
				t.row(u.ID, u.Email, u.Name, rolesText(u.Roles), factor, day(u.SignedInAt), u.State)
			}
		})
	})
}

// oneUser names somebody.
type oneUser struct {
	User string `arg:"" help:"The person's address, or id: usr_…"`
	database
}

// change does something to the account and shows it.
func (v oneUser) change(ctx context.Context, s *streams, do func(*server.Operator) (server.User, error)) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		u, err := do(p)
		return shown(u, err, showUser)
	})
}

type userRoles struct {
	oneUser
	Role []string `placeholder:"ROLE" help:"All that the person is to have there; none takes all away."`
	Site string   `placeholder:"SITE" help:"Where; without it on all sites."`
}

// Run replaces the roles.
func (v *userRoles) Run(ctx context.Context, s *streams) error {
	return v.change(ctx, s, func(p *server.Operator) (server.User, error) { return p.SetUserRoles(ctx, v.User, v.Site, v.Role) })
}

type userDisable struct{ oneUser }

// Run disables the account.
func (v *userDisable) Run(ctx context.Context, s *streams) error {
	return v.change(ctx, s, func(p *server.Operator) (server.User, error) { return p.EnableUser(ctx, v.User, false) })
}

type userEnable struct{ oneUser }

// Run makes the account usable.
func (v *userEnable) Run(ctx context.Context, s *streams) error {
	return v.change(ctx, s, func(p *server.Operator) (server.User, error) { return p.EnableUser(ctx, v.User, true) })
}

type userFactor struct{ oneUser }

// Run takes the second factor off.
func (v *userFactor) Run(ctx context.Context, s *streams) error {
	return v.change(ctx, s, func(p *server.Operator) (server.User, error) { return p.DropUserFactor(ctx, v.User) })
}

type userPasswd struct {
	oneUser
	passwordInput
}

// Run sets the password.
func (v *userPasswd) Run(ctx context.Context, s *streams) error {
	password, err := v.read(s.in)
	if err != nil {
		return err
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		u, err := p.SetUserPassword(ctx, v.User, password)
		return shown(u, err, showNewUser)
	})
}

// roleVerb works on roles.
type roleVerb struct {
	List   roleList   `cmd:"" help:"List the roles that can be given, and what they may."`
	Set    roleSet    `cmd:"" help:"Make a role, or replace what one may."`
	Remove roleRemove `cmd:"" help:"Remove a role that nobody has."`
}

type roleList struct {
	Site string `arg:"" optional:"" help:"The site; without it those of the installation."`
	database
}

// Run lists the roles.
func (v *roleList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		all, err := p.Roles(ctx, v.Site)
		return shown(all, err, func(t *table, all server.List[server.Role]) {
			t.row("NAME", "OF", "MAY")
			for _, r := range all.Data {
				of := r.Site
				switch {
				case r.BuiltIn:
					of = "built in"
				case of == "":
					of = "the installation"
				}
				t.row(r.Name, of, strings.Join(r.Permissions, " "))
			}
		})
	})
}

type roleSet struct {
	Name       string   `arg:"" help:"2 to 40 characters of a-z, 0-9 and -."`
	Permission []string `required:"" sep:"none" placeholder:"PERMISSION" help:"What it may, such as messages:read or credit; repeated. Alternatives are separated by commas: messages,stats:read."`
	Site       string   `placeholder:"SITE" help:"Whose it is; without it the installation's, which can be given on every site."`
	database
}

// Run sets the role.
func (v *roleSet) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		r, err := p.SetRole(ctx, v.Site, v.Name, v.Permission)
		return shown(r, err, func(t *table, r server.Role) { t.say("%s may %s", r.Name, strings.Join(r.Permissions, " ")) })
	})
}

type roleRemove struct {
	Name string `arg:"" help:"The role."`
	Site string `placeholder:"SITE" help:"Whose it is; without it the installation's."`
	database
}

// Run removes the role.
func (v *roleRemove) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		gone := map[string]string{"removed": v.Name}
		return shown(gone, p.RemoveRole(ctx, v.Site, v.Name), func(t *table, _ map[string]string) { t.say("%s is removed", v.Name) })
	})
}
