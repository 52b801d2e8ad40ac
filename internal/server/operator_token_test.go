package server

import (
	"testing"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// anOffice is an operator of an installation without sites.
func anOffice(t *testing.T) (*Operator, *office) {
	t.Helper()
	c := testConfig(t)
	c.Database.URL = Address(dbtest.Migrated(t, "sqlite"))
	p, err := OpenOperator(t.Context(), c, OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, &office{t, p, nil, ""}
}

func TestTheOperatorEndsTokensAndSessionsByTheIDsOfTheLog(t *testing.T) {
	p, o := anOffice(t)
	made, err := p.CreateUser(t.Context(), UserOrder{Email: "kim@example.com", Roles: []string{access.Viewer}})
	o.must(err)
	session, err := p.people.SignIn(t.Context(), access.SignIn{Email: "kim@example.com", Password: made.Password})
	o.must(err)
	var personal site.Token
	o.must(p.d.Update(t.Context(), "test", func(tx *db.Tx) (err error) {
		personal, _, err = site.NewToken(tx, site.OwnedBy(session.User.ID), "laptop", []string{site.All}, 0)
		return err
	}))
	for _, named := range []string{"", "kim@example.com", made.ID} {
		all, err := p.Tokens(t.Context(), named)
		if err != nil || len(all.Data) != 1 || all.Data[0].ID != personal.ID.Text(id.Token) {
			t.Errorf("tokens of %q: got %+v, %v; want that of the laptop", named, all.Data, err)
		}
	}
	for _, one := range []id.ID{session.Token.ID, personal.ID} {
		for range 2 {
			if ended, err := p.RevokeToken(t.Context(), one.Text(id.Token)); err != nil || ended.RevokedAt.IsZero() {
				t.Errorf("got %+v, %v", ended, err)
			}
		}
	}
	_, err = p.RevokeToken(t.Context(), id.New().Text(id.Token))
	o.refused(err, fault.NotFound, "")
}

func TestATestTokenThatCannotBeLeavesNoTestSite(t *testing.T) {
	p, o := anOffice(t)
	_, err := p.CreateSite(t.Context(), NewSite{ID: "shop", Name: "shop"})
	o.must(err)
	_, err = p.CreateTestToken(t.Context(), "shop", "tests", []string{"nonsense"}, "")
	o.refused(err, fault.Invalid, "nonsense")
	o.must(p.d.View(t.Context(), "test", func(tx *db.Tx) error {
		if _, err := site.Find(tx, site.TestID("shop")); !fault.Is(err, fault.NotFound) {
			t.Errorf("its test site: got %v, want that there is none", err)
		}
		return nil
	}))
}

func TestAVerbThatOnlyReadsComesFirst(t *testing.T) {
	for name, read := range map[string]func(p *Operator) error{
		"users":  func(p *Operator) error { _, err := p.Users(t.Context(), ""); return err },
		"tokens": func(p *Operator) error { _, err := p.Tokens(t.Context(), ""); return err },
		"a user": func(p *Operator) error {
			_, err := p.Tokens(t.Context(), "kim@example.com")
			if fault.Is(err, fault.NotFound) {
				return nil
			}
			return err
		},
		"signing keys": func(p *Operator) error { _, err := p.SigningKeys(t.Context(), false); return err },
		"tax invoices": func(p *Operator) error { _, err := p.TaxInvoices(t.Context(), "2026-01", false); return err },
	} {
		p, err := OpenOperator(t.Context(), testConfig(t), OperatorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := read(p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p.Close()
	}
}
