package access

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// postal is a house whose people get mails, and whose time the test moves.
type postal struct {
	*house
	queue *queue.Queue
	now   time.Time
}

func newPostal(t testing.TB, engine string) *postal {
	t.Helper()
	w := &postal{now: time.Now().UTC()}
	d := dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return w.now }})
	w.house, w.queue = newHouse(t, d), queue.New(d, queue.Options{})
	w.Mail(w.queue, true)
	return w
}

func eachPostal(t *testing.T, test func(t *testing.T, w *postal)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, newPostal(t, engine)) })
	}
}

// sent gives the mails that are to be sent, and ends them.
func (w *postal) sent() (out []Letter) {
	w.t.Helper()
	jobs, err := w.queue.Claim(w.t.Context(), queue.Default, []string{KindLetter}, 100)
	w.must(err)
	for _, j := range jobs {
		of, err := id.ParseBare(j.Key)
		w.must(err)
		w.update(func(tx *db.Tx) error {
			l, due, err := w.Letter(tx, of)
			if err != nil {
				return err
			}
			if again, dueAgain, err := w.Letter(tx, of); err != nil || due != dueAgain || l.Secret != again.Secret || l.To != again.To {
				w.t.Errorf("a mail that is sent again is another one: %v", err)
			}
			if due {
				out = append(out, l)
			}
			if err := EndLetter(tx, of); err != nil {
				return err
			}
			return w.queue.Done(tx, j)
		})
	}
	return out
}

// one is the only mail that is to be sent.
func (w *postal) one(about About, to string) Letter {
	w.t.Helper()
	list := w.sent()
	if len(list) != 1 || list[0].About != about || list[0].To != to {
		w.t.Fatalf("got %+v, want one mail about %s to %s", list, about, to)
	}
	return list[0]
}

// code gives the code of a secret so many half minutes after the present one.
func (w *postal) code(secret string, steps int) string {
	w.t.Helper()
	c, err := totp.GenerateCode(secret, w.now.Add(time.Duration(steps)*codePeriod))
	w.must(err)
	return c
}

func (w *postal) forgot(email string) error { return w.AskReset(w.t.Context(), email, here) }

// finish sets a forgotten password.
func (w *postal) finish(token, password, code string) error {
	return w.FinishReset(w.t.Context(), Reset{Token: token, Password: password, Code: code, From: here})
}

const other = "quite another one"

func TestWhoIsInvitedGetsAMailWithWhatHeAcceptsBy(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		in, made := w.ask(Installation(), "kim@example.com", "a-shop", Owner)
		l := w.one(AboutInvitation, "kim@example.com")
		if l.Secret != made || l.Invitation.ID != in.ID || l.Invitation.Site != "a-shop" || l.ExpiresAt != in.ExpiresAt {
			t.Errorf("got %+v with the password %q, want %q of %+v", l, l.Secret, made, in)
		}
		_, err := w.in("kim@example.com", l.Secret, "")
		w.must(err)
		second, _ := w.ask(Installation(), "lee@example.com", "", Operator)
		w.update(func(tx *db.Tx) error { return w.Withdraw(tx, Installation(), "", second.ID) })
		if got := w.sent(); len(got) != 0 {
			t.Errorf("who is not invited any more is told %+v", got)
		}
		if _, again := w.ask(Installation(), "kim@example.com", "b-shop", Owner); again == made {
			t.Error("two invitations have one password")
		}
	})
}

