package api

import (
	"fmt"
	"net/netip"
	"testing"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// mails gives the mails to people that wait, and ends them.
func (w *world) mails() (out []access.Letter) {
	w.t.Helper()
	jobs, err := w.queue.Claim(w.t.Context(), queue.Default, []string{access.KindLetter}, 100)
	w.must(err)
	for _, j := range jobs {
		of, err := id.ParseBare(j.Key)
		w.must(err)
		w.update(func(tx *db.Tx) error {
			l, due, err := w.people.Letter(tx, of)
			if err == nil && due {
				out = append(out, l)
			}
			if err == nil {
				err = access.EndLetter(tx, of)
			}
			if err == nil {
				err = w.queue.Done(tx, j)
			}
			return err
		})
	}
	return out
}

// resetToken is what the mail to somebody who forgot his password bears.
func (w *world) resetToken(email string) string {
	w.t.Helper()
	w.must(w.people.AskReset(w.t.Context(), email, netip.MustParseAddr("192.0.2.1")))
	for _, l := range w.mails() {
		if l.About == access.AboutReset && l.To == email {
			return l.Secret
		}
	}
	w.t.Fatalf("%s got no link", email)
	return ""
}

func TestAForgottenPasswordIsSetWithoutAToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		user := w.person("kim@example.com", "rich", access.Owner)
		open := w.session(user.ID, never)
		for _, email := range []string{"kim@example.com", "nobody@example.com"} {
			if g := w.as("", "POST", "/v1/password-resets", `{"email":"`+email+`"}`).is(202); len(g.body) != 0 {
				t.Errorf("%s: got %s", email, g.body)
			}
		}
		got := w.mails()
		if len(got) != 1 || got[0].To != "kim@example.com" {
			t.Fatalf("got %+v", got)
		}
		body := func(password string) string {
			return fmt.Sprintf(`{"token":%q,"password":%q}`, got[0].Secret, password)
		}
		w.as("", "POST", "/v1/password-resets/confirm", `{"token":"x","password":"quite another one"}`).refused(401, "unauthenticated")
		if places := w.as("", "POST", "/v1/password-resets/confirm", body("short")).refused(422, "validation"); places[0] != "/password" {
			t.Errorf("got %v", places)
		}
		w.as("", "POST", "/v1/password-resets/confirm", body("quite another one")).is(204)
		w.as("", "POST", "/v1/password-resets/confirm", body("quite another one")).refused(401, "unauthenticated")
		w.as(open, "GET", "/v1/me", "").refused(401, "unauthenticated")
		w.as("", "POST", "/v1/sessions", `{"email":"kim@example.com","password":"quite another one"}`).is(201)
		if told := w.mails(); len(told) != 1 || told[0].About != access.AboutPassword {
			t.Errorf("got %+v", told)
		}
	})
}

func TestALinkAsksForTheSecondFactorOfWhoHasOne(t *testing.T) {
	w := onSQLite(t)
	secret := w.enrol(w.person("kim@example.com", "rich", access.Owner).ID)
	token := w.resetToken("kim@example.com")
	g := w.as("", "POST", "/v1/password-resets/confirm", `{"token":"`+token+`","password":"quite another one"}`)
	g.refused(401, "unauthenticated")
	if g.json()["second_factor"] != "required" {
		t.Errorf("got %s", g.body)
	}
	w.as("", "POST", "/v1/password-resets/confirm", `{"token":"`+token+`","password":"quite another one","code":"`+w.code(secret, 1)+`"}`).is(204)
}

func TestWhereNoMailsAreSentSomebodyElseMakesTheNewPassword(t *testing.T) {
	w := onSQLite(t)
	w.people.Mail(nil, false)
	w.as("", "POST", "/v1/password-resets", `{"email":"kim@example.com"}`).refused(422, "not_supported")
}

func TestWhoIsInvitedOverTheAPIGetsAMail(t *testing.T) {
	w := onSQLite(t)
	made := w.operate("POST", "/v1/users?site=rich", `{"email":"lee@example.com","roles":["viewer"]}`).is(201).json()
	got := w.mails()
	if len(got) != 1 || got[0].To != "lee@example.com" || got[0].Secret != made["password"] || got[0].Invitation.ID.Text(id.Invitation) != made["id"] {
		t.Errorf("got %+v, want a mail about %v", got, made)
	}
}
