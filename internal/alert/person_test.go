package alert

import (
	"context"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
)

// withPeople runs a test on every engine in a world whose people get mails.
func withPeople(t *testing.T, test func(t *testing.T, w *world, people *access.People)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine)
			w.must(w.keys.Prepare(t.Context()))
			people := access.New(w.d, w.keys)
			people.Mail(w.queue, true)
			w.s = w.service(func(o *Options) { o.People, o.Console = people, "https://console.example" })
			test(t, w, people)
		})
	}
}

var kimsPlace = netip.MustParseAddr("203.0.113.7")

// invited asks kim to be an owner of demo.
func (w *world) invited(people *access.People) (in access.Invitation, password string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		in, password, err = people.Invite(tx, access.Installation(), access.NewPerson{Email: "kim@shop.example", Site: "demo", Roles: []string{access.Owner}})
		return err
	})
	return in, password
}

// mailOf gives the only mail that came, its parts decoded.
func (w *world) mailOf(to string) (subjectOf string, parts map[string]string) {
	w.t.Helper()
	mails := w.box.got()
	if len(mails) != 1 || mails[0].to != to {
		w.t.Fatalf("got %d mails: %+v", len(mails), mails)
	}
	return subject(w.t, mails[0]), bodies(w.t, mails[0].text)
}

var resetLink = regexp.MustCompile(`https://console\.example/console/password#token=([A-Za-z0-9_-]{43})\b`)

func TestAnInvitationIsMailedInBothLanguagesWithALinkThatNoServerSees(t *testing.T) {
	withPeople(t, func(t *testing.T, w *world, people *access.People) {
		in, password := w.invited(people)
		w.drain()
		about, parts := w.mailOf("kim@shop.example")
		if about != "[우리 가게] 초대를 받으셨습니다 / [우리 가게] You are invited" {
			t.Errorf("the subject is %q", about)
		}
		link := "https://console.example/console/invitation#id=" + in.ID.Text(id.Invitation) + "&secret=" + password
		for kind, want := range map[string]string{"text/plain": link, "text/html": strings.ReplaceAll(link, "&", "&amp;")} {
			if text := parts[kind]; !strings.Contains(text, want) || !strings.Contains(text, "초대를 수락하세요") || !strings.Contains(text, "Open the link and accept") || !strings.Contains(text, "owner") {
				t.Errorf("%s: got %s", kind, text)
			}
		}
		if log := w.log.String(); strings.Contains(log, password) || strings.Contains(log, "kim@") || !strings.Contains(log, "person_invitation") {
			t.Errorf("the log has %s", log)
		}
		if w.waitingFor(access.KindLetter) != 0 {
			t.Error("the job is left")
		}
	})
}

func TestWhoForgotHisPasswordSetsItByTheLinkOfHisMail(t *testing.T) {
	withPeople(t, func(t *testing.T, w *world, people *access.People) {
		ctx := context.Background()
		_, err := people.Add(ctx, access.Installation(), access.NewPerson{Email: "kim@shop.example", Site: "demo", Roles: []string{access.Owner}, Password: "forgotten since"})
		w.must(err)
		w.must(people.AskReset(ctx, "kim@shop.example", kimsPlace))
		w.must(people.AskReset(ctx, "nobody@shop.example", kimsPlace)) // who gets none
		w.box.behave(saying("RCPT", "451 4.3.2 come later"))
		w.drain()
		w.box.behave(nil)
		if got := w.box.got(); len(got) != 0 || w.waitingFor(access.KindLetter) != 1 {
			t.Fatalf("got %+v, and %d mails wait", got, w.waitingFor(access.KindLetter))
		}
		w.forward(firstPause)
		w.drain()
		_, parts := w.mailOf("kim@shop.example")
		found := resetLink.FindStringSubmatch(parts["text/plain"])
		if found == nil || !strings.Contains(parts["text/plain"], "203.0.113.7") {
			t.Fatalf("got %s", parts["text/plain"])
		}
		if log := w.log.String(); strings.Contains(log, found[1]) || strings.Contains(log, "@shop") {
			t.Errorf("the log has %s", log)
		}
		w.must(people.FinishReset(ctx, access.Reset{Token: found[1], Password: "remembered now", From: kimsPlace}))
		_, err = people.SignIn(ctx, access.SignIn{Email: "kim@shop.example", Password: "remembered now", From: kimsPlace})
		w.must(err)
		w.drain()
		if got := w.box.got(); len(got) != 2 || !strings.Contains(subject(t, got[1]), "Your password was changed") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAMailToAPersonIsDroppedOnceItTellsNothingThatHolds(t *testing.T) {
	withPeople(t, func(t *testing.T, w *world, people *access.People) {
		in, _ := w.invited(people)
		w.do(func(tx *db.Tx) error { return people.Withdraw(tx, access.Installation(), "demo", in.ID) })
		w.drain()
		if got := w.box.got(); len(got) != 0 || w.waitingFor(access.KindLetter) != 0 {
			t.Errorf("got %+v, and %d mails wait", got, w.waitingFor(access.KindLetter))
		}
	})
}

func TestAPersonWhoDoesNotExistIsNotMailedAgain(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.must(w.keys.Prepare(t.Context()))
	people := access.New(w.d, w.keys)
	people.Mail(w.queue, true)
	w.s = w.service(func(o *Options) { o.People, o.Language = people, English })
	w.box.behave(saying("RCPT", "550 5.1.1 no such mailbox"))
	w.invited(people)
	w.drain()
	w.box.behave(nil)
	w.pass(2*longestPause, longestPause)
	if got := w.box.got(); len(got) != 0 || !strings.Contains(w.log.String(), "nobody has the address") {
		t.Errorf("got %+v; log %s", got, w.log)
	}
	w.invited(people)
	w.drain()
	if about, parts := w.mailOf("kim@shop.example"); !strings.HasPrefix(about, "[우리 가게] You are invited / ") || strings.Contains(parts["text/plain"], "https://") {
		t.Errorf("got %q, and without an address of the console a link: %s", about, parts["text/plain"])
	}
}

// waitingFor counts the jobs of a kind that are not done.
func (w *world) waitingFor(kind string) (n int) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM job WHERE kind = ?`, kind).Scan(&n)
	}))
	return n
}