func TestNoSecretOfAMailIsStored(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		u := w.invite("kim@example.com", "a-shop", Owner)
		_, made := w.ask(Installation(), "lee@example.com", "a-shop", Owner)
		w.must(w.forgot("kim@example.com"))
		var all strings.Builder
		look := func() {
			w.update(func(tx *db.Tx) error {
				for _, query := range []string{`SELECT sealed, kind FROM access_letter`, `SELECT digest, 'x' FROM access_reset`, `SELECT job_key, kind FROM job`, `SELECT became, ref FROM audit`} {
					rows, err := tx.Query(query)
					if err != nil {
						return err
					}
					for rows.Next() {
						var a, b []byte
						if err := rows.Scan(&a, &b); err != nil {
							return err
						}
						all.Write(a)
						all.Write(b)
					}
					if err := rows.Close(); err != nil {
						return err
					}
				}
				return nil
			})
		}
		look()
		mails := w.sent()
		look()
		for _, never := range []string{made, mails[0].Secret, mails[1].Secret, "kim@example.com", "lee@example.com"} {
			if never == "" || strings.Contains(all.String(), never) {
				t.Errorf("%q is stored", never)
			}
		}
		var noted []string
		w.update(func(tx *db.Tx) error {
			list, err := audit.List(tx, audit.Filter{Ref: u.ID.Text(id.User)}, id.ID{}, 100)
			for _, e := range list {
				noted = append(noted, e.Action+" "+e.Actor.Address)
			}
			return err
		})
		if !strings.Contains(strings.Join(noted, ","), "user.password_forgotten 203.0.113.1") {
			t.Errorf("the log tells %q", noted)
		}
	})
}

func TestAForgottenPasswordIsSetOnceByTheLinkOfAMail(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		w.invite("kim@example.com", "a-shop", Owner)
		s, err := w.in("kim@example.com", password, "")
		w.must(err)
		w.must(w.forgot(" KIM@example.com"))
		first := w.one(AboutReset, "kim@example.com")
		w.must(w.forgot("kim@example.com"))
		second := w.one(AboutReset, "kim@example.com")
		if first.Secret == second.Secret || len(first.Secret) != 43 || first.From != here {
			t.Errorf("got %+v and %+v", first, second)
		}
		wants(t, "another token", w.finish(strings.ToUpper(first.Secret), other, ""), fault.Unauthenticated)
		wants(t, "no token", w.finish("", other, ""), fault.Unauthenticated)
		wants(t, "a short password", w.finish(first.Secret, "short", ""), fault.Invalid)
		wants(t, "the address", w.finish(first.Secret, "kim@example.com", ""), fault.Invalid)
		w.must(w.finish(first.Secret, other, ""))
		w.one(AboutPassword, "kim@example.com")
		wants(t, "twice", w.finish(first.Secret, other, ""), fault.Unauthenticated)
		wants(t, "an older link", w.finish(second.Secret, other, ""), fault.Unauthenticated)
		wants(t, "the old password", last(w.in("kim@example.com", password, "")), fault.Unauthenticated)
		wants(t, "the session", last(w.who(s.Secret)), fault.Unauthenticated)
		_, err = w.in("kim@example.com", other, "")
		w.must(err)
	})
}

func TestALinkToSetAPasswordCountsForHalfAnHour(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		u := w.invite("kim@example.com", "a-shop", Owner)
		w.must(w.forgot("kim@example.com"))
		old := w.one(AboutReset, "kim@example.com")
		w.must(w.forgot("kim@example.com")) // whose mail is late
		w.now = w.now.Add(ResetFor)
		wants(t, "a link that is half an hour old", w.finish(old.Secret, other, ""), fault.Unauthenticated)
		if got := w.sent(); len(got) != 0 {
			t.Errorf("a link that does not count any more is sent: %+v", got)
		}
		w.forget()
		w.must(w.forgot("kim@example.com"))
		fresh := w.one(AboutReset, "kim@example.com")
		w.now = w.now.Add(ResetFor - time.Second)
		w.update(func(tx *db.Tx) error { return w.SetState(tx, Installation(), u.ID, Disabled) })
		wants(t, "of an account that is disabled", w.finish(fresh.Secret, other, ""), fault.Unauthenticated)
		w.update(func(tx *db.Tx) error { return w.SetState(tx, Installation(), u.ID, Active) })
		w.must(w.finish(fresh.Secret, other, ""))
		w.now = w.now.Add(ResetFor)
		w.update(func(tx *db.Tx) error {
			more, err := SweepLetters(tx)
			var n int
			if err == nil {
				err = tx.QueryRow(`SELECT COUNT(*) FROM access_reset`).Scan(&n)
			}
			if more || n != 0 {
				t.Errorf("%d links are left, more %t", n, more)
			}
			return err
		})
	})
}

