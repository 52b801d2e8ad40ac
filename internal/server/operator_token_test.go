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

func TestTheOperatorEndsTokensAndSessionsByTheIDsOfTheLog(t *testing.T) {
	c := testConfig(t)
	c.Database.URL = Address(dbtest.Migrated(t, "sqlite"))
	p, err := OpenOperator(t.Context(), c, OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	o := &office{t, p, nil, ""}
	made, err := p.CreateUser(t.Context(), UserOrder{Email: "kim@example.com", Roles: []string{access.Viewer}})
	o.must(err)
	session, err := p.people.SignIn(t.Context(), access.SignIn{Email: "kim@example.com", Password: made.Password})
	o.must(err)
	var personal site.Token
	o.must(p.d.Update(t.Context(), "test", func(tx *db.Tx) (err error) {
		personal, _, err = site.NewToken(tx, site.OwnedBy(session.User.ID), "laptop", []string{site.All}, 0)
		return err
	}))
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
