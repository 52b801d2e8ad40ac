package server

import (
	"context"
	"fmt"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// demoPeople are the people of the demo: one of each role.
var demoPeople = []DemoLogin{
	{Email: "operator@demo.example", Role: access.Operator},
	{Email: "support@demo.example", Role: access.Support},
	{Email: "owner@demo-rich.example", Role: access.Owner, Site: demoRich},
	{Email: "finance@demo-rich.example", Role: access.Finance, Site: demoRich},
	{Email: "sender@demo-rich.example", Role: access.Sender, Site: demoRich},
	{Email: "viewer@demo-rich.example", Role: access.Viewer, Site: demoRich},
}

// demoLogins makes what is missing of the demo's people. A password that is kept stays; where
// it is lost, or of another database, the person gets a new one.
func (p *Program) demoLogins(ctx context.Context, demo *Demo) error {
	kept := map[string]string{}
	for _, one := range demo.Logins {
		kept[one.Email] = one.Password
	}
	demo.Logins = nil
	for _, one := range demoPeople {
		one.Password = kept[one.Email]
		if err := p.demoLogin(ctx, &one); err != nil {
			return fmt.Errorf("make the demo's %s: %w", one.Role, err)
		}
		demo.Logins = append(demo.Logins, one)
	}
	return nil
}

func (p *Program) demoLogin(ctx context.Context, one *DemoLogin) error {
	var known access.User
	err := p.d.View(ctx, "demo_login", func(tx *db.Tx) (err error) {
		known, err = p.people.FindByEmail(tx, one.Email)
		return err
	})
	switch {
	case err == nil && one.Password != "": // the person may have changed it
		return nil
	case err == nil:
		made, err := p.people.MakePassword(ctx, "")
		if err != nil {
			return err
		}
		one.Password = made.Password
		return p.d.Update(ctx, "demo_password", func(tx *db.Tx) error {
			return p.people.ResetPassword(tx, access.Installation(), known.ID, made)
		})
	case !fault.Is(err, fault.NotFound):
		return err
	}
	in, err := p.people.Add(ctx, access.Installation(), access.NewPerson{Email: one.Email, Site: one.Site, Roles: []string{one.Role}})
	one.Password = in.Password
	return err
}