func TestWhetherAnAddressHasAnAccountIsNotToldToWhoForgotItsPassword(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		w.invite("kim@example.com", "a-shop", Owner)
		off := w.invite("off@example.com", "a-shop", Owner)
		w.update(func(tx *db.Tx) error { return w.SetState(tx, Installation(), off.ID, Disabled) })
		for _, email := range []string{"kim@example.com", "nobody@example.com", "off@example.com"} {
			for range forgotten.account.Burst {
				w.must(w.forgot(email))
			}
			wants(t, email+" too often", w.forgot(email), fault.TooMany)
		}
		if got := w.sent(); len(got) != int(forgotten.account.Burst) || got[0].To != "kim@example.com" {
			t.Errorf("got %d mails: %+v", len(got), got)
		}
		wants(t, "no address", w.forgot("nobody"), fault.Invalid)
	})
}

func TestWhoHasASecondFactorGivesItToSetHisPasswordToo(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		u := w.invite("kim@example.com", "a-shop", Owner)
		s, err := w.in("kim@example.com", password, "")
		w.must(err)
		e, err := w.Enrol(t.Context(), w.self(u, s), password)
		w.must(err)
		recovery, err := w.FinishEnrolment(t.Context(), w.self(u, s), w.code(e.Secret, 0))
		w.must(err)
		w.one(AboutFactorAdded, "kim@example.com")
		w.must(w.forgot("kim@example.com"))
		link := w.one(AboutReset, "kim@example.com").Secret
		for what, code := range map[string]string{"none": "", "a wrong one": "000000", "one that was used": w.code(e.Secret, 0)} {
			if f := fault.Of(w.finish(link, other, code)); f == nil || f.Kind != fault.Unauthenticated || f.Extra[secondFactor] != "required" {
				t.Errorf("%s: got %v, want it required", what, f)
			}
		}
		w.must(w.finish(link, other, recovery[2]))
		wants(t, "the recovery code again", last(w.in("kim@example.com", other, recovery[2])), fault.Unauthenticated)
		w.one(AboutPassword, "kim@example.com")
	})
}

func TestWhatBecomesOfAnAccountIsToldToItsPerson(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		u := w.invite("kim@example.com", "a-shop", Owner)
		s, err := w.in("kim@example.com", password, "")
		w.must(err)
		if got := w.sent(); len(got) != 0 {
			t.Errorf("the first time that somebody signs in: %+v", got)
		}
		_, err = w.in("kim@example.com", password, "") // from where he was before
		w.must(err)
		_, err = w.inFrom("198.51.100.7", "kim@example.com", "wrong password", "")
		wants(t, "a wrong password", err, fault.Unauthenticated)
		_, err = w.inFrom("198.51.100.7", "kim@example.com", password, "")
		w.must(err)
		if l := w.one(AboutSignIn, "kim@example.com"); l.From.String() != "198.51.100.7" {
			t.Errorf("got %+v", l)
		}
		_, err = w.inFrom("198.51.100.7", "kim@example.com", password, "")
		w.must(err)
		w.must(w.SetPassword(t.Context(), w.self(u, s), password, other))
		w.one(AboutPassword, "kim@example.com")
		e, err := w.Enrol(t.Context(), w.self(u, s), other)
		w.must(err)
		if got := w.sent(); len(got) != 0 {
			t.Errorf("what is only begun: %+v", got)
		}
		_, err = w.FinishEnrolment(t.Context(), w.self(u, s), w.code(e.Secret, 0))
		w.must(err)
		w.one(AboutFactorAdded, "kim@example.com")
		w.must(w.Disable(t.Context(), w.self(u, s), w.code(e.Secret, 1)))
		w.one(AboutFactorRemoved, "kim@example.com")
		w.update(func(tx *db.Tx) error { return w.DropFactor(tx, Installation(), u.ID) })
		if got := w.sent(); len(got) != 0 {
			t.Errorf("a second factor that was not there: %+v", got)
		}
		_, err = w.reset(Installation(), u)
		w.must(err)
		w.one(AboutPassword, "kim@example.com")
	})
}

func TestWithoutMailsNobodyIsToldAnything(t *testing.T) {
	w := newPostal(t, "sqlite")
	w.Mail(nil, false)
	w.ask(Installation(), "kim@example.com", "a-shop", Owner)
	if f := fault.Of(w.forgot("kim@example.com")); f == nil || f.Code != fault.CodeNotSupported {
		t.Errorf("got %v, want it not supported", f)
	}
	w.Mail(w.queue, false) // nobody could follow a link
	w.ask(Installation(), "kim@example.com", "a-shop", Owner)
	if f := fault.Of(w.forgot("kim@example.com")); f == nil || f.Code != fault.CodeNotSupported {
		t.Errorf("got %v, want it not supported", f)
	}
	if got := w.sent(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestWhoseAddressWasVerifiedComesInIfSomebodyKnowsIt(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		u := w.invite("kim@example.com", "a-shop", Owner)
		s, err := w.SignInVerified(t.Context(), "Kim@Example.com", here)
		w.must(err)
		if s.User.ID != u.ID || s.Token.ConfirmedAt != 0 || s.Token.ExpiresAt != s.Token.CreatedAt.Add(SessionFor) {
			t.Errorf("got %+v of %+v", s.Token, s.User)
		}
		e, err := w.Enrol(t.Context(), w.self(u, s), password)
		w.must(err)
		_, err = w.FinishEnrolment(t.Context(), w.self(u, s), w.code(e.Secret, 0))
		w.must(err)
		s, err = w.SignInVerified(t.Context(), "kim@example.com", here)
		w.must(err)
		who, err := w.who(s.Secret)
		w.must(err)
		call := Call{Who: who, Site: "a-shop"}
		if f := fault.Of(Decide(call, Need{Ability: "credit:refund", Guarded: true})); f == nil || f.Extra[secondFactor] != "required" {
			t.Errorf("money moves without a code: %v", f)
		}
		w.must(Decide(call, Need{Ability: "credit:read"}))
		for _, email := range []string{"nobody@example.com", "nobody", ""} {
			wants(t, "a stranger "+email, last(w.SignInVerified(t.Context(), email, here)), fault.Unauthenticated)
		}
		w.update(func(tx *db.Tx) error { return w.SetState(tx, Installation(), u.ID, Disabled) })
		wants(t, "who is disabled", last(w.SignInVerified(t.Context(), "kim@example.com", here)), fault.Unauthenticated)
	})
}

func TestWhoIsInvitedAndVerifiedStillSaysYes(t *testing.T) {
	eachPostal(t, func(t *testing.T, w *postal) {
		in, made := w.ask(Installation(), "lee@example.com", "a-shop", Owner)
		s, err := w.SignInVerified(t.Context(), "lee@example.com", here)
		w.must(err)
		if got := w.has(s.User.ID, "a-shop"); len(got) != 0 {
			t.Errorf("he has %v before he said yes", got)
		}
		for _, none := range []string{"", made} { // there is no password
			wants(t, "signing in with a password", last(w.in("lee@example.com", none, "")), fault.Unauthenticated)
		}
		again, err := w.SignInVerified(t.Context(), "lee@example.com", here)
		w.must(err)
		if again.User.ID != s.User.ID {
			t.Error("he has two accounts")
		}
		w.update(func(tx *db.Tx) error { return w.Accept(tx, s.User.ID, in.ID, made) })
		if got := w.has(s.User.ID, "a-shop"); !cmp.Equal(got, []string{Owner}) {
			t.Errorf("he has %v", got)
		}
		w.sent()
		w.must(w.forgot("lee@example.com")) // by which he gets a password
		w.must(w.finish(w.one(AboutReset, "lee@example.com").Secret, other, ""))
		_, err = w.in("lee@example.com", other, "")
		w.must(err)
	})
}
